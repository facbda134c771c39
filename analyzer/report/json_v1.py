"""The JSON report, version 1: public API. Names are never removed or renamed, only added.

Values that the capture does not record are null. `analyzer.report.schema` describes the shape.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

import msgspec

from analyzer.causes import SEVERITIES
from analyzer.model import CaptureInfo, Cluster, Report, Stream
from analyzer.safe import visible

VERSION: Final = 1
NAME: Final = "hangup"

# Columns that every stream of the report shows, in this order.
_COLUMNS_BEFORE_ENDING: Final = (
    "capture", "where", "started_at", "method", "url", "host", "status", "net_error", "http_version", "framing",
    "protocol", "gateway", "ttfb_ms", "duration_ms", "idle_before_end_ms", "events", "body_bytes",
)  # fmt: skip
_columns: Final = attrgetter(*_COLUMNS_BEFORE_ENDING)
_VERDICT: Final = (
    "cause", "party", "severity", "confidence", "rule", "title", "explanation", "evidence", "fix", "runners_up",
    "settle",
)  # fmt: skip
_verdict: Final = attrgetter(*_VERDICT)


def to_json(report: Report, *, version: str, indent: int = 2) -> bytes:
    """The report as UTF-8 JSON that ends with a newline.

    version: the generator's own. indent: spaces per level; 0 puts everything on one line.
    """
    return b"".join(json_parts(report, version=version, indent=indent))


def json_parts(report: Report, *, version: str, indent: int = 2) -> Iterator[bytes]:
    """What `to_json` gives, piece by piece: thousands of streams are many megabytes, and need not be held at once."""
    before, _, after = _written(_document(report, version, []), indent, 0).partition(
        _NO_STREAMS[bool(indent)]
    )
    yield before + _NO_STREAMS[bool(indent)][:-1]
    line = b"\n" + b" " * (2 * indent) if indent else b""
    separator = b""
    for stream in worst_first(report.streams):
        yield separator + line + _written(_stream(stream), indent, 2)
        separator = b","
    end = b"\n" + b" " * indent if indent and separator else b""
    yield end + b"]" + after + b"\n"


# The list of streams as it is written without any. Inside a text there is a backslash before the quotes.
_NO_STREAMS: Final = (b'"streams":[]', b'"streams": []')


def _written(value: Any, indent: int, depth: int) -> bytes:
    """A value of the document as JSON. depth: how many levels down it stands."""
    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate from a capture
        data = msgspec.json.encode(_mended(msgspec.to_builtins(value)))
    if not indent:
        return data
    shown = msgspec.json.format(data, indent=indent)
    return shown.replace(b"\n", b"\n" + b" " * (indent * depth)) if depth else shown


def to_dict(report: Report, *, version: str) -> dict[str, Any]:
    """The report as plain JSON values, streams worst first."""
    streams = [_stream(stream) for stream in worst_first(report.streams)]
    made = _finite(msgspec.to_builtins(_document(report, version, streams)))
    assert isinstance(made, dict)
    return made


def _document(report: Report, version: str, streams: list[dict[str, Any]]) -> dict[str, Any]:
    """The report as the encoder takes it. What is no number in it (NaN) the encoder writes as null."""
    return {
        "version": VERSION,
        "generator": {"name": NAME, "version": version},
        "generated_at": report.generated_at or None,
        "captures": [_capture(info) for info in report.captures],
        "streams": streams,
        "clusters": [_cluster(cluster) for cluster in report.clusters],
        "summary": report.summary,
        "rule_errors": report.rule_errors,
        "redacted": report.redacted,
    }


def worst_first(streams: list[Stream]) -> list[Stream]:
    """By severity, failed first; equals keep the report's order."""
    order = {severity: index for index, severity in enumerate(SEVERITIES)}
    return sorted(streams, key=lambda stream: order[stream.verdict.severity])


def timestamp(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds; a naive value is UTC already."""
    if at is None:
        return None
    utc = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def _capture(info: CaptureInfo) -> dict[str, Any]:
    names = "path kind dialect format creator exchanges streams lines unparsed warnings error"
    return {name: getattr(info, name) for name in names.split()}


def _stream(stream: Stream) -> dict[str, Any]:
    verdict = stream.verdict
    shown: dict[str, Any] = {
        "id": stream.id,
        **dict(zip(_COLUMNS_BEFORE_ENDING, _columns(stream.exchange), strict=True)),
    }
    shown["started_at"] = timestamp(stream.exchange.started_at)
    shown["ending"] = stream.ending
    shown.update(zip(_VERDICT, _verdict(verdict), strict=True))
    shown["request_ids"] = stream.request_ids
    return shown


def _cluster(cluster: Cluster) -> dict[str, Any]:
    shown = msgspec.structs.asdict(cluster)
    shown["shared"] = {
        name: timestamp(value) if isinstance(value, datetime) else plain(value)
        for name, value in cluster.shared.items()
    }
    return shown


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: what is not a number was not recorded."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else plain(value)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(key)): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value
