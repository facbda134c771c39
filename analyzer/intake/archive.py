"""ZIP archives from strangers: bounded, never extracted, names never trusted.

`zipfile` is loaded only where there is a ZIP: most runs meet none.
"""

from __future__ import annotations

import io
import re
import stat
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from analyzer.errors import CaptureError
from analyzer.intake.limits import Limits
from analyzer.patterns import later

if TYPE_CHECKING:
    import zipfile

MOST_ATTACHED = 256 * 1024 * 1024

_CONTENT_NAMED = later(r"([0-9a-f]{40})\.[\w.-]{1,40}", re.ASCII)
# Size of a central directory record without names, and room for a long name.
_RECORD = 46 + 512


class Broken(Exception):
    """The archive or a member cannot be read; the text says why and quotes nothing."""


class Member(msgspec.Struct, frozen=True):
    """A file in the archive. shown: its name without control characters. refused: why it is not read."""

    name: str
    shown: str
    size: int
    refused: str | None
    info: zipfile.ZipInfo


class Archive:
    """One open ZIP. Members are read in place; none is ever written anywhere."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        import zipfile

        self._limits = limits
        try:
            _check_directory(stream, limits)
            self._zip = zipfile.ZipFile(stream)
            self._stream = stream
        except (
            zipfile.BadZipFile,
            ValueError,
            OSError,
            NotImplementedError,
            EOFError,
            OverflowError,
        ) as error:
            stream.close()
            raise Broken("its directory is damaged") from error
        except Broken:
            stream.close()
            raise

    def __del__(self) -> None:
        zipped = getattr(self, "_zip", None)
        if zipped is not None:
            zipped.close()
            self._stream.close()

    def members(self) -> list[Member]:
        """Files in order of their names; folders and hidden files are left out."""
        found = []
        for info in sorted(self._zip.infolist(), key=lambda info: info.filename):
            name = info.filename
            parts = name.split("/")
            if info.is_dir() or parts[0] == "__MACOSX" or parts[-1].startswith("."):
                continue
            found.append(Member(name, _shown(name), info.file_size, self._refused(info), info))
        return found

    def open(self, member: Member) -> BinaryIO:
        """The expanded bytes of a member, guarded against more than its header promises."""
        import zipfile

        try:
            return cast(BinaryIO, io.BufferedReader(_Guarded(self._zip, member, self._limits), 256 * 1024))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
            raise Broken("the member is damaged") from error

    def small(self, member: Member) -> bytes | None:
        """A member that is an attachment; None if it is too large or damaged."""
        if member.refused is not None or member.size > MOST_ATTACHED:
            return None
        try:
            with self.open(member) as stream:
                return stream.read(MOST_ATTACHED)
        except (Broken, CaptureError, OSError):
            return None

    def beside(self, member: Member, name: str) -> bytes | None:
        """The file of that name in the member's folder."""
        if not is_plain_name(name):
            return None
        folder = member.name.rpartition("/")[0]
        try:
            info = self._zip.getinfo(f"{folder}/{name}" if folder else name)
        except KeyError:
            return None
        return self.small(Member(info.filename, name, info.file_size, self._refused(info), info))

    def _refused(self, info: zipfile.ZipInfo) -> str | None:
        if info.flag_bits & 1:
            return "it is encrypted: unpack the archive with its password first"
        if stat.S_ISLNK(info.external_attr >> 16):
            return "it is a symbolic link"
        if info.file_size > max(info.compress_size * self._limits.max_ratio, self._limits.ratio_from):
            return "it expands far more than a capture does"
        if info.file_size > self._limits.max_stream_bytes:
            return "it expands to more than is read"
        return None


class _Guarded(io.RawIOBase):
    """A member's stream that never gives more than the directory says, and names damage in words."""

    def __init__(self, zipped: zipfile.ZipFile, member: Member, limits: Limits) -> None:
        super().__init__()
        self._left = member.size
        self._stream = zipped.open(member.info)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        import lzma
        import zipfile

        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        try:
            piece = self._stream.read(min(len(view), max(self._left, 1)))
        except (
            zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError,
        ) as error:  # fmt: skip
            raise Broken("the member is damaged") from error
        self._left -= len(piece)
        if self._left < 0:
            raise Broken("the member is larger than the directory says")
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed and hasattr(self, "_stream"):
            self._stream.close()
        super().close()


def is_plain_name(name: str) -> bool:
    """A name of one file in one folder: no way out of it."""
    return 0 < len(name) < 256 and not name.startswith(".") and not re.search(r"[/\\:\0]", name)


def is_attachment(name: str, content: Callable[[], bytes | None]) -> bool:
    """A body that Playwright stored beside its HAR: named by the SHA-1 of what is in it."""
    match = _CONTENT_NAMED.fullmatch(name.rpartition("/")[2])
    if match is None:
        return False
    import hashlib

    data = content()
    return data is not None and hashlib.sha1(data, usedforsecurity=False).hexdigest() == match[1]


def _check_directory(stream: BinaryIO, limits: Limits) -> None:
    """Refuse an archive whose directory alone would fill the memory (zipfile reads it whole)."""
    stream.seek(0, io.SEEK_END)
    size = stream.tell()
    stream.seek(max(0, size - 65557))
    tail = stream.read(65557)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 16:
        raise Broken("its directory is missing: the file is cut")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory == 0xFFFFFFFF:
        wide = tail.rfind(b"PK\x06\x06", 0, at)
        directory = int.from_bytes(tail[wide + 40 : wide + 48], "little") if wide >= 0 else size
    if directory > limits.max_members * _RECORD:
        raise Broken(f"it has more than {limits.max_members} members")
    stream.seek(0)


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:300])
