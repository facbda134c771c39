"""The reference pages, written from the glossary: `python -m analyzer.explain.docs docs/reference`.

One page per group, an index with a table of all terms, a page to search in (search.html), and, beside
the folder, timeouts.md and causes.md. `--check` writes nothing and fails when a page lags behind.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from analyzer.causes import CAUSES
from analyzer.explain.docs_limits import timeouts_page
from analyzer.explain.docs_search import search_page
from analyzer.explain.entries import Entry, Fix, Group, groups, signs_of
from analyzer.explain.render import MID_WORDS, PARTY_WORDS, who

NOTE: Final = "<!-- Written by `python -m analyzer.explain.docs docs/reference` from analyzer/explain/. Do not edit. -->"
_OWN_PAGES: Final = {"cause": "../causes.md", "limit": "../timeouts.md"}


def pages() -> dict[str, str]:
    """Every generated file: path relative to docs/reference -> content."""
    known = groups()
    places = _places(known)
    made = {f"{group.id}.md": _group_page(group, places) for group in known if group.id not in _OWN_PAGES}
    made["index.md"] = _index_page(known, places)
    made["search.html"] = search_page(known, {key: place.partition("#")[2] for key, place in places.items()})
    made["../causes.md"] = _causes_page(known, places)
    made["../timeouts.md"] = timeouts_page(
        NOTE, lambda row: places[f"limit/{row.product} {row.setting}"].partition("#")[2]
    )
    return made


def lagging(target: Path) -> list[str]:
    """The generated files that are missing or differ under `target`, and pages that no group has."""
    made = pages()
    wrong = [name for name, text in made.items() if not _same(target / name, text)]
    stray = [
        path.name
        for path in sorted(target.glob("*.md"))
        if path.name not in made and NOTE in path.read_text(encoding="utf-8")
    ]
    return sorted(wrong) + stray


def write(target: Path) -> list[str]:
    """Write all pages under `target` (docs/reference); the names of those that changed."""
    target.mkdir(parents=True, exist_ok=True)
    changed = [name for name, text in pages().items() if not _same(target / name, text)]
    for name, text in pages().items():
        (target / name).resolve().write_text(text, encoding="utf-8", newline="\n")
    return changed


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


# ------------------------------------------------------------------------------------ pages


def _group_page(group: Group, places: dict[str, str]) -> str:
    table = [
        f"| [{_code(entry.term)}](#{_anchor(places, entry)}) | {_cell(entry.title)} | {entry.party} | {_mid(entry)} |"
        for entry in group.entries
    ]
    head = [
        NOTE,
        "",
        f"# {group.title}",
        "",
        group.intro,
        "",
        "[All terms](index.md) · [Search](search.html) · [Causes](../causes.md) · [Timeouts](../timeouts.md)",
        "",
        "| Term | In short | Who | Mid-answer |",
        "|---|---|---|---|",
        *table,
        "",
    ]
    return "\n".join([*head, *(_section(entry, places) for entry in group.entries)])


def _section(entry: Entry, places: dict[str, str]) -> str:
    lines = [
        f'<a id="{_anchor(places, entry)}"></a>',
        "",
        f"## {_code(entry.term)}",
        "",
        f"**{entry.title}**",
        "",
    ]
    if entry.aka:
        lines += ["Also: " + ", ".join(_code(name) for name in entry.aka), ""]
    if entry.means != entry.title + ".":
        lines += [entry.means, ""]
    lines += [f"- **Who:** {who(entry)}"]
    if entry.mid:
        lines += [f"- **In the middle of an answer?** {MID_WORDS[entry.mid]}"]
    if entry.own_advice:
        lines += [f"- **Confirm:** {text}" for text in entry.confirm]
        lines += _fix_lines(entry.fix)
    elif entry.cause:
        lines += [f"- **Confirm and fix:** as for {_link(f'cause/{entry.cause}', places)}."]
    related = [key for key in entry.see if entry.own_advice or key != f"cause/{entry.cause}"]
    if related:
        lines += ["- **Related:** " + ", ".join(_link(key, places) for key in related)]
    if entry.sources:
        lines += ["- **Sources:** " + "; ".join(entry.sources)]
    return "\n".join([*lines, ""])


def _fix_lines(fix: Fix) -> list[str]:
    rows = (("user", fix.user), ("operator", fix.operator), ("developer", fix.developer))
    return [f"- **Fix ({who}):** {text}" for who, texts in rows for text in texts]


def _index_page(known: Iterable[Group], places: dict[str, str]) -> str:
    known = tuple(known)
    count = sum(len(group.entries) for group in known)
    kinds = [
        f"| [{group.title}]({_OWN_PAGES.get(group.id, f'{group.id}.md')}) | {len(group.entries)} |"
        for group in known
    ]
    rows = [
        f"| {_link(entry.key, places)} | {entry.kind} | {_cell(entry.title)} |"
        for group in known
        for entry in group.entries
    ]
    return "\n".join(
        [
            NOTE,
            "",
            "# Reference: what names the end of a stream",
            "",
            f"{count} terms: what each means, who is usually behind it, how to make sure and what to do.",
            "On the command line: `hangup explain TERM`. In a browser: [search.html](search.html), one file that",
            "works offline. The rules that turn evidence into a verdict are in [rules.md](rules.md).",
            "",
            "| Page | Terms |",
            "|---|---|",
            *kinds,
            "",
            "## All terms",
            "",
            "| Term | Kind | In short |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _causes_page(known: Iterable[Group], places: dict[str, str]) -> str:
    known = tuple(known)
    group = next(group for group in known if group.id == "cause")
    lines = [
        NOTE,
        "",
        "# Causes",
        "",
        group.intro,
        "",
        "Severity: `failed` (the reader lost something), `degraded` (it arrived, but late or cut by a limit), `info`",
        "(ended for a reason nobody has to fix), `ok`. The names are public: they are never renamed.",
        "",
        "| Cause | In short | Who | Severity |",
        "|---|---|---|---|",
        *(
            f"| [`{row.id}`](#{row.id}) | {row.title} | {row.party} | {row.severity} |"
            for row in CAUSES.values()
        ),
        "",
    ]
    for entry in group.entries:
        row = CAUSES[entry.term]
        lines += [
            f'<a id="{row.id}"></a>',
            "",
            f"## {row.id}",
            "",
            f"**{row.title}.** {row.meaning}",
            "",
            f"- **Who hangs up:** {row.party} ({PARTY_WORDS[row.party]}). **Severity:** {row.severity}.",
            f"- **Usually:** {entry.usually}",
            *(f"- **Confirm:** {text}" for text in entry.confirm),
            *_fix_lines(entry.fix),
        ]
        if entry.see:
            lines.append(
                "- **Related:** " + ", ".join(_link(key, places, inside="docs") for key in entry.see)
            )
        signs = [_link(sign.key, places, inside="docs") for sign in signs_of(row.id)]
        if signs:
            lines.append("- **Signs of it:** " + ", ".join(signs))
        lines.append("")
    return "\n".join(lines)


# ------------------------------------------------------------------------------------ links


def _places(known: Iterable[Group]) -> dict[str, str]:
    """key -> `page.md#anchor`, anchors unique per page without regard to case."""
    places: dict[str, str] = {}
    for group in known:
        page = _OWN_PAGES.get(group.id, f"{group.id}.md")
        used: set[str] = set()
        for entry in group.entries:
            slug = re.sub(r"[^a-z0-9]+", "-", entry.term.lower()).strip("-") or "none"
            number = 2
            anchor = slug
            while anchor in used:
                anchor, number = f"{slug}-{number}", number + 1
            used.add(anchor)
            places[entry.key] = f"{page}#{anchor}"
    return places


def _anchor(places: dict[str, str], entry: Entry) -> str:
    return places[entry.key].partition("#")[2]


def _link(key: str, places: dict[str, str], *, inside: str = "reference") -> str:
    """A Markdown link to another entry, from docs/reference/ or (inside="docs") from docs/."""
    place = places[key]
    if inside == "docs":
        place = place.removeprefix("../") if place.startswith("../") else f"reference/{place}"
    return f"[{_code(key.partition('/')[2])}]({place})"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _mid(entry: Entry) -> str:
    return entry.mid or ""


def main(arguments: list[str]) -> int:
    """`docs/reference [--check]`; 0 done or up to date, 1 something lags behind, 2 usage."""
    names = [name for name in arguments if name != "--check"]
    if len(names) != 1:
        sys.stderr.write("usage: python -m analyzer.explain.docs docs/reference [--check]\n")
        return 2
    target = Path(names[0])
    if "--check" in arguments:
        wrong = lagging(target)
        sys.stderr.write("".join(f"{target / name} lags behind the glossary\n" for name in wrong))
        return 1 if wrong else 0
    sys.stdout.write("".join(f"wrote {target / name}\n" for name in write(target)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
