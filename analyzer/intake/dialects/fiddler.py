"""Fiddler Classic and Everywhere: no failures, only replies.

A failed exchange gets a reply of Fiddler's own, a 502 or 504 whose text begins with `[Fiddler]`.
`connection` names both sides, `ClientPort:19719;EgressPort:19742`: the egress is the server's.
A session archive (SAZ) has more than the HAR: the body as on the wire, and a mark for what was given up.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from analyzer.intake import values
from analyzer.intake.bodies import string
from analyzer.intake.dialects.base import NO_FAILURE, Dialect, Failure, Times, plain_times
from analyzer.intake.shape import Entry, is_set
from analyzer.patterns import later

_EGRESS = later(r"EgressPort:(\d{1,5})", re.I)


# Fiddler's own sentences, by the part that no other has.
_SENTENCES: Final = (
    ("dns lookup", "net::ERR_NAME_NOT_RESOLVED"),
    ("connectionrefused", "net::ERR_CONNECTION_REFUSED"),
    ("timedout", "net::ERR_CONNECTION_TIMED_OUT"),
    ("server returned 0 bytes", "net::ERR_EMPTY_RESPONSE"),
    ("connection to", "net::ERR_CONNECTION_FAILED"),
)


class Fiddler(Dialect):
    """Fiddler."""

    name: ClassVar[str] = "fiddler"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False

    def status(self, entry: Entry) -> int | None:
        """Nobody but Fiddler sent the 502 or 504 of its own reply: no answer came."""
        return 0 if _own_reply(entry) else super().status(entry)

    def failure(self, entry: Entry) -> Failure:
        found = super().failure(entry)
        if found != NO_FAILURE or not _own_reply(entry):
            return found
        content = entry.response.content if entry.response is not None else None
        words = ((string(content.text) if content is not None else None) or "")[:2000]
        name = next((name for part, name in _SENTENCES if part in words.lower()), None)
        return Failure(name, None if name else words.partition("<")[0][:300])

    def times(self, entry: Entry, status: int | None) -> Times:
        times = plain_times(entry)
        return times._replace(dns=times.dns or None, connect=times.connect or None, tls=times.tls or None)

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        found = _EGRESS.search(values.text(entry.connection) or "")
        return found[1] if found and found[1] != "0" else None


def _own_reply(entry: Entry) -> bool:
    """Whether Fiddler wrote the reply itself, because it got none."""
    content = entry.response.content if entry.response is not None else None
    return content is not None and bytes(memoryview(content.text)[1:10]) == b"[Fiddler]"


class FiddlerArchive(Fiddler):
    """A session archive, as `intake.saz` restates it."""

    name: ClassVar[str] = "fiddler-saz"

    def place(self, entry: Entry, position: int) -> str:
        number = values.integer(entry.saz_session)
        return super().place(entry, position) if number is None else f"raw/{number}_s.txt"

    def times(self, entry: Entry, status: int | None) -> Times:
        times = super().times(entry, status)
        return times._replace(duration=None, active=None) if entry.time == -1 else times

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return self.failure(entry) != NO_FAILURE or (
            entry.response is not None and entry.response.whole_known is True
        )

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        if self.failure(entry) != NO_FAILURE:
            return True
        return False if entry.time == -1 else True if is_set(entry.time) else None
