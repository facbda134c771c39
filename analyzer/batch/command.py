"""What `hangup batch` does once its arguments are known: tickets in, a store and a folder of results out.

Interrupting is safe at any moment. The first Ctrl-C lets tickets in hand finish; what was counted is stored.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.errors import HangupError, UsageError

if TYPE_CHECKING:
    from analyzer.batch.ledger import Ledger
    from analyzer.batch.model import Ticket
    from analyzer.batch.place import Written
    from analyzer.batch.progress import Display
    from analyzer.batch.run import Progress, Workers
    from analyzer.batch.worker import Setup

STORE: Final = "hangup.duckdb"  # in the folder of results
INTERRUPTED: Final = 130
_MB: Final = 1_000_000
_FULL: Final = 74  # EX_IOERR: what was asked for could not be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The arguments of `hangup batch`; None is the default that the command line documents."""

    what: Sequence[str]
    output: Path
    store: Path | None = None
    rules: Sequence[Path] = ()
    stream_path: Sequence[str] = ()
    log_format: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    parts: str | None = None
    time_limit: float = 300.0
    memory_limit: int = 2000
    retention: float | None = None
    manifest: str | None = None
    layout: str | None = None
    fetch: Sequence[str] = ()
    xlsx: bool = False
    quiet: bool = False
    fail_on: str = "never"


def batch(given: Batch) -> int:
    """Run it. Returns the exit code: 0; 1 when something broke and `fail_on` says so; 3 when no ticket could be
    read; 130 when it was interrupted. Raises HangupError for what is no ticket's fault.
    """
    from analyzer.batch.ledger import Ledger
    from analyzer.batch.progress import display
    from analyzer.batch.sources import find_tickets

    setup = _setup(given)
    store = given.store or given.output / STORE
    with ExitStack() as stack:
        show = stack.enter_context(display(quiet=given.quiet))

        def tickets(tell: Callable[[str], None]) -> Iterator[Ticket]:
            found = find_tickets(
                given.what, layout=given.layout, manifest=given.manifest, fetch=given.fetch, tell=tell
            )
            return _without_results(found, given.output, store)

        found = tickets(show.note)  # wrong arguments are told before anything is made
        ledger = stack.enter_context(Ledger(store))
        if given.retention is not None:
            gone = len(ledger.retain(given.retention))
            if gone:
                what = "1 ticket" if gone == 1 else f"{gone:,} tickets"
                show.note(f"forgot {what} older than {given.retention:g} days")
        show.counter = _Counter(lambda: tickets(_nothing)).start if not given.quiet else None
        progress = _work(given, ledger, setup, found, show)
        if progress.stopped:
            show.note(
                f"stopped: {progress.done:,} tickets are done and stored; the same command goes on from there"
            )
            return INTERRUPTED
        return _deliver(given, ledger, progress, show)


def _setup(given: Batch) -> Setup:
    from analyzer.batch.ticket import prepared
    from analyzer.batch.versions import judging_version, reading_version
    from analyzer.batch.worker import Setup

    rules = [str(Path(path).resolve()) for path in given.rules]
    setup = Setup(
        rules=rules,
        stream_paths=list(given.stream_path),
        log_format=given.log_format,
        reading=reading_version(given.stream_path, given.log_format),
        ruleset=judging_version([Path(path) for path in rules]),
        memory=given.memory_limit * _MB if given.memory_limit else None,
    )
    if rules:
        prepared(setup.options)  # rules that are wrong are complained about once, and here
    if given.log_format is not None:
        from analyzer.intake.logs.custom import compile_user_format

        compile_user_format(given.log_format)
    return setup


def _work(given: Batch, ledger: Ledger, setup: Setup, tickets: Iterator[Ticket], show: Display) -> Progress:
    from analyzer.batch.run import run
    from analyzer.store import StoreError

    limits = f"{given.time_limit:g} s, {given.memory_limit} MB"
    with _workers(given, setup) as workers, _interruptible(workers, show):
        try:
            return run(
                ledger, tickets, workers, setup, retention=given.retention, limits=limits, tell=show.progress
            )
        except StoreError as error:
            what = HangupError(
                error.message, where=given.store or given.output / STORE,
                help=f"{error.help or 'see that the file can be written'}, and run the same command again:"
                " it goes on where it was",
            )  # fmt: skip
            what.exit_code = _FULL
            raise what from error


@contextmanager
def _workers(given: Batch, setup: Setup) -> Iterator[Workers]:
    if given.scheduler is not None:
        from analyzer.batch.cluster import Cluster

        with Cluster(setup, given.scheduler, seconds=given.time_limit or None, parts=given.parts) as cluster:
            yield cluster
        return
    from analyzer.batch.pool import Pool

    jobs = given.jobs or len(
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    with Pool(setup, jobs, given.time_limit or None) as pool:
        yield pool


@contextmanager
def _interruptible(workers: Workers, show: Display) -> Iterator[None]:
    """The first Ctrl-C lets what is in hand finish, the second stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def on_signal(number: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        workers.stop()
        show.note("finishing the tickets in hand; press Ctrl-C again to stop at once")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        show.note("stopped at once; the same command goes on from what is stored")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _deliver(given: Batch, ledger: Ledger, progress: Progress, show: Display) -> int:
    show.stage("writing the results")
    db = ledger.scope()
    try:
        written = _written(given, ledger, db, show)
        broken, unread = _counts(db, given.fail_on)
    finally:
        db.close()
    show.finish(progress, written.headline, given.output)
    if not progress.states["done"] and progress.states.total():
        return 3
    if broken:
        return 1
    return 3 if unread and given.fail_on != "never" else 0


def _written(given: Batch, ledger: Ledger, db: Any, show: Display) -> Written:
    """The results in their folder. The database begins with little memory and is given more if that is not enough."""
    import duckdb

    import analyzer
    from analyzer.batch.ledger import QUESTION_MEMORY
    from analyzer.batch.output import write_batch

    for memory in QUESTION_MEMORY:
        ledger.allow(memory)
        try:
            return write_batch(
                given.output,
                db,
                ledger.document,
                version=analyzer.__version__,
                xlsx=given.xlsx,
                tell=show.written,
            )
        except duckdb.OutOfMemoryException as error:
            lacking = error
        except duckdb.IOException as error:
            raise _not_kept("the database has no room for its work", given.output) from error
    raise _not_kept("there is not enough memory to put the results together", given.output) from lacking


def _not_kept(message: str, where: Path) -> HangupError:
    what = HangupError(
        message, where=where, help="every ticket is stored: make room and run the same command again"
    )
    what.exit_code = _FULL
    return what


def _counts(db: Any, fail_on: str) -> tuple[bool, bool]:
    """Whether something broke that counts, and whether something could not be read."""
    severities = {"failed": ("failed",), "degraded": ("failed", "degraded")}.get(fail_on, ())
    row = db.execute(
        "SELECT count(*) FILTER (list_contains(?::VARCHAR[], severity)), count(*) FILTER (state <> 'done') FROM tickets",
        [list(severities)],
    ).fetchone()
    return bool(row[0]), bool(row[1])


def _without_results(tickets: Iterator[Ticket], output: Path, store: Path) -> Iterator[Ticket]:
    """The tickets without what an earlier run left among them: `hangup batch .` writes below what it reads."""
    from msgspec.structs import replace

    results = output.absolute()
    files = {store.absolute(), store.absolute().with_name(f"{store.name}.wal")}

    def ours(url: str) -> bool:
        # Not resolved: a link in the queue to a capture elsewhere is the queue's.
        path = Path(os.path.normpath(Path(url).absolute()))
        return path in files or path.is_relative_to(results)

    for ticket in tickets:
        kept = tuple(
            attachment
            for attachment in ticket.attachments
            if "://" in attachment.url or not ours(attachment.url)
        )
        if len(kept) == len(ticket.attachments):
            yield ticket
        elif kept or ticket.problems:
            yield replace(ticket, attachments=kept)


def _nothing(_sentence: str) -> None:
    """It was said already."""


class _Counter:
    """Counts the tickets beside the work, so that a bar can say how much is left. A failure is no matter here."""

    def __init__(self, tickets: Callable[[], Iterator[Ticket]]) -> None:
        self._tickets = tickets
        self._total: int | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Callable[[], int | None]:
        """Begin; returns a function that gives the number once it is known."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._count, daemon=True)
            self._thread.start()
        return lambda: self._total

    def _count(self) -> None:
        try:
            self._total = sum(1 for _ in self._tickets())
        except (HangupError, OSError):
            self._total = None


__all__ = ["Batch", "UsageError", "batch"]
