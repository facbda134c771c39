"""Length-prefixed envelopes: one flag byte, a big-endian length, that many bytes.

gRPC-Web and Connect share this layout and differ in what the flag bits mean.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model import Malformed, Tail

#: A length beyond this is not a message but damage: servers refuse far smaller ones.
_SANE: int = 1 << 30


class EnvelopeReader:
    """Bytes in, `(offset, end, flags, payload)` out. Stops for good at a header that makes no sense."""

    def __init__(self, known_flags: int) -> None:
        self._known = known_flags
        self._buffer = bytearray()
        self._base = 0
        self._broken: str | None = None

    def feed(self, data: bytes) -> Iterator[tuple[int, int, int, bytes] | Malformed]:
        self._buffer += data
        buffer = self._buffer
        pos = 0
        while self._broken is None and len(buffer) - pos >= 5:
            flags = buffer[pos]
            size = int.from_bytes(buffer[pos + 1 : pos + 5], "big")
            if flags & ~self._known or size > _SANE:
                self._broken = "no envelope here: unknown flags" if flags & ~self._known else "absurd length"
                yield Malformed(self._base + pos, self._broken)
                break
            if len(buffer) - pos - 5 < size:
                break
            end = pos + 5 + size
            yield self._base + pos, self._base + end, flags, bytes(buffer[pos + 5 : end])
            pos = end
        if pos:
            del buffer[:pos]
            self._base += pos

    def tail(self) -> Tail:
        rest = bytes(self._buffer)
        if not rest:
            return Tail(b"", self._base)
        return Tail(rest, self._base, self._broken or "incomplete envelope")
