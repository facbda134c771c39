"""`hangup events` on one capture of every framing, and one page about each.

What it has to show stands in `sample_hars/framings/*.about.yaml`, as `hangup analyze` has its truth there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import analyzer.decode
from analyzer.columns import VALUES
from analyzer.errors import UsageError
from analyzer.events import read_events
from analyzer.framings import known, lagging
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.report.events import events_json, events_terminal
from analyzer.resources import samples

DOCS = Path(__file__).resolve().parent.parent / "docs" / "framings"
KNOWN = [
    (yaml.safe_load(about.read_text(encoding="utf-8")), capture) for about, capture in samples("framings/*")
]
STREAMS = [pair for pair in KNOWN if pair[0]["stream"]]
by_name = pytest.mark.parametrize(("truth", "capture"), STREAMS, ids=[path.name for _, path in STREAMS])


def number_of(truth: dict[str, Any], capture: Path) -> str:
    return next(
        stream.id
        for stream in analyze([capture], Options(redact=False)).streams
        if truth["stream"] in (stream.exchange.url or "") and stream.exchange.method == truth["method"]
    )


def test_there_is_a_sample_of_every_framing() -> None:
    framings = {truth["framing"] for truth, _ in KNOWN}
    assert framings >= set(VALUES["framing"]) - {"unknown"}


def test_there_is_a_sample_of_what_the_framings_carry() -> None:
    protocols = {truth["protocol"] for truth, _ in KNOWN}
    assert protocols >= {
        "ag-ui", "bedrock-converse", "connect", "firebase-rtdb", "firestore", "gemini", "graphql-sse",
        "graphql-ws", "grpc-web", "mcp", "mercure", "ollama", "openai-realtime", "phoenix", "signalr",
        "socket-io", "vercel-data",
    }  # fmt: skip


@by_name
def test_framing_and_protocol_are_recognised(truth: dict[str, Any], capture: Path) -> None:
    found = read_events(capture, number_of(truth, capture))
    row = found.stream.exchange
    assert (row.framing, row.protocol) == (truth["framing"], truth["protocol"])
    assert row.dialect == truth["dialect"]


@by_name
def test_events_show_what_was_sent(truth: dict[str, Any], capture: Path) -> None:
    found = read_events(capture, number_of(truth, capture), Options(redact=False))
    shown = json.loads(events_json(found, version="0"))
    if truth["events"] is not None:
        assert len(found.events) == truth["events"]
    if truth["types"] is not None:
        assert [event.type for event in found.events] == truth["types"]
    if truth["last"] is not None:
        said = [event.data for event in found.events if event.data]
        assert truth["last"].replace(" ", "") in said[-1].replace(" ", "")
    assert list(shown) == ["stream", "events", "comments", "retry_ms", "tail"]


@by_name
def test_what_was_owed_is_said(truth: dict[str, Any], capture: Path) -> None:
    found = read_events(capture, number_of(truth, capture))
    if truth["owed"] is None:
        assert found.tail.reason is None
    else:
        assert truth["owed"] in (found.tail.reason or "")
        assert truth["owed"] in events_terminal(found, width=200)


@by_name
def test_no_secret_is_in_the_events(truth: dict[str, Any], capture: Path) -> None:
    found = read_events(capture, number_of(truth, capture))
    for text in (events_json(found, version="0"), events_terminal(found, width=400)):
        assert not [secret for secret in truth["secrets"] if secret in text]


@pytest.mark.parametrize(
    "capture", [path for truth, path in KNOWN if not truth["stream"]], ids=lambda p: p.name
)
def test_what_is_no_stream_has_no_events_and_says_so(capture: Path) -> None:
    with pytest.raises(UsageError, match="no stream"):
        read_events(capture)


def test_every_framing_has_a_page() -> None:
    assert {framing["id"] for framing in known()} == set(VALUES["framing"]) - {"unknown"}


def test_the_pages_are_current() -> None:
    assert lagging(DOCS) == [], "run: python -m analyzer.framings docs/framings"


@pytest.mark.parametrize("framing", known(), ids=lambda framing: framing["id"])
def test_what_a_page_says_is_left_over_is_what_the_decoder_says(framing: dict[str, Any]) -> None:
    if framing["decoder"] is None:
        assert not framing["stops"]
        return
    folder = Path(analyzer.decode.__file__).parent
    own = (folder / f"{framing['decoder']}.py").read_text(encoding="utf-8")
    if "EnvelopeReader" in own:
        own += (folder / "envelope.py").read_text(encoding="utf-8")
    assert [reason for reason in framing["stops"] if f'"{reason}"' not in own] == []


def test_every_sample_is_on_a_page() -> None:
    named = {name for framing in known() for name in framing["samples"]}
    assert named | {path.name for truth, path in KNOWN if not truth["stream"]} == {
        path.name for _, path in KNOWN
    }
