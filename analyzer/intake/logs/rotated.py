"""Rotated sets: the files that one log has become, oldest first, as their lines were written.

logrotate numbers them (`access.log`, `access.log.1`, `access.log.2.gz`: the higher, the older) or dates them
(`access.log-20261120.gz`, `access-2026-11-20.log`: the later, the newer). The name without a number or a date is
the one still written to, so it is the newest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_PACKED: Final = re.compile(r"\.(?:gz|zst|zstd|bz2|xz|Z)$")
_NUMBERED: Final = re.compile(r"^(?P<base>.+)\.(?P<number>\d{1,4})$")
_DATED: Final = re.compile(
    r"^(?P<base>.+?)[._-](?P<date>20\d\d-?[01]\d-?[0-3]\d(?:[T_.-]?\d\d(?:[:._-]?\d\d){0,2})?)(?P<end>(?:\.[A-Za-z]+)?)$"
)


def in_order(names: Sequence[str]) -> list[int]:
    """Places of the names in the order to read them.

    Sets stand where their first file stands, files that belong to no set stay where they are.
    """
    first: dict[str, int] = {}
    keys = []
    for place, name in enumerate(names):
        base, age = _age(name)
        keys.append((first.setdefault(base, place), age))
    return sorted(range(len(names)), key=lambda place: (*keys[place], place))


def _age(name: str) -> tuple[str, tuple[int, int, str]]:
    """The set that a file belongs to, and what sorts its files from old to new."""
    plain = _PACKED.sub("", name)
    dated = _DATED.match(plain)
    if dated:
        return dated["base"] + dated["end"], (0, 0, re.sub(r"\D", "", dated["date"]))
    numbered = _NUMBERED.match(plain)
    if numbered:
        return numbered["base"], (1, -int(numbered["number"]), "")
    return plain, (2, 0, "")
