"""A worker process as the service holds it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from analyzer.web.process import Worker
from tests.web.harness import settings


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_worker_ends_though_somebody_else_still_holds_its_pipe(tmp_path: Path) -> None:
    """As a process does that was forked beside it at the wrong moment: its copy stays open after the kill."""

    async def end() -> None:
        worker = await Worker.start(settings(tmp_path))
        copies = [os.open(f"/proc/{worker.pid}/fd/1", os.O_WRONLY)]
        try:
            await asyncio.wait_for(worker.end(), 30)
        finally:
            for copy in copies:
                os.close(copy)
        assert not worker.alive

    asyncio.run(end())


def test_ending_a_worker_twice_is_no_mistake(tmp_path: Path) -> None:
    async def end() -> None:
        worker = await Worker.start(settings(tmp_path))
        await worker.end()
        await worker.end()
        assert not worker.alive

    asyncio.run(end())
