from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from analyzer.model import Stream
from analyzer.report.view_facts import meanings, show
from analyzer.report.view_stream import StreamView, stream_view
from tests.report import build


def view(stream: Stream) -> StreamView:
    return stream_view(stream, "s1", raw_limit=2000, several=False)


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("idle_before_end_ms", 60_012.0, "60.0 s"), ("body_bytes", 6223, "6.2 kB"), ("status", 1006, "1006"), ("upstream_status", 502, "502"),
        ("events", 1200, "1,200"), ("from_cache", False, "no"), ("net_error", None, "not recorded"), ("server", "nginx", "nginx"),
        ("started_at", datetime(2026, 3, 2), "2026-03-02 00:00:00.000 UTC"),
    ],
)  # fmt: skip
def test_value_is_shown_as_its_unit_asks(column: str, value: object, text: str) -> None:
    assert show(column, value).replace("\u00a0", " ") == text


def test_unrecorded_values_are_left_out() -> None:
    labels = {fact.label for _, facts in view(build.user_stop()).facts for fact in facts}
    assert "Events" in labels and "Gateway" not in labels and "Silence before end" not in labels


def test_evidence_says_what_its_column_means_and_whether_its_entry_is_here() -> None:
    first, *_ = view(build.idle_timeout()).evidence
    assert first.role == "main" and first.known == "s1-raw"
    assert first.help == "c-idle-before-end-ms"
    (meaning,) = meanings({first.help})
    assert meaning.label == "Silence before end" and "silence" in meaning.text
    stream = msgspec.structs.replace(build.idle_timeout(), raw=None)
    assert not view(stream).evidence[0].known


def test_what_would_settle_it_is_not_asked_when_nothing_is_open() -> None:
    stream = build.idle_timeout()
    assert view(stream).settle is not None
    stream.verdict.confidence = "certain"
    assert view(stream).settle is None


def test_runner_up_is_named_by_its_cause_with_the_reason_it_lost() -> None:
    first = view(build.idle_timeout()).runners[0]
    assert first.title == "A timer inside the application server ended it"
    assert "counts from the start" in first.why


def test_advice_is_for_three_readers_and_code_is_kept_apart() -> None:
    tabs = view(build.idle_timeout()).fixes
    assert [tab.key for tab in tabs] == ["user", "operator", "developer"]
    assert tabs[1].steps[0][1].kind == "code" and "proxy_read_timeout 600s;" in tabs[1].steps[0][1].text


def test_refusal_is_answered_and_not_cut() -> None:
    stream = build.overloaded()
    stream.exchange.status, stream.exchange.events = 529, None
    drawn = view(stream).timeline
    assert drawn is not None and "answered 529 at" in drawn


def test_legend_names_only_what_is_drawn() -> None:
    assert [kind for kind, _ in view(build.completed()).legend] == ["event", "heartbeat"]
    assert view(build.user_stop()).legend == []
    assert "quiet" in [kind for kind, _ in view(build.idle_timeout()).legend]
