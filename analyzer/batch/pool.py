"""Work on tickets in processes of this machine, each replaced when it ends, takes too long or grows too large.

A capture can hang a parser or eat all memory; then one worker goes, its ticket becomes a row with a reason,
and the next ticket gets a new worker.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from analyzer.batch.ledger import entry
from analyzer.batch.ticket import failed
from analyzer.batch.worker import HEAD, ROOM, Reply, Setup, Task
from analyzer.bounds import resident

_POLL_S: Final = 0.2
_TRIES: Final = 2  # for a worker that ends without saying why: somebody may have killed it
_AHEAD: Final = 2  # tasks for each worker: one that runs, one that waits
_START_S: Final = 60.0  # for a worker's own start
_MORE: Final = "allow them more with --memory-limit, or have fewer with --jobs"


class NotStarted(Exception):
    """A worker ended before it had a ticket, or was not ready in time."""


class Died(Exception):
    """A worker ended in the middle of a ticket. sure: another worker would end as well."""

    def __init__(self, reason: str, *, sure: bool) -> None:
        self.reason, self.sure = reason, sure
        super().__init__(reason)


class Pool:
    """Up to `jobs` workers, started when there is work. Use as a context manager, from one thread."""

    def __init__(self, setup: Setup, jobs: int, seconds: float | None) -> None:
        """seconds: that one ticket may take; None is no limit."""
        self._setup, self._jobs, self._seconds = setup, max(1, jobs), seconds
        self._room = Path(tempfile.mkdtemp(prefix=ROOM))
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._replies: queue.Queue[Reply] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._killed = threading.Event()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends all workers, whatever they are doing."""
        self._killed.set()
        for _thread in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self._room, ignore_errors=True)

    def stop(self) -> None:
        """Take no further tickets; `run` ends when those in hand are done. Safe in a signal handler."""
        self._stopped.set()

    @property
    def processes(self) -> int:
        """Workers that were asked for so far."""
        return len(self._threads)

    def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
        """What becomes of the tasks, as it comes: those that are ready together are one list.

        Tasks are taken only as workers come free. An empty list now and then lets the caller look around.
        """
        waiting = iter(tasks)
        out = 0
        exhausted = False
        while True:
            while not exhausted and not self._stopped.is_set() and out < self._jobs * _AHEAD:
                task = next(waiting, None)
                if task is None:
                    exhausted = True
                    break
                self._begin(out)
                self._tasks.put(task)
                out += 1
            if self._stopped.is_set():
                out -= self._take_back()
            if not out:
                return
            found = self._ready()
            out -= len(found)
            yield found

    def _begin(self, out: int) -> None:
        """One more worker, when all are busy and there may be more."""
        if out >= len(self._threads) and len(self._threads) < self._jobs:
            thread = threading.Thread(target=self._serve, args=(len(self._threads),), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _take_back(self) -> int:
        count = 0
        with contextlib.suppress(queue.Empty):
            while True:
                self._tasks.get_nowait()
                count += 1
        return count

    def _ready(self) -> list[Reply]:
        try:
            found = [self._replies.get(timeout=_POLL_S)]
        except queue.Empty:
            return []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._replies.get_nowait())
        return found

    # ------------------------------------------------------------------ one worker, in a thread

    def _serve(self, number: int) -> None:
        worker: _Process | None = None
        try:
            while not self._killed.is_set() and (task := self._tasks.get()) is not None:
                for left in range(_TRIES - 1, -1, -1):
                    try:
                        if worker is not None and not worker.alive:
                            worker.end()
                            worker = None
                        if worker is None:
                            worker = _Process(self._setup, self._room / str(number))
                        self._replies.put(worker.ask(task, self._seconds, self._killed))
                        break
                    except Died as death:
                        assert worker is not None
                        worker.end()
                        worker = None
                        if self._killed.is_set():
                            return
                        if death.sure or not left:
                            self._replies.put(self._given_up(task, death.reason))
                            break
                    except (NotStarted, OSError):
                        if worker is not None:
                            worker.end()
                            worker = None
                        if self._killed.is_set():
                            return
                        if not left:
                            self._replies.put(
                                Reply(
                                    ticket=task.ticket.id, error="the workers cannot be started", help=_MORE
                                )
                            )
        finally:
            if worker is not None:
                worker.end()

    def _given_up(self, task: Task, reason: str) -> Reply:
        setup = self._setup
        made = entry(
            task.ticket,
            failed(task.ticket.id, reason),
            source=task.source,
            reading=setup.reading,
            ruleset=setup.ruleset,
        )
        return Reply(ticket=task.ticket.id, entry=made)


class _Process:
    """A worker process with a temporary folder of its own, which goes with it."""

    def __init__(self, setup: Setup, room: Path) -> None:
        room.mkdir(mode=0o700, exist_ok=True)
        self._memory, self._room = setup.memory, room
        self._process = subprocess.Popen(
            [sys.executable, "-m", "analyzer.batch.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            env={**os.environ, "TMPDIR": str(room)}, start_new_session=True,
        )  # fmt: skip
        self._fresh = True
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        with contextlib.suppress(OSError):
            self._send(msgspec.msgpack.encode(setup))

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, task: Task, seconds: float | None, killed: threading.Event) -> Reply:
        """The worker's answer. Raises Died; the process is of no use then."""
        if self._fresh:  # its start is not its first ticket's fault
            try:
                self._answer(_START_S, f"no worker was ready within {_START_S:g} s", killed)
            except Died as death:
                raise NotStarted(death.reason) from death
            self._fresh = False
        try:
            self._send(msgspec.msgpack.encode(task))
        except OSError as error:
            raise self._death() from error
        late = "" if seconds is None else f"it took longer than the {seconds:g} s that it may take"
        return self._answer(seconds, late, killed)

    def _answer(self, most: float | None, late: str, killed: threading.Event) -> Reply:
        began = time.monotonic()
        while True:
            with contextlib.suppress(queue.Empty):
                data = self._answers.get(timeout=_POLL_S)
                if data is None:
                    raise self._death()
                return msgspec.msgpack.decode(data, type=Reply)
            if killed.is_set():
                raise Died("the run was stopped", sure=True)
            if most is not None and time.monotonic() - began > most:
                raise Died(late, sure=True)
            used = None if self._memory is None else resident(self._process.pid)
            if used is not None and self._memory is not None and used > self._memory:
                raise Died(self._too_large(), sure=True)

    def end(self) -> None:
        """Kill it and what it started, and remove what it left."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._process.poll() is None:
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._in, self._out):
            with contextlib.suppress(OSError):
                stream.close()
        shutil.rmtree(self._room, ignore_errors=True)

    def _send(self, data: bytes) -> None:
        view = memoryview(HEAD.pack(len(data)) + data)
        while view:
            view = view[os.write(self._in.fileno(), view) :]

    def _listen(self) -> None:
        """Answers, and None when there will be no more."""
        with contextlib.suppress(OSError, ValueError):
            while head := self._read(HEAD.size):
                answer = self._read(HEAD.unpack(head)[0])
                if answer is None:
                    break
                self._answers.put(answer)
        self._answers.put(None)

    def _read(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            piece = os.read(self._out.fileno(), min(size - len(data), 1 << 20))
            if not piece:
                return None
            data += piece
        return bytes(data)

    def _too_large(self) -> str:
        return f"it needs more than the {(self._memory or 0) // 1_000_000:,} MB of memory that it may take"

    def _death(self) -> Died:
        code = self._process.wait()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return Died(
                f"its worker was ended twice by {name}: it may need more memory than there is", sure=False
            )
        return Died("its worker ended twice without saying why", sure=False)
