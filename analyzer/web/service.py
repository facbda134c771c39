"""What the API and the pages share: one object with everything, and the way of an upload."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from analyzer.store import Store, StoreError, content_hash, result_key, ruleset_version
from analyzer.web.config import Settings
from analyzer.web.guard import client_of
from analyzer.web.jobs import MIGRATIONS, Job, Jobs, new_id
from analyzer.web.metrics import Metrics
from analyzer.web.problems import Problem
from analyzer.web.progress import Hub, Snapshot
from analyzer.web.run import Supervisor
from analyzer.web.spool import Spool, disk_full
from analyzer.web.upload import Upload, drain, listing, receive

if TYPE_CHECKING:
    from starlette.requests import Request

_SHORTEST: Final = timedelta(minutes=5)


class Service:
    """Everything that lives as long as the service does. Use from one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.hub = Hub()
        self.store = Store(settings.data / "reports.duckdb", {"web": MIGRATIONS})
        self.jobs = Jobs(self.store)
        self.spool = Spool(settings.data / "spool", settings.max_spool)
        self.ruleset = ruleset_version(settings.rules)
        self.supervisor = Supervisor(settings, self.jobs, self.spool, self.hub, self.metrics, self.ruleset)
        self.listening: Counter[str] = Counter()
        self._arriving = 0

    async def start(self) -> None:
        """Begin to work."""
        await self.supervisor.start()

    async def stop(self) -> None:
        """Finish what runs and let go of the files."""
        self.hub.stop()
        await self.supervisor.stop()
        await asyncio.to_thread(self.store.close)

    # ------------------------------------------------------------------ uploads

    async def accept(self, request: Request) -> Job:
        """The body of a request → a queued report. Raises Problem; ClientDisconnect when the client left."""
        id = new_id()
        kept = False
        self._arriving += 1
        try:
            await self._room()
            keep = self._keep(request.query_params.get("keep"))
            self.spool.draft(id)
            upload = await receive(request, id, self.spool, self.settings)
            if "keep" in upload.fields:
                keep = self._keep(upload.fields["keep"])
            try:
                job = await self._queue(id, upload, keep)
            except (StoreError, OSError) as error:
                if not getattr(error, "full", False) and getattr(error, "errno", None) != errno.ENOSPC:
                    raise
                raise disk_full() from error
            kept = job.state == "queued"
        except Problem as problem:
            self.metrics.count("uploads_refused")
            if problem.kind.name != "upload-too-slow":
                await drain(request)
            raise
        except ClientDisconnect:
            self.metrics.count("uploads_cancelled")
            raise
        finally:
            self._arriving -= 1
            if not kept:
                await asyncio.shield(asyncio.to_thread(self.spool.remove, id))
        self.metrics.count("uploads_accepted")
        self.metrics.count("upload_bytes", upload.size)
        return job

    async def _room(self) -> None:
        if self._arriving > self.settings.max_uploads_at_once:
            raise Problem(
                "service-busy", "too many uploads are arriving at this moment", headers={"Retry-After": "5"}
            )
        counts = await asyncio.to_thread(self.jobs.counts)
        if counts.get("queued", 0) >= self.settings.max_queued:
            raise Problem("service-busy", "too many captures wait to be read", headers={"Retry-After": "60"})

    def _keep(self, given: str | None) -> timedelta:
        most = timedelta(seconds=self.settings.keep_seconds)
        if given is None or given == "":
            return most
        units = {"m": "minutes", "h": "hours", "d": "days"}
        number, unit = given[:-1], given[-1:]
        if not (number.isascii() and number.isdecimal() and len(number) < 5 and unit in units):
            raise Problem("invalid-parameter", "keep is a number of minutes, hours or days: 30m, 12h, 7d")
        return max(_SHORTEST, min(most, timedelta(**{units[unit]: int(number)})))

    async def _queue(self, id: str, upload: Upload, keep: timedelta) -> Job:
        content = content_hash((file.name, file.sha256) for file in upload.files)
        key = result_key(content, self.ruleset)
        known = await asyncio.to_thread(self.jobs.known, key)
        if not known:
            await asyncio.to_thread(self.spool.keep, id)
            self.hub.tell(id, Snapshot("queued"))
        job = await asyncio.to_thread(
            lambda: self.jobs.add(
                id, files=listing(upload), content=content, ruleset=self.ruleset, result=key, keep=keep,
                done=known,
            )
        )  # fmt: skip
        if known:
            self.metrics.count("uploads_known")
        else:
            self.supervisor.wake()
        return job

    # ------------------------------------------------------------------ reports

    async def find(self, id: str) -> Job:
        """The report. Raises Problem, the same for every id that leads nowhere."""
        job = await asyncio.to_thread(self.jobs.get, id)
        if job is None:
            raise Problem("not-found", "there is no report here: the address is wrong, or it was deleted")
        return job

    async def document(self, job: Job, kind: str) -> bytes:
        """A document of a finished report. Raises Problem when it has gone meanwhile."""
        data = await asyncio.to_thread(self.jobs.document, job, kind)
        if data is None:
            raise Problem("not-found", "there is no report here: the address is wrong, or it was deleted")
        return data

    async def delete(self, id: str) -> None:
        """Forget a report and everything that belongs to it. Raises Problem as `find` does."""
        if not await asyncio.to_thread(self.jobs.delete, id):
            raise Problem("not-found", "there is no report here: the address is wrong, or it was deleted")
        await self.supervisor.cancel(id)
        self.metrics.count("reports_deleted")

    async def snapshot(self, job: Job) -> Snapshot:
        """What is going on with a report at this moment."""
        if job.state in ("done", "failed"):
            return Snapshot(job.state)
        if job.state == "queued":
            return Snapshot("queued", ahead=await asyncio.to_thread(self.jobs.position, job))
        return self.hub.latest(job.id) or Snapshot("running", "starting")

    async def compare(self, before: str, after: str) -> dict[str, bytes]:
        """Documents about two finished reports: fragment, json, markdown. Raises Problem."""
        jobs = [await self.find(id) for id in (before, after)]
        for job in jobs:
            if job.state == "failed":
                raise Problem("not-comparable", "one of them has no report: its capture could not be read")
            if job.state != "done":
                raise Problem(
                    "not-comparable", "one of them is not finished yet", help="try again in a moment"
                )
        stored = [await self.document(job, "report") for job in jobs]
        found = await self.supervisor.compare(new_id(), *stored)
        if found is None:
            raise Problem("not-comparable", "comparing these two takes more than it may")
        return found

    def listen(self, id: str) -> AsyncIterator[Snapshot | None]:
        """What happens to a report, from now on; None in every silence of `heartbeat_seconds`."""

        async def ask() -> Snapshot:
            job = await asyncio.to_thread(self.jobs.get, id)
            return Snapshot("gone") if job is None else await self.snapshot(job)

        return self.hub.listen(id, ask, self.settings.heartbeat_seconds)

    async def wait(self, job: Job, seconds: float) -> Job:
        """The report once it is finished, or as it is after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for _ in self.listen(job.id):
                    pass
        return await self.find(job.id)

    def may_listen(self, request: Request) -> str:
        """Count a stream of events for its client. Raises Problem when it has too many."""
        client = client_of(request.scope)
        if self.listening[client] >= self.settings.streams_at_once:
            raise Problem(
                "too-many-requests", "this client listens to too many reports", headers={"Retry-After": "10"}
            )
        self.listening[client] += 1
        return client

    def gauges(self, counts: dict[str, int]) -> dict[str, float]:
        """Values of this moment for /metrics."""
        return {
            "uploads_arriving": self._arriving,
            "analyses_running": self.supervisor.running,
            "spool_bytes": self.spool.taken,
            "listeners": sum(self.listening.values()),
            **{f"reports_{state}": counts.get(state, 0) for state in ("queued", "running", "done", "failed")},
        }
