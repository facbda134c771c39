"""Paths, directories, archives and stdin → the captures in them, sniffed and ready to be read."""

from __future__ import annotations

import codecs
import contextlib
import io
import mmap
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec

from analyzer.errors import CaptureError
from analyzer.intake import archive, sniff
from analyzer.intake.limits import DEFAULT, Limits
from analyzer.intake.records import as_lines
from analyzer.intake.text import Recoded, wide_encoding

_STEP = 1024 * 1024
_MAPPED = 4 * 1024 * 1024  # from this size on, copying a file costs more than mapping it


class Input(msgspec.Struct):
    """One capture, found and sniffed but not read.

    path: for people, `tickets.zip!a.har`. kind: har, netlog, log or unknown. reason: what it is, for
    unknown what it is instead. size: bytes as stored, None where unknown. explicit: the user named
    this very file, so that an unknown one is worth an error. warnings: what opening it has cost so far.
    """

    path: str
    kind: sniff.Kind
    reason: str
    size: int | None = None
    explicit: bool = True
    warnings: list[str] = msgspec.field(default_factory=list)
    _raw: Callable[[], BinaryIO] | None = None
    _layers: tuple[sniff.Layer, ...] = ()
    _attached: Callable[[str], bytes | None] = lambda name: None
    _limits: Limits = DEFAULT
    _mark: str | None = None
    _plain: Path | None = None
    _converted: bool = False

    @property
    def converted(self) -> bool:
        """The bytes are a HAR made from an archive of another form (SAZ), not what the file holds."""
        return self._converted

    @property
    def plain(self) -> Path | None:
        """The file on disk that holds these very bytes; None for anything compressed, packed or piped."""
        return None if self._layers or self.reason == sniff.RECORDS else self._plain

    def open(self) -> BinaryIO:
        """A stream of the expanded bytes, for reading line by line; a log is UTF-8 without a mark.

        Log records that come as one JSON document are put on lines of their own. Raises CaptureError on a
        bomb, and for such a document if it is too large.
        """
        if self.reason == sniff.RECORDS:
            whole = self.data()
            if self._mark not in (None, "utf-8"):
                whole = whole.decode(str(self._mark), "replace").encode()
            return io.BytesIO(as_lines(whole.removeprefix(codecs.BOM_UTF8)))
        stream = self._stream(self._limits.max_stream_bytes)
        if self._mark == "utf-8":
            stream.read(len(codecs.BOM_UTF8))
        elif self._mark is not None:
            stream = cast(BinaryIO, io.BufferedReader(Recoded(stream, self._mark), 256 * 1024))
        return stream

    def data(self) -> bytes | bytearray:
        """All expanded bytes. Raises CaptureError if they are too many or cannot be read."""
        most = self._limits.max_bytes
        try:
            with self._stream(most) as stream:
                if not self._layers:
                    if self.size is not None and self.size > most:
                        raise self._too_large(most)
                    # Asking for more than there is would reserve it, and a limit on memory would refuse.
                    found = stream.read((most if self.size is None else self.size) + 1)
                    if len(found) > most:
                        raise self._too_large(most)
                    return found
                whole = bytearray()
                while piece := stream.read(_STEP):
                    whole += piece
                return whole
        except CaptureError:
            raise
        except (OSError, ValueError, MemoryError, archive.Broken) as error:
            raise CaptureError(f"it cannot be read ({_why(error)})", where=self.path) from error

    def view(self) -> bytes | bytearray | mmap.mmap:
        """As `data`, but a large file that is stored as it is is mapped and not copied."""
        if self._plain is None or self._layers or not _MAPPED <= (self.size or 0) <= self._limits.max_bytes:
            return self.data()
        try:
            with self._plain.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return self.data()  # a file system that cannot map; reading says what else is wrong

    def attachment(self, name: str) -> bytes | None:
        """A body that the HAR keeps in a file beside it; None if it is missing or too large."""
        return self._attached(name)

    def _stream(self, most: int) -> BinaryIO:
        if self._raw is None:
            raise CaptureError(self.reason, where=self.path)
        try:
            stream = self._raw()
        except (OSError, ValueError, archive.Broken) as error:
            raise CaptureError(f"it cannot be read ({_why(error)})", where=self.path) from error
        if self._layers:
            from analyzer.intake.expand import expanded
        for layer in self._layers:
            stream = expanded(
                stream, layer, name=self.path, compressed=self.size or 0,
                limits=self._limits, most=most, damaged=self._damage,
            )  # fmt: skip
        return stream

    def _damage(self, what: str) -> None:
        if what not in self.warnings:
            self.warnings.append(what)

    def _too_large(self, most: int) -> CaptureError:
        return CaptureError(
            "it is too large", where=self.path, expected=f"at most {most} bytes",
            help="export only the failing request, or split the file",
        )  # fmt: skip


def open_inputs(paths: Sequence[str | Path], limits: Limits | None = None) -> Iterator[Input]:
    """Find the captures behind `paths`: files, directories (sorted, recursive), ZIPs, `-` for stdin.

    Never raises for what a path holds: what cannot be used is an Input of kind `unknown` with the
    reason. Nothing is extracted to disk, nothing is read further than its kind takes.
    """
    limits = limits or DEFAULT
    for path in paths:
        if str(path) == "-":
            yield from _spooled(sys.stdin.buffer, "-", limits)
        elif Path(path).is_dir():
            yield from _directory(Path(path), limits)
        else:
            yield from _file(Path(path), limits, explicit=True)


def _directory(root: Path, limits: Limits) -> Iterator[Input]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.startswith(".") or archive.is_attachment(name, lambda path=path: _small(path)):  # type: ignore[misc]
                continue
            yield from _file(path, limits, explicit=False)


def _file(path: Path, limits: Limits, *, explicit: bool) -> Iterator[Input]:
    shown = str(path)
    try:
        mode = path.stat()
        if stat.S_ISFIFO(mode.st_mode) or stat.S_ISSOCK(mode.st_mode):
            if explicit:
                with path.open("rb") as pipe:
                    yield from _spooled(pipe, shown, limits)
            return
        if not stat.S_ISREG(mode.st_mode):
            yield Input(shown, "unknown", "it is no regular file", explicit=explicit)
            return
        with path.open("rb") as stream:
            head = stream.read(sniff.HEAD)
    except (OSError, ValueError) as error:
        yield Input(shown, "unknown", f"it cannot be read ({_why(error)})", explicit=explicit)
        return
    yield from _found(
        Input(
            shown, "unknown", "", size=mode.st_size, explicit=explicit,
            _raw=lambda: path.open("rb"), _attached=lambda name: _beside(path, name), _limits=limits,
            _plain=path,
        ),
        head, 0,
    )  # fmt: skip


def _found(inp: Input, head: bytes, depth: int) -> Iterator[Input]:
    """Look into an input: through compression, into archives, then at the bytes themselves."""
    limits = inp._limits
    if sniff.is_zip(head):
        yield from _zip(inp, depth)
        return
    layers: list[sniff.Layer] = []
    while (layer := sniff.layer(head)) is not None and len(layers) < limits.max_depth:
        inp._layers = (*layers, layer)
        try:
            with inp._stream(limits.max_stream_bytes) as stream:
                inner = stream.read(sniff.HEAD)
        except CaptureError as error:
            inp.kind, inp.reason = "unknown", error.message
            yield inp
            return
        if not inner and inp.warnings:
            # Two bytes that look like a compressed file, and are none.
            inp._layers = tuple(layers)
            inp.warnings.clear()
            break
        layers.append(layer)
        head = inner
    inp._layers = tuple(layers)
    inp.warnings.clear()
    if sniff.is_zip(head):
        yield from _zip(inp, depth)
        return
    whole = len(head) < sniff.HEAD
    inp.kind, inp.reason = sniff.sniff(head, whole)
    if inp.kind == "unknown" and not whole and "no list of entries" in inp.reason:
        with contextlib.suppress(CaptureError, OSError), inp._stream(limits.max_stream_bytes) as stream:
            inp.kind, inp.reason = sniff.sniff(stream.read(sniff.FAR), False)
    if inp.kind == "log":
        inp._mark = "utf-8" if head.startswith(codecs.BOM_UTF8) else wide_encoding(head)
    yield inp


def _zip(inp: Input, depth: int) -> Iterator[Input]:
    """The captures in a ZIP; the bodies that Playwright keeps beside its HAR are no captures."""
    from analyzer.intake import saz  # only for ZIPs

    limits = inp._limits
    if depth >= limits.max_depth:
        inp.kind, inp.reason = "unknown", "it is an archive inside too many archives"
        yield inp
        return
    try:
        stream = inp._stream(limits.max_bytes)
        if not stream.seekable():
            stream.close()
            stream = io.BytesIO(inp.data())
        holder = archive.Archive(stream, limits)
    except (archive.Broken, CaptureError, OSError) as error:
        inp.kind, inp.reason = "unknown", f"it is a ZIP that cannot be read ({_why(error)})"
        yield inp
        return
    members = holder.members()
    if not members:
        inp.kind, inp.reason = "unknown", "it is a ZIP with no files in it"
        yield inp
    if saz.is_saz(members):
        inp.kind, inp.reason = "har", "a session archive of Fiddler (SAZ)"
        inp.size, inp._layers, inp._plain, inp._converted = None, (), None, True
        inp._raw = lambda: io.BytesIO(saz.as_har(holder, members, limits.max_bytes))
        yield inp
        return
    alone = len(members) == 1
    for member in members:
        shown = f"{inp.path}!{member.shown}"
        one = Input(
            shown, "unknown", member.refused or "", size=member.size, explicit=inp.explicit and alone,
            _raw=lambda member=member: holder.open(member),  # type: ignore[misc]
            _attached=lambda name, member=member: holder.beside(member, name),  # type: ignore[misc]
            _limits=limits,
        )  # fmt: skip
        if member.refused is not None:
            one._raw = None
            yield one
            continue
        try:
            if archive.is_attachment(member.name, lambda member=member: holder.small(member)):  # type: ignore[misc]
                continue
            with one._stream(limits.max_stream_bytes) as stream:
                head = stream.read(sniff.HEAD)
        except (archive.Broken, CaptureError, OSError, ValueError) as error:
            one.reason, one._raw = f"it cannot be read ({_why(error)})", None
            yield one
            continue
        yield from _found(one, head, depth + 1)


class _Spool:
    """A pipe, kept: in memory while it is small, in an unnamed temporary file after that."""

    def __init__(self, source: BinaryIO, most: int) -> None:
        import tempfile  # only for pipes

        self._file = tempfile.SpooledTemporaryFile(max_size=64 * 1024 * 1024)  # noqa: SIM115
        self.size = 0
        while piece := source.read(_STEP):
            self.size += len(piece)
            if self.size > most:
                raise ValueError("more than is read")
            self._file.write(piece)

    def open(self) -> BinaryIO:
        self._file.seek(0)
        return cast(BinaryIO, _Borrowed(self._file))

    def __del__(self) -> None:
        file = getattr(self, "_file", None)  # none when it was interrupted before it had one
        if file is not None:
            file.close()


class _Borrowed(io.RawIOBase):
    """A view of the spool that can be closed without losing it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        piece = self._file.read(len(view))
        view[: len(piece)] = piece
        return len(piece)


def _spooled(source: BinaryIO, shown: str, limits: Limits) -> Iterator[Input]:
    try:
        spool = _Spool(source, limits.max_stream_bytes)
    except (OSError, ValueError) as error:
        yield Input(shown, "unknown", f"it cannot be read ({_why(error)})")
        return
    with spool.open() as stream:
        head = stream.read(sniff.HEAD)
    yield from _found(Input(shown, "unknown", "", size=spool.size, _raw=spool.open, _limits=limits), head, 0)


def _beside(path: Path, name: str) -> bytes | None:
    """A file next to the HAR. The name comes from the capture: no folders, no links."""
    if not archive.is_plain_name(name):
        return None
    return _small(path.parent / name)


def _small(path: Path) -> bytes | None:
    try:
        mode = path.lstat()
        if not stat.S_ISREG(mode.st_mode) or mode.st_size > archive.MOST_ATTACHED:
            return None
        return path.read_bytes()
    except (OSError, ValueError):
        return None


def _why(error: BaseException) -> str:
    """The system's reason, without the path that the message has anyway."""
    if isinstance(error, CaptureError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, archive.Broken):
        return str(error)
    return type(error).__name__
