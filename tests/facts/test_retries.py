"""One call, sent more than once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.facts.context import add_context
from analyzer.model import Recorded
from analyzer.pipeline import analyze
from tests.facts.test_context import at
from tests.intake.samples import as_bytes, entry, har

DONE = {"terminal_marker": "seen"}
CUT = {"net_error": "net::ERR_CONNECTION_RESET", "terminal_marker": "missing"}


def call(start: float, length: float, body: bytes = b'{"ask":1}', **row: object) -> Recorded:
    made = at(start, length, **row)
    made.request_body = lambda: body
    return made


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([call(0, 5, **CUT), call(6, 5, **DONE)], [True, None]),
        ([call(0, 5, **CUT), call(6, 5, **CUT), call(13, 5, **DONE)], [True, True, None]),
        ([call(0, 5, **CUT), call(6, 5, **CUT)], [False, None]),
        ([call(0, 5, **CUT), call(60, 5, **DONE)], [False, None]),
        ([call(0, 5, **CUT), call(6, 5, b'{"ask":2}', **DONE)], [None, None]),
        ([call(0, 5, b"", **CUT), call(6, 5, b"", **DONE)], [None, None]),
        ([call(0, 5, method="GET", **CUT), call(6, 5, method="GET", **DONE)], [None, None]),
    ],
    ids=[
        "retried",
        "at the third try",
        "never",
        "too late to be the page",
        "another question",
        "no body",
        "a GET",
    ],
)
def test_a_retry_is_the_same_request_soon_after(tries: list[Recorded], expected: list[bool | None]) -> None:
    add_context(tries, tries)
    assert [recorded.exchange.retry_completed for recorded in tries] == expected


def test_a_refused_credential_that_is_sent_again_is_a_replay() -> None:
    tries = [at(n * 2, 1, status=401 if n < 2 else 200) for n in range(4)]
    for recorded, token in zip(tries, ("old", "old", "new", "new"), strict=True):
        recorded.request_headers = [("authorization", f"Bearer {token}")]
    add_context(tries, tries)
    assert [recorded.exchange.token_replayed for recorded in tries] == [False, True, False, False]


def test_an_event_source_replays_the_token_in_its_address() -> None:
    tries = [
        at(n * 4, 1, status=401, method="GET", resource_type="eventsource", url="https://a.test/e?token=1")
        for n in range(3)
    ]
    add_context(tries, tries)
    assert [recorded.exchange.token_replayed for recorded in tries] == [False, True, True]


def test_without_a_refusal_nothing_is_said_of_tokens() -> None:
    tries = [at(0, 1), at(2, 1)]
    tries[0].request_headers = tries[1].request_headers = [("authorization", "Bearer a")]
    add_context(tries, tries)
    assert [recorded.exchange.token_replayed for recorded in tries] == [None, None]


def chat(at_s: int, body: str | None, **response: Any) -> dict[str, Any]:
    return entry(
        startedDateTime=f"2026-03-02T10:15:{at_s:02}.000Z",
        request={
            "method": "POST",
            "url": "https://api.openai.com/v1/chat/completions",
            "postData": {"mimeType": "application/json", "text": '{"stream":true,"messages":[]}'},
        },
        response=response,
        content={"text": body, "size": len(body or "")},
    )


def test_the_report_says_that_a_retry_recovered_it(tmp_path: Path) -> None:
    whole = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    path = tmp_path / "retry.har"
    path.write_bytes(
        as_bytes(har(chat(0, whole[:40], _error="net::ERR_HTTP2_PROTOCOL_ERROR"), chat(3, whole)))
    )
    verdicts = {s.exchange.where: s.verdict for s in analyze([path]).streams}
    first, second = verdicts["$.log.entries[0]"], verdicts["$.log.entries[1]"]
    assert (first.cause, first.rule) == ("recovered", "recovered-by-retry")
    assert any(runner.cause == "http2-stream-reset" for runner in first.runners_up)
    assert second.cause == "completed"
