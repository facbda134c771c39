"""Archives that hold many tickets, kept open: reading a large directory anew for each ticket would be slow.

Per process, and few at a time. An archive inside an archive is unpacked to an unnamed file, which the
system removes with the process.
"""

from __future__ import annotations

import os
import tempfile
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

from analyzer.batch import address
from analyzer.intake import archive
from analyzer.intake.limits import Limits

# An export of a whole queue has more members than a capture's own archive.
LIMITS: Final = Limits(max_members=200_000)
DEEPEST: Final = 3
_KEPT: Final = 4
_STEP: Final = 1024 * 1024
_kept: OrderedDict[tuple[object, ...], Holder] = OrderedDict()
_lock: Final = threading.Lock()


class Holder:
    """One open archive. state: changes when the file does; None where nothing tells."""

    def __init__(self, stream: BinaryIO, state: str) -> None:
        self.archive = archive.Archive(stream, LIMITS)
        self.state = state
        self._members = {member.name: member for member in self.archive.members()}
        self._names = list(self._members)  # in order

    def member(self, name: str) -> archive.Member | None:
        """The member of exactly that name."""
        return self._members.get(name)

    def below(self, prefix: str) -> Iterator[str]:
        """Names that begin with `prefix`, in order."""
        for place in range(bisect_left(self._names, prefix), len(self._names)):
            if not self._names[place].startswith(prefix):
                return
            yield self._names[place]


def holder(url: str, members: tuple[str, ...] = ()) -> Holder:
    """The archive at `url`, or the one inside it that `members` lead to, from the outside in.

    Raises archive.Broken for what is no archive or too deep, and what opening the address raises.
    """
    if len(members) >= DEEPEST:
        raise archive.Broken("it is an archive inside too many archives")
    state = _state(url)
    key = (os.getpid(), state, members)  # a forked process would share the place in the file
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = Holder(_opened(url, members), state)
    with _lock:
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def _state(url: str) -> str:
    if address.is_remote(url):
        return url  # asking for each ticket would cost as much as reading it
    path = address.local_path(url)
    found = path.stat()
    return f"{path}:{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"


def _opened(url: str, members: tuple[str, ...]) -> BinaryIO:
    if members:
        outer = holder(url, members[:-1])
        member = outer.member(members[-1])
        if member is None:
            raise archive.Broken("the archive inside it is not there")
        if member.refused is not None:
            raise archive.Broken(member.refused)
        return _spooled(outer.archive.open(member))
    if not address.is_remote(url):
        return address.local_path(url).open("rb")
    stream = address.open_remote(url)
    return stream if stream.seekable() else _spooled(stream)


def _spooled(stream: BinaryIO) -> BinaryIO:
    """The whole stream in a file without a name."""
    file = tempfile.TemporaryFile(prefix="hangup-")  # noqa: SIM115 - lives as long as the archive
    count = 0
    with stream:
        while piece := stream.read(_STEP):
            count += len(piece)
            if count > LIMITS.max_bytes:
                file.close()
                raise archive.Broken("the archive inside it is too large")
            file.write(piece)
    file.seek(0)
    return cast(BinaryIO, file)
