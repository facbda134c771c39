"""Charles: `_charlesStatus` is COMPLETE, or the exchange failed, whatever its status says.

Where it gets no answer it writes one itself: a 503 with a page that is called an error report.
"""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake.bodies import string
from analyzer.intake.dialects.base import Dialect, Failure
from analyzer.intake.dialects.failures import net_name
from analyzer.intake.shape import Entry

_REPORT = b"Charles Error Report"


class Charles(Dialect):
    """Charles Proxy."""

    name: ClassVar[str] = "charles"

    def status(self, entry: Entry) -> int | None:
        """Nobody but Charles sent the status of its own report: no answer came."""
        return 0 if _own_report(entry) else super().status(entry)

    def failure(self, entry: Entry) -> Failure:
        words = _own_report(entry)
        if not words:
            return super().failure(entry)
        name = net_name(words)
        return Failure(name, None if name else _REPORT.decode())

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return entry.response is not None and entry.response.charles_status is not None

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True if entry.response is not None and entry.response.charles_status else None


def _own_report(entry: Entry) -> str | None:
    """The text of a report that Charles wrote in place of an answer; None where it is none."""
    content = entry.response.content if entry.response is not None else None
    if content is None or _REPORT not in bytes(memoryview(content.text)[:2000]):
        return None
    return string(content.text)
