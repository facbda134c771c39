"""What differs on the wire between the streams of two captures."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from analyzer.columns import Exchange
from analyzer.report.compare import Difference
from analyzer.report.numbers import duration

if TYPE_CHECKING:
    from analyzer.redact import Redactor

# Columns whose values are compared as sets, by what they tell about.
_WIRE: Final[dict[str, tuple[str, ...]]] = {
    "wire": (
        "http_version", "gateway", "via", "server", "server_ip", "server_ip_private", "content_encoding",
        "transfer_encoding", "accel_buffering", "client_proxy", "known_root", "cert_issuer", "connection_reused",
    ),
    "answer": (
        "status", "net_error", "content_type", "framing", "protocol", "cache_control", "from_cache",
        "via_service_worker", "mitigated", "body_kind", "page_kind", "one_burst", "terminal_marker",
    ),
    "client": (
        "host", "browser", "browser_version", "accept", "auth_sent", "resource_type", "initiator",
        "initiator_extension", "cross_origin", "model",
    ),
}  # fmt: skip
_HEADERS: Final = frozenset(
    {"via", "server", "gateway", "content_encoding", "accel_buffering", "cache_control", "mitigated"}
)
_TIMES: Final = (
    "blocked_ms", "dns_ms", "connect_ms", "tls_ms", "ttfb_ms", "duration_ms", "max_gap_ms", "median_gap_ms",
    "idle_before_end_ms",
)  # fmt: skip
_LABELS: Final = {
    "http_version": "HTTP version", "via": "Via header", "server": "Server header", "server_ip": "server address",
    "server_ip_private": "server address is private", "content_encoding": "compression",
    "transfer_encoding": "transfer encoding", "accel_buffering": "X-Accel-Buffering", "client_proxy": "browser's own proxy",
    "cert_issuer": "issuer of the certificate",
    "known_root": "certificate from a public authority", "connection_reused": "on an open connection",
    "net_error": "transport error", "content_type": "content type", "cache_control": "Cache-Control",
    "from_cache": "from the browser's cache", "via_service_worker": "through a service worker",
    "mitigated": "bot defence", "body_kind": "kind of body", "page_kind": "kind of page", "one_burst": "all at once",
    "terminal_marker": "end marker", "browser_version": "browser version", "auth_sent": "credentials sent",
    "resource_type": "kind of request", "initiator_extension": "browser extension", "cross_origin": "cross-origin",
    "blocked_ms": "wait in the browser", "dns_ms": "name lookup", "connect_ms": "connection set-up",
    "tls_ms": "TLS handshake", "ttfb_ms": "time to the first byte", "duration_ms": "duration",
    "max_gap_ms": "longest silence", "median_gap_ms": "usual silence", "idle_before_end_ms": "silence before the end",
}  # fmt: skip
_FACTOR: Final = 2.0
_LEAST_MS: Final = 250.0


def differences(before: list[Exchange], after: list[Exchange], redactor: Redactor) -> list[Difference]:
    found: list[Difference] = []
    for group, names in _WIRE.items():
        for name in names:
            ones, others = (Counter(_value(row, name) for row in side) for side in (before, after))
            # What one exporter does not record is no difference on the wire.
            ones.pop(None, None)
            others.pop(None, None)
            if name in ("net_error", "initiator_extension", "client_proxy") and (ones or others):
                pass
            elif not ones or not others:
                continue
            if ones.keys() != others.keys():
                found.append(_difference(name, group, ones, others, redactor))
    for name in _TIMES:
        one, other = (_median(side, name) for side in (before, after))
        if one is None or other is None:
            continue
        low, high = sorted((one, other))
        if high - low >= _LEAST_MS and high >= _FACTOR * low:
            said = f"{_LABELS[name]}: {duration(one)} before, {duration(other)} after"
            found.append(Difference(name, "timing", [one], [other], True, said))
    return found


def _value(row: Exchange, name: str) -> Any:
    """The value to compare; None where it is not recorded. A header that an answer does not have is `none`."""
    value = getattr(row, name)
    # `cors_allowed` is read from the answer's headers: it is recorded when they are.
    return "none" if value is None and name in _HEADERS and row.cors_allowed is not None else value


def _median(rows: list[Exchange], name: str) -> float | None:
    values = [value for row in rows if (value := getattr(row, name)) is not None]
    return median(values) if values else None


def _difference(
    name: str, group: str, ones: Counter[Any], others: Counter[Any], redactor: Redactor
) -> Difference:
    def shown(values: Counter[Any]) -> list[Any]:
        return [redactor.column(name, value) for value, _ in values.most_common(6)]

    def said(values: list[Any]) -> str:
        return ", ".join({True: "yes", False: "no"}.get(value, str(value)) for value in values) or "none"

    before, after = shown(ones), shown(others)
    text = f"{_LABELS.get(name, name.replace('_', ' '))}: {said(before)} before, {said(after)} after"
    return Difference(name, group, before, after, not (ones.keys() & others.keys()), text)
