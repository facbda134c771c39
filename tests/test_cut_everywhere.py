"""A healthy stream that is cut anywhere before its end marker is never called completed.

The whole pipeline, on captures made from the healthy samples: the body is cut at every event border
and inside every event, as a server would that closes politely.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import analyze

HEALTHY = {
    "openai-completed.har": b"data: [DONE]",
    "chatgpt-completed.har": b"message_stream_complete",
    "openai-output-limit.har": b"data: [DONE]",
}
KEPT = {"content-type", "accept"}  # headers that do not say whose server it is


def load(samples: Path, name: str) -> tuple[dict[str, Any], int, bytes]:
    har = json.loads((samples / name).read_text(encoding="utf-8"))
    for index, entry in enumerate(har["log"]["entries"]):
        content = entry["response"]["content"]
        if content.get("mimeType") == "text/event-stream" and "text" in content:
            return har, index, content["text"].encode()
    raise AssertionError("the sample has no stream with a body")


def cuts(body: bytes, marker: bytes) -> list[int]:
    """Every event border before the end marker's block, and one place inside every event."""
    found, start = [], 0
    last = body.rindex(marker)
    while True:
        end = body.find(b"\n\n", start)
        if end < 0 or start > last:
            return found
        found.append(start + (end - start) // 2)
        if end + 2 <= last:
            found.append(end + 2)
        start = end + 2


@pytest.mark.parametrize(
    "host", [None, "llm.example.net"], ids=["its provider", "a server that nobody knows"]
)
@pytest.mark.parametrize("name", HEALTHY)
def test_a_cut_stream_is_never_called_completed(
    name: str, host: str | None, samples: Path, tmp_path: Path
) -> None:
    har, index, body = load(samples, name)
    entries = []
    places = [cut for cut in cuts(body, HEALTHY[name]) if cut > 0]
    for number, cut in enumerate(places):
        entry = copy.deepcopy(har["log"]["entries"][index])
        part = body[:cut]
        entry["request"]["url"] += f"?cut={number}"
        if host is not None:
            scheme, _, rest = entry["request"]["url"].partition("://")
            entry["request"]["url"] = f"{scheme}://{host}/{rest.partition('/')[2]}"
            for message in (entry["request"], entry["response"]):
                message["headers"] = [h for h in message["headers"] if h["name"].lower() in KEPT]
        entry["response"]["content"]["text"] = part.decode("utf-8", "ignore")
        entry["response"]["content"]["size"] = len(part)
        entry.pop("_eventSourceMessages", None)
        entries.append(entry)
    har["log"]["entries"] = entries
    path = tmp_path / "cut.har"
    path.write_text(json.dumps(har), encoding="utf-8")
    report = analyze([path])
    assert len(report.streams) == len(places)
    wrong = [(s.exchange.where, s.verdict.rule) for s in report.streams if s.verdict.cause == "completed"]
    assert not wrong


@pytest.mark.parametrize("name", ["openai-completed.har", "chatgpt-completed.har"])
def test_the_uncut_stream_is_called_completed(name: str, samples: Path) -> None:
    report = analyze([samples / name])
    assert {s.verdict.cause for s in report.streams} == {"completed"}
