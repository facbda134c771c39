"""Which needles a text can contain at all, told by the letters that each of them needs.

To find that a literal is nowhere in a text is much cheaper than to search it for a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from analyzer.patterns import later

_LETTER: Final = later(rb"\\n|\\([^\w\s])|([^\\.^$*+?{}\[\]|()])", re.DOTALL)
_SHORT: Final = 3  # letters that are too few to tell anything


def possible(
    needles: Iterable[re.Pattern[bytes]],
    text: bytes,
    start: int = 0,
    end: int | None = None,
    *,
    plain: bool = False,
) -> list[re.Pattern[bytes]]:
    """The needles that may be in the text between start and end.

    plain: no line of it begins with anything but `data:`, so that none of those is there that must begin a
    line with something else.
    """
    wanted = [needle for needle in needles if not (plain and _begins_other_line(needle.pattern))]
    absent: list[bytes] = []
    known = sorted({word for needle in wanted for word in literals(needle.pattern)}, key=len)
    for word in known:
        if len(word) >= _SHORT and (any(part in word for part in absent) or text.find(word, start, end) < 0):
            absent.append(word)
    return [needle for needle in wanted if not any(word in absent for word in literals(needle.pattern))]


@lru_cache(maxsize=256)
def literals(pattern: bytes) -> tuple[bytes, ...]:
    """Stretches of letters that every match contains, in order; none where a pattern has groups or choices.

    The first is empty where the pattern does not begin with letters.
    """
    if re.search(rb"[|(]", pattern):
        return ()
    found, at = [bytearray()], 0
    while at < len(pattern):
        match = _LETTER.match(pattern, at)
        if match is None:
            after = re.compile(rb"\{[\d,]*\}|\[\^?\]?(?:\\.|[^\]\\])*+\]|\\.|.", re.DOTALL).match(pattern, at)
            at = after.end() if after else len(pattern)
            found.append(bytearray())
            continue
        at = match.end()
        if pattern[at : at + 1] in (b"?", b"*", b"{"):
            found.append(bytearray())  # it may be absent
            continue
        found[-1] += b"\n" if match[0] == rb"\n" else match[1] or match[2]
    return tuple(bytes(word) for place, word in enumerate(found) if word or not place)


@lru_cache(maxsize=256)
def _begins_other_line(pattern: bytes) -> bool:
    first = next(iter(literals(pattern)), b"")
    head = first[1:]
    return first[:1] == b"\n" and not (head.startswith(b"data:") or b"data:".startswith(head))
