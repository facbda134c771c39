from __future__ import annotations

import re

import pytest

from analyzer.causes import CAUSES, Confidence
from analyzer.model import Fix, Summary, Verdict
from analyzer.plain import counted, headline, sentence

JARGON = re.compile(
    r"\b(?:gateway|proxy_|upstream|origin|net::|HTTP/2|RST|SSE|stream reset|marker|preflight|CORS|timeout|5\d\d|4\d\d)\b"
)


def verdict(cause: str, confidence: Confidence = "certain") -> Verdict:
    row = CAUSES[cause]
    return Verdict(
        cause=cause, party=row.party, severity=row.severity, confidence=confidence, rule=None, title=row.title,
        explanation="", evidence=[], fix=Fix(), runners_up=[], settle=None,
    )  # fmt: skip


@pytest.mark.parametrize("confidence", ["certain", "likely", "possible"])
@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_a_sentence_without_jargon(cause: str, confidence: Confidence) -> None:
    text = sentence(verdict(cause, confidence))
    assert re.match(r"[A-Z]", text) and not text.endswith(".")
    assert 20 < len(text) < 140
    assert not JARGON.search(text)


def test_reason_is_no_surer_than_the_verdict() -> None:
    said = {c: sentence(verdict("offline", c)) for c in ("certain", "likely", "possible")}
    assert said == {
        "certain": "The request never left: the computer was offline",
        "likely": "The request never left, most likely because the computer was offline",
        "possible": "The request never left, perhaps because the computer was offline",
    }


def test_one_broken_answer_among_others_is_told_with_their_number() -> None:
    verdicts = [verdict("completed"), verdict("bad-gateway")]
    assert headline(verdicts, Summary(streams=2)) == (
        "The answer never began: the server in front could not reach the application behind it (1 of 2 answers)."
    )


def test_several_causes_are_counted_and_the_most_frequent_is_named() -> None:
    verdicts = [verdict("offline"), verdict("bad-gateway"), verdict("offline")]
    assert headline(verdicts, Summary(streams=3)) == (
        "3 of 3 answers went wrong, for 2 reasons; most often (2 times): the computer was offline."
    )
    assert headline(verdicts[::2], Summary(streams=7)) == (
        "2 of 7 answers went wrong for the same reason: the computer was offline."
    )


def test_of_causes_as_frequent_the_one_that_the_page_goes_on_with_is_named() -> None:
    verdicts = [verdict("offline", "likely"), verdict("bad-gateway"), verdict("truncated-stream", "possible")]
    for order in (verdicts, verdicts[::-1]):
        assert "one of them: the server in front could not" in headline(order, Summary(streams=3))


def test_innocent_captures_say_so() -> None:
    done = verdict("completed")
    assert headline([done], Summary(streams=1)) == "The answer arrived in full."
    assert headline([done, done], Summary(streams=2)) == (
        "Nothing is wrong with any of the 2 answers in this recording."
    )
    assert headline([], Summary()) == "There is no streamed answer in this recording."


def test_of_logs_the_numbers_are_told() -> None:
    causes = {"completed": 900, "gateway-timeout": 60, "offline": 40}
    assert counted(Summary(streams=1000, failed=100, ok=900, by_cause=causes)) == (
        "100 of 1,000 answers went wrong, for 2 reasons; most often (60 times): a server on the way waited for it, and gave up."
    )
    assert counted(Summary(streams=1, failed=1, by_cause={"offline": 1})) == (
        "The only answer went wrong: the computer was offline."
    )
    assert counted(Summary(streams=9, ok=9, by_cause={"completed": 9})) == (
        "Nothing is wrong with the 9 answers in these recordings."
    )
