"""What reading a capture cost, as sentences: one per kind of damage, however often it occurs."""

from __future__ import annotations


class Losses:
    """Collects damage by kind. Sentences carry a place and an effect, never the capture's bytes."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, str, int]] = {}

    def add(self, where: str, what: str, effect: str = "") -> None:
        """Record one loss. Equal `what` and `effect` are counted under the first place."""
        key = f"{what}; {effect}" if effect else what
        first, _, count = self._kinds.get(key, (where, key, 0))
        self._kinds[key] = (first, key, count + 1)

    def __len__(self) -> int:
        return len(self._kinds)

    def sentences(self) -> list[str]:
        """One sentence per kind, in the order of their first occurrence."""
        return [
            f"{first}: {text}" if count == 1 else f"{first} and {count - 1} more: {text}"
            for first, text, count in self._kinds.values()
        ]
