"""Small synthetic HARs, built as the exporters write them. Nothing here is from a real capture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzer.intake import Input, open_inputs, read_har
from analyzer.model import Capture, Recorded

START = "2026-03-02T10:15:00.000Z"
START_S = 1772446500.0

Json = dict[str, Any]


def entry(**changes: Any) -> Json:
    """A finished GET as DevTools writes it. `request`, `response`, `content` and `timings` are merged."""
    response = {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "http/1.1",
        "headers": [{"name": "Content-Type", "value": "text/event-stream; charset=utf-8"}],
        "cookies": [],
        "content": {"size": 9, "mimeType": "text/event-stream", "text": "data: x\n\n"},
        "redirectURL": "",
        "headersSize": 100,
        "bodySize": 9,
        "_transferSize": 109,
        "_error": None,
    }
    request = {
        "method": "GET",
        "url": "https://api.example/v1/stream?q=1",
        "httpVersion": "http/1.1",
        "headers": [{"name": "Accept", "value": "*/*"}],
        "queryString": [],
        "cookies": [],
        "headersSize": 80,
        "bodySize": 0,
    }
    timings = {
        "blocked": 10.0, "dns": -1, "ssl": -1, "connect": -1, "send": 1.0, "wait": 200.0, "receive": 800.0,
        "_blocked_queueing": 4.0,
    }  # fmt: skip
    content = changes.pop("content", None)
    if content is not None:
        response["content"] = {**response["content"], **content}  # type: ignore[dict-item]
        response["content"] = {k: v for k, v in response["content"].items() if v is not DROP}  # type: ignore[attr-defined]
    request.update(changes.pop("request", {}))
    response.update(changes.pop("response", {}))
    given = changes.pop("timings", None)
    if given is not None:
        timings = {**timings, **given} if given not in ({}, DROP) else given
    made = {
        "_initiator": {"type": "script"},
        "_resourceType": "fetch",
        "cache": {},
        "connection": "443",
        "request": request,
        "response": response,
        "serverIPAddress": "203.0.113.9",
        "startedDateTime": START,
        "time": 1011.0,
        "timings": timings,
        "_connectionId": "7",
        **changes,
    }
    for part in (made, request, response):
        for key in [key for key, value in part.items() if value is DROP]:
            del part[key]
    return made


DROP = object()


def har(*entries: Json, creator: str | None = "WebInspector", **log: Any) -> Json:
    """A HAR around entries; without entries, one default entry."""
    made: Json = {"version": "1.2", "pages": [], **log, "entries": list(entries) or [entry()]}
    if creator is not None:
        made = {"creator": {"name": creator, "version": "1"}, **made}
    return {"log": made}


def headers(**pairs: str) -> list[Json]:
    """A header list; underscores in names are dashes."""
    return [{"name": name.replace("_", "-"), "value": value} for name, value in pairs.items()]


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def only_input(path: Path, data: bytes, name: str = "a.har") -> Input:
    """The one input of a file with these bytes."""
    target = path / name
    target.write_bytes(data)
    (found,) = open_inputs([target])
    return found


def read(path: Path, value: Any) -> Capture:
    """Write a HAR (bytes, or a value to dump) and read it."""
    data = value if isinstance(value, bytes) else as_bytes(value)
    found = only_input(path, data)
    assert found.kind == "har", found.reason
    return read_har(found)


def read_one(path: Path, made: Json, **log: Any) -> Recorded:
    """The exchange of the last of one entry's capture."""
    return read(path, har(made, **log)).entries[-1]
