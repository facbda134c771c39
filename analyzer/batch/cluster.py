"""The tasks of a run on a Dask cluster: the same function of one ticket, somewhere else.

Tickets go out, results come back; captures are read by the workers and go nowhere. Only so many tasks are
out at a time as keep the workers busy, so a million of them cost this process no more than a hundred. What a
worker was doing when its machine died is done by another. On the worker each ticket is worked on in a process
of its own, as in the local pool, with the same limits; a ticket that still takes worker after worker with it
is given up.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final

import msgspec

from analyzer.batch.ledger import entry
from analyzer.batch.parts import part_name, read_part, write_part
from analyzer.batch.pool import Pool
from analyzer.batch.spread import has_large_log, spread
from analyzer.batch.ticket import failed
from analyzer.batch.worker import Reply, Setup, Task
from analyzer.errors import HangupError, UsageError

Work = Callable[[Sequence[Task], Setup, float | None], list[Reply]]

VARIABLE: Final = "DASK_SCHEDULER_ADDRESS"
_PER_THREAD: Final = 2  # tasks out for each thread of the workers: one that runs, one that waits beside it
_RECOUNT: Final = 50  # results between two looks at how many workers there are
_PATIENCE_S: Final = 30.0
_POLL_S: Final = 0.2
_LOOK_S: Final = 0.01
# What Dask raises once a connection has broken.
_LOST: Final = (OSError, TimeoutError, asyncio.CancelledError, concurrent.futures.CancelledError)
_DIED: Final = "every worker that took it died: it may need more memory than they have"


def scheduler_address(given: str | None = None) -> str | None:
    """The scheduler that was named: by argument or by DASK_SCHEDULER_ADDRESS; None without one."""
    return given or os.environ.get(VARIABLE) or None


class Cluster:
    """The workers of a Dask scheduler. Use as a context manager, from one thread.

    Raises UsageError when there is no scheduler, no worker, or another version of hangup on a worker.
    """

    def __init__(
        self,
        setup: Setup,
        scheduler: str | None = None,
        *,
        seconds: float | None = None,
        parts: str | None = None,
        chunk: int | None = None,
        in_flight: int | None = None,
        patience: float = _PATIENCE_S,
        work: Work | None = None,
    ) -> None:
        """setup.rules: folders that the workers have under the same names.

        scheduler: its address; None takes DASK_SCHEDULER_ADDRESS. seconds: that one ticket may take. parts: a
        folder or an address that workers and this machine both see: workers write their results there as
        Parquet and send only their names; None sends the results themselves. chunk: tickets in one task; None
        is 1, and 16 with parts, so that there are not as many files as tickets. in_flight: most tasks out at
        a time; None follows the number of workers. patience: seconds to wait for the scheduler and a first
        worker. work: does tasks on a worker, from a module that the workers have; None does each ticket in a
        process of its own.
        """
        self._setup, self._seconds, self._parts = setup, seconds, parts
        self._chunk = chunk or (1 if parts is None else 16)
        self._in_flight, self._work = in_flight, work or in_processes
        self._stopped = threading.Event()
        self._client = _connect(scheduler, patience)
        self._out: dict[Any, tuple[Task, ...]] = {}
        self._ready = _dask().as_completed(loop=self._client.loop)
        self._run = uuid.uuid4().hex[:12]
        self._number = 0

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        """Takes back what is out, and lets the scheduler go on without us."""
        # The scheduler may be gone; nothing is owed to it.
        with contextlib.suppress(Exception, asyncio.CancelledError):
            self._client.cancel(list(self._out))
        with contextlib.suppress(Exception, asyncio.CancelledError):
            self._client.close()

    def stop(self) -> None:
        """Take no further tasks; `run` ends when those in hand are done. Safe in a signal handler."""
        self._stopped.set()

    @property
    def processes(self) -> int:
        """Threads of the workers: how many tickets are worked on at a time."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except _LOST as error:
            raise _gone() from error
        return sum(threads.values())

    def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
        """What becomes of the tasks, as it comes. An empty list now and then lets the caller look around.

        Never raises for a ticket: one that cannot be worked on is an entry `failed` with a reason. Raises
        HangupError when the scheduler is lost or the parts cannot be read: what came before stands.
        """
        waiting = _chunks(tasks, self._chunk)
        most = self._in_flight or self._room()
        self._fill(waiting, most)
        done = 0
        while self._out:
            found = self._next()
            if found is None:
                self._lost()
                yield []
                continue
            group = self._out.pop(found)
            replies, again = self._collect(found, group)
            found.release()
            for task in again:  # one of them takes workers with it: which one shows when they go alone
                self._send((task,))
            done += 1
            if self._in_flight is None and done % _RECOUNT == 0:
                most = self._room()
            self._fill(waiting, most)  # before anybody takes their time over the results
            yield replies

    def _fill(self, waiting: Iterator[tuple[Task, ...]], most: int) -> None:
        while not self._stopped.is_set() and len(self._out) < most:
            group = next(waiting, None)
            if group is None:
                return
            self._send(group)

    def _send(self, group: tuple[Task, ...]) -> None:
        self._number += 1
        try:
            found = self._client.submit(
                _on_worker, msgspec.msgpack.encode(group), self._setup, self._seconds, self._parts, self._work,
                key=f"hangup-{self._run}-{self._number}", pure=False,
            )  # fmt: skip
        except _LOST as error:
            raise _gone() from error
        self._out[found] = group
        self._ready.add(found)

    def _next(self) -> Any:
        """A finished task; None when a moment has passed without one."""
        until = time.monotonic() + _POLL_S
        while not self._ready.has_ready():
            if time.monotonic() > until:
                return None
            time.sleep(_LOOK_S)
        return next(self._ready)

    def _lost(self) -> None:
        if self._client.status in ("closed", "closing"):
            raise _gone()

    def _collect(self, found: Any, group: tuple[Task, ...]) -> tuple[list[Reply], Sequence[Task]]:
        """What a finished task gave, and the tasks to send again one by one."""
        if found.status == "finished":
            try:
                given = found.result()
            except _LOST as error:
                raise _gone() from error
            if isinstance(given, str):
                return read_part(self._parts or "", given), ()
            return msgspec.msgpack.decode(given, type=list[Reply]), ()
        if found.status == "error":
            raised = found.exception()
            if isinstance(raised, HangupError):
                raise raised
            if len(group) > 1:
                return [], group
            died = isinstance(raised, _dask().KilledWorker)
            return [
                self._given_up(
                    group[0], _DIED if died else f"the work on it ended with {type(raised).__name__}"
                )
            ], ()
        raise _gone()

    def _given_up(self, task: Task, reason: str) -> Reply:
        setup = self._setup
        made = entry(
            task.ticket, failed(task.ticket.id, reason),
            source=task.source, reading=setup.reading, ruleset=setup.ruleset,
        )  # fmt: skip
        return Reply(ticket=task.ticket.id, entry=made)

    def _room(self) -> int:
        return max(2, _PER_THREAD * self.processes)


def _gone() -> HangupError:
    return HangupError(
        "the scheduler was lost or has dropped the work",
        help="run the same command again: it goes on where it was",
    )


def _chunks(tasks: Iterable[Task], size: int) -> Iterator[tuple[Task, ...]]:
    group: list[Task] = []
    for task in tasks:
        group.append(task)
        if len(group) >= size:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


# ---------------------------------------------------------------------------------- the connection


def _dask() -> Any:
    """Dask's distributed, which has hardly any types, loaded only where there is a cluster."""
    return import_module("distributed")


def _connect(scheduler: str | None, patience: float) -> Any:
    try:
        client_of = _dask().Client
    except ImportError as error:
        raise UsageError(
            "a scheduler needs Dask, which is not installed", help="pip install 'hangup[distributed]'"
        ) from error
    place = scheduler_address(scheduler)
    if place is None:
        raise UsageError("no scheduler is named", help=f"--scheduler tcp://HOST:8786, or set {VARIABLE}")
    try:
        client = client_of(place, timeout=patience, set_as_default=False, name="hangup")
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            "no Dask scheduler answers", where=place, help="start one with: dask scheduler"
        ) from error
    try:
        _check_workers(client, place, patience)
    except BaseException:
        client.close()
        raise
    return client


def _check_workers(client: Any, place: str, patience: float) -> None:
    """Every worker has this version: others would judge by other rules."""
    own = _versions()
    try:
        client.wait_for_workers(1, timeout=patience)
    except (TimeoutError, OSError) as error:
        raise UsageError(
            "the scheduler has no worker",
            where=place,
            help=f"start one with: dask worker {place} --nthreads 1",
        ) from error
    try:
        found: dict[str, tuple[str, str]] = client.run(_versions)
    except Exception as error:
        raise UsageError(
            "the workers cannot run hangup", where=place, expected=f"hangup {own[0]} installed on each worker"
        ) from error
    for other in found.values():
        if tuple(other) != own:
            raise UsageError(
                f"a worker has another hangup ({other[0]}) than this one ({own[0]})", where=place,
                help="install the same on all: verdicts of different versions do not mix",
            )  # fmt: skip


def _versions() -> tuple[str, str]:
    """The version by name and by content."""
    import analyzer
    from analyzer.batch.versions import reading_version

    return analyzer.__version__, reading_version()


# ---------------------------------------------------------------------------------- on the worker


def _on_worker(
    packed: bytes, setup: Setup, seconds: float | None, parts: str | None, work: Work
) -> bytes | str:
    """The work on a few tickets. The name of the part where the replies went, or they themselves."""
    tasks = msgspec.msgpack.decode(packed, type=list[Task])
    replies = work(tasks, setup, seconds)
    if parts is None:
        return msgspec.msgpack.encode(replies)
    name = part_name([task.ticket.id for task in tasks])
    write_part(replies, parts, name)
    return name


_held = threading.local()


def in_processes(tasks: Sequence[Task], setup: Setup, seconds: float | None) -> list[Reply]:
    """Each ticket in a process of its own that outlives it; a ticket with a large log goes to all workers."""
    replies: list[Reply] = []
    small: list[Task] = []
    for task in tasks:
        if task.stored is None and has_large_log(task.ticket):
            replies.append(spread(task, setup))
        else:
            small.append(task)
    for found in _pool(setup, seconds).run(small):
        replies += found
    return replies


def _pool(setup: Setup, seconds: float | None) -> Pool:
    """The process of this thread of the worker, warm since its first ticket."""
    key = (msgspec.msgpack.encode(setup), seconds)
    if getattr(_held, "key", None) != key:
        if (old := getattr(_held, "pool", None)) is not None:
            old.__exit__()
        _held.pool, _held.key = Pool(setup, 1, seconds), key
        atexit.register(_held.pool.__exit__)
    pool: Pool = _held.pool
    return pool
