"""A bundled capture with values that nobody expects, where a number, a name or a time stands: it is read.

Damage to the bytes leaves most values alone (see test_damaged_samples); here the JSON is whole and what it
says is odd, in the entries and inside the bodies of their answers.
"""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import HangupError
from analyzer.events import read_events
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.redact.sanitize import sanitize
from analyzer.report.render import render
from analyzer.resources import samples

HARS = [path for kind in ("*", "framings/*") for _, path in samples(kind) if path.suffix == ".har"]
VERSIONS = 8
# Digits that are none to int(), signs, edges of types and of the calendar, URLs that urlsplit refuses.
ODD: list[Any] = [
    "²", "٣٤٥", "Ⅷ", "--5", "-", "1_0", "1e999", "NaN", "9" * 25, "", " ", "\0", "\ud83d", "а" * 300, "[", "{", "null",
    "http://[::1", "http://['-5'/", "://", "https://\u202e.example/?a=1#b?c", "text/event-stream; charset=\xff",
    "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "data: x\n\ndata: y",
    0, -1, 2**31, 2**63, -(2**63), 10**30, 1e308, -0.0, True, None,
    [], {}, [[]], [None], {"": None}, {"code": "²"}, {"code": []}, {"message": [1]}, {"error": {"error": {"error": 1}}},
]  # fmt: skip
KEYS = (
    "error", "errors", "code", "type", "message", "status", "reason", "detail", "choices", "delta", "finish_reason",
    "candidates", "event", "data", "id", "retry", "result", "usage", "stop_reason", "response",
)  # fmt: skip
EXTRA = ("_error", "_webSocketMessages", "_eventSourceMessages", "_initiator", "_resourceType", "_chunks")


def places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything below a value."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value[:50])
    for key, inner in items:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


def odd_body(text: str, chance: random.Random) -> str:
    """A body in whose last pieces of JSON one value is odd, or one key more."""
    lines = text.split("\n")
    documents = [place for place, line in enumerate(lines) if "{" in line][-6:]
    for place in documents and [chance.choice(documents)]:
        head, brace, rest = lines[place].partition("{")
        with suppress(ValueError):
            document = json.loads(brace + rest)
            inside = places(document)
            if inside and chance.random() < 0.7:
                container, key = chance.choice(inside)
                container[key] = chance.choice(ODD)
            else:
                document[chance.choice(KEYS)] = chance.choice(
                    [*ODD, {chance.choice(KEYS): chance.choice(ODD)}]
                )
            lines[place] = head + json.dumps(document)
            return "\n".join(lines)
    at = chance.randrange(len(text) + 1)
    return f"{text[:at]}{chance.choice(ODD)}{text[at:]}"


def odd(har: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    entries = har["log"]["entries"]
    for _ in range(chance.choice([1, 2, 4])):
        entry = chance.choice(entries)
        container, key = chance.choice(places(entry if chance.random() < 0.95 else har))
        if container[key] is entries or chance.random() < 0.05:
            entry[chance.choice(EXTRA)] = chance.choice(ODD)
        elif isinstance(container[key], str) and len(container[key]) > 20 and chance.random() < 0.8:
            container[key] = odd_body(container[key], chance)
        else:
            container[key] = chance.choice(ODD)
        entries = entries if all(isinstance(one, dict) for one in entries) else [{}]
    return har


@pytest.mark.parametrize("capture", HARS, ids=lambda path: path.name)
def test_odd_values_bring_nobody_down(capture: Path, tmp_path: Path) -> None:
    given = capture.read_text("utf-8-sig")
    for number in range(VERSIONS):
        path = tmp_path / f"{number}.har"
        version = odd(json.loads(given), random.Random(f"{capture.name} {number}"))
        path.write_text(json.dumps(version), "utf-8")
        with suppress(HangupError):
            report = analyze([path], Options(details=True, drawings=True))
            for kind in ("html", "json", "markdown", "terminal"):
                render(report, kind, version="0")
        with suppress(HangupError):
            read_events(path)
        with suppress(HangupError):
            sanitize(path, tmp_path / f"{number}.out")
