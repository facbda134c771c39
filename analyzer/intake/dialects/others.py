"""Exporters that differ from the generic one in a line or two each."""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import NO_FAILURE, Dialect, Failure, Times
from analyzer.intake.dialects.chrome import Chrome
from analyzer.intake.shape import Entry, is_set


class BrowserUp(Dialect):
    """BrowserMob and BrowserUp Proxy: `response._errorMessage`, only where there was no response."""

    name: ClassVar[str] = "browserup"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return not status


class Splash(Dialect):
    """Splash (Lookyloo): `_splash_processing_state` and `response.ok` say how far it got."""

    name: ClassVar[str] = "splash"

    def failure(self, entry: Entry) -> Failure:
        found = super().failure(entry)
        if found == NO_FAILURE and entry.response is not None and entry.response.ok is False:
            return Failure(None, "not ok")
        return found

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return entry.response is not None and type(entry.response.ok) is bool

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True if is_set(entry.splash_state) and entry.splash_state == "finished" else None


class Cypress(Chrome):
    """cypress-har-generator: shaped like DevTools, but failures are only logged, never exported."""

    name: ClassVar[str] = "cypress"

    @property
    def label(self) -> str:
        return self.name

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return None


class CaptureHar(Dialect):
    """capture-har (Node): `response._error` is an object with a message and a code."""

    name: ClassVar[str] = "capture-har"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True if values.duration(entry.time) is not None or self.failure(entry) != NO_FAILURE else None


class Insomnia(Dialect):
    """Insomnia: the whole of an exchange is in `wait`; when the first byte came is not known."""

    name: ClassVar[str] = "insomnia"

    def times(self, entry: Entry, status: int | None) -> Times:
        total = values.duration(entry.time) if is_set(entry.time) else None
        return Times(duration=total, active=total)

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True if status else None


class InternetExplorer(Dialect):
    """Internet Explorer 11 and the first Edge: no errors, and times to the tick of the system's clock."""

    name: ClassVar[str] = "internet-explorer"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False


class Firebug(Dialect):
    """Firebug with NetExport: no errors; a request that failed has status 0 or no response."""

    name: ClassVar[str] = "firebug"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False


class Proxyman(Dialect):
    """Proxyman's HAR: as HAR 1.2 has it, without errors. Its own session files are not documented."""

    name: ClassVar[str] = "proxyman"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return self.failure(entry) != NO_FAILURE or None
