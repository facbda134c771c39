"""Compressed bytes → a readable stream that stops at the limits instead of filling the memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

from analyzer.errors import CaptureError
from analyzer.intake.limits import Limits
from analyzer.intake.sniff import Layer

_STEP = 16 * 1024


class Expanded(io.RawIOBase):
    """Bytes from `pull`, counted. Damage ends the stream and is told, a bomb raises CaptureError."""

    def __init__(
        self,
        pull: Callable[[int], bytes],
        source: BinaryIO,
        name: str,
        compressed: int,
        limits: Limits,
        most: int,
        damaged: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._pull, self._source, self._name = pull, source, name
        self._allowed = max(int(compressed * limits.max_ratio), limits.ratio_from)
        self._most, self._damaged, self._count = most, damaged, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        try:
            piece = self._pull(len(view))
        except (EOFError, OSError, zlib.error, ValueError, RuntimeError) as error:
            if isinstance(error, CaptureError):
                raise
            self._damaged("its compressed data is damaged or cut: what could be expanded was read")
            return 0
        self._count += len(piece)
        if self._count > self._allowed:
            raise CaptureError(
                "it expands far more than a capture does", where=self._name, help="unpack it first"
            )
        if self._count > self._most:
            raise CaptureError(
                "it expands to more than is read", where=self._name,
                expected=f"at most {self._most} bytes", help="unpack and split it first",
            )  # fmt: skip
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def expanded(
    source: BinaryIO,
    kind: Layer,
    *,
    name: str,
    compressed: int,
    limits: Limits,
    most: int,
    damaged: Callable[[str], None],
) -> BinaryIO:
    """A stream of what `source` expands to. compressed: its size in bytes; most: largest result."""
    if kind in ("gzip", "zlib"):
        pull = _inflater(source, damaged)
    elif kind == "zstd":
        pull = _zstd(source)
    elif kind == "bzip2":
        import bz2

        pull = bz2.BZ2File(source).read1
    else:
        pull = _xz(source)
    raw = Expanded(pull, source, name, compressed, limits, most, damaged)
    return cast(BinaryIO, io.BufferedReader(raw, 256 * 1024))


def _inflater(source: BinaryIO, damaged: Callable[[str], None]) -> Callable[[int], bytes]:
    """gzip (several members too) and zlib, a little input at a time so that damage costs little."""
    machine = zlib.decompressobj(47)
    pending = b""
    done = False

    def pull(most: int) -> bytes:
        nonlocal machine, pending, done
        while not done:
            if machine.eof:
                pending = (machine.unused_data or source.read(_STEP)).lstrip(b"\0")
                if pending[:1] not in (b"\x1f", b"\x78"):
                    done = True
                    if pending:
                        damaged("bytes after the end of the compressed data were left out")
                    break
                machine = zlib.decompressobj(47)
            else:
                pending = machine.unconsumed_tail or pending or source.read(_STEP)
            if not pending:
                done = True
                damaged("its compressed data is cut: what could be expanded was read")
                break
            piece = machine.decompress(pending, most)
            pending = b""
            if piece:
                return piece
        return b""

    return pull


def _zstd(source: BinaryIO) -> Callable[[int], bytes]:
    import zstandard

    machine = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    reader = machine.stream_reader(source, read_size=_STEP, read_across_frames=True, closefd=False)

    def pull(most: int) -> bytes:
        try:
            return reader.read1(most) if hasattr(reader, "read1") else reader.read(most)
        except zstandard.ZstdError as error:
            raise ValueError("damaged") from error

    return pull


def _xz(source: BinaryIO) -> Callable[[int], bytes]:
    import lzma

    machine = lzma.LZMADecompressor(memlimit=256 * 1024 * 1024)

    def pull(most: int) -> bytes:
        while not machine.eof:
            fresh = source.read(_STEP) if machine.needs_input else b""
            if not fresh and machine.needs_input:
                raise EOFError
            try:
                piece = machine.decompress(fresh, most)
            except lzma.LZMAError as error:
                raise ValueError("damaged") from error
            if piece:
                return piece
        return b""

    return pull
