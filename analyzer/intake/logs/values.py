"""The SQL of single values: columns and instants, from the groups of a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from analyzer.intake.logs.schema import EPOCHS, UNITS, Clock, Column
from analyzer.intake.logs.streams import literal
from analyzer.moments import LONGEST_MS
from analyzer.patterns import later

_BEGINNING: Final = later(r"\^((?:[A-Za-z0-9_ :,=-]|\\[+.*]|\[[A-Za-z0-9]{1,8}\])+)")
_PIECE: Final = later(r"\[[^\]]+\]|\\?.")
_LIST_SPLIT: Final = "', | : '"
_VERSIONS: Final = {
    "HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2", "HTTP/2": "2", "HTTP/3.0": "3", "HTTP/3": "3",
    "1.0": "1.0", "1.1": "1.1", "2.0": "2", "2": "2", "3.0": "3", "3": "3", "h2": "2", "h2c": "2", "h3": "3",
    "http1.0": "1.0", "http1.1": "1.1", "http2": "2", "http/1.1": "1.1", "http/2": "2", "http/3": "3",
    "HTTP1.0": "1.0", "HTTP1.1": "1.1", "HTTP2": "2", "HTTP3": "3", "2.0.0.0": "2", "1.1.0.0": "1.1",
}  # fmt: skip


# %RESPONSE_FLAGS_LONG%, as Envoy's access-log documentation lists it.
_LONG_FLAGS: Final = {
    "NoHealthyUpstream": "UH", "UpstreamConnectionFailure": "UF", "UpstreamOverflow": "UO", "NoRouteFound": "NR",
    "UpstreamRetryLimitExceeded": "URX", "NoClusterFound": "NC", "DurationTimeout": "DT",
    "DownstreamConnectionTermination": "DC", "FailedLocalHealthCheck": "LH", "UpstreamRequestTimeout": "UT",
    "LocalReset": "LR", "UpstreamRemoteReset": "UR", "UpstreamConnectionTermination": "UC", "DelayInjected": "DI",
    "FaultInjected": "FI", "RateLimited": "RL", "UnauthorizedExternalService": "UAEX",
    "RateLimitServiceError": "RLSE", "InvalidEnvoyRequestHeaders": "IH", "StreamIdleTimeout": "SI",
    "DownstreamProtocolError": "DPE", "UpstreamProtocolError": "UPE", "UpstreamMaxStreamDurationReached": "UMSDR",
    "ResponseFromCacheFilter": "RFCF", "NoFilterConfigFound": "NFCF", "OverloadManagerTerminated": "OM",
    "DnsResolutionFailed": "DF", "DropOverload": "DO", "DownstreamRemoteReset": "DR",
    "UnconditionalDropOverload": "UDO",
}  # fmt: skip


def value_sql(value: Any) -> str:
    """A constant of a format file as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return literal(str(value))


def raw_sql(column: Column, groups: Mapping[str, str]) -> str:
    """SQL of the text of a column: the first of its sources that is not missing."""
    parts = []
    for name in column.source:
        sql = groups.get(name)
        if sql is None or sql == "NULL::VARCHAR":
            continue
        for word in column.missing:
            sql = f"nullif({sql}, {literal(word)})"
        parts.append(sql)
    if not parts:
        return "NULL::VARCHAR"
    if column.add:
        return " + ".join(f"coalesce(TRY_CAST({p} AS DOUBLE), 0)" for p in parts)
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def column_sql(name: str, column: Column, groups: Mapping[str, str]) -> str:
    """SQL of one column. Times become ms; a negative time, which several products use for "never", is NULL."""
    raw = raw_sql(column, groups)
    if column.part is not None:
        raw = f"nullif(regexp_extract({raw}, {literal(column.part)}, 1), '')"
    if column.list is not None:
        raw = _list_item(column.list, raw, column.missing)
        if column.list == "count":
            return f"CAST({raw} AS BIGINT)"
    if column.words is not None:
        return mapped_sql(raw, column.words)
    if column.lower:
        raw = f"lower({raw})"
    if column.kind == "int":
        return f"TRY_CAST({raw} AS BIGINT)"
    if column.kind == "float":
        number = f"TRY_CAST({raw} AS DOUBLE)"
        if column.unit:
            number = f"round({number} * {UNITS[column.unit]!r}, 6)"
        # Not below infinity only: a NaN is above everything, and a number that is no time breaks all sums.
        most = LONGEST_MS if name.endswith("_ms") else 1e18
        return f"CASE WHEN {number} BETWEEN 0 AND {most - 1e-6!r} THEN {number} END"
    if column.kind == "bool":
        return f"CASE WHEN lower({raw}) IN ('true', '1', 'yes', 'on') THEN true WHEN {raw} IS NOT NULL THEN false END"
    if column.kind == "version":
        return version_sql(raw)
    if column.kind == "media-type":
        return f"nullif(lower(trim(split_part({raw}, ';', 1))), '')"
    if name == "response_flags":
        return _short_flags(raw)
    if name == "host":
        return f"nullif(lower(regexp_extract({raw}, '^(\\[[^\\]]*\\]|[^:]*)', 1)), '')"
    return raw


def _short_flags(raw: str) -> str:
    """Envoy's flags by their letters, whether the format writes these or the long names."""
    names = "MAP {" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in _LONG_FLAGS.items()) + "}"
    short = (
        f"array_to_string(list_transform(string_split({raw}, ','), lambda f: coalesce({names}[f], f)), ',')"
    )
    return f"CASE WHEN regexp_matches({raw}, '[a-z]') THEN {short} ELSE {raw} END"


def _list_item(which: str, raw: str, missing: Sequence[str]) -> str:
    """nginx writes one item per upstream tried: `, ` between servers, ` : ` after an internal redirect."""
    items = f"regexp_split_to_array({raw}, {_LIST_SPLIT})"
    if which == "count":
        return f"CASE WHEN {raw} IS NULL THEN NULL WHEN contains({raw}, ', ') OR contains({raw}, ' : ') THEN len({items}) ELSE 1 END"
    if which == "sum":
        return f"CASE WHEN contains({raw}, ',') OR contains({raw}, ' : ') THEN CAST(list_sum(list_transform({items}, lambda i: TRY_CAST(i AS DOUBLE))) AS VARCHAR) ELSE {raw} END"
    end = "-1" if which == "last" else "1"
    item = f"({items})[{end}]"
    for word in missing:
        item = f"nullif({item}, {literal(word)})"
    return f"CASE WHEN contains({raw}, ',') OR contains({raw}, ' : ') THEN {item} ELSE {raw} END"


def version_sql(raw: str) -> str:
    """SQL of an HTTP version in our words."""
    return mapped_sql(raw, _VERSIONS)


def mapped_sql(raw: str, words: Mapping[str, Any]) -> str:
    """SQL of our value for a product's word; NULL for a word that is not listed.

    Two lists, because a CASE plans its operand once for each word, with all the patterns in it.
    """
    ours = ", ".join(value_sql(value) for value in words.values())
    return f"([{ours}])[list_position([{', '.join(map(literal, words))}], {raw})]"


def starts_sql(text: str, pattern: str) -> str | None:
    """SQL: a text begins as `^CD` or `^[sS]L` says; None for a pattern that is more than a beginning.

    To plan a pattern costs as much as to run it over a thousand texts, and a format has dozens of these.
    """
    found = _BEGINNING.fullmatch(pattern)
    if found is None:
        return None
    beginnings = [""]
    for piece in _PIECE.findall(found[1]):
        letters = piece[1:-1] if piece.startswith("[") else piece.removeprefix("\\")
        beginnings = [begun + letter for begun in beginnings for letter in letters]
    if len(beginnings) > 8:
        return None
    return "(" + " OR ".join(f"starts_with({text}, {literal(begun)})" for begun in beginnings) + ")"


def clock_sql(clock: Clock, groups: Mapping[str, str]) -> str | None:
    """SQL of a time stamp; None where the log has no such field."""
    if "|" in clock.field:
        every = [
            clock_sql(Clock(n, clock.format, clock.marks, clock.resolution_ms), groups)
            for n in clock.field.split("|")
        ]
        return f"coalesce({', '.join(sql for sql in every if sql is not None)})"
    names = clock.field.split("+")
    if any(groups.get(n, "NULL::VARCHAR") == "NULL::VARCHAR" for n in names):
        return None
    raw = groups[names[0]] if len(names) == 1 else " || ' ' || ".join(groups[n] for n in names)
    return instant_sql(raw, clock.format)


def instant_sql(raw: str, form: str) -> str:
    """SQL of a UTC instant. form: `iso`, `epoch` (s, ms, us or ns by its size) or a strptime format.

    A stamp without a zone is taken as UTC: the log does not say more.
    """
    if form == "auto":
        clf = f"timezone('UTC', try_strptime({raw}, '%d/%b/%Y:%H:%M:%S %z'))"
        return f"coalesce({instant_sql(raw, 'epoch')}, {clf})"
    if form not in EPOCHS:
        parsed = f"try_strptime({raw}, {literal(form)})"
        return f"timezone('UTC', {parsed})" if "%z" in form else parsed
    iso = (
        f"timezone('UTC', TRY_CAST(regexp_replace({raw}, '([+-]\\d\\d)(\\d\\d)$', '\\1:\\2') AS TIMESTAMPTZ))"
    )
    if form == "iso":
        return iso
    number = f"TRY_CAST({raw} AS DECIMAL(28, 9))"
    micros = (
        f"CASE WHEN {number} > 1e17 THEN CAST({number} AS BIGINT) // 1000 WHEN {number} > 1e14"
        f" THEN CAST({number} AS BIGINT) WHEN {number} > 1e11 THEN CAST({number} * 1000 AS BIGINT)"
        f" ELSE CAST({number} * 1000000 AS BIGINT) END"
    )
    return f"CASE WHEN {number} BETWEEN 0 AND 9e18 THEN make_timestamp({micros}) ELSE {iso} END"
