"""chrome-har (browsertime, sitespeed.io, Puppeteer scripts) and WebPageTest: lab recorders.

- A failed request is removed from the file; only an aborted one stays, without a mark.
- `_chunks` has every piece of data as it arrived, in ms since the start of the page.
- `_initiator` is a URL, its type is beside it.
"""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import Dialect, Times, http_version, setup_reused
from analyzer.intake.shape import Entry


class ChromeHar(Dialect):
    """chrome-har and what is built on it."""

    name: ClassVar[str] = "chrome-har"
    chunks_since_page: ClassVar[bool] = True

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        return setup_reused(entry, times)

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return None


class WebPageTest(Dialect):
    """WebPageTest: dozens of fields of its own on the entry; a negative status is no response."""

    name: ClassVar[str] = "webpagetest"
    chunks_since_page: ClassVar[bool] = True

    def http_version(self, entry: Entry) -> str | None:
        own = values.text(entry.protocol)
        found = http_version(own) if own else None
        return found or super().http_version(entry)

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        socket = values.integer(entry.socket)
        return str(socket) if socket is not None and socket >= 0 else None

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        return setup_reused(entry, times)
