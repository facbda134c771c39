"""What every exporter is assumed to do unless its own module says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from msgspec import UNSET

from analyzer.columns import Exchange
from analyzer.intake import values
from analyzer.intake.dialects.failures import net_name
from analyzer.intake.shape import Entry, Request, Timings, is_set, present
from analyzer.intake.values import duration
from analyzer.moments import LONGEST_MS

_NO_TIMINGS = Timings()
_VERSIONS = {
    "0.9": None, "1.0": "1.0", "1.1": "1.1", "1": "1.1", "2": "2", "2.0": "2", "3": "3", "3.0": "3",
}  # fmt: skip


class Times(NamedTuple):
    """Phases of one exchange in ms; None where the recorder does not know or it did not happen."""

    duration: float | None = None
    blocked: float | None = None
    queued: float | None = None
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    send: float | None = None
    ttfb: float | None = None
    receive: float | None = None
    active: float | None = None


class Failure(NamedTuple):
    """net: a `net::ERR_…` or `NS_…` name. text: the exporter's words where they are no known name."""

    net: str | None = None
    text: str | None = None


NO_FAILURE = Failure()


class Dialect:
    """The generic exporter: HAR 1.2 as written, custom fields of the common kinds understood.

    One instance reads one capture; `entries` are all of it, for what only the whole can tell.
    """

    name: ClassVar[str] = "generic"
    # `_webSocketMessages[].time` in ms per unit: epoch seconds, except where Playwright wrote it.
    message_unit_ms: ClassVar[float] = 1000.0
    # An exporter that writes an empty body only when the body was empty.
    empty_body_is_true: ClassVar[bool] = False

    # `_chunks[].ts` counts from the start of the page.
    chunks_since_page: ClassVar[bool] = False

    def __init__(self, entries: Sequence[Entry]) -> None:
        pass

    @property
    def label(self) -> str:
        """The value of the column `dialect`."""
        return self.name

    def saw(self, sent: Mapping[str, str], received: Mapping[str, str]) -> None:
        """Told of every entry's headers, by name, as they are read."""

    def settle(self, rows: Iterable[Exchange]) -> None:
        """All entries are read: what only the headers of all of them tell is put right in their rows."""

    def place(self, entry: Entry, position: int) -> str:
        """Where the exchange stands in the file."""
        return f"$.log.entries[{position}]"

    # ---------------------------------------------------------------- response

    def status(self, entry: Entry) -> int | None:
        """The status code; 0 for "no response", None where nothing says so.

        Negative numbers (-1 Playwright, -2 WebPageTest) mean "no response" wherever they occur;
        1 to 99 (an early Safari) is no status at all.
        """
        code = entry.response.status if entry.response is not None else None
        if type(code) is not int:
            code = values.integer(code)
        if code is None or 0 < code < 100 or code > 999:
            return None
        return max(code, 0)

    def failure(self, entry: Entry) -> Failure:
        """The transport failure that the entry records."""
        response = entry.response
        if response is None:
            return self.named(entry.error) if is_set(entry.error) else NO_FAILURE
        for given in (response.error, response.failure_text, response.error_message):
            if is_set(given) and given is not None and given != "":
                return self.named(given)
        if response.charles_status is not None and response.charles_status != "COMPLETE":
            return Failure(None, response.charles_status)
        return NO_FAILURE

    def named(self, given: Any) -> Failure:
        """A failure in the exporter's words (text, or an object of message and code) as a net name."""
        if type(given) is dict:
            code, message = values.text(given.get("code")), values.text(given.get("message"))
            found = next((name for name in map(net_name, (code, message)) if name), None)
            return Failure(found, None if found else code or message)
        words = values.text(given)
        if words is None:
            return NO_FAILURE
        name = net_name(words)
        return Failure(name, None if name else words)

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        """Whether a failure of this exchange would be in the file."""
        return self.failure(entry) != NO_FAILURE or None

    def http_version(self, entry: Entry) -> str | None:
        """1.0, 1.1, 2 or 3; None where the exporter does not know."""
        for message in (entry.response, entry.request):
            if message is not None and message.httpVersion:
                return http_version(message.httpVersion)
        return None

    def from_cache(self, entry: Entry) -> bool | None:
        """Answered by the browser's cache."""
        if values.text(entry.from_cache) or entry.from_cache is True:
            return True
        disk = entry.response.from_disk_cache if entry.response is not None else None
        return disk if type(disk) is bool else None

    def via_service_worker(self, entry: Entry) -> bool | None:
        """Answered through a service worker."""
        if entry.response is None:
            return None
        for given in (entry.response.via_service_worker, entry.response.from_service_worker):
            if type(given) is bool:
                return given
        return None

    def body_bytes(self, entry: Entry) -> int | None:
        """Decoded bytes of the body that arrived."""
        content = entry.response.content if entry.response is not None else None
        return values.size(content.size) if content is not None else None

    # ---------------------------------------------------------------- transport

    def times(self, entry: Entry, status: int | None) -> Times:
        """The phases, as the exporter means them."""
        return plain_times(entry)

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        """The connection that carried it. HAR allows a port number here, which identifies none."""
        found = values.text(entry.connection_id) or values.text(entry.connection)
        if found is None or found in ("0", "80", "443", str(port)):
            return None
        return found

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        """No connection was set up for it; None where the timings cannot tell."""
        return False if times.connect else None

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        """The capture saw the exchange end."""
        return True if self.failure(entry) != NO_FAILURE else None

    def cert_issuer(self, entry: Entry) -> str | None:
        """Who issued the server's certificate, where the exporter has it (Playwright)."""
        details = entry.security_details
        return values.text(details.get("issuer")) if type(details) is dict else None

    def close_code(self, entry: Entry) -> int | None:
        """WebSocket close code, where the exporter has one (HTTP Toolkit)."""
        return values.integer(entry.close.get("code")) if type(entry.close) is dict else None

    def resource_type(self, entry: Entry, request: Request | None) -> str | None:
        """fetch, xhr, eventsource, websocket …"""
        found = values.token(entry.resource_type)
        if found is None and (present(entry.messages) or _is_websocket(request)):
            return "websocket"
        return found


def http_version(given: str) -> str | None:
    """`HTTP/1.1`, `h2`, `http/2+quic/46`, `h3-29` … → 1.0, 1.1, 2 or 3."""
    return _http_version(given[:64])


@lru_cache(maxsize=256)
def _http_version(given: str) -> str | None:
    word = given.strip().lower()
    if "quic" in word or word.startswith("h3"):
        return "3"
    if word in ("h2", "h2c", "spdy"):
        return "2"
    return _VERSIONS.get(word.removeprefix("http/"))


def plain_times(entry: Entry) -> Times:
    """HAR 1.2: negative is "does not apply", `connect` includes `ssl`, `time` is the sum."""
    given = entry.timings or _NO_TIMINGS
    queueing = given.queueing if given.queueing is not UNSET else given.queued
    whole = entry.time if entry.time is not UNSET else None
    # Nearly all are floats or -1: `values.duration` is called for the others only.
    blocked, dns, connect, tls, send, ttfb, receive, queued, total = [
        None if value == -1 else value if type(value) is float and 0.0 <= value < LONGEST_MS else duration(value)
        for value in (
            given.blocked, given.dns, given.connect, given.ssl, given.send, given.wait, given.receive,
            queueing, whole,
        )
    ]  # fmt: skip
    if total is None and ttfb is not None:
        total = sum(part for part in (blocked, dns, connect, send, ttfb, receive) if part is not None)
    return Times(
        total, blocked, queued, dns, connect, tls, send, ttfb, receive,
        active(total, blocked, dns, connect),
    )  # fmt: skip


def active(total: float | None, *before: float | None) -> float | None:
    """What is left of the whole once the phases before the request was sent are taken off."""
    if total is None:
        return None
    spent = 0.0
    for part in before:
        if part is not None:
            spent += part
    return max(total - spent, 0.0)


def setup_reused(entry: Entry, times: Times) -> bool | None:
    """For exporters that write -1 for a set-up phase that did not happen, on answered requests."""
    if times.ttfb is None or entry.timings is None:
        return None
    return times.connect is None and times.tls is None and times.dns is None


def _is_websocket(request: Request | None) -> bool:
    return request is not None and (request.url or "")[:4].lower() in ("ws:/", "wss:")
