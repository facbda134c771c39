"""Globs over hosts and paths, where only `*` is special: the paths of some APIs have brackets in them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

Parts = tuple[str, ...]  # what stands between the stars


def matches_any(globs: Iterable[str], text: str) -> bool:
    """Whether a host or a path matches one of the globs, case ignored, with or without a slash at its end."""
    short = text[-2048:].lower()
    bare = short.removesuffix("/")
    for glob in globs:
        parts = split(glob)
        if fits(parts, short) or (bare is not short and fits(parts, bare)):
            return True
    return False


@lru_cache(maxsize=2048)
def split(glob: str) -> Parts:
    """A glob in lower case, cut at its stars."""
    return tuple(glob.lower().split("*"))


def fits(parts: Parts, text: str) -> bool:
    """Whether the whole text is the parts, with anything between them.

    Each part is taken where it comes first, which leaves most to those behind it: nothing to go back for.
    """
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return text == first
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts[1:-1]:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
