"""Safari: the export of WebKit's Web Inspector.

- `response._error` is there only when the load failed, and is the system's localized text.
- Only finished resources are exported. Duplicate headers are merged into one line.
- `_fetchType` says who answered: the network, a cache, or a service worker.
"""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import Dialect, Times, setup_reused
from analyzer.intake.shape import Entry


class Safari(Dialect):
    """Safari and other WebKit browsers."""

    name: ClassVar[str] = "safari"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True

    def from_cache(self, entry: Entry) -> bool | None:
        kind = values.text(entry.fetch_type)
        return kind.endswith("Cache") if kind else None

    def via_service_worker(self, entry: Entry) -> bool | None:
        kind = values.text(entry.fetch_type)
        return kind == "Service Worker" if kind else None

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        return values.text(entry.connection)

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        return setup_reused(entry, times) if values.text(entry.connection) else None

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True
