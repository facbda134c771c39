"""A worker of the pool: `python -m analyzer.batch.worker`, good for one ticket after the other.

It speaks msgpack in frames (four bytes of length, then the value): first a `Setup`, then a `Task` at a time,
each answered by a `Reply`; a `Reply` about no ticket says that it is ready. What is large leaves it compressed. When its input closes, the run has gone, and
so does the worker, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import struct
import threading
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from analyzer.batch.ledger import Entry
from analyzer.batch.model import Ticket
from analyzer.bounds import limit
from analyzer.options import Options

HEAD: Final = struct.Struct(">I")
ROOM: Final = "hangup-batch-"  # how the folder that holds the workers' temporary folders is called
_FILES: Final = 512
_WRITTEN: Final = 64 * 1024**3  # of one file: what a log's table spills to a temporary folder


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all tickets of a run. memory: bytes; None is no limit."""

    rules: list[str]
    stream_paths: list[str]
    log_format: str | None
    reading: str
    ruleset: str
    memory: int | None

    @property
    def options(self) -> Options:
        """The same as the options of an analysis."""
        return Options(
            rules=tuple(Path(path) for path in self.rules),
            stream_paths=tuple(self.stream_paths),
            log_format=self.log_format,
        )


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to work on.

    source: state of its files before. content: hash of what is known about them; equal content is not
    analysed a second time. stored: its report, compressed, to judge again without the captures. reading:
    the version with which they were read then.
    """

    ticket: Ticket
    source: str | None = None
    content: str | None = None
    stored: bytes | None = None
    reading: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a task: an entry for the ledger, or the ticket is unchanged (both None), or an error
    that is no fault of the ticket.
    """

    ticket: str
    entry: Entry | None = None
    error: str | None = None
    help: str | None = None


def do(task: Task, setup: Setup) -> Reply:
    """The work on one ticket, in any process. Never raises for what a ticket holds."""
    from analyzer.batch.again import judge_again
    from analyzer.batch.ledger import entry, unpacked
    from analyzer.batch.ticket import Unchanged, failed, place_of, work_unless
    from analyzer.errors import HangupError

    ticket, reading = task.ticket, setup.reading
    try:
        if task.stored is not None:
            reading = task.reading
            try:
                result = judge_again(ticket.id, unpacked(task.stored), setup.options, content=task.content)
            except MemoryError:
                result = failed(ticket.id, "judging it needs more memory than it may take")
            except HangupError:
                raise
            except Exception as error:  # noqa: BLE001  a row with the place
                result = failed(ticket.id, f"a mistake of hangup's own: {place_of(error)}")
        else:
            found = work_unless(ticket, setup.options, task.content)
            if isinstance(found, Unchanged):
                return Reply(ticket=ticket.id)
            result = found
        made = entry(ticket, result, source=task.source, reading=reading, ruleset=setup.ruleset)
        return Reply(ticket=ticket.id, entry=made)
    except HangupError as error:
        return Reply(ticket=ticket.id, error=error.message, help=error.help)


def warm_up(setup: Setup) -> None:
    """Load what every ticket needs, so that the first one does not pay for it alone."""
    from analyzer.batch.model import Attachment
    from analyzer.resources import folder

    sample = folder("sample_hars") / "openai-completed.har"
    ticket = Ticket(id="warm-up", attachments=(Attachment(url=str(sample), name=sample.name),))
    do(Task(ticket=ticket), setup)


# ---------------------------------------------------------------------------------- the process


def _leave() -> NoReturn:
    """The run has gone, and cannot remove any more what this process has copied for it."""
    room = Path(os.environ.get("TMPDIR") or "/")
    if room.parent.name.startswith(ROOM):
        shutil.rmtree(room, ignore_errors=True)
        with contextlib.suppress(OSError):  # others may still be there; the last one removes it
            room.parent.rmdir()
    os._exit(3)


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(0, min(size - len(data), 1 << 20))
        if not piece:
            _leave()
        data += piece
    return bytes(data)


def _frame() -> bytes:
    return _read(HEAD.unpack(_read(HEAD.size))[0])


def _listen(tasks: queue.SimpleQueue[bytes]) -> None:
    # Reading beside the work is what notices that the run has gone.
    try:
        while True:
            tasks.put(_frame())
    except BaseException:  # noqa: BLE001  whatever it is, nobody would ask for anything any more
        _leave()


def main() -> NoReturn:
    """Answer tasks until the input closes."""
    # Whoever stops the run means the run, which then says what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Answers go out by a descriptor of their own: whatever a library prints must not look like one.
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    setup = msgspec.msgpack.decode(_frame(), type=Setup)
    if setup.memory is not None:
        limit(setup.memory, written=_WRITTEN, files=_FILES)
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    warm_up(setup)
    reader = msgspec.msgpack.Decoder(Task)
    reply = Reply(ticket="")
    try:
        while True:
            _send(out, reply)
            if reply.entry is not None and reply.entry.state == "failed":
                break  # who knows in what state that left this process: the next ticket gets a new one
            reply = do(reader.decode(tasks.get()), setup)
    except BrokenPipeError:
        _leave()
    os._exit(0)


def _send(out: int, reply: Reply) -> None:
    data = msgspec.msgpack.encode(reply)
    view = memoryview(HEAD.pack(len(data)) + data)
    while view:
        view = view[os.write(out, view) :]


if __name__ == "__main__":
    main()
