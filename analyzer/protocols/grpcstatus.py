"""gRPC status codes: their names, and what they mean for the reader."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from analyzer.protocols.errorbody import ErrorFacts
from analyzer.protocols.errorwords import class_of_text

#: Status → name and error class, from the gRPC specification's list of status codes.
STATUSES: Final[dict[int, tuple[str, str]]] = {
    0: ("OK", "unknown"),
    1: ("CANCELLED", "unknown"),
    2: ("UNKNOWN", "server"),
    3: ("INVALID_ARGUMENT", "rejected"),
    4: ("DEADLINE_EXCEEDED", "timeout"),
    5: ("NOT_FOUND", "rejected"),
    6: ("ALREADY_EXISTS", "rejected"),
    7: ("PERMISSION_DENIED", "forbidden"),
    8: ("RESOURCE_EXHAUSTED", "rate-limit"),
    9: ("FAILED_PRECONDITION", "rejected"),
    10: ("ABORTED", "server"),
    11: ("OUT_OF_RANGE", "rejected"),
    12: ("UNIMPLEMENTED", "rejected"),
    13: ("INTERNAL", "server"),
    14: ("UNAVAILABLE", "unavailable"),
    15: ("DATA_LOSS", "server"),
    16: ("UNAUTHENTICATED", "auth"),
}


def status_of(trailers: dict[str, str] | None, headers: dict[str, str]) -> tuple[int | None, str | None]:
    """grpc-status and the decoded grpc-message, from the trailers, or from headers when they were all."""
    for fields in (trailers or {}, headers):
        word = fields.get("grpc-status", "").strip()
        if word.isdecimal() and len(word) < 6:
            return int(word), unquote(fields.get("grpc-message", "")) or None
    return None, None


def grpc_error(status: int | None, message: str | None) -> ErrorFacts | None:
    """The error that a status tells; None for OK, and where there is none."""
    if not status:
        return None
    name, kind = STATUSES.get(status, (f"STATUS_{status}", "unknown"))
    if kind in ("unavailable", "server") and class_of_text(message) == "overloaded":
        kind = "overloaded"
    return ErrorFacts(name, str(status), kind, "application", message[:2000] if message else None)
