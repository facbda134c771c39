"""From what somebody typed or pasted to the entries that it can mean.

Tried in turn, and the first that finds something wins: the exact spelling; the same without regard to
case, punctuation and prefixes (`net::`, `HTTP`, `haproxy`, `ws` …); all terms of a comma list; a time
(`60 s`: the limits with that default); a whole group (`haproxy`, `causes`); the longest known names
inside a pasted line; and the entries that contain every word. Several products share short codes (`LR`, `1011`), so the answer is a list:
all meanings, in reading order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from analyzer.explain.entries import Entry, Group, entries, group_entry, groups, rule_entries
from analyzer.explain.limits import limits

_WORDS: Final = re.compile(r"[\s:=/_,;()\[\]\"'`<>|]+")
_QUOTES: Final = "\"'`“”‘’ \t\r\n.,;"
_LONGEST_QUERY: Final = 2000
_SHORTEST_INSIDE: Final = 4  # shorter names turn up by chance inside pasted lines
_MOST_INSIDE: Final = 5
_CASE_MATTERS: Final = 4  # up to this length `sD` and `SD` are two names, `stop` and `STOP` too
_MOST_BY_WORDS: Final = 12
_TIME: Final = re.compile(
    r"(\d{1,6}(?:\.\d+)?)\s*(ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)", re.IGNORECASE
)
_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


class _Index(NamedTuple):
    exact: dict[str, list[Entry]]
    folded: dict[str, list[Entry]]
    prefixed: dict[str, dict[str, list[Entry]]]
    inside: list[tuple[str, Entry]]


def lookup(term: str, rules: Iterable[tuple[str, str, str]] = ()) -> list[Entry]:
    """The entries that `term` can mean, rules last; empty when nothing is known by that name.

    rules: (id, title, text in Markdown) of the engine's rules, found by id.
    """
    query = term.strip(_QUOTES)[:_LONGEST_QUERY]
    if not query:
        return []
    known = _index()
    extra = [entry for entry in rule_entries(rules) if fold(entry.term) == fold(query)]
    found = list(known.exact.get(query, ()))
    if not found or len(query) > _CASE_MATTERS:
        found += known.folded.get(fold(query), ())
    found = found or _with_prefix(query, known)
    if not found and not extra:
        found = _each_of(query, known) or _haproxy_state(query, known) or _by_time(query)
        found = found or _whole_group(query) or _inside(query, known) or _by_words(query)
    return _unique([*found, *extra])


def suggest(term: str, rules: Iterable[tuple[str, str, str]] = (), most: int = 5) -> list[str]:
    """The names nearest to one that is unknown, best first."""
    import difflib

    wanted = fold(term)[:80]
    names = {fold(name): name for entry in entries() for name in (entry.term, *entry.aka)}
    names |= {fold(name): name for name, _, _ in rules}
    close = difflib.get_close_matches(wanted, names, n=most * 2, cutoff=0.6)
    starts = sorted((name for name in names if len(wanted) >= 3 and wanted in name), key=len)
    return list(dict.fromkeys(names[name] for name in [*close, *starts]))[:most]


def fold(text: str) -> str:
    """Lower case, words joined by single spaces: what two spellings of one name have in common."""
    return _WORDS.sub(" ", text.lower()).strip(" .")


@cache
def _index() -> _Index:
    exact: dict[str, list[Entry]] = {}
    folded: dict[str, list[Entry]] = {}
    prefixed: dict[str, dict[str, list[Entry]]] = {}
    inside: list[tuple[str, Entry]] = []
    for group in groups():
        for entry in group.entries:
            exact.setdefault(entry.key, []).append(entry)
            for name in _names(entry):
                exact.setdefault(name, []).append(entry)
                folded.setdefault(fold(name), []).append(entry)
                for prefix in group.prefixes:
                    prefixed.setdefault(prefix, {}).setdefault(fold(name), []).append(entry)
                if _can_stand_inside(name, group):
                    inside.append((fold(name), entry))
    inside.sort(key=lambda pair: -len(pair[0]))
    return _Index(exact, folded, prefixed, inside)


def _names(entry: Entry) -> list[str]:
    names = [entry.term, *entry.aka]
    if entry.group == "net":
        bare = entry.term.removeprefix("net::")
        names += [bare, bare.removeprefix("ERR_")]
    if entry.code is not None:
        names += [str(entry.code)]
        if entry.group == "net":
            names += [f"net {abs(entry.code)}", f"chrome {entry.code}", f"net error {entry.code}"]
    return list(dict.fromkeys(names))


def _can_stand_inside(name: str, group: Group) -> bool:
    """Whether finding this name in the middle of a pasted line means anything.

    Codes and single everyday words (`stop`, `closed`) would turn up in any sentence.
    """
    if group.id in ("limit", "cause"):
        return "_" in name
    mixed = len(name) >= 10 and any(c.isupper() for c in name[1:]) and any(c.islower() for c in name)
    return len(fold(name)) >= _SHORTEST_INSIDE and (" " in name or "_" in name or mixed)


def _with_prefix(query: str, known: _Index) -> list[Entry]:
    """`haproxy sD`, `HTTP/504`, `ws:1006`, `grpc-status 14`: a word for the group, then the term."""
    for prefix in sorted(known.prefixed, key=len, reverse=True):
        match = re.match(rf"{re.escape(prefix)}(?:[\s:=/_#-]+|(?=\d))(.+)", query, re.IGNORECASE)
        if match is None:
            continue
        rest = match.group(1).strip(_QUOTES)
        group = known.prefixed[prefix]
        members = [entry for found in group.values() for entry in found]
        same_case = [entry for entry in members if rest in _names(entry)]
        found = same_case or group.get(fold(rest)) or group.get(f"-{fold(rest)}")
        found = found or [entry for entry in _haproxy_state(rest, known) if entry in members]
        if found:
            return found
    return []


def _each_of(query: str, known: _Index) -> list[Entry]:
    """`UF,URX`: a list of flags, all of which must be known."""
    parts = [part for part in re.split(r"[,\s]+", query) if part]
    if not 2 <= len(parts) <= 4:
        return []
    found = [known.exact.get(part) or known.folded.get(fold(part)) for part in parts]
    return [entry for one in found if one for entry in one] if all(found) else []


def _haproxy_state(query: str, known: _Index) -> list[Entry]:
    """`sD--`, `CDVN`: the last two characters of an HTTP state are about cookies, not about the end."""
    if re.fullmatch(r"[A-Za-z-]{2}[NIDVEOUPR-]{2}", query) is None:
        return []
    return [entry for entry in known.exact.get(query[:2], []) if entry.group == "haproxy"]


def _inside(query: str, known: _Index) -> list[Entry]:
    """Known names inside a pasted line, longest first; a name within a longer find is left out."""
    text = f" {fold(query)} "
    found: list[Entry] = []
    for name, entry in known.inside:
        if f" {name} " in text:
            found.append(entry)
            text = text.replace(f" {name} ", " \x00 ")
        if len(found) >= _MOST_INSIDE:
            break
    return found


def _whole_group(query: str) -> list[Entry]:
    """`haproxy`, `websocket`, `causes`, `HTTP statuses`: the list of a group's terms."""
    wanted = fold(query)
    named = [g for g in groups() if wanted in (g.id, f"{g.id}s", fold(g.title))]
    return [group_entry(g) for g in named or [g for g in groups() if wanted in g.prefixes]]


def _by_time(query: str) -> list[Entry]:
    """`60 s`, `5min`: the limits with exactly that default."""
    match = _TIME.fullmatch(query)
    if match is None:
        return []
    unit = match.group(2).lower()
    wanted = float(match.group(1)) * _MS["ms" if unit == "ms" else unit[0]]
    keys = {f"limit/{row.product} {row.setting}" for row in limits() if row.default_ms == wanted}
    return [entry for entry in entries() if entry.key in keys]


def _by_words(query: str) -> list[Entry]:
    """The entries whose names or title contain every word of the query; none if there are too many."""
    words = set(fold(query).split())
    if not words or len(words) > 6 or all(len(word) < 3 for word in words):
        return []
    found = [
        entry
        for entry in entries()
        if words <= set(fold(" ".join((entry.key, *entry.aka, entry.title))).split())
    ]
    return found if len(found) <= _MOST_BY_WORDS else []


def _unique(found: Iterable[Entry]) -> list[Entry]:
    return list({entry.key: entry for entry in found}.values())
