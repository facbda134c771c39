from __future__ import annotations

import re

import msgspec
import pytest

from analyzer.causes import CAUSES
from analyzer.model import Stream
from analyzer.report.replies import replies
from tests.browser.payloads import ALL
from tests.report import build
from tests.report.hostile import fill

JARGON = re.compile(r"proxy_read_timeout|upstream|ERR_|HTTP|SSE|\bTTFB\b|\d{3} status", re.IGNORECASE)


def recast(stream: Stream, cause: str) -> Stream:
    known = CAUSES[cause]
    verdict = msgspec.structs.replace(
        stream.verdict,
        cause=cause,
        party=known.party,
        severity=known.severity,
        title=known.title,
        explanation=known.meaning,
    )
    return msgspec.structs.replace(stream, verdict=verdict)


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_three_letters(cause: str) -> None:
    got = replies(build.one(recast(build.idle_timeout(), cause)))
    for text in (got.customer, got.provider, got.sre):
        assert len(text) > 60 and "None" not in text and "\u00a0" not in text
        assert not re.search(r"\n{3,}|[ \t]+\n", text)
    assert got.customer.startswith("Hello,") and got.customer.endswith("Kind regards")


def test_customer_reads_no_jargon() -> None:
    assert not JARGON.search(replies(build.idle_report()).customer)


def test_customer_is_not_asked_for_the_gateway_s_log() -> None:
    assert "error log" not in replies(build.idle_report()).customer


def test_provider_gets_request_ids_and_times_in_utc() -> None:
    text = replies(build.one(build.overloaded())).provider
    assert (
        "req_011CXoverload" in text and "2026-03-02 10:16:38.120 UTC to 2026-03-02 10:16:40.054 UTC" in text
    )
    assert "overloaded_error" in text


def test_provider_is_not_accused_of_what_a_gateway_did() -> None:
    assert "looks as if this did not start with you" in replies(build.idle_report()).provider


def test_operators_get_window_evidence_and_what_would_settle_it() -> None:
    text = replies(build.idle_report()).sre
    assert "Look at: 2026-03-02 10:16:1" in text
    assert "$.log.entries[17].response._error" in text and "net::ERR_INCOMPLETE_CHUNKED_ENCODING" in text
    assert "    location /api/chat/stream {" in text and "```" not in text
    assert "What would settle it" in text


def test_streams_with_the_same_cause_are_listed_together_up_to_a_limit() -> None:
    text = replies(build.batch_report(60)).sre
    assert text.count("req_7f3a91c2") == 20 and "- and 4 more" in text


def test_capture_that_cannot_be_read_asks_for_another() -> None:
    assert "the file is empty" in replies(build.empty_report()).customer


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_hostile_text_stays_visible_and_bounded(text: str) -> None:
    got = replies(fill(build.idle_report(2), text))
    for letter in (got.customer, got.provider, got.sre):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", letter)
        assert len(letter) < 17_000
