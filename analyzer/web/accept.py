"""Which of the offered media types a client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def best(header: str | None, offered: Sequence[str]) -> str | None:
    """The offered type with the highest quality; the first of equals. None if all are refused.

    A missing or empty header accepts everything. Parameters other than `q` are not looked at.
    """
    if header is None or not header.strip():
        return offered[0]
    ranges = [found for part in header.split(",")[:100] if (found := _range(part)) is not None]
    if not ranges:
        return offered[0]
    scored = [(_quality(kind, ranges), -index, kind) for index, kind in enumerate(offered)]
    quality, _, kind = max(scored)
    return kind if quality > 0 else None


def _range(part: str) -> tuple[str, float] | None:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    if kind.count("/") != 1:
        return None
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                return None
    return kind, quality if quality == quality else 0.0  # NaN is no quality


def _quality(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Of the ranges that match, the most specific decides."""
    family = kind.partition("/")[0]
    for pattern in (kind, f"{family}/*", "*/*"):
        found = [quality for given, quality in ranges if given == pattern]
        if found:
            return max(found)
    return 0.0
