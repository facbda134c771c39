"""Functions of one ticket for the tests of running them elsewhere: workers import them by name."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from analyzer.batch.model import Ticket, TicketResult
from analyzer.options import Options


def quick(ticket: Ticket, options: Options) -> TicketResult:
    """One stream, and as many bytes as the attachments have."""
    size = sum(Path(attachment.url).stat().st_size for attachment in ticket.attachments)
    stream = {
        "id": "s1",
        "cause": "completed",
        "body_bytes": size,
        "started_at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    return TicketResult(ticket=ticket.id, state="done", streams=[stream], headline=ticket.customer)


def slow(ticket: Ticket, options: Options) -> TicketResult:
    """A while of work, and a mark that it was begun."""
    with Path(ticket.customer or "", f"{ticket.id}.begun").open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.05)
    return quick(ticket, options)


def poisoned(ticket: Ticket, options: Options) -> TicketResult:
    """A ticket that takes its worker with it, and one that raises."""
    if "poison" in ticket.tags:
        os._exit(1)
    if "bug" in ticket.tags:
        raise ZeroDivisionError
    return quick(ticket, options)
