"""Globs over hosts and paths, where only `*` is special: the paths of some APIs have brackets in them."""

from __future__ import annotations

import re
from functools import lru_cache


def matches_any(globs: list[str], text: str) -> bool:
    """Whether a host or a path matches one of the globs, case ignored."""
    return bool(globs) and _compiled(tuple(globs)).match(text[-2048:].lower()) is not None


@lru_cache(maxsize=512)
def _compiled(globs: tuple[str, ...]) -> re.Pattern[str]:
    parts = [re.escape(glob.lower()).replace(r"\*", ".*") for glob in globs]
    return re.compile("(?:" + "|".join(parts) + r")/?\Z", re.DOTALL)
