"""Refusals, as problem documents (RFC 9457) for programs and as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

MEDIA_TYPE: Final = "application/problem+json"
_BASE: Final = "urn:hangup:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem type. title: the same for every occurrence, as the RFC asks."""

    name: str
    status: int
    title: str


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("malformed-request", 400, "The request cannot be understood"),
        Kind("not-signed-in", 401, "A token is needed"),
        Kind("cross-origin", 403, "The request comes from another site"),
        Kind("not-found", 404, "There is no such report"),
        Kind("no-such-page", 404, "There is no such page"),
        Kind("method-not-allowed", 405, "That cannot be done here"),
        Kind("not-acceptable", 406, "The report does not exist in that format"),
        Kind("upload-too-slow", 408, "The upload took too long"),
        Kind("upload-too-large", 413, "The upload is too large"),
        Kind("too-many-parts", 413, "The upload has too many parts"),
        Kind("unsupported-upload", 415, "This kind of upload is not read"),
        Kind("wrong-host", 421, "The service is not known under this name"),
        Kind("invalid-parameter", 422, "A parameter has an impossible value"),
        Kind("unreadable-capture", 422, "The capture cannot be read"),
        Kind("capture-too-demanding", 422, "The capture needs more than one analysis may use"),
        Kind("analysis-failed", 422, "The analysis could not be finished"),
        Kind("not-comparable", 409, "The two reports cannot be compared"),
        Kind("too-many-requests", 429, "Too many requests"),
        Kind("internal-error", 500, "Something is wrong with this service"),
        Kind("service-busy", 503, "The service is busy"),
        Kind("disk-full", 507, "There is no room for the upload"),
    )
}


class Problem(Exception):
    """A refusal. detail: this occurrence, in words; it quotes nothing of a capture."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        help: str | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        self.kind = KINDS[kind]
        self.detail = detail
        self.help = help
        self.headers = dict(headers or {})
        self.status = status or self.kind.status
        super().__init__(f"{kind}: {detail}")

    def document(self) -> dict[str, Any]:
        """The problem document; `help` says what to do, where that is known."""
        found: dict[str, Any] = {
            "type": _BASE + self.kind.name,
            "title": self.kind.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.help is not None:
            found["help"] = self.help
        return found


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an analysis has no report, as it is stored. kind: a name of KINDS."""

    kind: str
    detail: str
    help: str | None = None

    def problem(self) -> Problem:
        """The same as a refusal."""
        return Problem(self.kind, self.detail, help=self.help)


def openapi(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that may refuse with these kinds."""
    by_status: dict[int, list[Kind]] = {}
    for name in kinds:
        by_status.setdefault(KINDS[name].status, []).append(KINDS[name])
    return {
        status: {
            "description": "; ".join(kind.title for kind in found),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, found in by_status.items()
    }


SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457 problem document.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [_BASE + name for name in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "help": {"type": "string"},
    },
}


def phrase(status: int) -> str:
    """The reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
