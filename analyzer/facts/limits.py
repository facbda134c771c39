"""Which well-known limit a duration or a silence fits.

Candidates are the documented defaults of gateways and servers (analyzer.explain.limits) and the few
round values that operators usually set instead. The more numbers on the list, the more streams fit
one by chance: so short ones are left out, and one fit alone is never more than `possible`.
A limit fires after the time it names and is seen with the network's and the recorder's delay, so a
measured time may lie 0.3 s under it (clock granularity) and 2.5 s over it.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

UNDER_MS: Final = 300.0
OVER_MS: Final = 2500.0
LEAST_MS: Final = 10_000.0

# What operators write when they change a default: half minutes and minutes.
_ROUND: Final[dict[str, tuple[float, ...]]] = {
    "idle": (30_000.0, 60_000.0, 90_000.0, 120_000.0, 180_000.0, 300_000.0, 600_000.0, 900_000.0, 3_600_000.0),
    "total": (
        10_000.0, 30_000.0, 60_000.0, 90_000.0, 100_000.0, 120_000.0, 180_000.0, 240_000.0, 300_000.0,
        600_000.0, 800_000.0, 900_000.0, 1_800_000.0, 3_600_000.0,
    ),
}  # fmt: skip


@cache
def candidates(measures: Literal["idle", "total"]) -> dict[float, tuple[str, ...]]:
    """Limits in ms, ascending, with the products and settings whose default they are (may be none)."""
    from analyzer.explain.limits import limits

    found: dict[float, list[str]] = {value: [] for value in _ROUND[measures]}
    for limit in limits():
        ours = limit.measures == measures and limit.sure and limit.party in ("gateway", "origin")
        if ours and limit.default_ms and limit.default_ms >= LEAST_MS:
            found.setdefault(float(limit.default_ms), []).append(f"{limit.product} {limit.setting}")
    return {value: tuple(found[value]) for value in sorted(found)}


def fits(measured_ms: float | None, measures: Literal["idle", "total"]) -> float | None:
    """The limit that a measured time fits, in ms; None if it fits none or was not measured."""
    if measured_ms is None:
        return None
    near = [limit for limit in candidates(measures) if limit - UNDER_MS <= measured_ms <= limit + OVER_MS]
    return min(near, key=lambda limit: abs(measured_ms - limit)) if near else None


def products(limit_ms: float | None, measures: Literal["idle", "total"], gateway: str | None) -> str | None:
    """Whose default a limit is, at most three; None if nobody's.

    Where the gateway that the response names has this default, only that one is named.
    """
    names = list(candidates(measures).get(limit_ms, ())) if limit_ms is not None else []
    own = [name for name in names if gateway is not None and name.lower().startswith(gateway.lower() + " ")]
    if own:
        return own[0]
    seen: list[str] = []
    for name in names:
        if name.split(" ")[0] not in [other.split(" ")[0] for other in seen]:
            seen.append(name)
    return ", ".join(seen[:3]) or None
