"""A log format becomes SQL: which lines fit, and what their columns are.

Everything runs inside DuckDB: RE2 for text (linear time, whatever the line), its JSON reader for JSON
lines. Python never touches a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from analyzer.columns import columns as table_columns
from analyzer.intake.logs.envelopes import Envelope, env_clock, payload_sql, prefix_of
from analyzer.intake.logs.schema import GROUP, Clock, Column, Ending, Format
from analyzer.intake.logs.streams import literal, path_sql, why_sql
from analyzer.intake.logs.values import clock_sql, column_sql, raw_sql, starts_sql, value_sql, version_sql

# Instants outside are slips of a clock or of a pen, and sums with them leave what a timestamp can hold.
_FIRST: Final = "TIMESTAMP '1900-01-01'"
_LAST: Final = "TIMESTAMP '9000-01-01'"


class Compiled(msgspec.Struct):
    """SQL for one format behind its envelopes. `{no}` and `line` are columns of the lines' relation."""

    fmt: Format
    envelopes: tuple[Envelope, ...]
    matches: str  # boolean over `line`
    ignored: str | None  # boolean over `line`: no request, and known not to be one
    read: str  # SQL of the struct or list that holds the groups
    groups: Mapping[str, str]  # group name -> SQL over `x` (and `line`)
    base: dict[str, str] = msgspec.field(default_factory=dict)  # column -> SQL over groups
    clocks: list[tuple[Clock, str]] = msgspec.field(default_factory=list)

    def select(
        self, lines: str, *, globs: Sequence[str] = (), where: str = "true", streams_only: bool = True
    ) -> tuple[str, list[str]]:
        """SELECT no, then every column that this format fills, and their names; only streams unless told
        otherwise. where: what the caller knows about the lines; its own test is the caller's to make."""
        base = dict(self.base)
        layer1 = f"SELECT no, {self.read} AS x, line FROM {lines} WHERE {where}"
        carried = {f"g{i}": self.groups[g] for i, g in enumerate(self._condition_groups())}
        names = {g: f"g{i}" for i, g in enumerate(self._condition_groups())}
        cols = [f"{sql} AS {name}" for name, sql in {**base, **carried}.items()]
        clock_names = []
        for name, sql in self._logged_missing().items():
            cols.append(f"{sql} AS absent_{name}")
        for i, (_, sql) in enumerate(self.clocks):
            cols.append(f"{sql} AS clock{i}")
            clock_names.append(f"clock{i}")
        # random() keeps the planner from copying the extraction into the filter above it
        layer2 = f"SELECT no, {', '.join(cols)}, random() AS barrier FROM ({layer1})"
        known = set(base)
        layer3, known = self._derive(layer2, known, names, clock_names)
        extra = self._first(self.fmt.streams, "stream_why", names, known)
        why = why_sql({c: c for c in known}, globs, extra)
        layer4 = f"SELECT *, {why} AS stream_why FROM ({layer3})"
        ending = self._ending_number(names, known)
        filtered = " WHERE stream_why IS NOT NULL AND barrier IS NOT NULL" if streams_only else ""
        layer5 = f"SELECT *, {ending} AS ending FROM ({layer4}){filtered}"
        final = ["no", "stream_why", "stream_why IS NOT NULL AS is_stream"]
        told = self._told()
        given = ["stream_why", "is_stream"]
        for name in table_columns():
            if name in given or name not in (told | known):
                continue
            given.append(name)
            final.append(f"{self._told_sql(name, name in known)} AS {name}" if name in told else name)
        return f"SELECT {', '.join(final)} FROM ({layer5})", given

    def _condition_groups(self) -> list[str]:
        wanted: list[str] = []
        for ending in (*self.fmt.endings, *self.fmt.streams):
            for key, value in ending.when.items():
                if key in self.groups and key not in self.base and (value is None or isinstance(value, str)):
                    wanted.append(key)
        return list(dict.fromkeys(wanted))

    def _logged_missing(self) -> dict[str, str]:
        """For conditions `{is: missing}`: SQL that the column was logged, as missing."""
        wanted = {
            key
            for e in (*self.fmt.endings, *self.fmt.streams)
            for key, v in e.when.items()
            if v == {"is": "missing"}
        }
        found = {}
        for name in wanted & set(self.fmt.columns):
            column = self.fmt.columns[name]
            tests = []
            for source in column.source:
                raw = self.groups.get(source, "NULL::VARCHAR")
                last = f"regexp_extract({raw}, '[^, ]*$')" if column.list else raw
                tests.append(f"coalesce({last} = '-', false)")
                if self.fmt.kind == "json-lines":
                    tests.append(f"coalesce({raw} = '', false)")
            found[name] = f"({' OR '.join(tests)})"
        return found

    def _derive(
        self, inner: str, known: set[str], names: Mapping[str, str], clock_names: list[str]
    ) -> tuple[str, set[str]]:
        """Columns that follow from others: path and host of the URL, start from end, and so on."""
        added: dict[str, str] = {}
        if "url" in known:
            added["path"] = path_sql("url")
            in_url = (
                "CASE WHEN contains(url, '://') AND NOT starts_with(url, '/') THEN nullif(lower(regexp_extract(url,"
                " '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/@]*@)?(\\[[^\\]]*\\]|[^:/?#]*)', 1)), '') END"
            )
            added["host"] = f"coalesce(host, {in_url})" if "host" in known else in_url
            scheme = (
                "CASE WHEN contains(url, '://') AND NOT starts_with(url, '/') THEN nullif(lower(regexp_extract(url,"
                " '^(https?|wss?)://', 1)), '') END"
            )
            added["scheme"] = f"coalesce(scheme, {scheme})" if "scheme" in known else scheme
        marks = {
            clock.marks: f"CASE WHEN {name} BETWEEN {_FIRST} AND {_LAST} THEN {name} END"
            for (clock, _), name in zip(self.clocks, clock_names, strict=True)
        }
        duration = "duration_ms" if "duration_ms" in known else "NULL"
        if "start" in marks and "end" in marks:
            counted = f"(epoch_us({marks['end']}) - epoch_us({marks['start']})) / 1000.0"
            duration = f"coalesce({duration}, CASE WHEN {counted} >= 0 THEN {counted} END)"
            added["duration_ms"] = duration
        span = f"to_microseconds(CAST(round({duration} * 1000) AS BIGINT))"
        added["started_at"] = marks.get("start") or (
            f"{marks['end']} - {span}" if "end" in marks else "NULL::TIMESTAMP"
        )
        added["ended_at"] = marks.get("end") or (
            f"{marks['start']} + {span}" if "start" in marks else "NULL::TIMESTAMP"
        )
        if (
            "receive_ms" not in known
            and "ttfb_ms" in known
            and ("duration_ms" in known or "duration_ms" in added)
        ):
            added["receive_ms"] = f"CASE WHEN {duration} >= ttfb_ms THEN round({duration} - ttfb_ms, 3) END"
        replaced = [name for name in added if name in known]
        exclude = f" EXCLUDE ({', '.join(replaced)})" if replaced else ""
        cols = ", ".join(f"{sql} AS {name}" for name, sql in added.items())
        return f"SELECT *{exclude}, {cols} FROM ({inner})", known | set(added)

    def _condition(self, key: str, value: Any, names: Mapping[str, str], known: set[str]) -> str:
        if isinstance(value, str):
            text = f"CAST({key} AS VARCHAR)" if key in known else names.get(key, "NULL")
            if (
                value == "^$" and key not in known
            ):  # logged, and empty; a key that is absent is something else
                return f"coalesce({text} = '', false)"
            text = f"coalesce({text}, '')"
            return starts_sql(text, value) or f"regexp_matches({text}, {literal(value)})"
        column = key if key in known else names.get(key, "NULL")
        if value is None:
            return f"nullif(nullif(CAST({column} AS VARCHAR), ''), '-') IS NULL"
        if value == {"is": "missing"}:
            return f"absent_{key}" if key in self.fmt.columns else "false"
        if isinstance(value, dict):
            signs = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<", "not": "<>"}
            return " AND ".join(
                f"coalesce({column} {signs[op]} {value_sql(v)}, false)" for op, v in value.items()
            )
        items = value if isinstance(value, list) else [value]
        return f"coalesce({column} IN ({', '.join(value_sql(v) for v in items)}), false)"

    def _first(self, rules: Sequence[Ending], column: str, names: Mapping[str, str], known: set[str]) -> str:
        if not rules:
            return "NULL"
        whens = [f"WHEN {self._all(r, names, known)} THEN {value_sql(r.then.get(column))}" for r in rules]
        return "CASE " + " ".join(whens) + " END"

    def _all(self, rule: Ending, names: Mapping[str, str], known: set[str]) -> str:
        parts = [self._condition(key, value, names, known) for key, value in rule.when.items()]
        return " AND ".join(f"({p})" for p in parts) or "true"

    def _ending_number(self, names: Mapping[str, str], known: set[str]) -> str:
        if not self.fmt.endings:
            return "NULL::INTEGER"
        whens = [f"WHEN {self._all(e, names, known)} THEN {i}" for i, e in enumerate(self.fmt.endings, 1)]
        return "CASE " + " ".join(whens) + " END"

    def _told(self) -> set[str]:
        return {c for e in self.fmt.endings for c in e.then} | set(self.fmt.constants)

    def _told_sql(self, name: str, known: bool) -> str:
        values = [e.then.get(name) for e in self.fmt.endings]
        sql = "NULL"
        if any(v is not None for v in values):
            sql = f"([{', '.join(value_sql(v) for v in values)}])[ending]"
        sql_type = table_columns()[name].sql
        parts = [f"CAST({sql} AS {sql_type})"]
        if known:
            parts.append(f"CAST({name} AS {sql_type})")
        if name in self.fmt.constants:
            parts.append(value_sql(self.fmt.constants[name]))
        return f"coalesce({', '.join(parts)})"


def compile_format(
    fmt: Format, envelopes: Sequence[Envelope] = (), *, header: str | None = None, seen: str | None = None
) -> Compiled:
    """The SQL of one format behind its envelopes.

    header: the `#Fields:` line of a W3C log. seen: some text of the log; key=value spellings that do not
    occur in it are not looked for.
    """
    compiled = outline(fmt, envelopes, header=header, seen=seen)
    request = fmt.columns.get("request")
    if request is not None:
        raw = raw_sql(request, compiled.groups)
        parsed = f"regexp_extract({raw}, '^(\\S+) (.*?)(?: (HTTP/[\\d.]+))?$', ['m', 'u', 'v'])"
        compiled.base["method"] = f"nullif(regexp_extract({raw}, '^([A-Z][A-Z-]*) ', 1), '')"
        compiled.base["url"] = f"nullif({parsed}.u, '')"
        compiled.base["http_version"] = version_sql(f"{parsed}.v")
    for name, column in fmt.columns.items():
        if name != "request":
            sql = column_sql(name, column, compiled.groups)
            compiled.base[name] = f"coalesce({sql}, {compiled.base[name]})" if name in compiled.base else sql
    if "method" in fmt.columns:
        compiled.base["method"] = f"upper({compiled.base['method']})"
    for clock in fmt.clocks:
        instant = clock_sql(clock, compiled.groups)
        if instant is not None:
            compiled.clocks.append((clock, instant))
    if not compiled.clocks and (env := env_clock(envelopes)) is not None:
        compiled.clocks.append((Clock("envelope", "iso", "end", 1.0), env))
    return compiled


def outline(
    fmt: Format, envelopes: Sequence[Envelope] = (), *, header: str | None = None, seen: str | None = None
) -> Compiled:
    """What `compile_format` gives, without columns: enough to tell the format's lines from others."""
    line = payload_sql(envelopes)
    if fmt.kind == "text":
        return _text(fmt, tuple(envelopes), line, seen)
    if fmt.kind == "json-lines":
        return _json(fmt, tuple(envelopes), line, seen)
    return _w3c(fmt, tuple(envelopes), line, header or "")


def _text(fmt: Format, envelopes: tuple[Envelope, ...], line: str, seen: str | None) -> Compiled:
    prefix = prefix_of(envelopes)
    patterns = [_with_prefix(p, prefix) for p in fmt.patterns.values()]
    if prefix is not None:
        line = "line"
    tests = [f"regexp_matches({line}, {literal(p)})" for p in patterns]
    reads, order = [], []
    for pattern in patterns:
        names = GROUP.findall(pattern)
        order.append(names)
        plain = GROUP.sub("(", pattern)
        # numbered, because DuckDB's field names ignore case and HAProxy's timers do not
        fields = ", ".join(f"'p{i}'" for i in range(1, len(names) + 1))
        reads.append(f"regexp_extract({line}, {literal(plain)}, [{fields}])")
    groups: dict[str, str] = {}
    if len(patterns) == 1:
        read = reads[0]
        groups = {name: f"x.p{i}" for i, name in enumerate(order[0], 1)}
    else:
        every = list(dict.fromkeys(n for names in order for n in names))
        whole = []
        for test, extract, names in zip(tests, reads, order, strict=True):
            fields = ", ".join(
                f"p{i} := r.p{names.index(n) + 1}" if n in names else f"p{i} := ''"
                for i, n in enumerate(every, 1)
            )
            whole.append(f"WHEN {test} THEN list_transform([{extract}], lambda r: struct_pack({fields}))[1]")
        read = "CASE " + " ".join(whole) + " END"
        groups = {name: f"x.p{i}" for i, name in enumerate(every, 1)}
    if fmt.pairs_in is not None:
        groups = {**_pairs(fmt, groups[fmt.pairs_in], set(groups), seen), **groups}
    ignored = [f"regexp_matches({line}, {literal(_with_prefix(p, prefix))})" for p in fmt.not_requests]
    return Compiled(fmt, envelopes, f"({' OR '.join(tests)})", " OR ".join(ignored) or None, read, groups)


def _with_prefix(pattern: str, prefix: str | None) -> str:
    if prefix is None or not pattern.startswith("^"):
        return pattern
    return "^" + prefix + pattern[1:]


def _pairs(fmt: Format, tail: str, groups: set[str], seen: str | None) -> dict[str, str]:
    """key=value pieces of a tail, by key. A value may be quoted, or be nginx's list of several items."""
    wanted = {n for c in fmt.columns.values() for n in c.source} | {c.field for c in fmt.clocks}
    wanted |= {k for e in (*fmt.endings, *fmt.streams) for k in e.when if k not in table_columns()}
    value = r'("(?:[^"\\]|\\.)*"|[^\s",=]+(?:(?:,| :) [^\s",=]+)*(?:\s|$)|[^\s"]*)'
    found: dict[str, str] = {}
    for key in sorted(wanted - groups):
        if seen is not None and not re.search(rf"\b{re.escape(key)}[=:]", seen):
            found[key] = "NULL::VARCHAR"
            continue
        pattern = rf"(?:^|[\s,;|])(?:{re.escape(key)})[=:]{value}"
        found[key] = f"trim(regexp_extract({tail}, {literal(pattern)}, 1), '\" ')"
    return found


def json_path(key: str) -> str:
    """`request.headers.User-Agent.0` as DuckDB's JSON path; every name is quoted."""
    steps = [f"[{part}]" if part.isdigit() else f'."{part}"' for part in key.split(".")]
    return "$" + "".join(steps)


def _json(fmt: Format, envelopes: tuple[Envelope, ...], line: str, seen: str | None) -> Compiled:
    keys: dict[str, None] = {}
    for column in fmt.columns.values():
        keys.update(dict.fromkeys(_pruned(column, seen)))
    keys.update(dict.fromkeys(name for c in fmt.clocks for name in re.split(r"[|+]", c.field)))
    for ending in (*fmt.endings, *fmt.streams):
        keys.update({k: None for k in ending.when if k not in table_columns()})
    paths = "[" + ", ".join(literal(json_path(k)) for k in keys) + "]"
    # an unquoted empty slot (`"urt":,`) is what nginx writes for a missing number with escape=json
    mended = f"regexp_replace({line}, ':\\s*([,}}])', ':null\\1', 'g')"
    read = f"coalesce(TRY(json_extract_string({line}, {paths})), TRY(json_extract_string({mended}, {paths})))"
    index = {key: f"x[{i}]" for i, key in enumerate(keys, 1)}
    return Compiled(fmt, envelopes, _signature_sql(fmt.signature, line, mended), None, read, index)


def _signature_sql(signature: Mapping[str, Any], line: str, mended: str) -> str:
    """A JSON line is of the format: the keys are there. The line is read once, whatever the number of keys."""
    keys: dict[str, int] = {}

    def at(key: str) -> str:
        return f"r[{keys.setdefault(str(key), len(keys) + 1)}]"

    tests = []
    for names in signature.get("all") or []:
        tests.append("(" + " OR ".join(f"{at(k)} IS NOT NULL" for k in str(names).split("|")) + ")")
    for key, pattern in (signature.get("equals") or {}).items():
        tests.append(f"regexp_matches(coalesce({at(key)}, ''), {literal(str(pattern))})")
    tests += [f"{at(key)} IS NULL" for key in signature.get("none") or []]
    if not tests:
        return "false"
    paths = "[" + ", ".join(literal(json_path(k)) for k in keys) + "]"
    read = f"coalesce(TRY(json_extract_string({line}, {paths})), TRY(json_extract_string({mended}, {paths})))"
    # the prefix test spares other lines of the file the cost of a failing JSON reader
    return (
        f"CASE WHEN starts_with(ltrim({line}), '{{') THEN"
        f" coalesce(list_transform([{read}], lambda r: {' AND '.join(tests)})[1], false) ELSE false END"
    )


def _pruned(column: Column, seen: str | None) -> tuple[str, ...]:
    """The spellings of a JSON key that occur in the sample; all of them if none does."""
    if seen is None or len(column.source) == 1:
        return column.source
    used = tuple(s for s in column.source if f'"{s.split(".")[-1]}"' in seen)
    return used or column.source


def _w3c(fmt: Format, envelopes: tuple[Envelope, ...], line: str, header: str) -> Compiled:
    fields = header.split(":", 1)[-1].split()
    separator = "chr(9)" if fmt.separator == "tab" else "' '"
    read = f"string_split({line}, {separator})"
    groups = {name: f"x[{i}]" for i, name in enumerate(fields, 1)}
    for column in fmt.columns.values():
        for name in column.source:
            groups.setdefault(name, "NULL::VARCHAR")
    for ending in fmt.endings:
        for name in ending.when:
            if name not in table_columns():
                groups.setdefault(name, "NULL::VARCHAR")
    matches = f"(NOT starts_with({line}, '#') AND len({read}) = {max(len(fields), 1)})" if fields else "false"
    return Compiled(fmt, envelopes, matches, f"starts_with({line}, '#')", read, groups)
