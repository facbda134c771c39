"""The log's own dictionary: numbers of this very build → names that stay."""

from __future__ import annotations

import re
from typing import Any, Final

from analyzer.columns import H2_CODES
from analyzer.errors import CaptureError
from analyzer.intake import values

# RFC 9114 section 8.1, in the order of the numbers from 0x100 on.
H3_CODES: Final = (
    "H3_NO_ERROR", "H3_GENERAL_PROTOCOL_ERROR", "H3_INTERNAL_ERROR", "H3_STREAM_CREATION_ERROR",
    "H3_CLOSED_CRITICAL_STREAM", "H3_FRAME_UNEXPECTED", "H3_FRAME_ERROR", "H3_EXCESSIVE_LOAD", "H3_ID_ERROR",
    "H3_SETTINGS_ERROR", "H3_MISSING_SETTINGS", "H3_REQUEST_REJECTED", "H3_REQUEST_CANCELLED",
    "H3_REQUEST_INCOMPLETE", "H3_MESSAGE_ERROR", "H3_CONNECT_ERROR", "H3_VERSION_FALLBACK",
)  # fmt: skip
_NET = re.compile(r"(?:net::)?(ERR_[A-Z0-9_]{1,80})")
_QUIC = re.compile(r"[A-Z][A-Z0-9_]{1,80}")
_CODE = re.compile(r"\s*(\d{1,9})\b")


class Names:
    """Lookups by the constants at the head of the log.

    events: name → number of every event type the build knows. offset_ms: what to add to a tick to get
    Unix time in ms; None where the log does not say.
    """

    def __init__(self, constants: dict[str, Any], where: str) -> None:
        self.events = _numbers(constants.get("logEventTypes"))
        if not self.events:
            raise CaptureError(
                "it has no table of event names", where=where,
                expected="constants with logEventTypes, as chrome://net-export writes them",
            )  # fmt: skip
        self.types = {number: name for name, number in self.events.items()}
        self.sources = _inverse(constants.get("logSourceType"))
        phases = _numbers(constants.get("logEventPhase"))
        self.begin, self.end = phases.get("PHASE_BEGIN", 1), phases.get("PHASE_END", 2)
        self.offset_ms = values.number(constants.get("timeTickOffset"))
        self._net = _inverse(constants.get("netError"))
        self._quic = _inverse(constants.get("quicError"))
        self._quic_stream = _inverse(constants.get("quicRstStreamError"))
        client = constants.get("clientInfo")
        client = client if isinstance(client, dict) else {}
        self.client = values.text(client.get("name"))
        self.version = values.text(client.get("version"))

    def net_error(self, value: Any) -> str | None:
        """`net::ERR_…` from a number or a name; None for 0, for "pending" and for nothing."""
        if type(value) is str:
            found = _NET.fullmatch(value)
            return f"net::{found[1]}" if found else None
        number = values.integer(value)
        if number is None or number >= 0 or number == -1:
            return None
        name = _NET.fullmatch(self._net.get(number, ""))
        return f"net::{name[1]}" if name else f"net::ERR_{-number}"

    def h2_code(self, value: Any) -> str | None:
        """The HTTP/2 error code's name, from `8`, `"8 (CANCEL)"` or `"8"`; None for an unknown one."""
        number = _leading(value)
        return H2_CODES[number] if number is not None and number < len(H2_CODES) else None

    def quic_error(self, value: Any) -> str | None:
        """Name of a QUIC connection error; newer builds write the name, older ones the number."""
        return _quic_name(value, self._quic)

    def quic_stream_error(self, value: Any) -> str | None:
        """Name of a QUIC stream error."""
        return _quic_name(value, self._quic_stream)


def h3_code(value: Any) -> str | None:
    """Name of an HTTP/3 error code as it stands on the wire."""
    number = _leading(value)
    return H3_CODES[number - 0x100] if number is not None and 0 <= number - 0x100 < len(H3_CODES) else None


def _quic_name(value: Any, known: dict[int, str]) -> str | None:
    if type(value) is str and _QUIC.fullmatch(value):
        return value
    number = _leading(value)
    name = known.get(number, "") if number is not None else ""
    return name if _QUIC.fullmatch(name) else None


def _leading(value: Any) -> int | None:
    if type(value) is int:
        return value if value >= 0 else None
    found = _CODE.match(value) if type(value) is str else None
    return int(found[1]) if found else None


def _numbers(table: Any) -> dict[str, int]:
    if type(table) is not dict:
        return {}
    return {name: number for name, number in table.items() if type(number) is int}


def _inverse(table: Any) -> dict[int, str]:
    return {number: name for name, number in _numbers(table).items()}
