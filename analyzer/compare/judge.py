"""Is the failure gone, and would chance explain it? One call, in two captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import exp, lgamma
from typing import Final, NamedTuple

from analyzer.causes import Confidence
from analyzer.columns import Exchange
from analyzer.model import Verdict
from analyzer.report.compare import Outcome
from analyzer.report.numbers import duration

# Causes whose streams break after a silence, before an answer, or after a time: a later run only tests
# them if it is silent, or waits, or lasts as long.
_AFTER_SILENCE: Final = frozenset({"gateway-idle-timeout", "connection-starved"})
_BEFORE_ANSWER: Final = frozenset({"gateway-timeout", "connect-failure", "connection-closed"})


_NEVER: Final = 0.01
_HARDLY: Final = 0.1
# Ends that say nothing about the failure: somebody or something stopped looking before it could come.
_NO_TEST: Final = frozenset({"stopped-by-user", "open-at-export"})


class Row(NamedTuple):
    """A stream with its verdict. counts: it ran far enough to be a try."""

    exchange: Exchange
    verdict: Verdict

    @property
    def failed(self) -> bool:
        return self.verdict.severity in ("failed", "degraded")

    @property
    def counts(self) -> bool:
        return self.verdict.cause not in _NO_TEST


class Judgement(NamedTuple):
    """The outcome for one call, how sure it is and why; `chance` and `reached` as in `Call`."""

    outcome: Outcome
    confidence: Confidence
    why: str
    chance: float | None = None
    reached: bool | None = None


def judge(every_before: list[Row], every_after: list[Row]) -> Judgement:
    """Whether a call that went wrong before still does. Both lists have at least one stream."""
    before, after = ([r for r in rows if r.counts] for rows in (every_before, every_after))
    if not before or not after:
        side = "before" if not before else "after"
        return Judgement(
            "untested",
            "certain",
            f"No stream from {side} the change ran to its end: each was stopped or still open.",
        )
    failed, failing = [r for r in before if r.failed], [r for r in after if r.failed]
    counted = f"Before, {len(failed)} of {len(before)} went wrong; after, {len(failing)} of {len(after)}."
    if not failed and not failing:
        return Judgement("fine", "certain", f"{counted} There is no failure to compare.")
    if not failed:
        chance = by_chance(len(failing), len(after), 0, len(before))
        return Judgement("new", _sure(chance), f"{counted} {_odds(chance)}", chance)
    cause = Counter(r.verdict.cause for r in failed).most_common(1)[0][0]
    if failing:
        return _still(before, after, failed, failing, counted)
    chance = by_chance(len(failed), len(before), 0, len(after))
    reached, how_far = _reached(cause, failed, after)
    confidence = _sure(chance)
    if reached is False:
        confidence = "possible"
    elif reached and confidence == "possible" and len(before) + len(after) > 2:
        confidence = "likely"  # one against one stays luck, however far it ran
    why = " ".join(part for part in (counted, _odds(chance), how_far) if part)
    return Judgement("gone", confidence, why, chance, reached)


def _still(
    before: list[Row], after: list[Row], failed: list[Row], failing: list[Row], counted: str
) -> Judgement:
    """Something fails on both sides: as before, less often, more often, or for another reason."""
    ones, others = ({r.verdict.cause for r in side} for side in (failed, failing))
    if not ones & others:
        was, now = ", ".join(sorted(ones)), ", ".join(sorted(others))
        return Judgement(
            "changed", "likely", f"{counted} The cause is another one: {was} before, {now} after."
        )
    here, there = (len(failed), len(before)), (len(failing), len(after))
    fewer, more = by_chance(*here, *there), by_chance(*there, *here)
    if fewer <= _HARDLY:
        return Judgement("rarer", _sure(fewer), f"{counted} {_odds(fewer)}", fewer)
    if more <= _HARDLY:
        return Judgement("more-often", _sure(more), f"{counted} {_odds(more)}", more)
    return Judgement("still", "certain", f"{counted} It still fails for the same reason.")


def by_chance(bad: int, of: int, other_bad: int, of_others: int) -> float:
    """How probable at least `bad` of `of` are, if the bad ones fell on both sides by chance alone.

    Fisher's exact test, one-sided: one of one against none of one is 0.5, three of three against none of
    three 0.05.
    """
    total = bad + other_bad
    ways = _log_comb(of + of_others, total)
    shares = (
        exp(_log_comb(of, k) + _log_comb(of_others, total - k) - ways)
        for k in range(max(bad, total - of_others), min(of, total) + 1)
    )
    return min(1.0, sum(shares))


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _sure(chance: float) -> Confidence:
    return "certain" if chance <= _NEVER else "likely" if chance <= _HARDLY else "possible"


def _odds(chance: float) -> str:
    share = "more than half of the time" if chance > 0.501 else f"1 time in {round(1 / chance):,}"
    return f"If nothing had changed, such a result would still come up {share}."


def _reached(cause: str, failed: list[Row], after: list[Row]) -> tuple[bool | None, str]:
    """Whether the later streams were put to the test at which the earlier ones broke."""
    rows, later = [r.exchange for r in failed], [r.exchange for r in after]
    if cause in _BEFORE_ANSWER:
        point = _least(row.ttfb_ms if row.ttfb_ms is not None else row.duration_ms for row in rows)
        best, what = _most(row.ttfb_ms for row in later), "waited for its first byte"
    elif cause in _AFTER_SILENCE or all((row.idle_before_end_ms or 0) >= 5000 for row in rows):
        point = _least(row.idle_before_end_ms for row in rows)
        best, what = _most(_silence(row) for row in later), "was silent"
    elif cause in ("gateway-duration-limit", "server-timeout", "client-timeout"):
        point = _least(row.duration_ms for row in rows)
        best, what = _most(row.duration_ms for row in later), "lasted"
    else:
        return None, ""
    if point is None or point < 1000:
        return None, ""
    if best is None:
        return (
            None,
            f"Whether it was put to the same test is not recorded: before, it broke at {duration(point)}.",
        )
    if best >= point * 0.98:
        return (
            True,
            f"After the change a stream {what} for {duration(best)} and lived, past the {duration(point)} at which it broke before.",
        )
    return False, (
        f"But it was not put to the test: before, it broke after {duration(point)}, and after the change no stream "
        f"{what} for longer than {duration(best)}."
    )


def _silence(row: Exchange) -> float | None:
    gaps = [gap for gap in (row.max_gap_ms, row.ttfb_ms, row.idle_before_end_ms) if gap is not None]
    return max(gaps) if gaps else None


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
