"""A run over a queue: only what is new or changed is worked on, and what is done stays done.

For each ticket the ledger is asked first. Files that have not changed since (path, size, time, inode) are not
even hashed; equal content is not analysed again; when only rules changed, the stored rows are judged again;
and a ticket whose files are gone keeps what is known about it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from analyzer.batch.ledger import GROUP, Entry, Known, Ledger, moment, oldest
from analyzer.batch.model import Ticket
from analyzer.batch.worker import Reply, Setup, Task
from analyzer.errors import HangupError

Step = Literal["analysed", "rejudged", "unchanged", "kept", "too old"]
Tell = Callable[["Progress"], None]


class Workers(Protocol):
    """Who does the tasks: a `Pool`, a `Cluster` or, for tests, this process."""

    def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
        """What becomes of the tasks, several at a time as they become ready."""

    def stop(self) -> None:
        """Take no further tasks."""


@dataclass(slots=True)
class Progress:
    """How far a run is. found: tickets that the sources gave so far; all: whether there are no more.

    steps: tickets by what was done: analysed, rejudged, unchanged, kept (their files are gone), too old.
    states: of all tickets that are part of the result.
    """

    found: int = 0
    all: bool = False
    done: int = 0
    steps: Counter[Step] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


def run(
    ledger: Ledger,
    tickets: Iterable[Ticket],
    workers: Workers,
    setup: Setup,
    *,
    retention: float | None = None,
    limits: str = "",
    tell: Tell | None = None,
) -> Progress:
    """Bring the ledger up to date with the tickets.

    retention: days after which a ticket is not looked at any more. limits: what a ticket may take, as text:
    one that was given up is tried again when it differs. tell: is told after every step.

    Each ticket is durable before it is counted. Raises HangupError for what is no ticket's fault (a full
    disk, wrong rules); what was counted stands, and the next run goes on from there.
    """
    return _Run(ledger, setup, retention, limits, tell or _silent).go(tickets, workers)


def _silent(progress: Progress) -> None:
    """Nobody asked."""


class _Run:
    def __init__(
        self, ledger: Ledger, setup: Setup, retention: float | None, limits: str, tell: Tell
    ) -> None:
        self._ledger, self._setup, self._tell = ledger, setup, tell
        self._oldest = None if retention is None else oldest(retention).replace(tzinfo=None)
        self._limits = limits
        self._progress = Progress()
        self._waiting: dict[str, tuple[Task, Known | None]] = {}
        self._new: list[tuple[Ticket, str | None]] = []

    def go(self, tickets: Iterable[Ticket], workers: Workers) -> Progress:
        self._ledger.begin()
        for replies in workers.run(self._tasks(tickets)):
            self._keep(replies)
        self._describe()
        self._progress.stopped = not self._progress.all
        self._tell(self._progress)
        return self._progress

    # ------------------------------------------------------------------ what is to be done

    def _tasks(self, tickets: Iterable[Ticket]) -> Iterator[Task]:
        for group in _groups(tickets):
            self._progress.found += len(group)
            known = self._ledger.known([ticket.id for ticket in group])
            settled: list[str] = []
            for ticket, state in zip(group, _states(group), strict=True):
                if self._oldest is not None and (at := moment(ticket.at)) is not None and at < self._oldest:
                    self._count("too old", None)
                    continue
                task = self._task(ticket, known.get(ticket.id), *state)
                if task is None:
                    settled.append(ticket.id)
                else:
                    yield task
            self._ledger.see(settled)
            self._tell(self._progress)
        self._progress.all = True

    def _task(self, ticket: Ticket, known: Known | None, source: str | None, gone: bool) -> Task | None:
        """The work that a ticket needs; None when it needs none, which is counted at once."""
        if known is None:
            return self._begin(Task(ticket=ticket, source=source), None)
        again = known.state == "done" and known.complete
        same_files = source is not None and source == known.source
        if gone and known.state == "done":
            source, same_files = known.source, True  # it is better than nothing, and as good as it was
        reading = self._reading(known.state)
        if same_files and known.ruleset == self._setup.ruleset and (gone or known.reading == reading):
            self._settled(ticket, source, known, "unchanged")
            return None
        if same_files and again and (gone or known.reading == reading):
            stored = self._ledger.packed_report(ticket.id)
            if stored is not None:
                task = Task(
                    ticket=ticket, source=source, content=known.content, stored=stored, reading=known.reading
                )
                return self._begin(task, known)
        if gone and known.state == "done":
            self._settled(ticket, source, known, "kept")
            return None
        current = known.reading == reading and known.ruleset == self._setup.ruleset
        content = known.content if current and known.state != "failed" else None
        return self._begin(Task(ticket=ticket, source=source, content=content), known)

    def _begin(self, task: Task, known: Known | None) -> Task:
        self._waiting[task.ticket.id] = (task, known)
        return task

    def _settled(self, ticket: Ticket, source: str | None, known: Known, step: Step) -> None:
        if source != known.source or _described(ticket) != (known.customer, known.at, known.tags):
            self._new.append((ticket, source))
            if len(self._new) >= GROUP:
                self._describe()
        self._count(step, known.state)

    def _reading(self, state: str) -> str:
        """The version of reading as the ledger keeps it; limits take part where they made the outcome."""
        return f"{self._setup.reading} {self._limits}" if state == "failed" else self._setup.reading

    # ------------------------------------------------------------------ what was done

    def _keep(self, replies: list[Reply]) -> None:
        entries: list[tuple[Entry, Step]] = []
        there: set[str] = set()
        unchanged: list[tuple[Ticket, str | None, Known]] = []
        for reply in replies:
            task, known = self._waiting.pop(reply.ticket)
            if reply.error is not None:
                self._store(entries, unchanged, there)
                raise HangupError(
                    reply.error, help=reply.help or "nothing is lost: run the same command again"
                )
            if reply.entry is None:
                assert known is not None  # nothing else can be unchanged
                unchanged.append((task.ticket, task.source, known))
            else:
                if known is not None:
                    there.add(reply.ticket)
                step: Step = "analysed" if task.stored is None else "rejudged"
                entries.append((self._limited(reply.entry), step))
        self._store(entries, unchanged, there)
        self._tell(self._progress)

    def _store(
        self,
        entries: list[tuple[Entry, Step]],
        unchanged: list[tuple[Ticket, str | None, Known]],
        there: set[str],
    ) -> None:
        if entries:
            self._ledger.put([entry for entry, _ in entries], there)
            self._ledger.see([entry.ticket for entry, _ in entries])
        for ticket, source, known in unchanged:
            self._settled(ticket, source, known, "unchanged")
            self._ledger.see([ticket.id])
        for entry, step in entries:
            self._count(step, entry.state)

    def _limited(self, entry: Entry) -> Entry:
        from msgspec.structs import replace

        return replace(entry, reading=self._reading("failed")) if entry.state == "failed" else entry

    def _describe(self) -> None:
        if self._new:
            self._ledger.describe(self._new)
            self._new = []

    def _count(self, step: Step, state: str | None) -> None:
        self._progress.done += 1
        self._progress.steps[step] += 1
        if state is not None:
            self._progress.states[state] += 1


_MOST_NAMED: Final = 20_000
_ASKED_AT_ONCE: Final = 16


def _states(group: list[Ticket]) -> Iterable[tuple[str | None, bool]]:
    """`state_of` each. Where servers are asked, several at a time: an answer takes as long as a small ticket."""
    from analyzer.batch.address import is_remote

    if not any(is_remote(attachment.url) for ticket in group for attachment in ticket.attachments):
        return map(state_of, group)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        return list(pool.map(state_of, group))


def state_of(ticket: Ticket) -> tuple[str | None, bool]:
    """What tells whether a ticket's files have changed, without reading them; and whether they are gone.

    None where a file or an address does not tell. Gone: none of them can be had any more.
    """
    from analyzer.batch.address import is_remote
    from analyzer.batch.fetch import fingerprint

    digest = hashlib.sha256()
    missing = 0
    unknown = False
    for attachment in ticket.attachments[:_MOST_NAMED]:
        mark = fingerprint(attachment)
        if mark is None:
            unknown = True
            missing += not is_remote(attachment.url)
        digest.update(f"{attachment.name}\0{mark}\n".encode("utf-8", "surrogatepass"))
    for problem in ticket.problems:
        digest.update(f"{problem}\n".encode("utf-8", "surrogatepass"))
    gone = missing == len(ticket.attachments) and bool(ticket.attachments or ticket.problems)
    return (None if unknown else digest.hexdigest()[:32]), gone


def _described(ticket: Ticket) -> tuple[object, ...]:
    return ticket.customer, moment(ticket.at), ticket.tags


def _groups(tickets: Iterable[Ticket]) -> Iterator[list[Ticket]]:
    """Small groups first, so that workers have something to do at once."""
    group: list[Ticket] = []
    size = 8
    for ticket in tickets:
        group.append(ticket)
        if len(group) >= size:
            yield group
            group = []
            size = min(size * 2, GROUP)
    if group:
        yield group


class Here:
    """Does the tasks in this process, one after the other: for few tickets and for tests."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._stopped = False

    def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
        """One reply at a time."""
        from analyzer.batch.worker import do

        for task in tasks:
            yield [do(task, self._setup)]
            if self._stopped:
                return

    def stop(self) -> None:
        """Take no further tasks."""
        self._stopped = True
