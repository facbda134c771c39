"""How the allow-lists are written down: names between spaces."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The names in `text`."""
    return frozenset(text.split())
