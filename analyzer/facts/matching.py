"""The browser's side and the proxies' side of one exchange: which log line tells of which stream.

A request id that both sides recorded decides. Otherwise method and path must agree, status and client
where both are known, and then duration and time, with the distance between the two clocks estimated from
all streams of the capture together. A stream that several lines fit equally well is left unmatched: a
wrong pair would blame somebody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from analyzer.columns import Exchange, columns
from analyzer.facts.gateways import request_ids
from analyzer.facts.logfacts import rows_of
from analyzer.facts.pairtext import Pair, retold
from analyzer.model import Capture, Recorded, Verdict

_SAME_MS: Final = 1500.0  # how far two measurements of one duration may lie apart, at least
_SAME_SHARE: Final = 0.02
_SKEW_GRAIN_MS: Final = 2500.0  # whole seconds on the proxy's side, and a slow start on the browser's
_FAR_MS: Final = 26 * 3600 * 1000.0  # clocks differ by seconds, by minutes, or by a time zone
_AGREE: Final = 3  # streams whose distance to a line without a duration is the same: no chance
_MOST: Final = 400  # candidates per stream
_FETCHED: Final = (
    "n", "capture", "where", "method", "path", "host", "status", "duration_ms", "body_bytes", "transfer_bytes",
    "started_at", "ended_at", "request_id", "gateway_request_id", "user_agent", "closed_by",
)  # fmt: skip
# Statuses with which a gateway in front answers when this proxy's answer took too long or broke off.
_IN_FRONT: Final = (408, 502, 503, 504, 520, 522, 524, 598)
_TRACE: Final = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


@dataclass(slots=True)
class Line:
    """A log row that may tell of a stream. Times in ms since the epoch."""

    values: dict[str, Any]
    ids: frozenset[str]
    start: float | None
    end: float | None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(slots=True)
class Pairs:
    """The streams that met their lines. found: the pairs by the stream's index."""

    found: dict[int, list[Pair]] = field(default_factory=dict)

    @property
    def lines(self) -> list[int]:
        """Numbers of the log rows that are told with their stream."""
        return sorted({pair.number for pairs in self.found.values() for pair in pairs})

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """Write both places and what neither side could see into the verdicts of the pairs."""
        for index, pairs in self.found.items():
            retold(verdicts[index], pairs)


def match(
    con: Any,
    table: str,
    found: Sequence[tuple[Capture, Recorded]],
    places: Mapping[int, str] | None = None,
) -> Pairs:
    """Pair streams with rows of the table, and copy what the log knows into the streams' rows.

    places: where the error message of a row stands, by the row's number.
    found: the browser's streams, each with its capture. Streams that met nothing, or too much, are named
    in their capture's warnings.
    """
    pairs = Pairs()
    by_capture: dict[int, list[int]] = defaultdict(list)
    for index, (capture, _) in enumerate(found):
        by_capture[id(capture)].append(index)
    taken: set[int] = set()
    for indexes in by_capture.values():
        rows = {index: found[index][1] for index in indexes}
        lines = _candidates(con, table, rows)
        unclear: dict[int, list[str]] = {}
        logs = sorted({line["capture"] for several in lines.values() for line in several})
        for log in logs:
            of_log = {
                index: [line for line in several if line["capture"] == log and line["n"] not in taken]
                for index, several in lines.items()
            }
            for pair in _match_log(rows, of_log, unclear):
                pairs.found.setdefault(pair.index, []).append(pair)
                taken.add(pair.number)
        _warn(found[indexes[0]][0], indexes, pairs, unclear)
    full = rows_of(con, table, pairs.lines)
    for index, several in pairs.found.items():
        several.sort(key=lambda pair: (full[pair.number].closed_by in (None, "none"), pair.number))
        for pair in several:
            pair.row = full[pair.number]
            pair.message_where = (places or {}).get(pair.number)
        join(found[index][1].exchange, several[0])
    return pairs


def join(row: Exchange, pair: Pair) -> None:
    """Give a stream's row what its line knows. What the browser recorded stays, with two exceptions.

    The gateway becomes the product that wrote the line, because the copied columns are its words. A status
    that the browser never saw (0 or none) becomes the proxy's, if that is an error.
    """
    line = pair.row
    if line is None:
        return
    for name, column in columns().items():
        if column.group == "proxy" or name in ("gateway_request_id", "ttfb_ms", "client_ip"):
            value = getattr(line, name)
            if value is not None and getattr(row, name) is None:
                setattr(row, name, value)
                pair.copied.add(name)
    own_answer = (
        bool(row.status) and row.status != line.status
    )  # a gateway in front wrote what the browser saw
    if line.gateway is not None and line.gateway != row.gateway and not (own_answer and row.gateway):
        pair.in_front = row.gateway
        row.gateway = line.gateway
        pair.copied.add("gateway")
    if not row.status and line.status is not None and line.status >= 400:
        row.status = line.status
        pair.copied.add("status")
    pair.net_error = row.net_error
    pair.answered_in_front = own_answer and line.closed_by == "client"


# ---------------------------------------------------------------------------------- candidates


def ids_of(recorded: Recorded) -> frozenset[str]:
    """The request ids that a stream's headers carry, in the form in which logs write them."""
    headers = {**dict(recorded.request_headers), **dict(recorded.response_headers)}
    return frozenset(_normal(value) for value in request_ids(headers).values())


def _normal(value: str) -> str:
    """An id as both sides would write it: traceparent's trace id, Root= of X-Amzn-Trace-Id, a ray's own part."""
    value = value.strip().lower()
    if traced := _TRACE.match(value):
        return traced.group(1)
    if "root=" in value:
        return value.split("root=", 1)[1].split(";", 1)[0]
    return re.sub(r"^([0-9a-f]{16})-[a-z]{3}$", r"\1", value)


def _candidates(con: Any, table: str, rows: dict[int, Recorded]) -> dict[int, list[Line]]:
    """For each stream, the rows with its method and path or one of its ids, nearest first."""
    listed: list[list[Any]] = [[], [], [], [], [], []]
    for index, recorded in rows.items():
        row = recorded.exchange
        for column, value in zip(
            listed,
            (index, row.method, row.path, _length(row), _naive(row.started_at), sorted(ids_of(recorded))),
            strict=True,
        ):
            column.append(value)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE streams_here AS SELECT unnest(?::BIGINT[]) AS i, unnest(?::VARCHAR[]) AS method,"
        " unnest(?::VARCHAR[]) AS path, unnest(?::DOUBLE[]) AS duration, unnest(?::TIMESTAMP[]) AS started,"
        " unnest(?::VARCHAR[][]) AS ids",
        listed,
    )
    names = ", ".join(f'l."{name}"' for name in _FETCHED)
    apart = "abs(epoch_ms(coalesce(l.started_at, l.ended_at)) - epoch_ms(h.started))"
    near = (
        f"coalesce(abs(l.duration_ms - h.duration) <= greatest({_SAME_MS}, {_SAME_SHARE} * h.duration), true)"
    )
    with_id = (
        f"SELECT h.i, {names}, 0 AS far FROM (SELECT i, unnest(ids) AS id FROM streams_here) h JOIN {table} l"
        " ON lower(l.request_id) = h.id OR lower(l.gateway_request_id) = h.id"
        " OR contains(lower(l.gateway_request_id), h.id) AND len(h.id) >= 16"
    )
    with_path = (
        f"SELECT h.i, {names}, {apart} AS far FROM streams_here h JOIN {table} l ON l.path = h.path"
        f" WHERE coalesce(l.method = h.method, true) AND {apart} <= {_FAR_MS} AND ({near} OR {apart} <= 1200000)"
        f" QUALIFY row_number() OVER (PARTITION BY h.i, l.capture ORDER BY NOT ({near}), far, l.n) <= {_MOST}"
    )
    found: dict[int, dict[int, Line]] = defaultdict(dict)
    queries = [with_path] + ([with_id] if any(listed[5]) else [])
    for query in queries:
        for i, *values, _ in con.execute(query).fetchall():
            named = dict(zip(_FETCHED, values, strict=True))
            ids = frozenset(_normal(v) for v in (named["request_id"], named["gateway_request_id"]) if v)
            found[i][named["n"]] = Line(named, ids, _ms(named["started_at"]), _ms(named["ended_at"]))
    return {i: list(lines.values()) for i, lines in found.items()}


# ---------------------------------------------------------------------------------- deciding


def _match_log(
    rows: dict[int, Recorded], lines: dict[int, list[Line]], unclear: dict[int, list[str]]
) -> list[Pair]:
    """The pairs between one capture and one log."""
    made: list[Pair] = []
    used: set[int] = set()
    deltas: list[float] = []
    for index, several in lines.items():
        ids = ids_of(rows[index])
        same = [line for line in several if line.ids & ids]
        if not same:
            continue
        row = rows[index].exchange
        best = min(same, key=lambda line: (_duration_apart(row, line) or 0.0, line["n"]))
        delta = _delta(row, best)
        if delta is not None:
            deltas.append(delta)
        made.append(Pair(index, best["n"], best["where"], "request id"))
        used.add(best["n"])
    known = {pair.index for pair in made}
    fitting = {
        index: [line for line in several if line["n"] not in used and _fits(rows[index].exchange, line)]
        for index, several in lines.items()
        if index not in known
    }
    skew = _median(deltas) if deltas else estimate_skew(
        {
            index: [
                delta for line in several
                if _close(rows[index].exchange, line) and (delta := _delta(rows[index].exchange, line)) is not None
            ]
            for index, several in fitting.items()
        }
    )  # fmt: skip
    if skew is None:
        skew = _skew_by_ends(rows, fitting)
    wanted: list[tuple[float, int, Line]] = []
    for index, several in fitting.items():
        row = rows[index].exchange
        scored = sorted(
            ((cost, line["n"], line) for line in several if (cost := _cost(row, line, skew)) is not None),
            key=lambda item: item[:2],
        )
        if not scored:
            continue
        if len(scored) > 1 and scored[1][0] - scored[0][0] < 1.0:
            unclear[index] = [line["where"] for _, _, line in sorted(scored[:3], key=lambda item: item[1])]
            continue
        wanted.append((scored[0][0], index, scored[0][2]))
    for _, index, line in sorted(wanted, key=lambda item: item[:2]):
        if line["n"] in used:
            unclear[index] = [line["where"]]
            continue
        used.add(line["n"])
        made.append(Pair(index, line["n"], line["where"], "method, path, status, duration and time"))
    for pair in made:
        line = next(line for line in lines[pair.index] if line["n"] == pair.number)
        pair.skew_ms = _delta(rows[pair.index].exchange, line)
        unclear.pop(pair.index, None)
    return made


def estimate_skew(deltas: dict[int, list[float]]) -> float | None:
    """How far the proxy's clock is ahead of the browser's, in ms; None if nothing says so.

    deltas: for each stream, proxy time minus browser time of every line that fits it. The distance that
    lets the most streams have a line wins; of equals, the smallest. A single stream with several lines
    says nothing unless one of them is in step and the others are not.
    """
    every = sorted((delta, index) for index, several in deltas.items() for delta in several)
    if not every:
        return None
    best: tuple[int, float, float] | None = None
    for place, (low, _) in enumerate(every):
        window = [pair for pair in every[place : place + 2000] if pair[0] - low <= _SKEW_GRAIN_MS]
        streams = len({index for _, index in window})
        middle = _median([delta for delta, _ in window])
        candidate = (-streams, abs(middle), middle)
        if best is None or candidate < best:
            best = candidate
    assert best is not None
    if best[0] == -1:
        alone = [several for several in deltas.values() if several]
        if len(alone) == 1 and len(alone[0]) > 1 and best[1] > _SKEW_GRAIN_MS:
            return None
    return best[2]


def _skew_by_ends(rows: dict[int, Recorded], fitting: dict[int, list[Line]]) -> float | None:
    """The skew from logs that record no durations: only clocks in step, or three streams that agree, tell it.

    One line of the same path at any other time may be about anybody.
    """
    deltas = {
        index: [delta for line in several if (delta := _delta(rows[index].exchange, line)) is not None]
        for index, several in fitting.items()
    }
    near = {index: [d for d in several if abs(d) <= _SKEW_GRAIN_MS] for index, several in deltas.items()}
    if any(near.values()):
        return estimate_skew(near)
    skew = estimate_skew(deltas)
    if skew is None:
        return None
    agree = sum(any(abs(d - skew) <= _SKEW_GRAIN_MS for d in several) for several in deltas.values())
    return skew if agree >= _AGREE else None


def _fits(row: Exchange, line: Line) -> bool:
    """Whether a line can be about this stream at all."""
    if row.status and line["status"] and line["status"] != row.status:
        # What leaves is no answer: a client's own end, or a gateway in front that gave up and answered itself.
        return line["status"] in (499, 460, 0) and (bool(row.net_error) or row.status in _IN_FRONT)
    agent = line["user_agent"]
    return not (agent and row.user_agent and _agent(agent) != _agent(row.user_agent))


def _agent(text: str) -> str:
    """User agents as logs write them: CloudFront encodes them, W3C logs write + for a space."""
    return re.sub(r"%20|\+|\s", " ", text)[:200]


def _close(row: Exchange, line: Line) -> bool:
    apart = _duration_apart(row, line)
    return apart is not None and apart <= 1.0


def _cost(row: Exchange, line: Line, skew: float | None) -> float | None:
    """How badly a line fits, 0 best; None if it does not fit: both duration and time would be off."""
    apart, delta = _duration_apart(row, line), _delta(row, line)
    late = abs(delta - skew) / _SKEW_GRAIN_MS if delta is not None and skew is not None else None
    if late is not None and late > 2.0 and abs(delta or 0.0) > 1.0:
        return None
    if apart is None and late is None:
        return None
    if apart is not None and apart > 1.0 and (late is None or late > 1.0 or not _one_sided(row, line)):
        return None
    cost = (min(apart, 3.0) if apart is not None else 1.0) + (late if late is not None else 0.5)
    if row.body_bytes and line["body_bytes"]:
        ratio = line["body_bytes"] / row.body_bytes
        cost += 0.0 if 0.8 <= ratio <= 1.3 else 0.5
    if row.host and line["host"] and row.host != line["host"]:
        cost += 0.1  # behind a load balancer the name is often another one
    return cost


def _one_sided(row: Exchange, line: Line) -> bool:
    """A dead connection is noticed by one side long before the other: then only the start agrees."""
    return bool(row.net_error) and line["closed_by"] in ("client", "proxy", None)


def _duration_apart(row: Exchange, line: Line) -> float | None:
    """The distance of the two durations, in tolerances; None if one is unknown."""
    length = _length(row)
    if length is None or line["duration_ms"] is None:
        return None
    apart: float = abs(line["duration_ms"] - length) / max(_SAME_MS, _SAME_SHARE * length)
    return apart


def _length(row: Exchange) -> float | None:
    return row.active_ms if row.active_ms is not None else row.duration_ms


def _delta(row: Exchange, line: Line) -> float | None:
    """Proxy time minus browser time, in ms: of the starts, or of the ends where the start is unknown."""
    start, end = _ms(row.started_at), _ms(row.ended_at)
    if start is not None and line.start is not None:
        return line.start - start
    return line.end - end if end is not None and line.end is not None else None


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _ms(at: datetime | None) -> float | None:
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000


def _naive(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at is not None and at.tzinfo else at


def _warn(capture: Capture, indexes: Sequence[int], pairs: Pairs, unclear: dict[int, list[str]]) -> None:
    """Say which streams met no line, and which met too many."""
    met = [index for index in indexes if index in pairs.found]
    doubtful = {index: places for index, places in unclear.items() if index not in pairs.found}
    if doubtful:
        shown = "; ".join(" and ".join(places) for places in list(doubtful.values())[:3])
        capture.info.warnings.append(
            f"{len(doubtful)} of {len(indexes)} streams fit several log lines equally well ({shown}):"
            " they were not matched"
        )
    alone = len(indexes) - len(met) - len(doubtful)
    if alone:
        capture.info.warnings.append(
            f"{alone} of {len(indexes)} streams fit no line of the logs: they were judged from this capture alone"
        )
