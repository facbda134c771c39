"""Sentences from rules and captures as safe HTML: code spans, code blocks, links to the glossary.

The only markup understood is the backtick and the code fence. Everything else is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup, escape

from analyzer.report import glossary
from analyzer.safe import one_line, visible

_FENCE: Final = re.compile(r"^```[^\n]*\n(.*?)(?:^```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CODE: Final = re.compile(r"`([^`\n]+)`")
LONGEST: Final = 2000  # characters of one paragraph; capture text can be any length


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`html`, already safe) or a block to copy (`text`, to be escaped as usual)."""

    kind: Literal["prose", "code"]
    html: Markup
    text: str


def prose(text: str, seen: set[str] | None = None) -> Markup:
    """One paragraph. `code` spans become <code>; the first use of a term links to the glossary.

    seen: slugs that are linked already; extended. None links nothing.
    """
    parts: list[Markup] = []
    at = 0
    source = visible(text, LONGEST)
    for match in _CODE.finditer(source):
        parts.append(_linked(source[at : match.start()], seen))
        parts.append(Markup("<code>{}</code>").format(match.group(1)))
        at = match.end()
    parts.append(_linked(source[at:], seen))
    return Markup("").join(parts)


def _linked(text: str, seen: set[str] | None) -> Markup:
    if seen is None:
        return escape(text)
    parts: list[Markup] = []
    at = 0
    for match in glossary.pattern().finditer(text):
        slug = (match.lastgroup or "").replace("_", "-")
        if slug in seen or not glossary.linked(slug):
            continue
        seen.add(slug)
        parts.append(escape(text[at : match.start()]))
        parts.append(Markup('<a class="term" href="#g-{}">{}</a>').format(slug, match.group()))
        at = match.end()
    parts.append(escape(text[at:]))
    return Markup("").join(parts)


def blocks(text: str, seen: set[str] | None = None) -> list[Block]:
    """A fix line as paragraphs and blocks to copy.

    A fence is a block; so is a line that ends in a single code span after a colon, and one that is
    nothing but a code span: those are configuration, and people copy them.
    """
    found: list[Block] = []
    at = 0
    for match in _FENCE.finditer(text):
        found += _paragraphs(text[at : match.start()], seen)
        code = visible(match.group(1).rstrip("\n"), LONGEST)
        found.append(Block("code", escape(code), code))
        at = match.end()
    return found + _paragraphs(text[at:], seen)


def _paragraphs(text: str, seen: set[str] | None) -> list[Block]:
    found: list[Block] = []
    for raw in text.split("\n"):
        line = raw.strip()
        if not line:
            continue
        spans = _CODE.findall(line)
        if len(spans) == 1 and re.search(r"(?:^|:\s*)`[^`]+`\.?$", line):
            head = line[: line.index("`")].strip()
            if head:
                found.append(Block("prose", prose(head, seen), head))
            code = one_line(spans[0], LONGEST)
            found.append(Block("code", escape(code), code))
        else:
            found.append(Block("prose", prose(line, seen), line))
    return found


def breakable(text: str) -> Markup:
    """`text`, escaped, with a place to break the line after each underscore and slash."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[_/])(?=\w)", text))
