"""The table that logs fill. Of the exchange table's columns a log can say a third.

To insert into all of them, and to ask of each whether it holds anything, costs more than judging a few
thousand lines, so the others are not there until a format fills one. A missing column is one that
nothing records.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from analyzer.columns import columns

# What the shipped formats fill, and what joining, matching and clustering lines reads or writes.
LOGGED: Final = (
    "capture", "capture_kind", "dialect", "where", "position", "ticket", "method", "url", "scheme", "host", "path",
    "http_version", "is_stream", "stream_why", "resumed", "request_id", "request_bytes", "model", "browser",
    "client_ip", "user_agent", "status", "content_type", "content_length", "from_cache", "server", "gateway",
    "gateway_request_id", "mitigated", "redirect_login", "started_at", "ended_at", "net_error", "server_ip",
    "connection_id", "ttfb_ms", "receive_ms", "duration_ms", "active_ms", "body_bytes", "transfer_bytes", "protocol",
    "events", "idle_before_end_ms", "grpc_status", "upstream", "upstream_status", "upstream_tries",
    "upstream_connect_ms", "upstream_header_ms", "upstream_response_ms", "upstream_bytes", "termination_state",
    "response_flags", "response_details", "edge_result", "edge_status", "origin_status", "edge_location",
    "error_reason", "connection_status", "worker_message", "closed_by", "closed_phase", "closed_why", "route",
    "series_same_duration", "series_same_bytes", "limit_ms",
)  # fmt: skip


def create_logged_sql(name: str = "exchanges") -> str:
    """The CREATE TABLE statement; `n` is the row's number within the run."""
    known = columns()
    body = ", ".join(f'"{column}" {known[column].sql}' for column in LOGGED)
    return f"CREATE TABLE {name} (n BIGINT, {body})"


def columns_of(con: Any, table: str) -> list[str]:
    """The exchange table's columns that a table has, in its order."""
    described = con.execute(f"PRAGMA table_info('{table}')").fetchall()
    return [name for _, name, *_ in described if name in columns()]


def widen(con: Any, table: str, names: Iterable[str]) -> None:
    """Add those of the named columns that a table lacks."""
    present = set(columns_of(con, table))
    for name in names:
        if name not in present:
            con.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {columns()[name].sql}')
