"""Regular expressions that are compiled when they are first used.

There are hundreds in this program, and a run needs a few: compiling all of them at import takes as long
as a small capture takes to judge.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Later:
    """Stands for a `re.Pattern` until it is asked for something, and hands out that pattern's own methods."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._given = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        pattern, flags = self._given
        found = getattr(re.compile(pattern, flags), name)
        setattr(self, name, found)  # from now on it is an attribute, and this is not asked any more
        return found


def later(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but a mistake in the pattern is raised at its first use. Not for patterns from outside."""
    return cast("re.Pattern[AnyStr]", _Later(pattern, flags))
