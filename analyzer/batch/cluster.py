"""The work on tickets on a Dask cluster: the same function of one ticket, somewhere else.

Tickets go out, results come back; captures are read by the workers and go nowhere. Only so many tickets are
out at a time as keep the workers busy, so a million of them cost this process no more than a hundred. What a
worker was doing when it died is done by another; a ticket that takes worker after worker with it is given up.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Final

from analyzer.batch.model import Ticket, TicketResult
from analyzer.batch.parts import part_name, read_part, write_part
from analyzer.errors import HangupError, UsageError
from analyzer.options import Options

Work = Callable[[Ticket, Options], TicketResult]

VARIABLE: Final = "DASK_SCHEDULER_ADDRESS"
_PER_THREAD: Final = 2  # tasks out for each thread of the workers: one that runs, one that waits beside it
_RECOUNT: Final = 50  # results between two looks at how many workers there are
_PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class _Out:
    """What is on the cluster: tasks with their tickets."""

    tasks: dict[Any, tuple[Ticket, ...]] = field(default_factory=dict)


def run_on_cluster(
    tickets: Iterable[Ticket],
    options: Options,
    work: Work,
    *,
    scheduler: str | None = None,
    parts: str | None = None,
    chunk: int = 1,
    in_flight: int | None = None,
    patience: float = _PATIENCE_S,
) -> Iterator[TicketResult]:
    """The results of `work(ticket, options)` for all tickets, in the order in which they become ready.

    scheduler: its address; None takes DASK_SCHEDULER_ADDRESS. work: a function of a module that the workers
    have. parts: a folder or an address that workers and this machine both see: workers write their results
    there as Parquet and send only their names; None sends the results themselves. chunk: tickets in one task.
    in_flight: most tasks out at a time; None follows the number of workers. patience: seconds to wait for the
    scheduler and for a first worker.

    Never raises for a ticket: one that cannot be worked on is a result `failed` with a reason. Raises
    UsageError when there is no scheduler, no worker or another version of hangup on a worker, HangupError
    when the scheduler is lost or the parts cannot be read: what came before stands, and the rest can be
    asked for again.
    """
    client = _connect(scheduler, patience)
    return _run(client, tickets, replace(options, progress=None), work, parts, chunk, in_flight)


def scheduler_address(given: str | None = None) -> str | None:
    """The scheduler that was named: by argument or by DASK_SCHEDULER_ADDRESS; None without one."""
    return given or os.environ.get(VARIABLE) or None


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


def _dask() -> Any:
    """Dask's distributed, which has hardly any types, loaded only where there is a cluster."""
    return import_module("distributed")


def _check_workers(client: Any, place: str, patience: float) -> None:
    """Every worker has this version: others would judge by other rules."""
    from analyzer import __version__

    try:
        client.wait_for_workers(1, timeout=patience)
    except (TimeoutError, OSError) as error:
        raise UsageError(
            "the scheduler has no worker",
            where=place,
            help=f"start one with: dask worker {place} --nthreads 1",
        ) from error
    try:
        versions: dict[str, str] = client.run(_version)
    except Exception as error:
        raise UsageError(
            "the workers cannot run hangup",
            where=place,
            expected=f"hangup {__version__} installed on each worker",
        ) from error
    if other := next((found for found in versions.values() if found != __version__), None):
        raise UsageError(f"a worker has hangup {other}, and this is {__version__}", where=place)


def _version() -> str:
    from analyzer import __version__

    return __version__


def _run(
    client: Any,
    tickets: Iterable[Ticket],
    options: Options,
    work: Work,
    parts: str | None,
    chunk: int,
    in_flight: int | None,
) -> Iterator[TicketResult]:
    run = uuid.uuid4().hex[:12]
    number = 0
    out = _Out()
    ready = _dask().as_completed(loop=client.loop)
    waiting = _chunks(tickets, max(1, chunk))

    def send(group: tuple[Ticket, ...]) -> None:
        nonlocal number
        number += 1
        task = client.submit(_task, group, options, work, parts, key=f"hangup-{run}-{number}", pure=False)
        out.tasks[task] = group
        ready.add(task)

    def fill(most: int) -> None:
        while len(out.tasks) < most and (group := next(waiting, None)) is not None:
            send(group)

    try:
        most = in_flight or _room(client)
        fill(most)
        done = 0
        while out.tasks:
            task = next(ready)
            group = out.tasks.pop(task)
            found, again = _collect(task, group, parts)
            task.release()
            for ticket in again:  # one of them takes workers with it: which one shows when they go alone
                send((ticket,))
            done += 1
            if in_flight is None and done % _RECOUNT == 0:
                most = _room(client)
            fill(most)  # before anybody takes their time over the results
            yield from found
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone; nothing is owed to it
            client.cancel(list(out.tasks))
        client.close()


def _collect(
    task: Any, group: tuple[Ticket, ...], parts: str | None
) -> tuple[Iterable[TicketResult], Sequence[Ticket]]:
    """What a finished task gave, and the tickets to send again one by one."""
    if task.status == "finished":
        given = task.result()
        if isinstance(given, str):
            return read_part(parts or "", given), ()
        return given, ()
    if task.status == "error":
        error = task.exception()
        if isinstance(error, HangupError):
            raise error
        if len(group) > 1:
            return (), group
        if isinstance(error, _dask().KilledWorker):
            return [
                _failed(group[0], "every worker that took it died: it may need more memory than they have")
            ], ()
        return [_failed(group[0], f"the work on it ended with {type(error).__name__}")], ()
    raise HangupError(
        "the scheduler was lost or has dropped the work",
        help="run the same command again: it goes on where it was",
    )


def _failed(ticket: Ticket, reason: str) -> TicketResult:
    return TicketResult(ticket=ticket.id, state="failed", reason=reason)


def _room(client: Any) -> int:
    threads: dict[str, int] = client.nthreads()
    return max(2, _PER_THREAD * sum(threads.values()))


def _chunks(tickets: Iterable[Ticket], size: int) -> Iterator[tuple[Ticket, ...]]:
    group: list[Ticket] = []
    for ticket in tickets:
        group.append(ticket)
        if len(group) == size:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def _task(
    group: tuple[Ticket, ...], options: Options, work: Work, parts: str | None
) -> list[TicketResult] | str:
    """On the worker: the work on a few tickets. The name of the part where the results went, or they themselves."""
    results = [work(ticket, options) for ticket in group]
    if parts is None:
        return results
    name = part_name([ticket.id for ticket in group])
    write_part(results, parts, name)
    return name
