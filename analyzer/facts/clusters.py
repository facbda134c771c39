"""Streams with one problem: the same duration, silence, size, instant, upstream, connection, network.

A cluster is a finding of its own: which streams, what they share, how far that is from chance and from
what healthy streams there look like. It starts from streams with one verdict and asks what they have in
common; groups that turn out to share the same thing are one cluster, whatever their verdicts.

Everything is SQL over one small table of features, so that a log of millions of lines costs a handful of
scans; Python sees histograms. Two streams never make a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.duck import cursor
from analyzer.facts.clustertext import PLACES, baseline_text, cluster_text
from analyzer.facts.peaks import Peak, coverage, peaks
from analyzer.model import Cluster, Verdict

LEAST: Final = 3
_MOST: Final = 20
_NAMED: Final = 1_000_000  # members of one cluster that are told by their rows
_BATCH: Final = 10_000
_NUMBERS: Final = {"duration_ms": (0.02, 1000.0), "idle_ms": (0.02, 1000.0), "bytes": (0.005, 16.0)}
# Below these a shared number is no clue: refusals all take milliseconds, and error pages are all short.
_CLUE: Final = {"duration_ms": 1000.0, "idle_ms": 2000.0, "bytes": 1024.0}
_COMMON: Final = 0.6  # share of a group that must have a value in common
# Healthy streams that must show another value before a place is a clue: networks and names differ anyway.
_KNOWN: Final = {"upstream": 3, "connection": 3, "edge_location": 3, "server_ip": 3}
_LIFT: Final = 1.5  # how much more often than among the healthy

Show = Callable[[str, object], object]
# From a condition and the columns by which groups are told apart: `cause, ` or none.
_Sql = Callable[[str, str], str]


class Found(msgspec.Struct):
    """A cluster before its members have names. numbers: rows of the members that may be listed."""

    cluster: Cluster
    numbers: list[int] = msgspec.field(default_factory=list)


class Trait(msgspec.Struct):
    """What the streams of one cause share. where: these streams, as SQL."""

    where: str
    peaks: dict[str, list[Peak]] = msgspec.field(default_factory=dict)
    places: dict[str, str] = msgspec.field(default_factory=dict)
    lifts: dict[str, float] = msgspec.field(default_factory=dict)
    at: datetime | None = None
    alone: dict[str, str] = msgspec.field(default_factory=dict)  # what every stream of the run has: no clue


class Group(msgspec.Struct):
    """A cluster in numbers, before anything is said of it.

    trait: what its members share. numbers: their rows. broken, total: streams of the run. baseline: what
    `baseline_text` takes.
    """

    cause: str
    trait: Trait
    size: int
    numbers: list[int]
    broken: int
    total: int
    baseline: tuple[Any, ...]


def clusters(
    rows: Sequence[Exchange],
    verdicts: Sequence[Verdict],
    names: Mapping[int, str],
    show: Show | None = None,
) -> list[Cluster]:
    """The clusters among streams that failed, largest first.

    names: stream id by index. show: the redactor, as show(column, value); None shows values as they are.
    """
    broken = sum(verdict.severity in ("failed", "degraded") for verdict in verdicts)
    if broken < LEAST:
        return []
    con = cursor()
    try:
        con.execute("SET TimeZone = 'UTC'")
        # With a few rows, optimising a statement takes longer than running it as it stands.
        con.execute("PRAGMA disable_optimizer")
        _load(con, rows, verdicts)
        return [finish(found, names) for found in told(_search(con), show=show)]
    finally:
        con.close()


def in_table(con: Any, table: str, verdicts: str) -> list[Group]:
    """What `clusters` looks for, in a table of exchanges and the table of their verdicts, joined by n.

    `told` says it in words.
    """
    features = ", ".join(f"x.{sql} AS {name}" for name, sql in _COLUMNS.items() if name != "bytes")
    features += ", coalesce(x.body_bytes, x.transfer_bytes) AS bytes"  # many logs count the headers too
    _create(
        con,
        f"""SELECT x.n, v.cause, v.rule, v.severity IN ('failed', 'degraded') AS broken,
               v.severity IN ('ok', 'info') AS fine, {features}, x.capture
        FROM {table} x JOIN {verdicts} v USING (n)""",
    )
    return _search(con)


def told(
    groups: Sequence[Group],
    *,
    listed: Sequence[int] | None = None,
    show: Show | None = None,
    unit: str = "stream",
    unkept: int = 0,
) -> list[Found]:
    """The groups as clusters, with their texts.

    listed: the rows that a report names; a cluster counts all its members and names those. show: as for
    `clusters`. unit: what the texts call a row that failed. unkept: healthy streams that the table lacks.
    """
    wanted = None if listed is None else set(listed)
    return [_told(group, wanted, show or _plain, unit, unkept) for group in groups]


def finish(found: Found, names: Mapping[int, str]) -> Cluster:
    """The cluster with the ids of its members, in the order of their rows."""
    found.cluster.members = [names[n] for n in found.numbers if n in names]
    return found.cluster


_COLUMNS: Final = {
    "duration_ms": "duration_ms", "idle_ms": "idle_before_end_ms", "bytes": "body_bytes", "ended": "ended_at",
    **PLACES,
}  # fmt: skip


def _load(con: Any, rows: Sequence[Exchange], verdicts: Sequence[Verdict]) -> None:
    kinds = {"duration_ms": "DOUBLE", "idle_ms": "DOUBLE", "bytes": "DOUBLE", "ended": "TIMESTAMP"}
    select = ["unnest(?::BIGINT[]) AS n", "unnest(?::VARCHAR[]) AS cause", "unnest(?::VARCHAR[]) AS rule"]
    params: list[Any] = [
        list(range(len(rows))), [verdict.cause for verdict in verdicts], [verdict.rule for verdict in verdicts]
    ]  # fmt: skip
    for name, test in (("broken", ("failed", "degraded")), ("fine", ("ok", "info"))):
        select.append(f"unnest(?::BOOLEAN[]) AS {name}")
        params.append([verdict.severity in test for verdict in verdicts])
    for name, column in (*_COLUMNS.items(), ("capture", "capture")):
        kind, values = kinds.get(name, "VARCHAR"), [_fit(getattr(row, column)) for row in rows]
        if values.count(None) == len(values):
            select.append(f"NULL::{kind} AS {name}")
            continue
        select.append(f"unnest(?::{kind}[]) AS {name}")
        params.append(values)
    _create(con, f"SELECT {', '.join(select)}", params)


def _fit(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


def _create(con: Any, select: str, params: Sequence[Any] = ()) -> None:
    """Connection numbers mean something within one file only; clients are compared by network."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE streams_now AS SELECT * REPLACE (capture || ' ' || connection AS connection,"
        " CASE WHEN contains(client_network, ':') THEN array_to_string(split(client_network, ':')[:3], ':') || '::/48'"
        " WHEN contains(client_network, '.') THEN regexp_replace(client_network, '\\.\\d+(?::\\d+)?$', '.0/24') END"
        f" AS client_network) FROM ({select})",
        params,
    )


def _search(con: Any) -> list[Group]:
    counts = con.execute(
        "SELECT cause, count(*), count(*) FILTER (WHERE broken), count(*) FILTER (WHERE fine)"
        " FROM streams_now GROUP BY cause"
    ).fetchall()
    total, broken, fine = (sum(row[place] for row in counts) for place in (1, 2, 3))
    if broken < LEAST:
        return []
    causes = sorted((-row[2], row[0]) for row in counts if row[2] >= LEAST)[:_MOST]
    extent = _extent(con) if causes else Extent({}, 0.0)
    every = _Causes(con, [cause for _, cause in causes])
    traits: list[tuple[str, Trait]] = []
    for size, cause in causes:
        traits.append((cause, _trait(con, cause, -size, fine, extent, every)))
    found = []
    healthy: dict[str, tuple[Any, ...]] = {}
    for group in _merged(traits):
        made = _group(con, group, total, broken, fine, healthy)
        if made is not None:
            found.append(made)
    found.sort(key=lambda group: (-group.size, group.cause))
    return found


class Extent(NamedTuple):
    """How far all streams spread. numbers: the range of each number that any stream has. span: in seconds.

    places: of `PLACES` those that any stream names.
    """

    numbers: dict[str, float]
    span: float
    places: tuple[str, ...] = ()


def _extent(con: Any) -> Extent:
    ends = ", ".join(f"max({name}) - min({name})" for name in _NUMBERS)
    named = ", ".join(f"count({name})" for name in PLACES)
    found = con.execute(f"SELECT {ends}, epoch(max(ended) - min(ended)), {named} FROM streams_now").fetchone()
    numbers = {name: range for name, range in zip(_NUMBERS, found, strict=False) if range is not None}
    places = zip(PLACES, found[len(_NUMBERS) + 1 :], strict=True)
    return Extent(numbers, found[len(_NUMBERS)] or 0.0, tuple(name for name, count in places if count))


class _Causes:
    """What is asked about every cause is asked once for all: a statement costs more to plan than to run."""

    def __init__(self, con: Any, causes: Sequence[str]) -> None:
        self.con = con
        self.where = f"broken AND cause IN ({', '.join(map(_literal, causes))})"
        self.kept: dict[str, dict[str, list[Any]]] = {}

    def of(
        self, cause: str, name: str, ask: _Sql, make: Callable[[list[Any]], list[Any]] = list
    ) -> list[Any]:
        """What `make` makes of one cause's rows in the answer to `ask`, without the cause. name: of what is asked.

        Only that is kept: of a million streams that failed, the rows are nearly as many.
        """
        known = self.kept.get(name)
        if known is None:
            rows: dict[str, list[Any]] = {}
            answer = self.con.execute(ask(self.where, "cause, "))
            while batch := answer.fetchmany(_BATCH):
                for first, *row in batch:
                    rows.setdefault(first, []).append(tuple(row))
            known = self.kept[name] = {first: make(found) for first, found in rows.items()}
        return known.get(cause, [])


def _trait(con: Any, cause: str, size: int, fine: int, extent: Extent, every: _Causes) -> Trait:
    """What the streams of one cause share, beginning with what narrows the group down most."""
    where = f"broken AND cause = {_literal(cause)}"
    trait = Trait(where)
    best: tuple[float, str] | None = None
    for name, spread in extent.numbers.items():
        found = every.of(cause, name, _values_sql(name), partial(_peaks, name=name, spread=spread))
        covered = coverage(found) / size
        if found and covered >= 0.5:
            trait.peaks[name] = found
            if best is None or covered > best[0] + 1e-9:
                best = (covered, name)
    if best is not None:
        trait.where = f"{where} AND ({_within(best[1], trait.peaks[best[1]])})"
        size = _count(con, trait.where)
        for name in [name for name in trait.peaks if name != best[1]]:
            again = con.execute(_values_sql(name)(trait.where, "")).fetchall()
            trait.peaks[name] = _peaks(again, name, extent.numbers[name])
            if coverage(trait.peaks[name]) < 0.9 * size:
                del trait.peaks[name]
    else:
        _instant(con, trait, size, extent.span, every.of(cause, "ended", _instant_sql))
    if trait.where == where:
        found_places = every.of(cause, "places", _places_sql(extent.places)) if extent.places else []
    else:
        size = _count(con, trait.where)
        sql = _places_sql(extent.places)(trait.where, "")
        found_places = con.execute(sql).fetchall() if extent.places else []
    _places(con, trait, size, fine, found_places)
    return trait


def _values_sql(name: str) -> _Sql:
    grain = 10 if name != "bytes" else 1
    return lambda where, head: (
        f"SELECT {head}round({name} / {grain}) * {grain} AS v, count(*) FROM streams_now"
        f" WHERE {where} AND {name} > 0 GROUP BY {head}v ORDER BY {head}v"
    )


def _peaks(values: Sequence[tuple[float, int]], name: str, spread: float) -> list[Peak]:
    """values: as `_values_sql` finds them."""
    share, least = _NUMBERS[name]
    return [
        peak for peak in peaks(values, share=share, least=least, spread=spread) if peak.middle >= _CLUE[name]
    ]


def _instant_sql(where: str, head: str) -> str:
    """The fullest two seconds: when they begin, how many streams ended in them, how far their ages differ."""
    first = f"DISTINCT ON ({head.rstrip(', ')}) " if head else ""
    return (
        f"SELECT {first}{head}t, c, ages FROM (SELECT {head}time_bucket(INTERVAL 2 SECOND, ended) AS t,"
        " count(*) AS c, max(duration_ms) - min(duration_ms) AS ages"
        f" FROM streams_now WHERE {where} AND ended IS NOT NULL GROUP BY {head}t) ORDER BY {head}c DESC, t"
    )


def _instant(con: Any, trait: Trait, size: int, span: float, fullest: Sequence[Sequence[Any]]) -> None:
    """The second in which most of the group ended, if that is no chance; their ages must differ."""
    if not fullest:
        return
    moment, count, ages = fullest[0]
    expected = size * 2.0 / max(span, 2.0)
    if count < LEAST or count < 0.5 * size or count < 3 * expected or (ages is not None and ages < 1000):
        return
    stamp = moment.isoformat(sep=" ")
    where = f"{trait.where} AND ended BETWEEN TIMESTAMP '{stamp}' - INTERVAL 1 SECOND AND TIMESTAMP '{stamp}' + INTERVAL 3 SECOND"
    trait.where = where
    trait.at = con.execute(f"SELECT median(ended) FROM streams_now WHERE {where}").fetchone()[0]


def _places_sql(names: Sequence[str]) -> _Sql:
    """For each place its most frequent value, how often that occurs, and how often any."""
    columns = ", ".join(f"{name}::VARCHAR AS {name}" for name in names)
    # One statement for all places: with a few rows, each costs more to plan than to run.
    return lambda where, head: (
        f"""SELECT {head}place, arg_max(value, c), max(c), sum(c) FROM (
            SELECT {head}place, value, count(*) AS c FROM (
                UNPIVOT (SELECT {head}{columns} FROM streams_now WHERE {where})
                ON {", ".join(names)} INTO NAME place VALUE value)
            GROUP BY {head}place, value) GROUP BY {head}place"""
    )


def _places(con: Any, trait: Trait, size: int, fine: int, found: Sequence[Sequence[Any]]) -> None:
    usual = {
        name: (value, count)
        for name, value, count, known in found
        if known >= LEAST and known >= _COMMON * size and count >= LEAST and count >= _COMMON * size
    }
    if not usual:
        return
    usual = {name: usual[name] for name in PLACES if name in usual}
    told = con.execute(
        "SELECT "
        + ", ".join(
            f"count(*) FILTER (WHERE fine AND {name} = ${name}), count({name}) FILTER (WHERE fine),"
            f" count(*) FILTER (WHERE {name} <> ${name})"
            for name in usual
        )
        + " FROM streams_now",
        {name: value for name, (value, _) in usual.items()},
    ).fetchone()
    for place, (name, (value, count)) in enumerate(usual.items()):
        healthy, known, others = told[3 * place : 3 * place + 3]
        lift = (count / size) / (healthy / known) if known and healthy else None
        if others == 0:
            trait.alone[name] = value
        elif known >= _KNOWN.get(name, 8) and (lift is None or lift >= _LIFT):
            trait.places[name] = value
            if lift is not None:
                trait.lifts[name] = lift
        elif count == size:
            trait.alone[name] = value
    for name in ("upstream", "connection", "edge_location", "client_network", "server_ip"):
        if name in trait.places and not trait.peaks and trait.at is None:
            narrowed = f"{trait.where} AND {name} = {_literal(trait.places[name])}"
            if _count(con, narrowed) >= max(LEAST, _COMMON * size):
                trait.where = narrowed
            break


def _merged(traits: Sequence[tuple[str, Trait]]) -> list[list[tuple[str, Trait]]]:
    """Groups with different verdicts that share the same peak and the same place are one problem."""
    groups: list[list[tuple[str, Trait]]] = []
    for cause, trait in traits:
        for group in groups:
            if (
                _alike(group[0][1], trait)
                and CAUSES[group[0][0]].party != "browser"
                and CAUSES[cause].party != "browser"
            ):
                group.append((cause, trait))
                break
        else:
            groups.append([(cause, trait)])
    return groups


def _alike(one: Trait, other: Trait) -> bool:
    if one.at is not None and other.at is not None:
        return abs((one.at - other.at).total_seconds()) <= 2
    for name in ("duration_ms", "idle_ms", "bytes"):
        a, b = one.peaks.get(name), other.peaks.get(name)
        if a and b and len(a) == len(b) == 1 and a[0].low <= b[0].high and b[0].low <= a[0].high:
            return all(
                other.places.get(key) == value for key, value in one.places.items() if key != "connection"
            )
    return False


def _group(
    con: Any,
    group: list[tuple[str, Trait]],
    total: int,
    broken: int,
    fine: int,
    healthy: dict[str, tuple[Any, ...]],
) -> Group | None:
    cause, trait = group[0]
    where = " OR ".join(f"({other.where})" for _, other in group)
    size, rules, members = con.execute(
        f"SELECT count(*), count(DISTINCT rule), list(n ORDER BY n)[:{_NAMED}] FROM streams_now WHERE {where}"
    ).fetchone()
    if size < LEAST:
        return None
    if not trait.peaks and trait.at is None and not trait.places and rules > 1:
        return None
    if len(group) > 1:
        trait.peaks = {
            name: [_span(con, where, name)]
            for name in trait.peaks
            if all(name in other.peaks for _, other in group)
        }
    baseline = _baseline(con, trait, total, size, fine, healthy)
    return Group(cause, trait, size, members, broken, total, baseline)


def _told(group: Group, listed: set[int] | None, show: Show, unit: str, unkept: int) -> Found:
    trait = group.trait
    others, fine, *rest = group.baseline
    shared = _shared(trait, show)
    places = _shown(trait.places, show)
    cluster = Cluster(
        cause=group.cause,
        party=CAUSES[group.cause].party,
        size=group.size,
        members=[],
        text=cluster_text(
            group.cause,
            group.size,
            group.broken,
            group.total + unkept,
            trait.peaks,
            trait.at,
            places,
            unit=unit,
        ),
        baseline=baseline_text(
            others + unkept, fine + unkept, *rest, show=show, unit=unit, sample=fine if unkept else None
        ),
        shared=shared,
    )
    return Found(cluster, [n for n in group.numbers if listed is None or n in listed])


def _span(con: Any, where: str, name: str) -> Peak:
    low, high, middle, count = con.execute(
        f"SELECT min({name}), max({name}), median({name}), count({name}) FROM streams_now WHERE {where}"
    ).fetchone()
    return Peak(low, high, middle, count)


def _shared(trait: Trait, show: Show) -> dict[str, Any]:
    shared: dict[str, Any] = {}
    for name, found in trait.peaks.items():
        shared[name] = int(found[0].middle) if name == "bytes" else round(found[0].middle, 1)
        if len(found) > 1:
            shared[f"also_{name}"] = [round(peak.middle, 1) for peak in found[1:]]
    if trait.at is not None:
        shared["at"] = trait.at.replace(tzinfo=UTC)
    shared |= _shown({**trait.places, **trait.alone}, show)
    return shared


def _shown(places: Mapping[str, str], show: Show) -> dict[str, str]:
    values = {name: value.split(" ")[-1] if name == "connection" else value for name, value in places.items()}
    return {name: str(show(PLACES[name], value)) for name, value in values.items()}


def _baseline(
    con: Any, trait: Trait, total: int, size: int, fine: int, healthy: dict[str, tuple[Any, ...]]
) -> tuple[Any, ...]:
    """(others, fine, place, value, fine there, lift, low and high of the healthy durations there)."""
    place = next(iter(trait.places), None)
    value = trait.places[place] if place else None
    test = f"fine AND {place} = {_literal(value)}" if place and value is not None else "fine"
    if test not in healthy:
        healthy[test] = con.execute(
            "SELECT count(*), quantile_cont(duration_ms, 0.05), quantile_cont(duration_ms, 0.95)"
            f" FROM streams_now WHERE {test}"
        ).fetchone()
    there, low, high = healthy[test]
    return total - size, fine, place, value, there, trait.lifts.get(place or ""), low, high


def _within(name: str, found: Sequence[Peak]) -> str:
    return " OR ".join(f"{name} BETWEEN {peak.low - 10} AND {peak.high + 10}" for peak in found)


def _count(con: Any, where: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM streams_now WHERE {where}").fetchone()[0])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(_column: str, value: object) -> object:
    return value
