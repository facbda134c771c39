"""Incremental splitting at LF, for the framings that are one record per line (NDJSON, data streams).

Unlike SSE, a lone CR ends nothing here: only LF does, and a CR before it belongs to the line end.
"""

from __future__ import annotations


class LineSplitter:
    """Bytes in, complete lines out: `(offset, end, line)`, the line without its line end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._start = 0

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        found: list[tuple[int, int, bytes]] = []
        lines = data.split(b"\n")
        last = lines.pop()
        for line in lines:
            if self._parts:
                self._parts.append(line)
                line = b"".join(self._parts)
                self._parts.clear()
            end = self._start + len(line) + 1
            found.append((self._start, end, line.removesuffix(b"\r")))
            self._start = end
        if last:
            self._parts.append(last)
        return found

    def rest(self) -> tuple[int, bytes]:
        """Offset and bytes of the line that has no LF yet."""
        return self._start, b"".join(self._parts)
