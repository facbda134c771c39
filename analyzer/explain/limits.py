"""The timeouts and limits of well-known products: which clock, which default, where to change it.

A measured duration or silence is compared with this table, so that a report can say "60 s is nginx's
proxy_read_timeout" instead of "60 s". A number alone proves nothing: several products share each round
value, and every operator may have set another one. `sure` is False where the vendor's own
documentation was not seen or contradicts itself; such a row may be shown and must not decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Measures = Literal["idle", "total", "first-byte", "connect", "keep-alive", "request", "shutdown"]
LimitParty = Literal["gateway", "origin", "provider", "browser", "network"]

MEASURES: Final[dict[Measures, str]] = {
    "idle": "the silence between two pieces of data; waiting for the first byte counts as silence too",
    "total": "the whole exchange, however much data flows",
    "first-byte": "only the wait until the answer begins",
    "connect": "only the wait for a connection",
    "keep-alive": "an unused connection between two requests; it never ends an answer in progress",
    "request": "receiving the request; it ends an answer only while the request body is still open",
    "shutdown": "how long open streams may live on after a reload, a deployment or a scale-in began",
}

# The clocks that can cut an answer which has begun or is awaited; the others only explain neighbours.
ENDING: Final[frozenset[Measures]] = frozenset({"idle", "total", "first-byte"})


class Limit(NamedTuple):
    """One setting of one product.

    default_ms, max_ms: milliseconds; None is "off unless somebody sets it" and "no maximum known".
    config_line: exactly what to write; "" where the product offers no way to change it.
    heartbeat_helps: a comment line or ping well inside the limit keeps the stream alive.
    where: the file, page or call in which the line belongs. source: what documents the default.
    party: who hangs up when it fires, in the words of causes.py. gateway: the short product name that
    the exchange table's `gateway` column uses, None for what is no gateway.
    """

    product: str
    setting: str
    default_ms: int | None
    measures: Measures
    config_line: str
    heartbeat_helps: bool
    where: str
    source: str
    party: LimitParty = "gateway"
    gateway: str | None = None
    max_ms: int | None = None
    sure: bool = True
    note: str = ""

    @property
    def key(self) -> str:
        """`product setting` in lower case: unique, and what `hangup explain` finds."""
        return f"{self.product} {self.setting}".lower()


def limits() -> list[Limit]:
    """Every known limit, grouped by product in reading order. Cheap: no file is read."""
    from analyzer.explain import limits_clients, limits_clouds, limits_proxies

    return [*limits_proxies.ROWS, *limits_clouds.ROWS, *limits_clients.ROWS]


def near(
    observed_ms: float,
    measures: Iterable[Measures] = ("idle", "total", "first-byte"),
    *,
    gateway: str | None = None,
    below_ms: float = 300.0,
    above_ms: float = 2500.0,
    only_sure: bool = True,
) -> list[Limit]:
    """The limits whose default fits a measured time, closest first.

    observed_ms: the silence before the end for "idle", the exchange's age for "total" and "first-byte".
    A limit fits from `below_ms` under its default to `above_ms` over it: timers fire late rather than
    early, and clocks in logs round. gateway: keep only that product's rows (unknown name: none).
    An empty list means that no default fits, not that no limit was at work.
    """
    wanted = frozenset(measures)
    found = [
        row
        for row in limits()
        if row.default_ms is not None
        and row.measures in wanted
        and (row.sure or not only_sure)
        and (gateway is None or row.gateway == gateway)
        and -below_ms <= observed_ms - row.default_ms <= above_ms
    ]
    return sorted(found, key=lambda row: abs(observed_ms - (row.default_ms or 0)))


def duration(ms: int | None) -> str:
    """A limit in the unit a reader would use: `90 s`, `5 min`, `1 h`; `none` for None."""
    if ms is None:
        return "none"
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if (ms >= 2 * size and ms % size == 0) or (ms == size and unit != "min"):
            return f"{ms // size} {unit}"
    if ms % 1000 == 0:
        return f"{ms // 1000} s"
    return f"{ms / 1000:g} s" if ms > 1000 else f"{ms} ms"
