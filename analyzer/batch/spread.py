"""On a worker of a cluster: a ticket with a large log, whose parts are read by all workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

from msgspec.structs import replace

from analyzer.batch import address
from analyzer.batch.ledger import entry
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.split import PART_BYTES, LogPart, PartRows, here, read_part, read_split
from analyzer.batch.ticket import Unchanged, work_unless
from analyzer.batch.worker import Reply, Setup, Task
from analyzer.errors import CaptureError, HangupError
from analyzer.intake import sniff

_AHEAD: Final = 64  # parts that are read or wait to be put together


def has_large_log(ticket: Ticket, part_bytes: int = PART_BYTES) -> bool:
    """Whether a log of the ticket is worth reading in parts."""
    return any(_is_large_log(attachment, part_bytes) for attachment in ticket.attachments)


def spread(task: Task, setup: Setup, part_bytes: int = PART_BYTES) -> Reply:
    """The work on a ticket, here, with the parts of its large logs read all over the cluster.

    The workers must see the log under the same path; where they do not, it is read here.
    """
    reader = partial(read_split, run=everywhere, part_bytes=part_bytes)
    try:
        found = work_unless(task.ticket, replace(setup.options, log_reader=reader), task.content)
    except HangupError as error:
        return Reply(ticket=task.ticket.id, error=error.message, help=error.help)
    if isinstance(found, Unchanged):
        return Reply(ticket=task.ticket.id)
    made = entry(task.ticket, found, source=task.source, reading=setup.reading, ruleset=setup.ruleset)
    return Reply(ticket=task.ticket.id, entry=made)


def everywhere(parts: Sequence[LogPart]) -> Iterator[PartRows]:
    """The rows of the parts, in order, each read by whichever worker is free."""
    worker_client: Any = import_module("distributed").worker_client
    waiting = iter(parts)
    with worker_client() as client:  # gives this thread's place to others while it waits
        running: deque[tuple[LogPart, Any]] = deque()
        try:
            while True:
                while len(running) < _AHEAD and (part := next(waiting, None)) is not None:
                    running.append((part, client.submit(read_part, part, pure=False)))
                if not running:
                    return
                part, found = running.popleft()
                yield _rows(part, found)
        finally:
            client.cancel([found for _, found in running])


def _rows(part: LogPart, found: Any) -> PartRows:
    try:
        rows: PartRows = found.result()
        return rows
    except CaptureError:
        # That worker sees no such file; this one does, or says what is wrong with it.
        return next(here([part]))


def _is_large_log(attachment: Attachment, part_bytes: int) -> bool:
    if attachment.members or address.is_remote(attachment.url):
        return False
    path = address.local_path(attachment.url)
    try:
        if path.stat().st_size < 2 * part_bytes:
            return False
        with path.open("rb") as stream:
            head = stream.read(sniff.HEAD)
    except OSError:
        return False
    return sniff.layer(head) is None and not sniff.is_zip(head) and sniff.sniff(head, False).kind == "log"
