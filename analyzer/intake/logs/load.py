"""Format files → `Format`. Reading is strict: every complaint has a place and the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from analyzer.columns import columns as table_columns
from analyzer.errors import RuleError
from analyzer.intake.logs.needed import needs_of
from analyzer.intake.logs.schema import (
    GROUP,
    KINDS,
    LISTS,
    MARKS,
    UNITS,
    VALUE_KINDS,
    Clock,
    Column,
    Ending,
    Format,
    Sample,
    default_kind,
)

# Columns that only the reader itself fills.
_RESERVED: Final = frozenset(
    [
        "capture",
        "capture_kind",
        "dialect",
        "where",
        "position",
        "ticket",
        "started_at",
        "ended_at",
        "is_stream",
        "stream_why",
        "path",
    ]
)


class _Positions:
    """Where in the file each key path stands; built only when there is something to complain about."""

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path = text, path

    def at(self, keys: Iterable[str | int]) -> str:
        import yaml

        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        mark = node.start_mark if node is not None else None
        for key in keys:
            found = None
            if isinstance(node, yaml.MappingNode):
                for name, value in node.value:
                    if name.value == str(key):
                        found, mark = value, name.start_mark
            elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
                found = node.value[key]
                mark = found.start_mark
            if found is None:
                break
            node = found
        if mark is None:
            return self.path
        return f"{self.path}:{mark.line + 1}:{mark.column + 1}"


class _Reader:
    """One file being read; knows where it is, so that every complaint has a place."""

    def __init__(self, text: str, path: str, blocks: Mapping[str, list[Any]], strict: bool) -> None:
        self.positions = _Positions(text, path)
        self.blocks = blocks
        self.strict = strict

    def fail(self, keys: Iterable[str | int], message: str, **slots: str) -> RuleError:
        return RuleError(message, where=self.positions.at(keys), **slots)

    def known(self, keys: list[str | int], word: str, allowed: Iterable[str], what: str) -> str:
        names = list(allowed)
        if word not in names:
            import difflib

            near = difflib.get_close_matches(str(word), names, n=1)
            expected = f"one of {', '.join(names)}" if len(names) <= 12 else "see docs/log-formats.md"
            if near:
                expected += f'; nearest is "{near[0]}"'
            raise self.fail(keys, f'unknown {what} "{word}"', expected=expected)
        return word

    def regex(self, keys: list[str | int], pattern: Any) -> str:
        if not isinstance(pattern, str):
            raise self.fail(keys, "a pattern must be text")
        text = " ".join(pattern.split("\n")).strip() if "\n" in pattern else pattern
        problem = re2_problem(text) if self.strict else None
        if problem:
            raise self.fail(keys, f"not a pattern RE2 accepts: {problem}")
        return text


def re2_problem(pattern: str) -> str | None:
    """What RE2 has against a pattern; None if it is fine. Linear time is RE2's own promise."""
    from analyzer.duck import cursor, driver

    con = cursor()
    try:
        con.execute("SELECT regexp_matches('', ?)", [pattern])
    except driver().Error as error:
        return str(error).split("\n")[0].removeprefix("Invalid Input Error: ")
    finally:
        con.close()
    return None


_KEYS: Final = [
    "id",
    "title",
    "kind",
    "product",
    "source",
    "role",
    "patterns",
    "detect",
    "pairs",
    "separator",
    "not_requests",
    "interest",
    "calm",
    "shape",
    "quiet",
    "lasted",
    "clock",
    "columns",
    "set",
    "streams",
    "endings",
    "not_recorded",
    "after",
    "with",
    "names",
    "samples",
    "rejects",
]


def read_format(
    text: str, path: str, blocks: Mapping[str, list[Any]] | None = None, *, strict: bool = True
) -> Format:
    """One YAML as a Format.

    strict also compiles every pattern; the shipped files, which the tests have checked, skip that.
    Raises RuleError with file:line:column.
    """
    import yaml

    reader = _Reader(text, path, blocks or {}, strict)
    try:
        raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise RuleError(f"not YAML: {getattr(error, 'problem', 'unreadable')}", where=where) from None
    if not isinstance(raw, dict):
        raise RuleError("a log format is a mapping of keys", where=path)
    for key in raw:
        reader.known([key], key, _KEYS, "key")
    for key in ("id", "title", "kind", "product"):
        if not isinstance(raw.get(key), str):
            raise reader.fail([key], f'"{key}" is missing or no text')
    kind = reader.known(["kind"], raw["kind"], KINDS, "kind")
    patterns = _patterns(reader, raw, kind)
    columns = {
        name: _column(reader, ["columns", name], name, spec)
        for name, spec in _mapping(reader, raw, "columns").items()
    }
    fmt = Format(
        id=raw["id"],
        title=raw["title"],
        kind=kind,
        product=raw["product"],
        source=_texts(reader, raw, "source"),
        role=reader.known(["role"], raw.get("role", "access"), ("access", "error"), "role"),
        patterns=patterns,
        signature=_mapping(reader, raw, "detect"),
        pairs_in=raw.get("pairs"),
        separator=raw.get("separator"),
        not_requests=_texts(reader, raw, "not_requests"),
        interest=raw.get("interest"),
        calm=raw.get("calm"),
        shape=raw.get("shape"),
        quiet=raw.get("quiet"),
        lasted=raw.get("lasted"),
        clocks=_clocks(reader, raw),
        columns=columns,
        constants=_constants(reader, ["set"], raw.get("set") or {}),
        streams=_endings(reader, raw, "streams"),
        endings=_endings(reader, raw, "endings"),
        not_recorded=_texts(reader, raw, "not_recorded"),
        after=_texts(reader, raw, "after"),
        companions=_texts(reader, raw, "with"),
        names=raw.get("names"),
        samples=_samples(reader, raw),
        rejects=_rejects(reader, raw),
        path=path,
        needs=needs_of(patterns),
    )
    if strict:
        _check_groups(reader, fmt)
        for index, pattern in enumerate(fmt.not_requests):
            reader.regex(["not_requests", index], pattern)
        for key in ("interest", "calm", "quiet", "lasted"):
            if raw.get(key) is not None:
                reader.regex([key], raw[key])
    return fmt


def _mapping(reader: _Reader, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key) or {}
    if not isinstance(value, dict):
        raise reader.fail([key], f'"{key}" must be a mapping')
    return value


def _texts(reader: _Reader, raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = raw.get(key) or []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise reader.fail([key], f'"{key}" must be a list of texts')
    return tuple(value)


def _patterns(reader: _Reader, raw: Mapping[str, Any], kind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, pattern in _mapping(reader, raw, "patterns").items():
        found[str(name)] = reader.regex(["patterns", name], pattern)
    if kind == "text" and not found:
        raise reader.fail(["patterns"], "a text format needs at least one pattern")
    return found


def _clocks(reader: _Reader, raw: Mapping[str, Any]) -> tuple[Clock, ...]:
    value = raw.get("clock") or []
    items = value if isinstance(value, list) else [value]
    clocks = []
    for index, item in enumerate(items):
        keys: list[str | int] = ["clock", index] if isinstance(value, list) else ["clock"]
        if not isinstance(item, dict):
            raise reader.fail(keys, "a clock has field, format, marks and resolution_ms")
        for key in item:
            reader.known([*keys, key], key, ("field", "format", "marks", "resolution_ms"), "key")
        marks = reader.known([*keys, "marks"], item.get("marks", "end"), MARKS, "moment")
        clocks.append(
            Clock(
                str(item.get("field")), str(item.get("format")), marks, float(item.get("resolution_ms", 1000))
            )
        )
    return tuple(clocks)


def _column(reader: _Reader, keys: list[str | int], name: str, spec: Any) -> Column:
    if name != "request":
        reader.known(keys, name, (c for c in table_columns() if c not in _RESERVED), "column")
    if isinstance(spec, str):
        spec = {"from": spec}
    if not isinstance(spec, dict):
        raise reader.fail(keys, "a column says where it comes from")
    for key in spec:
        reader.known(
            [*keys, key],
            key,
            ("from", "kind", "unit", "missing", "list", "part", "words", "add", "lower", "note"),
            "key",
        )
    source = spec.get("from")
    names = [source] if isinstance(source, str) else source
    if not isinstance(names, list) or not names:
        raise reader.fail([*keys, "from"], '"from" names a group, or a list of them')
    default = "request" if name == "request" else default_kind(name)
    kind = reader.known([*keys, "kind"], spec.get("kind", default), VALUE_KINDS, "kind")
    unit = spec.get("unit")
    if unit is not None:
        reader.known([*keys, "unit"], unit, UNITS, "unit")
    if spec.get("list") is not None:
        reader.known([*keys, "list"], spec["list"], LISTS, "choice of a list item")
    missing = spec.get("missing", ["", "-"])
    missing = [missing] if isinstance(missing, str) else missing
    return Column(
        source=tuple(str(n) for n in names),
        kind=kind,
        unit=unit,
        missing=tuple({"", *(str(m) for m in missing)}),
        list=spec.get("list"),
        part=reader.regex([*keys, "part"], spec["part"]) if spec.get("part") else None,
        words=_words(reader, [*keys, "words"], name, spec.get("words")),
        add=bool(spec.get("add", False)),
        lower=bool(spec.get("lower", False)),
    )


def _words(reader: _Reader, keys: list[str | int], name: str, words: Any) -> dict[str, Any] | None:
    if words is None:
        return None
    if not isinstance(words, dict):
        raise reader.fail(keys, '"words" maps the product\'s words to ours')
    _constants(reader, keys, {f"{w}": v for w, v in words.items()}, column=name)
    return {str(w): v for w, v in words.items()}


def _constants(
    reader: _Reader, keys: list[str | int], values: Any, column: str | None = None
) -> dict[str, Any]:
    """Values that go into columns as they stand; closed vocabularies are checked."""
    if not isinstance(values, dict):
        raise reader.fail(keys, "a mapping of columns to values is expected")
    table = table_columns()
    for name, value in values.items():
        target = column or reader.known([*keys, name], name, table, "column")
        if value is not None and table[target].values and value not in table[target].values:
            reader.known([*keys, name], value, table[target].values, f"value of {target}")
    return dict(values)


_COMPARED: Final = ("gte", "gt", "lte", "lt", "not", "is")


def _endings(reader: _Reader, raw: Mapping[str, Any], key: str) -> tuple[Ending, ...]:
    items = raw.get(key) or []
    if not isinstance(items, list):
        raise reader.fail([key], f'"{key}" must be a list')
    found: list[Ending] = []
    for index, item in enumerate(items):
        where: list[str | int] = [key, index]
        if isinstance(item, dict) and set(item) == {"use"}:
            reader.known([*where, "use"], item["use"], reader.blocks, "shared block")
            found += [Ending(b.get("when") or {}, b["then"]) for b in reader.blocks[item["use"]]]
            continue
        if not isinstance(item, dict) or not {"when", "then"} >= set(item) or "then" not in item:
            raise reader.fail(where, 'an entry has "when" and "then", or "use"')
        for name, value in (item.get("when") or {}).items():
            if isinstance(value, dict):
                for op in value:
                    reader.known([*where, "when", str(name)], op, _COMPARED, "comparison")
        found.append(Ending(item.get("when") or {}, _constants(reader, [*where, "then"], item["then"])))
    return tuple(found)


def _samples(reader: _Reader, raw: Mapping[str, Any]) -> tuple[Sample, ...]:
    found = []
    for index, item in enumerate(raw.get("samples") or []):
        if not isinstance(item, dict) or not isinstance(item.get("line"), str):
            raise reader.fail(["samples", index], "a sample has a line and what to expect")
        found.append(Sample(item["line"], item.get("expect") or {}, item.get("header")))
    return tuple(found)


def _rejects(reader: _Reader, raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = []
    for index, item in enumerate(raw.get("rejects") or []):
        if not isinstance(item, dict) or not isinstance(item.get("line"), str) or not item.get("because"):
            raise reader.fail(["rejects", index], "a reject has a line and a because")
        found.append((item["line"], str(item["because"])))
    return tuple(found)


def _check_groups(reader: _Reader, fmt: Format) -> None:
    """Every group that a column or clock names must exist in a pattern (text formats only)."""
    if fmt.kind != "text":
        return
    groups = {name for pattern in fmt.patterns.values() for name in GROUP.findall(pattern)}
    if fmt.pairs_in is not None:
        return
    for name, column in fmt.columns.items():
        for source in column.source:
            reader.known(["columns", name], source, sorted(groups), "group")
    for clock in fmt.clocks:
        reader.known(["clock"], clock.field, sorted(groups), "group")


@cache
def shared_blocks() -> dict[str, list[Any]]:
    """The endings that formats refer to with `use:`."""
    import yaml

    text = Path(__file__).with_name("shared.yaml").read_text("utf-8")
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return dict(loaded["endings"])


def load_folder(folder: Path, *, strict: bool = False) -> dict[str, Format]:
    """All formats of a folder by id, in the order of their file names."""
    found: dict[str, Format] = {}
    for path in sorted(folder.glob("*.yaml")):
        fmt = read_format(path.read_text("utf-8"), path.name, shared_blocks(), strict=strict)
        if fmt.id != path.stem:
            raise RuleError(f'the id is "{fmt.id}"', where=path.name, expected=f'"{path.stem}", as the file')
        found[fmt.id] = fmt
    return found
