"""Hostile captures through the whole program: every string of a HAR and of a log line is a payload.

Chromium opens the page made from them and nothing runs; the terminal output has no escape of theirs;
a spreadsheet formula is inert; the XML stays well-formed.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.report.render import render
from tests.browser.cdp import Browser
from tests.browser.payloads import ALL
from tests.browser.test_hostile import STATE
from tests.browser.test_report import complaints

GROUP = 12  # payloads in one capture, one entry each


def hostile_entry(text: str) -> dict[str, Any]:
    """An entry that is read as a stream and whose every free string is the payload."""
    quoted = json.dumps(text)
    pair = [
        {"name": text, "value": text},
        {"name": "server", "value": text},
        {"name": "content-type", "value": "text/event-stream"},
    ]
    return {
        "_initiator": {"type": text, "url": text, "stack": {"callFrames": [{"functionName": text, "url": text}]}},
        "_priority": text, "_resourceType": "fetch", "_connectionId": text, "connection": text,
        "pageref": text, "serverIPAddress": text, "startedDateTime": "2026-03-02T10:00:00.000Z", "time": 900,
        "request": {
            "method": text[:40], "url": "https://a.test/" + text, "httpVersion": text, "cookies": [{"name": text, "value": text}],
            "headers": [{"name": "origin", "value": text}, {"name": "user-agent", "value": text}, *pair[:1]],
            "queryString": [{"name": text, "value": text}], "headersSize": -1, "bodySize": 4,
            "postData": {"mimeType": text, "text": '{"stream": true, "model": ' + quoted + "}"},
        },
        "response": {
            "status": 200, "statusText": text, "httpVersion": text, "cookies": [], "headers": pair, "redirectURL": text,
            "headersSize": -1, "bodySize": 4, "_error": text, "_transferSize": 4,
            "content": {"size": 400, "mimeType": "text/event-stream", "text": f'event: error\ndata: {{"error": {{"type": {quoted}, "code": {quoted}, "message": {quoted}}}}}\n\n', "encoding": text},
        },
        "cache": {"comment": text}, "comment": text,
        "timings": {"blocked": 1, "dns": -1, "ssl": -1, "connect": -1, "send": 1, "wait": 400, "receive": 500},
        "_eventSourceMessages": [{"time": 1772445600.5, "eventName": text, "eventId": text, "data": text}],
        "_webSocketMessages": [{"type": text, "time": 1772445600.5, "opcode": 1, "data": text}],
    }  # fmt: skip


def hostile_har(texts: list[str]) -> str:
    text = texts[0]
    return json.dumps(
        {
            "log": {
                "version": text, "creator": {"name": text, "version": text}, "browser": {"name": text, "version": text},
                "pages": [{"id": text, "title": text, "startedDateTime": "2026-03-02T10:00:00.000Z", "pageTimings": {}}],
                "entries": [hostile_entry(one) for one in texts], "comment": text,
            }
        }
    )  # fmt: skip


def hostile_log(texts: list[str]) -> str:
    """nginx combined lines whose request, referrer and user agent are payloads."""
    lines = []
    for text in texts:
        one = text.replace("\n", " ").replace("\r", " ").replace('"', "\\x22")
        lines.append(
            f'203.0.113.9 - - [02/Mar/2026:10:00:00 +0000] "GET /v1/stream/{one} HTTP/1.1" 504 5 "{one}" "{one}"'
        )
    return "\n".join(lines) + "\n"


def groups() -> list[list[str]]:
    texts = list(ALL.values())
    return [texts[i : i + GROUP] for i in range(0, len(texts), GROUP)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    for number, texts in enumerate(groups()):
        (place / f"{number:02}.har").write_text(hostile_har(texts), encoding="utf-8")
        (place / f"{number:02}.access.log").write_text(hostile_log(texts), encoding="utf-8", errors="replace")
    return place


@pytest.mark.parametrize("number", range(len(groups())))
def test_nothing_of_a_hostile_capture_runs(
    number: int, folder: Path, browser: Browser, tmp_path: Path
) -> None:
    captures = [folder / f"{number:02}.har", folder / f"{number:02}.access.log"]
    report = analyze(captures, Options(details=True, everything=True))
    assert report.streams
    page = tmp_path / "page.html"
    html = render(report, "html", version="0")
    assert isinstance(html, str)
    page.write_text(html, encoding="utf-8")
    with browser.page() as tab:
        tab.send(
            "Page.addScriptToEvaluateOnNewDocument",
            {"source": "window.known = new Set([...Object.keys(window), 'known'])"},
        )
        tab.open(page)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        state = tab.evaluate(STATE)
        assert state.pop("title") > 0
        assert state == {
            "pwned": None,
            "globals": [],
            "foreign": 0,
            "scripts": 1,
            "styles": 1,
            "handlers": 0,
            "links": 0,
        }
        assert [text for text in complaints(tab) if not text.startswith("file:")] == []

    terminal = render(report, "terminal", version="0")
    assert isinstance(terminal, str)
    assert not [
        c
        for c in terminal
        if (ord(c) < 32 and c != "\n")
        or 0x7F <= ord(c) <= 0x9F
        or c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
    ]
    table = render(report, "csv", version="0")
    assert isinstance(table, str)
    for row in csv.reader(io.StringIO(table)):
        for cell in row:
            assert not cell.startswith(("=", "@", "\t", "\r")), cell
            assert not cell.startswith(("+", "-")) or cell.lstrip("+-").replace(".", "").isdigit(), cell
    junit = render(report, "junit", version="0")
    ElementTree.fromstring(junit)
    json.loads(render(report, "json", version="0"))
