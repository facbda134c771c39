"""Bytes from a stranger → private files, or a refusal that says what is wrong.

Nothing is kept in memory but what arrived last; nothing is looked into. Every limit is checked while
the bytes arrive, because what the headers announce need not be true.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from analyzer.web.config import Settings
from analyzer.web.problems import Problem
from analyzer.web.spool import Spool, disk_full, safe_name

if TYPE_CHECKING:
    from starlette.requests import Request

_PIECE: Final = 256 * 1024  # bytes gathered before a thread writes them
_RESERVE: Final = 8 * 1024 * 1024  # bytes of disk asked for at a time when the length is unknown
_FIELD_MOST: Final = 1024  # bytes of a form field
_FIELDS_MOST: Final = 20
_DRAIN_BYTES: Final = 64 * 1024 * 1024
_DRAIN_SECONDS: Final = 10.0
_DRAIN_SILENCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Received:
    """One file of an upload. name: fit to be stored and shown."""

    name: str
    size: int
    sha256: str


@dataclass(slots=True)
class Upload:
    """All of an upload. fields: the form's other fields, by name."""

    files: list[Received] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


async def receive(request: Request, name: str, spool: Spool, settings: Settings) -> Upload:
    """Write the body's files into the draft folder `name`.

    Raises Problem for everything that is refused, ClientDisconnect when the client has gone; the
    caller removes the draft then.
    """
    kind, boundary = _content_type(request)
    announced = _announced(request, settings)
    if announced is not None:
        spool.grow(name, announced)
    folder = spool.root / f".part-{name}" / "in"
    sink: _Raw | _Form = (
        _Raw(folder, _raw_name(request)) if boundary is None else _Form(folder, boundary, settings.max_files)
    )
    reserved = announced or 0
    total = 0
    try:
        async for piece in _pieces(request, settings):
            total += len(piece)
            if total > settings.max_upload:
                raise too_large(settings)
            if total > reserved:
                # Never more than an upload may have: the reserve is about fewer questions to the disk.
                more = max(min(_RESERVE, settings.max_upload - reserved), total - reserved)
                spool.grow(name, more)
                reserved += more
            await asyncio.to_thread(sink.write, piece)
        await asyncio.to_thread(sink.finish)
        spool.settle(name, sink.upload.size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full() from error
        raise
    finally:
        sink.close()
    if announced is not None and total != announced:
        raise Problem("malformed-request", f"Content-Length says {announced} bytes, and {total} came")
    if not sink.upload.files:
        raise Problem(
            "malformed-request", f"there is no capture in this upload ({kind or 'no Content-Type'})",
            help="send a HAR, a log or a ZIP of them: curl -F file=@capture.har",
        )  # fmt: skip
    return sink.upload


def too_large(settings: Settings) -> Problem:
    """The refusal for more bytes than are taken."""
    return Problem(
        "upload-too-large", f"an upload may have {settings.max_upload:,} bytes",
        help="compress the HAR (gzip, zstd or ZIP), or export only the failing request",
    )  # fmt: skip


async def drain(request: Request) -> None:
    """Read on for a while, so that a client that is still sending gets to see the refusal.

    A connection that is closed on a sender loses the answer with it. A client that asked whether to
    send (`Expect: 100-continue`) has its answer in the refusal.
    """
    if "expect" in request.headers:
        return
    got = 0
    stream = request.stream().__aiter__()
    # Nothing of this matters to the answer: the client may leave, fall silent or send for ever.
    with contextlib.suppress(ClientDisconnect, StopAsyncIteration, TimeoutError, RuntimeError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while got < _DRAIN_BYTES:
                async with asyncio.timeout(_DRAIN_SILENCE):
                    got += len(await anext(stream))


# ---------------------------------------------------------------------------------- what the headers say


def _content_type(request: Request) -> tuple[str, bytes | None]:
    """The media type, and the boundary of a multipart body; None for a raw one."""
    header = request.headers.get("content-type", "")
    kind, options = parse_options_header(header)
    text = kind.decode("latin-1")[:100]
    if text == "multipart/form-data":
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem("unsupported-upload", "a multipart body with a Content-Encoding is not read")
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:
            raise Problem("malformed-request", "the multipart body has no usable boundary")
        return text, boundary
    if text.startswith("multipart/"):
        raise Problem("unsupported-upload", "of the multipart types only multipart/form-data is read")
    if text == "application/x-www-form-urlencoded":
        raise Problem(
            "unsupported-upload", "a form without multipart encoding has no files",
            help="with curl: -F file=@capture.har, or -H 'Content-Type: application/json' --data-binary @capture.har",
        )  # fmt: skip
    return text, None


def _announced(request: Request, settings: Settings) -> int | None:
    header = request.headers.get("content-length")
    if header is None:
        return None
    if not (header.isascii() and header.isdecimal() and len(header) < 19):
        raise Problem("malformed-request", "the Content-Length is no number")
    size = int(header)
    if size > settings.max_upload:
        raise too_large(settings)
    return size


def _raw_name(request: Request) -> str:
    """?filename=, or Content-Disposition, or a plain name."""
    given = request.query_params.get("filename")
    if not given:
        _, options = parse_options_header(request.headers.get("content-disposition"))
        given = unquote(options.get(b"filename", b"").decode("utf-8", "replace"))
    return safe_name(given or "capture", ())


async def _pieces(request: Request, settings: Settings) -> AsyncIterator[bytes]:
    """The body in pieces of a useful size. Raises Problem when it comes too slowly."""
    started = time.monotonic()
    total = 0
    held = bytearray()
    stream = request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(settings.stall_seconds):
                chunk = await anext(stream)
        except TimeoutError:
            raise Problem(
                "upload-too-slow", f"nothing came for {settings.stall_seconds:g} s",
            ) from None  # fmt: skip
        except StopAsyncIteration:
            break
        total += len(chunk)
        lasted = time.monotonic() - started
        if lasted > settings.stall_seconds and total < lasted * settings.min_rate:
            raise Problem(
                "upload-too-slow", f"less than {settings.min_rate:,} bytes a second came on average"
            )
        held += chunk
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


# ---------------------------------------------------------------------------------- where the bytes go


class _File:
    """A file that is being written, and its hash."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.path = folder / name
        self.size = 0
        self._hash = hashlib.sha256()
        self._out: IO[bytes] = self.path.open("xb")

    def write(self, data: bytes) -> None:
        self._out.write(data)
        self._hash.update(data)
        self.size += len(data)

    def close(self) -> None:
        self._out.close()

    def received(self) -> Received:
        return Received(self.name, self.size, self._hash.hexdigest())


class _Raw:
    """The whole body is one file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.upload = Upload()
        self._file = _File(folder, name)

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self) -> None:
        self._file.close()
        if self._file.size:
            self.upload.files.append(self._file.received())

    def close(self) -> None:
        self._file.close()


class _Form:
    """multipart/form-data (RFC 7578): parts with a file name and the field `text` become files."""

    def __init__(self, folder: Path, boundary: bytes, max_files: int) -> None:
        self.upload = Upload()
        self._folder, self._max_files = folder, max_files
        self._ended = False
        self._headers: dict[bytes, bytes] = {}
        self._key, self._value = b"", b""
        self._file: _File | None = None
        self._field: tuple[str, bytearray] | None = None
        self._fields = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part,
                "on_header_field": self._header_key,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_done,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )

    def write(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Problem("malformed-request", "the multipart body is damaged") from error

    def finish(self) -> None:
        self.close()
        if not self._ended:
            raise Problem("malformed-request", "the multipart body is cut: its last boundary is missing")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    # -- callbacks of the parser

    def _part(self) -> None:
        self._headers = {}

    def _header_key(self, data: bytes, start: int, end: int) -> None:
        self._key += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._key.lower()] = self._value
        self._key, self._value = b"", b""

    def _headers_done(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        given = options.get(b"filename")
        if given is None and name != "text":
            self._fields += 1
            if self._fields > _FIELDS_MOST:
                raise Problem("too-many-parts", f"a form may have {_FIELDS_MOST} fields besides its files")
            self._field = (name[:100], bytearray())
            return
        if len(self.upload.files) >= self._max_files:
            raise Problem(
                "too-many-parts", f"an upload may have {self._max_files} files", help="put them in a ZIP"
            )
        shown = "pasted.har" if given is None else given.decode("utf-8", "replace")
        self._file = _File(self._folder, safe_name(shown, (file.name for file in self.upload.files)))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._field is not None:
            self._field[1].extend(data[start:end])
            if len(self._field[1]) > _FIELD_MOST:
                raise Problem("malformed-request", f"a form field may have {_FIELD_MOST:,} bytes")

    def _part_end(self) -> None:
        if self._file is not None:
            self._file.close()
            if self._file.size:
                self.upload.files.append(self._file.received())
            else:  # an empty file picker, or an empty text area
                self._file.path.unlink()
                self._skipped()
            self._file = None
        elif self._field is not None:
            name, value = self._field
            self.upload.fields[name] = bytes(value).decode("utf-8", "replace")
            self._field = None

    def _skipped(self) -> None:
        self._fields += 1
        if self._fields > _FIELDS_MOST:
            raise Problem("too-many-parts", f"a form may have {_FIELDS_MOST} parts besides its files")

    def _end(self) -> None:
        self._ended = True


def listing(upload: Upload) -> list[dict[str, Any]]:
    """What is stored about the files: names and sizes, to be compared after a restart."""
    return [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in upload.files]
