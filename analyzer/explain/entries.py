"""The glossary: one Entry per name of a stream's end, read from data/*.yaml and checked.

A file is one group. An entry says what is particular to its term; what it does not say (who usually
causes it, how to confirm it, how to fix it) it takes from the `advice` block it names, and then from
the cause it points to, so that the same advice is written once. Titles and meanings of causes come
from causes.py and the limits from limits.py: neither is written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from analyzer.causes import CAUSES, Party
from analyzer.errors import RuleError

DATA: Final = Path(__file__).parent / "data"
PARTIES: Final[tuple[str, ...]] = get_args(Party)

Mid = Literal["yes", "rarely", "no"]


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each reader can do; an empty tuple means that this reader can do nothing."""

    user: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    developer: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.user or self.operator or self.developer)


class Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What several terms of one group share."""

    usually: str | None = None
    party: Party | None = None
    confirm: tuple[str, ...] = ()
    fix: Fix = Fix()
    see: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class RawEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of `entries:` as written. Only `term` is always needed; see `Entry` for the meaning."""

    term: str
    aka: tuple[str, ...] = ()
    title: str | None = None
    means: str | None = None
    usually: str | None = None
    party: Party | None = None
    cause: str | None = None
    code: int | None = None
    mid: Mid | None = None
    advice: str | None = None
    confirm: tuple[str, ...] = ()
    fix: Fix = Fix()
    see: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class RawGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file. `prefixes`: words that somebody may type before a term to mean this group."""

    group: str
    title: str
    intro: str
    kind: str
    prefixes: tuple[str, ...]
    entries: tuple[RawEntry, ...]
    sources: tuple[str, ...] = ()
    advice: dict[str, Advice] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One term, complete.

    key: `group/term`, unique. kind: what sort of name it is ("HAProxy termination state"). aka: other
    spellings. party: who hangs up when this is seen; usually: the same as a sentence. cause: an id of
    causes.py, None when the term belongs to no cause. mid: whether it can end an answer that had begun,
    None when the question makes no sense. code: its number. own_advice is False when confirm and fix
    are the cause's. see: keys of other entries.
    """

    key: str
    group: str
    term: str
    kind: str
    title: str
    means: str
    usually: str
    party: Party
    cause: str | None = None
    code: int | None = None
    mid: Mid | None = None
    aka: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    fix: Fix = Fix()
    own_advice: bool = True
    see: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the reference."""

    id: str
    title: str
    intro: str
    kind: str
    prefixes: tuple[str, ...]
    entries: tuple[Entry, ...]


def parse_group(text: str, where: str) -> RawGroup:
    """One data file, checked against the shape above. Raises RuleError with `file:line:column`."""
    import yaml

    from analyzer.explain.places import place_of, yaml_loader

    try:
        plain = yaml.load(text, Loader=yaml_loader())  # noqa: S506 - a safe loader, C if there is one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise RuleError(f"not YAML: {getattr(error, 'problem', error)}", where=spot) from None
    try:
        return msgspec.convert(plain, RawGroup)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise RuleError(message, where=f"{where}:{place_of(text, path.rstrip('`'))}") from None


def check_group(raw: RawGroup, text: str, where: str) -> list[str]:
    """Every complaint about a file that its shape alone cannot show, as `file:line:column: what`."""
    from analyzer.explain.places import place_of

    found: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for number, item in enumerate(raw.entries):
        path = f"$.entries[{number}]"
        if item.term in seen:
            found.append((path, f"the term {item.term!r} is there twice"))
        seen[item.term] = number
        if item.advice is not None and item.advice not in raw.advice:
            found.append((f"{path}.advice", f"there is no advice block {item.advice!r}"))
        if item.cause is not None and item.cause not in CAUSES:
            found.append((f"{path}.cause", f"there is no cause {item.cause!r}"))
        if raw.group == "cause":
            if item.term not in CAUSES:
                found.append((path, f"{item.term!r} is not in the list of causes"))
            if not (item.usually and item.confirm):
                found.append((path, "a cause needs `usually` and `confirm`: others inherit them"))
            continue
        if not item.means:
            found.append((path, "`means` is missing"))
        shared = raw.advice.get(item.advice or "", Advice())
        if not (item.party or shared.party or item.cause):
            found.append((path, "no party: give `party`, or a `cause` that has one"))
        if not (item.confirm or shared.confirm or item.cause):
            found.append((path, "nothing says how to confirm it: `confirm`, `advice` or `cause`"))
    return [f"{where}:{place_of(text, path)}: {what}" for path, what in found]


def build_group(raw: RawGroup, causes: Mapping[str, RawEntry]) -> Group:
    """The group with everything inherited. causes: the raw entries of the group `cause`, by id."""
    entries = tuple(_build(item, raw, causes) for item in raw.entries)
    return Group(
        id=raw.group,
        title=raw.title,
        intro=raw.intro,
        kind=raw.kind,
        prefixes=raw.prefixes,
        entries=entries,
    )


def _build(item: RawEntry, raw: RawGroup, causes: Mapping[str, RawEntry]) -> Entry:
    shared = raw.advice.get(item.advice or "", Advice())
    known = CAUSES.get(item.term if raw.group == "cause" else item.cause or "")
    parent = causes.get(item.cause or "")
    own = bool(item.confirm or item.fix or shared.confirm or shared.fix)
    means = item.means or (known.meaning if known else "")
    party = item.party or shared.party or (known.party if known else "unknown")
    see = (*item.see, *shared.see, *((f"cause/{item.cause}",) if item.cause else ()))
    return Entry(
        key=f"{raw.group}/{item.term}",
        group=raw.group,
        term=item.term,
        kind=raw.kind,
        title=item.title or (known.title if known and raw.group == "cause" else first_sentence(means)),
        means=means,
        usually=item.usually or shared.usually or (parent.usually if parent and parent.usually else ""),
        party=party,
        cause=item.cause,
        code=item.code,
        mid=item.mid,
        aka=item.aka,
        confirm=item.confirm or shared.confirm or (parent.confirm if parent else ()),
        fix=item.fix or shared.fix or (parent.fix if parent else Fix()),
        own_advice=own,
        see=tuple(dict.fromkeys(see)),
        sources=tuple(dict.fromkeys((*item.sources, *shared.sources, *raw.sources))),
    )


def first_sentence(text: str) -> str:
    """Up to the first full stop, question mark or colon that ends a sentence; without a final stop."""
    for index, char in enumerate(text):
        if char in ".?!" and text[index + 1 : index + 2] in ("", " "):
            return text[: index + (char != ".")]
    return text


@cache
def groups() -> tuple[Group, ...]:
    """The whole glossary, checked, in reading order. Raises RuleError naming the first bad line."""
    raws: dict[str, RawGroup] = {}
    for path in sorted(DATA.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        raw = parse_group(text, path.name)
        complaints = check_group(raw, text, path.name)
        if complaints:
            raise RuleError("\n".join(complaints))
        raws[raw.group] = raw
    causes = {item.term: item for item in raws["cause"].entries}
    built = [build_group(raw, causes) for raw in raws.values()]
    built.append(_limit_group())
    return tuple(sorted(built, key=lambda group: (_rank(group.id), group.id)))


def entries() -> Iterator[Entry]:
    """All entries, group by group."""
    for group in groups():
        yield from group.entries


def by_key() -> dict[str, Entry]:
    """key -> entry."""
    return {entry.key: entry for entry in entries()}


_ORDER: Final = ("cause", "http", "net", "page", "marker", "finish", "inband", "websocket", "limit")


def _rank(group: str) -> int:
    return _ORDER.index(group) if group in _ORDER else len(_ORDER)


def rule_entries(rules: Iterable[tuple[str, str, str]]) -> list[Entry]:
    """The engine's rules as entries: (id, title, text) each, text in Markdown."""
    return [
        Entry(
            key=f"rule/{name}", group="rule", term=name, kind="rule", title=title, means=text, usually="", party="unknown"
        )
        for name, title, text in rules
    ]  # fmt: skip


def group_entry(group: Group) -> Entry:
    """A group as one entry whose text is the list of its terms: what `hangup explain haproxy` shows."""
    width = min(40, max(len(entry.term) for entry in group.entries))
    lines = [f"  {entry.term:<{width}}  {entry.title}" for entry in group.entries]
    return Entry(
        key=f"group/{group.id}",
        group="group",
        term=group.id,
        kind="group of terms",
        title=group.title,
        means="\n".join([group.intro, "", *lines]),
        usually="",
        party="unknown",
    )


@cache
def _signs() -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries():
        if entry.cause and entry.group != "cause":
            found.setdefault(entry.cause, []).append(entry)
    return found


def signs_of(cause: str) -> list[Entry]:
    """The terms that point to a cause, in reading order, those that can cut an answer first."""
    return sorted(_signs().get(cause, ()), key=lambda entry: entry.mid == "no")


def _limit_group() -> Group:
    from analyzer.explain.limits import MEASURES, duration, limits

    def entry(row: Any) -> Entry:
        default = (
            "It is off unless somebody sets it."
            if row.default_ms is None
            else f"Default: {duration(row.default_ms)}."
        )
        most = f" At most {duration(row.max_ms)}." if row.max_ms else ""
        doubt = "" if row.sure else " This default is not certain: check it before you rely on it."
        where = f"In {row.where}" if not row.where.startswith("fixed") else "It cannot be changed"
        line = f"{where}: `{row.config_line}`." if row.config_line else f"{where} ({row.where})."
        beat = (
            ("A comment line or ping every 15 s keeps the stream inside it.",) if row.heartbeat_helps else ()
        )
        return Entry(
            key=f"limit/{row.product} {row.setting}",
            group="limit",
            term=f"{row.product} {row.setting}",
            kind="limit",
            title=f"{row.product}: {duration(row.default_ms)} ({row.measures})"
            if row.default_ms
            else f"{row.product}: off by default ({row.measures})",
            means=f"It measures {MEASURES[row.measures]}. {default}{most}{doubt} {row.note}".strip(),
            usually=f"{row.product}, by its own clock.",
            party=row.party,
            aka=(row.setting,),
            confirm=(
                "Collect several cut streams: equal silences before the end point to an idle limit, equal total durations to a total one.",
            ),
            fix=Fix(operator=(line,), developer=beat),
            see=_LIMIT_SEE.get(row.measures, ()),
            sources=(row.source,),
        )

    return Group(
        id="limit",
        title="Timeouts and limits",
        intro="Settings of well-known products that can end a stream, with their defaults.",
        kind="limit",
        prefixes=("limit", "timeout"),
        entries=tuple(entry(row) for row in limits()),
    )  # fmt: skip


_LIMIT_SEE: Final[dict[str, tuple[str, ...]]] = {
    "idle": ("cause/gateway-idle-timeout",),
    "total": ("cause/gateway-duration-limit",),
    "first-byte": ("cause/gateway-timeout",),
    "connect": ("cause/bad-gateway",),
    "shutdown": ("cause/server-going-away",),
}
