"""A ticket's attachments as files of this machine: in place where they are, copied where they are not.

Copies are in a folder that only their owner can read, and are gone when the work on the ticket ends,
however it ends. A copy never grows past its limit, and a member of a ZIP never past what the ZIP says.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from analyzer.batch import address
from analyzer.batch.holders import holder
from analyzer.batch.model import Attachment, Ticket
from analyzer.errors import HangupError, UsageError
from analyzer.intake import archive
from analyzer.intake.limits import MIB
from analyzer.safe import one_line

_STEP: Final = MIB
_TRIES: Final = 2  # for an address; a backend that knows better repeats by itself
_PAUSE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much is copied, in bytes: of one attachment, and of all attachments of one ticket."""

    attachment: int = 2048 * MIB
    ticket: int = 8192 * MIB


@dataclass(slots=True)
class Fetched:
    """The files to analyse, in the order of the ticket, and what could not be had, each with a reason."""

    paths: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Refused(Exception):
    """This attachment cannot be had; the text says why, without quoting its address."""


@contextmanager
def fetched(
    ticket: Ticket, folder: str | Path | None = None, *, limits: FetchLimits | None = None
) -> Iterator[Fetched]:
    """The ticket's attachments as local files while the context lasts.

    folder: where copies go, into a private folder of their own; None is the system's folder for temporary
    files. `problems` starts with those of the ticket. A file of this machine is used where it is. Raises
    HangupError when there is no room for copies: that is no fault of the ticket.
    """
    with contextlib.ExitStack() as stack:
        work = _Work(folder, limits or FetchLimits(), stack)
        found = Fetched(problems=list(ticket.problems))
        for attachment in ticket.attachments:
            try:
                path = work.one(attachment)
            except _Refused as error:
                found.problems.append(f"{one_line(attachment.name, 200)}: {error}")
                continue
            if not _belongs_to_a_har(path):
                found.paths.append(path)
        yield found


def fingerprint(attachment: Attachment) -> str | None:
    """What tells a changed attachment from an unchanged one without reading it; None where nothing does.

    Of a file its path, size, time and inode; of a member of a ZIP those of the ZIP, with the member's
    checksum; of an address what its server says: an ETag, a checksum or the size and time of a change.
    """
    with contextlib.suppress(OSError, ValueError, HangupError, archive.Broken):
        if attachment.members:
            inside = holder(attachment.url, attachment.members[:-1])
            member = inside.member(attachment.members[-1])
            return f"{inside.state}!{member.name}:{member.size}:{member.info.CRC:08x}" if member else None
        if not address.is_remote(attachment.url):
            return state_of(address.local_path(attachment.url))
        return _remote_state(attachment.url)
    return None


def state_of(path: Path) -> str:
    """Path, size, time of the last change and inode of a local file. Raises OSError."""
    found = path.stat()
    return f"{path}:{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"


def _remote_state(url: str) -> str | None:
    try:
        system, path = address.filesystem(url)
        known = system.info(path)
    except Exception:  # noqa: BLE001 - backends raise errors of their own; without an answer it is fetched
        return None
    for name in ("ETag", "etag", "md5", "md5Hash", "sha256", "generation", "content_settings"):
        if isinstance(known.get(name), str | int) and known[name]:
            return f"{url}:{known.get('size')}:{name}:{known[name]}"
    changed = next(
        (known[n] for n in ("LastModified", "mtime", "last_modified", "updated") if known.get(n)), None
    )
    return f"{url}:{known.get('size')}:{changed}" if changed and known.get("size") is not None else None


class _Work:
    """The copies of one ticket."""

    def __init__(self, folder: str | Path | None, limits: FetchLimits, stack: contextlib.ExitStack) -> None:
        self._folder, self._limits, self._stack = folder, limits, stack
        self._left = limits.ticket
        self._own: Path | None = None
        self._taken: set[str] = set()

    def one(self, attachment: Attachment) -> Path:
        """The attachment as a local file. Raises _Refused."""
        if attachment.members:
            return self._member(attachment)
        if not address.is_remote(attachment.url):
            return _in_place(address.local_path(attachment.url))
        for left in range(_TRIES - 1, -1, -1):
            try:
                return self._copy(address.open_remote(attachment.url), attachment.name)
            except (_Refused, HangupError) as error:
                if isinstance(error, UsageError):
                    raise _Refused(
                        f"{error.message}; {error.help}" if error.help else error.message
                    ) from error
                raise
            except Exception as error:
                permanent = isinstance(error, FileNotFoundError | PermissionError | NotImplementedError)
                if permanent or not left:
                    raise _Refused(address.why(error)) from error
                time.sleep(_PAUSE_S)
        raise AssertionError("the last try returns or raises")

    def _member(self, attachment: Attachment) -> Path:
        try:
            inside = holder(attachment.url, attachment.members[:-1])
            member = inside.member(attachment.members[-1])
            if member is None:
                raise _Refused("it is not in the archive any more")
            if member.refused is not None:
                raise _Refused(member.refused)
            return self._copy(inside.archive.open(member), attachment.name, member.size)
        except archive.Broken as error:
            raise _Refused(str(error)) from error
        except UsageError as error:
            raise _Refused(error.message) from error
        except (OSError, ValueError) as error:
            raise _Refused(address.why(error)) from error

    def _copy(self, stream: BinaryIO, name: str, size: int | None = None) -> Path:
        """The stream in a file of its own, 0600. Raises _Refused past the limits."""
        with stream:
            most = min(self._limits.attachment, self._left)
            if size is not None and size > most:
                raise _too_large(most, most == self._left)
            target = self._room() / self._name(name)
            try:
                count = _write(stream, target, most, of_ticket=most == self._left)
            except BaseException:
                target.unlink(missing_ok=True)
                self._taken.discard(target.name.casefold())
                raise
            self._left -= count
            return target

    def _room(self) -> Path:
        if self._own is None:
            try:
                self._own = Path(tempfile.mkdtemp(prefix="hangup-ticket-", dir=self._folder))
            except OSError as error:
                raise _no_room(error) from error
            self._stack.callback(shutil.rmtree, self._own, ignore_errors=True)
        return self._own

    def _name(self, given: str) -> str:
        name = plain_name(given)
        stem, dot, suffix = name.partition(".")
        number = 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}{dot}{suffix}"
        self._taken.add(name.casefold())
        return name


def _write(stream: BinaryIO, target: Path, most: int, *, of_ticket: bool) -> int:
    """Copy to a new file that only its owner can read; how many bytes. Raises _Refused past `most`."""
    count = 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while piece := stream.read(_STEP):
            count += len(piece)
            if count > most:
                raise _too_large(most, of_ticket)
            try:
                file.write(piece)
                file.flush()
            except OSError as error:
                raise _no_room(error) from error
    return count


def plain_name(given: str) -> str:
    """A name for a file in one folder, on any system, from whatever a ticket calls it."""
    last = given.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join(char if char.isprintable() and char not in '<>:"|?*' else "_" for char in last)
    name = name.lstrip(". ")
    # The end of a name tells what it is; the length is in bytes, as file systems count it.
    while len(name.encode("utf-8", "replace")) > 150:
        name = name[:40] + name[-60:] if len(name) > 110 else name[-len(name) // 2 :]
    return name or "attachment"


def _in_place(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _Refused("it is no regular file")
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        raise _Refused(address.why(error)) from error


def _belongs_to_a_har(path: Path) -> bool:
    """A body that a HAR keeps beside it: read together with the HAR, and no capture of its own."""

    def content() -> bytes | None:
        return path.read_bytes() if path.stat().st_size <= archive.MOST_ATTACHED else None

    return archive.is_attachment(path.name, content)


def _too_large(most: int, of_ticket: bool) -> _Refused:
    what = "with it the ticket's attachments are" if of_ticket else "it is"
    return _Refused(f"{what} larger than {most // MIB} MB, and was left out")


def _no_room(error: OSError) -> HangupError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return HangupError(
        "the folder for temporary files is full"
        if full
        else "the folder for temporary files cannot be written to",
        help="make room, or set TMPDIR to a place that has some",
    )
