"""The queue's end: takes reports, has them analysed by workers, keeps what they make."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from analyzer.store import Result, StoreError, result_key
from analyzer.web.config import Settings
from analyzer.web.jobs import MOST_STARTS, Job, Jobs
from analyzer.web.metrics import Metrics
from analyzer.web.problems import Failure
from analyzer.web.process import OverMemory, Worker, WorkerDied
from analyzer.web.progress import Hub, Snapshot
from analyzer.web.spool import Spool, size_of

DOCUMENTS: Final = ("fragment", "html", "json", "markdown", "report")
COMPARISON: Final = ("fragment", "json", "markdown")
_COMPARE_SECONDS: Final = 60.0
_EXPIRE_EVERY: Final = 30.0
_LOOK_AGAIN: Final = 5.0
_MOST_DEATHS: Final = 2
_log = logging.getLogger("hangup.serve")


class Supervisor:
    """Keeps `settings.workers` analyses going. Use from one event loop."""

    def __init__(
        self, settings: Settings, jobs: Jobs, spool: Spool, hub: Hub, metrics: Metrics, ruleset: str
    ) -> None:
        self._settings, self._jobs, self._spool, self._hub, self._metrics = (
            settings,
            jobs,
            spool,
            hub,
            metrics,
        )
        self._ruleset = ruleset
        self._wake = asyncio.Event()
        self._stopping = False
        self._loops: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._deaths: Counter[str] = Counter()
        self._comparing = asyncio.Semaphore(settings.workers)
        self._spare: asyncio.Task[Worker] | None = None

    async def start(self) -> None:
        """Take up what an earlier run left behind, and begin."""
        await asyncio.to_thread(self._recover)
        self._loops = [asyncio.create_task(self._work()) for _ in range(self._settings.workers)]
        self._loops.append(asyncio.create_task(self._expire()))
        self._prepare()

    def _recover(self) -> None:
        waiting = self._jobs.waiting()
        self._spool.sweep(job.id for job in waiting)
        for job in waiting:
            folder = self._spool.folder(job.id)
            if not folder.is_dir() or size_of(folder / "in") != job.size:
                self._jobs.fail(
                    job.id, Failure("analysis-failed", "the upload was lost when the service stopped")
                )
                self._spool.remove(job.id)
            elif job.state == "running" and job.attempts >= MOST_STARTS:
                self._jobs.fail(
                    job.id,
                    Failure("analysis-failed", f"the service stopped {MOST_STARTS} times while reading it"),
                )
                self._spool.remove(job.id)
            else:
                if job.state == "running":
                    self._jobs.requeue(job.id, uncounted=False)
                if job.ruleset != self._ruleset:
                    self._jobs.rekey(job.id, self._ruleset, result_key(job.content, self._ruleset))

    def wake(self) -> None:
        """There is something new in the queue."""
        self._wake.set()

    @property
    def running(self) -> int:
        """Analyses that are going on."""
        return len(self._running)

    async def stop(self) -> None:
        """Finish what runs, within `drain_seconds`; what has not begun stays queued for the next start."""
        self._stopping = True
        self._wake.set()
        self._loops.pop().cancel()
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=self._settings.drain_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._loops, return_exceptions=True)
        if self._spare is not None:
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await (await self._spare).end()

    async def cancel(self, id: str) -> None:
        """A report was deleted: end its analysis, if one is going on, and remove its upload."""
        task = self._running.get(id)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        await asyncio.to_thread(self._spool.remove, id)
        self._hub.tell(id, Snapshot("gone"))

    # ------------------------------------------------------------------ the loops

    async def _work(self) -> None:
        while not self._stopping:
            try:
                job = await asyncio.to_thread(self._jobs.claim)
            except StoreError as error:
                await self._trouble(error)
                continue
            if job is None:
                self._wake.clear()
                if not self._stopping:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_AGAIN):
                            await self._wake.wait()
                continue
            await self._see_through(job)

    async def _see_through(self, job: Job) -> None:
        task = asyncio.create_task(self._one(job))
        self._running[job.id] = task
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:  # the service stops and will not wait any longer
            task.cancel()
            await asyncio.wait([task])
            await asyncio.to_thread(self._jobs.requeue, job.id, uncounted=True)
            raise
        finally:
            self._running.pop(job.id, None)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        failure = Failure(
            "analysis-failed", "its outcome could not be stored", "there may be no room left on the disk"
        )
        while not self._stopping:  # or the next start takes it up again
            await self._trouble(error)
            try:
                await self._fail(job, failure)
            except StoreError as again:
                error = again
            else:
                return

    async def _trouble(self, error: BaseException) -> None:
        _log.error(
            "the work is interrupted: %s", error if isinstance(error, StoreError) else type(error).__name__
        )
        await asyncio.sleep(_LOOK_AGAIN)

    async def _expire(self) -> None:
        while True:
            try:
                for id in await asyncio.to_thread(self._jobs.expire):
                    await self.cancel(id)
                    self._metrics.count("reports_expired")
            except StoreError as error:
                _log.error("reports that are over cannot be deleted: %s", error)
            await asyncio.sleep(_EXPIRE_EVERY)

    # ------------------------------------------------------------------ one report

    async def _one(self, job: Job) -> None:
        self._hub.tell(job.id, Snapshot("running", "starting"))
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._settings.worker_seconds):
                outcome = await self._analyse(job)
        except TimeoutError:
            await self._fail(job, Failure(
                "capture-too-demanding",
                f"reading it took longer than the {self._settings.worker_seconds:g} s that it may take",
                "export only the failing request, or split the capture",
            ))  # fmt: skip
            return
        except OverMemory:
            await self._fail(job, self._too_large())
            return
        except WorkerDied as death:
            await self._died(job, death)
            return
        if "failed" in outcome:
            await self._fail(job, self._failure(outcome))
            return
        await self._keep(job, outcome["done"])
        self._metrics.observe(asyncio.get_running_loop().time() - started)

    async def _analyse(self, job: Job) -> dict[str, Any]:
        task = {
            "names": [file["name"] for file in job.files],
            "rules": [str(path.resolve()) for path in self._settings.rules],
        }

        def tell(stage: str, done: int, total: int | None) -> None:
            self._hub.tell(job.id, Snapshot("running", stage, done, total))

        return await self._run(task, self._spool.folder(job.id), tell)

    async def _run(
        self, task: dict[str, Any], folder: Path, tell: Callable[[str, int, int | None], None]
    ) -> dict[str, Any]:
        """Have a worker do a task in a folder; its outcome. Raises WorkerDied, OverMemory."""
        await asyncio.to_thread(_fresh, folder / "out")
        worker = await self._take()
        messages = worker.run({"folder": str(folder.resolve()), **task})
        try:
            async for message in messages:
                if "outcome" in message:
                    outcome: dict[str, Any] = message["outcome"]
                    return outcome
                tell(message["stage"], message["done"], message["total"])
        finally:
            await messages.aclose()  # type: ignore[attr-defined]
        raise WorkerDied(0)

    async def compare(self, id: str, before: bytes, after: bytes) -> dict[str, bytes] | None:
        """Documents about two stored reports: fragment, json, markdown. None if it takes too much.

        id: a new name for the folder in which it happens.
        """
        async with self._comparing:
            folder = self._spool.draft(id)
            try:
                await asyncio.to_thread((folder / "in" / "before").write_bytes, before)
                await asyncio.to_thread((folder / "in" / "after").write_bytes, after)
                async with asyncio.timeout(min(_COMPARE_SECONDS, self._settings.worker_seconds)):
                    outcome = await self._run({"compare": True}, folder, lambda stage, done, total: None)
                if "done" not in outcome:
                    _log.error("a comparison failed: %s", outcome.get("detail") or outcome.get("failed"))
                    return None
                return await asyncio.to_thread(_read_all, folder / "out", COMPARISON)
            except (TimeoutError, WorkerDied, OverMemory) as error:
                _log.error("a comparison failed: %s", type(error).__name__)
                return None
            finally:
                await asyncio.shield(asyncio.to_thread(self._spool.remove, id))

    async def _keep(self, job: Job, about: dict[str, Any]) -> None:
        out = self._spool.folder(job.id) / "out"
        documents = await asyncio.to_thread(_read_all, out, DOCUMENTS)
        result = Result(
            key=job.result, content=job.content, ruleset=job.ruleset, headline=about["headline"],
            severity=about["severity"], streams=about["streams"], failed=about["failed"],
            degraded=about["degraded"], stored_at=datetime.now(UTC),
        )  # fmt: skip
        kept = await asyncio.to_thread(self._jobs.finish, job.id, result, documents)
        await asyncio.to_thread(self._spool.remove, job.id)
        self._deaths.pop(job.id, None)
        if kept:
            self._metrics.count("reports_done")
            self._hub.tell(job.id, Snapshot("done"))

    async def _fail(self, job: Job, failure: Failure) -> None:
        await asyncio.to_thread(self._jobs.fail, job.id, failure)
        await asyncio.to_thread(self._spool.remove, job.id)
        self._deaths.pop(job.id, None)
        self._metrics.count("reports_failed")
        self._hub.tell(job.id, Snapshot("failed"))

    async def _died(self, job: Job, death: WorkerDied) -> None:
        """Killed from outside perhaps: once more, and no third time."""
        self._metrics.count("workers_died")
        self._deaths[job.id] += 1
        if death.code == -getattr(signal, "SIGXCPU", 0):
            await self._fail(job, Failure("capture-too-demanding", "reading it took too much processor time"))
        elif self._deaths[job.id] < _MOST_DEATHS:
            _log.warning("a worker ended unexpectedly (%s); its report is tried once more", death.code)
            await asyncio.to_thread(self._jobs.requeue, job.id, uncounted=False)
            self._hub.tell(job.id, Snapshot("queued", ahead=0))
            self._wake.set()
        else:
            await self._fail(job, Failure(
                "analysis-failed", "the process that read it ended twice without saying why",
                "it may need more memory than there is: export only the failing request",
            ))  # fmt: skip

    def _failure(self, outcome: dict[str, Any]) -> Failure:
        kind = outcome["failed"]
        if kind == "memory":
            return self._too_large()
        if kind == "capture":
            where = f"{outcome['where']}: " if outcome.get("where") else ""
            return Failure("unreadable-capture", f"{where}{outcome['detail']}", outcome.get("help"))
        _log.error("an analysis failed: %s", outcome.get("detail"))
        return Failure("analysis-failed", f"a mistake of hangup's own: {outcome.get('detail')}")

    def _too_large(self) -> Failure:
        most = self._settings.worker_memory // 1_000_000
        return Failure(
            "capture-too-demanding", f"reading it took more than the {most:,} MB of memory that it may take",
            "export only the failing request, or split the capture",
        )  # fmt: skip

    # ------------------------------------------------------------------ a worker in reserve

    def _prepare(self) -> None:
        if self._spare is None and not self._stopping:
            self._spare = asyncio.create_task(Worker.start(self._settings))

    async def _take(self) -> Worker:
        spare, self._spare = self._spare, None
        worker = await spare if spare is not None else None
        self._prepare()
        if worker is not None and worker.alive:
            return worker
        return await Worker.start(self._settings)


def _read_all(folder: Path, kinds: Sequence[str]) -> dict[str, bytes]:
    return {kind: (folder / kind).read_bytes() for kind in kinds}


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
