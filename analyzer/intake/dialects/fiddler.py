"""Fiddler Classic and Everywhere: no failures, only replies; a failed exchange gets one of Fiddler's own.

`connection` names both sides, `ClientPort:19719;EgressPort:19742`: the egress is the server's.
"""

from __future__ import annotations

import re
from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import Dialect, Times, plain_times
from analyzer.intake.shape import Entry

_EGRESS = re.compile(r"EgressPort:(\d{1,5})", re.I)


class Fiddler(Dialect):
    """Fiddler."""

    name: ClassVar[str] = "fiddler"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False

    def times(self, entry: Entry, status: int | None) -> Times:
        times = plain_times(entry)
        return times._replace(dns=times.dns or None, connect=times.connect or None, tls=times.tls or None)

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        found = _EGRESS.search(values.text(entry.connection) or "")
        return found[1] if found and found[1] != "0" else None
