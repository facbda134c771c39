"""A worker process, seen from the service: started, bounded, listened to, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from analyzer.bounds import resident
from analyzer.web.config import Settings

_POLL_SECONDS: Final = 0.25
_LONGEST_LINE: Final = 1 << 16  # bytes of a message
_KEPT_ENVIRONMENT: Final = (
    "PATH", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "HOME",
    "HANGUP_CACHE", "XDG_CACHE_HOME",
)  # fmt: skip


class WorkerDied(Exception):
    """The process ended without an outcome. code: as the system says it, negative for a signal."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"worker ended with {code}")


class OverMemory(Exception):
    """The process used more memory than it may, and was ended."""


class Worker:
    """One process, good for one task."""

    def __init__(
        self, process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport, memory: int
    ) -> None:
        self._process, self._transport, self._memory = process, transport, memory

    @classmethod
    async def start(cls, settings: Settings) -> Worker:
        """A process that warms up and waits. It inherits no token and no session of a terminal."""
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        loop = asyncio.get_running_loop()
        # As asyncio.create_subprocess_exec does it, which keeps the transport to itself: `end` needs it.
        transport, protocol = await loop.subprocess_exec(
            lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=_LONGEST_LINE, loop=loop),
            sys.executable, "-m", "analyzer.web.worker",
            str(settings.worker_memory), str(int(settings.worker_seconds) + 5),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=str(Path(settings.data)), env=environment, start_new_session=True,
        )  # fmt: skip
        process = asyncio.subprocess.Process(transport, protocol, loop)
        return cls(process, transport, settings.worker_memory)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it could take a task."""
        return self._process.returncode is None

    async def run(self, task: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Its messages, the last of which has `outcome`.

        Raises WorkerDied, OverMemory; and whatever cancels it. The process has ended afterwards.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        watch = asyncio.create_task(self._watch())
        try:
            try:
                self._process.stdin.write(json.dumps(task).encode() + b"\n")
                await self._process.stdin.drain()
                while line := await self._process.stdout.readline():
                    message: dict[str, Any] = json.loads(line)
                    yield message
                    if "outcome" in message:
                        return
            except (ConnectionError, ValueError):  # it has gone, in the middle of a line perhaps
                pass
            code = await self._process.wait()
            if watch.done() and watch.result():
                raise OverMemory
            raise WorkerDied(code)
        finally:
            watch.cancel()
            await self.end()

    async def end(self) -> None:
        """Kill it and whatever it started; returns when it has gone."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
        # Both pipes first: `wait` otherwise returns only when nobody at all holds their other ends any more.
        self._transport.close()
        await self._process.wait()

    async def _watch(self) -> bool:
        """Ends the process when it is too large; True then. A second line behind the system's limits."""
        while self._process.returncode is None:
            size = resident(self._process.pid)
            if size is not None and size > self._memory:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False
