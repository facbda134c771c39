"""What stands in every line that a pattern matches: texts to look for before the pattern is compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

# One piece of a pattern as RE2 reads it: an escape, a class, the head of a group, a count, or a character.
_PIECE: Final = re.compile(
    r"\\x(?:\{[^}]*\}|[0-9A-Fa-f]{2})|\\[pP](?:\{[^}]*\}|[\s\S])|\\[0-7]{1,3}|\\[\s\S]"
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]"
    r"|\((?:\?P?<\w+>|\?[a-zA-Z-]*:?)?|\{\d[\d,]*\}|[\s\S]"
)
_CONTROL: Final = {"t": "\t", "n": "\n", "r": "\r"}


def needed(pattern: str) -> tuple[str, ...]:
    """Texts that every match holds. Few rather than wrong: nothing is told of alternatives and of what may be missing."""
    pieces: list[str] = _PIECE.findall(pattern)
    if "\\Q" in pieces or any(piece.startswith("(?") and "i" in piece.partition("<")[0] for piece in pieces):
        return ()  # what follows is no pattern, or ignores case
    found: list[str] = []
    run = ""
    # For each open group: what was found before it, and whether it has alternatives.
    groups: list[tuple[list[str], bool]] = []
    either = False
    for piece, after in zip(pieces, [*pieces[1:], ""], strict=True):
        missing = after[:1] in ("?", "*", "{")
        character = _character(piece)
        if character is not None and not missing:
            run += character
            continue
        found.append(run)
        run = ""
        if piece[0] == "(":
            groups.append((list(found), either))
            either = False
        elif piece == ")" and groups:
            before, outer = groups.pop()
            if missing or either:
                found = before
            either = outer
        elif piece == "|":
            either = True
    return () if either else _longest([*found, run])


def _character(piece: str) -> str | None:
    """The one character that the piece stands for."""
    if len(piece) == 1:
        return None if piece in "^$.*?+{}()|" else piece
    if piece[0] == "\\":
        return _CONTROL.get(piece[1]) if piece[1].isalnum() else piece[1]
    return None


def _longest(texts: Sequence[str]) -> tuple[str, ...]:
    """Without those that stand in another one."""
    kept: list[str] = []
    for text in sorted(dict.fromkeys(texts), key=len, reverse=True):
        if text and not any(text in other for other in kept):
            kept.append(text)
    return tuple(kept)


def needs_of(patterns: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """For each pattern of a format what a line of it must hold."""
    return tuple(needed(pattern) for pattern in patterns.values())


def may_hold(needs: Sequence[Sequence[str]], text: str) -> bool:
    """Whether the text can hold a line of a format with these needs. True where nothing is known."""
    return not needs or any(all(part in text for part in parts) for parts in needs)
