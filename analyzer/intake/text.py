"""Bytes of a JSON document in whatever encoding or wrapper → UTF-8 that begins with the document."""

from __future__ import annotations

import codecs
import io
import mmap
from typing import BinaryIO

from analyzer.intake.losses import Losses
from analyzer.patterns import later

_JSONP = later(rb"\s*+(?:/\*\*/)?\s*+[A-Za-z_$][\w.$]{0,80}\s*+\(\s*+(?=[\[{])")
_AFTER_JSONP = later(rb"\s*+\)\s*+;?\s*+\Z")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STEP = 64 * 1024

Buffer = bytes | bytearray | mmap.mmap


def wide_encoding(head: bytes | bytearray) -> str | None:
    """UTF-16 or UTF-32, by its byte order mark or by the zeros around ASCII (RFC 4627 section 3)."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    first = bytes(head[:4])
    if len(first) < 4:
        return None
    zeros = (first[0] == 0, first[1] == 0, first[2] == 0, first[3] == 0)
    return {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }.get(zeros)


def as_utf8(data: Buffer, losses: Losses, where: str) -> Buffer:
    """UTF-8 without a byte order mark and without a JSONP call around it."""
    head = bytes(data[:4])
    wide = wide_encoding(head)
    if wide is not None:
        decoded = bytes(data).decode(wide, "replace").lstrip("\ufeff")
        if "\ufffd" in decoded:
            losses.add(where, "bytes that are not text were replaced", "those characters are lost")
        data = decoded.encode("utf-8", "replace")
    elif head.startswith(codecs.BOM_UTF8):
        data = data[3:]
    call = _JSONP.match(data, 0, 4096)
    if call:
        # The call's end is searched only in the last bytes: whitespace of any length is no trap.
        tail = _AFTER_JSONP.search(data, max(call.end(), len(data) - 64))
        data = data[call.end() : tail.start() if tail else len(data)]
    return data


class Recoded(io.RawIOBase):
    """A UTF-16 or UTF-32 stream as UTF-8, as Windows shells write logs; damage becomes U+FFFD."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        super().__init__()
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._pending = b""
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._pending:
            piece = self._source.read(_STEP)
            decoded = self._decoder.decode(piece, final=not piece)
            if not self._begun and decoded:
                decoded, self._begun = decoded.removeprefix("\ufeff"), True
            self._pending = decoded.encode("utf-8", "replace")
            if not piece:
                break
        given, self._pending = self._pending[: len(view)], self._pending[len(view) :]
        view[: len(given)] = given
        return len(given)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def check_utf8(data: Buffer, losses: Losses, where: str) -> None:
    """Warn about bytes that are no UTF-8. Checked in steps that stay in the processor's cache."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    pending = False
    for at in range(0, len(data), _STEP):
        step = data[at : at + _STEP]
        if not pending and step.isascii():
            continue
        try:
            decoder.decode(step)
        except UnicodeDecodeError:
            losses.add(where, "bytes that are not UTF-8 were replaced", "those characters are lost")
            return
        pending = bool(decoder.getstate()[0])
    if pending:
        losses.add(where, "the last character is cut", "it is lost")
