"""What workers of a cluster do in tests: they import it by name."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from analyzer.batch.ledger import entry
from analyzer.batch.model import TicketResult
from analyzer.batch.spread import spread
from analyzer.batch.worker import Reply, Setup, Task


def quick(tasks: Sequence[Task], setup: Setup, seconds: float | None) -> list[Reply]:
    """One stream per ticket, with as many bytes as its attachments have."""
    return [_quick(task, setup) for task in tasks]


def slow(tasks: Sequence[Task], setup: Setup, seconds: float | None) -> list[Reply]:
    """A while of work."""
    time.sleep(0.05 * len(tasks))
    return quick(tasks, setup, seconds)


def poisoned(tasks: Sequence[Task], setup: Setup, seconds: float | None) -> list[Reply]:
    """A ticket that takes its worker with it, and one that raises."""
    for task in tasks:
        if "poison" in task.ticket.tags:
            os._exit(1)
        if "bug" in task.ticket.tags:
            raise ZeroDivisionError
    return quick(tasks, setup, seconds)


def in_parts(tasks: Sequence[Task], setup: Setup, seconds: float | None) -> list[Reply]:
    """Every log in parts of a few kilobytes."""
    return [spread(task, setup, part_bytes=13_000) for task in tasks]


def _quick(task: Task, setup: Setup) -> Reply:
    ticket = task.ticket
    size = sum(Path(attachment.url).stat().st_size for attachment in ticket.attachments)
    stream = {
        "id": "s1",
        "cause": "completed",
        "body_bytes": size,
        "started_at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    result = TicketResult(ticket=ticket.id, state="done", streams=[stream])
    made = entry(ticket, result, source=task.source, reading=setup.reading, ruleset=setup.ruleset)
    return Reply(ticket=ticket.id, entry=made)
