"""Is the failure gone, and would chance explain it? One call, in two captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import comb
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


class Row(NamedTuple):
    exchange: Exchange
    verdict: Verdict

    @property
    def failed(self) -> bool:
        return self.verdict.severity in ("failed", "degraded")


def judge(before: list[Row], after: list[Row]) -> tuple[Outcome, Confidence, str, float | None, bool | None]:
    failed, failing = [r for r in before if r.failed], [r for r in after if r.failed]
    counted = f"Before, {len(failed)} of {len(before)} went wrong; after, {len(failing)} of {len(after)}."
    if not failed and not failing:
        return "fine", "certain", f"{counted} There is no failure to compare.", None, None
    if not failed:
        chance = by_chance(len(failing), len(after), 0, len(before))
        return "new", _sure(chance), f"{counted} {_odds(chance)}", chance, None
    cause = Counter(r.verdict.cause for r in failed).most_common(1)[0][0]
    if failing:
        return _still(before, after, failed, failing, counted)
    chance = by_chance(len(failed), len(before), 0, len(after))
    reached, how_far = _reached(cause, failed, after)
    confidence = _sure(chance)
    if reached is False:
        confidence = "possible"
    elif reached and confidence == "possible":
        confidence = "likely"
    return (
        "gone",
        confidence,
        " ".join(part for part in (counted, _odds(chance), how_far) if part),
        chance,
        reached,
    )


def _still(
    before: list[Row], after: list[Row], failed: list[Row], failing: list[Row], counted: str
) -> tuple[Outcome, Confidence, str, float | None, bool | None]:
    """Something fails on both sides: as before, less often, more often, or for another reason."""
    ones, others = ({r.verdict.cause for r in side} for side in (failed, failing))
    if not ones & others:
        was, now = ", ".join(sorted(ones)), ", ".join(sorted(others))
        return (
            "changed",
            "likely",
            f"{counted} The cause is another one: {was} before, {now} after.",
            None,
            None,
        )
    rate, rate_after = len(failed) / len(before), len(failing) / len(after)
    if rate_after < rate:
        chance = by_chance(len(failed), len(before), len(failing), len(after))
        if chance <= 0.1:
            return "rarer", _sure(chance), f"{counted} {_odds(chance)}", chance, None
    if rate_after > rate:
        chance = by_chance(len(failing), len(after), len(failed), len(before))
        if chance <= 0.1:
            return "more-often", _sure(chance), f"{counted} {_odds(chance)}", chance, None
    return "still", "certain", f"{counted} It still fails for the same reason.", None, None


def by_chance(bad: int, of: int, other_bad: int, of_others: int) -> float:
    """How probable at least `bad` of `of` are, if the bad ones fell on both sides by chance alone.

    Fisher's exact test, one-sided: one of one against none of one is 0.5, three of three against none of
    three 0.05.
    """
    total, every = bad + other_bad, of + of_others
    ways = comb(every, total)
    most = min(of, total)
    return min(1.0, sum(comb(of, k) * comb(of_others, total - k) for k in range(bad, most + 1)) / ways)


def _sure(chance: float) -> Confidence:
    return "certain" if chance <= 0.01 else "likely" if chance <= 0.1 else "possible"


def _odds(chance: float) -> str:
    share = "more than half of the time" if chance > 0.5 else f"1 time in {round(1 / chance):,}"
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
