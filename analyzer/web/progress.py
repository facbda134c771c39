"""What is going on with each waiting report, and who wants to hear of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

ENDS: Final = ("done", "failed", "gone")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment. state: queued, running, done, failed or gone.

    stage: starting, reading, decoding, judging, writing; None unless running. done and total: how
    far the stage is, in captures, streams or formats; None where that is not known. ahead: how many
    reports are before this one while it is queued.
    """

    state: str
    stage: str | None = None
    done: int | None = None
    total: int | None = None
    ahead: int | None = None

    def value(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "state": self.state,
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "ahead": self.ahead,
        }


class Hub:
    """The latest snapshot of every report that is not finished. For one event loop only."""

    def __init__(self) -> None:
        self._latest: dict[str, Snapshot] = {}
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._stopping = False

    def latest(self, id: str) -> Snapshot | None:
        """The last snapshot; None once the report is finished."""
        return self._latest.get(id)

    def tell(self, id: str, snapshot: Snapshot) -> None:
        """Something has changed. Slow listeners get the latest only."""
        self._latest[id] = snapshot
        for event in self._waiters.get(id, ()):
            event.set()
        if snapshot.state in ENDS and id not in self._waiters:
            self._latest.pop(id, None)

    def stop(self) -> None:
        """The service ends: every listener is let go."""
        self._stopping = True
        for events in self._waiters.values():
            for event in events:
                event.set()

    async def listen(
        self, id: str, ask: Callable[[], Awaitable[Snapshot]], every: float
    ) -> AsyncIterator[Snapshot | None]:
        """Snapshots as they come, the present one first; None when nothing has happened for `every` s.

        ask: the state as it is stored; it is asked after the listening has begun, so that no change
        falls in between, and again in every silence. Ends after the last snapshot, or when the
        service stops.
        """
        event = asyncio.Event()
        self._waiters.setdefault(id, set()).add(event)
        try:
            stored = await ask()
            current = stored if stored.state in ENDS else self._latest.get(id, stored)
            yield current
            while current.state not in ENDS and not self._stopping:
                try:
                    async with asyncio.timeout(every):
                        await event.wait()
                    event.clear()
                    now = self._latest.get(id, current)
                except TimeoutError:
                    now = await ask()
                    if now.state == current.state:
                        yield None
                        continue
                if now != current:
                    current = now
                    yield current
        finally:
            waiters = self._waiters[id]
            waiters.discard(event)
            if not waiters:
                del self._waiters[id]
                latest = self._latest.get(id)
                if latest is not None and latest.state in ENDS:
                    del self._latest[id]


def event(snapshot: Snapshot | None, retry_ms: int = 2000) -> bytes:
    """A server-sent event: `progress`, or the state's name for the last one; a comment for None."""
    if snapshot is None:
        return b": still here\n\n"
    name = snapshot.state if snapshot.state in ENDS else "progress"
    data = json.dumps(snapshot.value(), separators=(",", ":"))
    return f"event: {name}\nretry: {retry_ms}\ndata: {data}\n\n".encode()
