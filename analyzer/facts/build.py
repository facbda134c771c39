"""Fill one row: from headers, error bodies, pages and the protocol."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from analyzer import protocols
from analyzer.columns import Exchange
from analyzer.facts import ending, gateways, limits, pages, streams
from analyzer.model import Recorded, StreamInput
from analyzer.moments import after
from analyzer.patterns import later

_JWT: Final = later(r"eyJ[A-Za-z0-9_-]{8,2000}\.(eyJ[A-Za-z0-9_-]{8,8000})\.[A-Za-z0-9_-]*")
_MODEL: Final = later(rb'"model"\s*:\s*"([A-Za-z0-9._:/@-]{1,100})"')
_MOVED: Final = (
    "framing", "protocol", "provider", "events", "content_events", "heartbeats", "first_event_ms",
    "last_event_ms", "max_gap_ms", "median_gap_ms", "times_recorded", "one_burst", "terminal_marker",
    "terminal_name", "soft_terminal", "tail_bytes", "cut_inside_event", "in_band_error", "error_type",
    "error_code", "error_class", "error_owner", "error_text", "finish_reason", "finish_class",
    "handoff", "planned_close", "duplicated_end", "close_code", "ping_unanswered", "grpc_status", "body_recorded",
)  # fmt: skip


class Settings(msgspec.Struct, frozen=True):
    """What the caller knows better than the capture. stream_paths: globs over the URL's path."""

    stream_paths: tuple[str, ...] = msgspec.field(default=())


def build(entries: Iterable[Recorded], settings: Settings | None = None) -> list[Recorded]:
    """Fill every row of one capture, and return those that are streams.

    Bodies are looked at only for candidates. Rows are changed in place.
    """
    settings = settings or Settings()
    entries = list(entries)
    found: list[Recorded] = []
    undecided: list[Recorded] = []
    for recorded in entries:
        row = recorded.exchange
        if row.status is not None and 300 <= row.status < 400:
            row.redirect_login = streams.redirects_to_login(row, _header(recorded, "location"))
        if row.ended_at is None and row.started_at is not None and row.duration_ms is not None:
            row.ended_at = after(row.started_at, row.duration_ms)
        why = _stream_reason(recorded, settings)
        if why:
            row.is_stream, row.stream_why = True, why
            found.append(recorded)
        elif row.method not in ("OPTIONS", "HEAD") and streams.failed_before(row):
            undecided.append(recorded)
    known = {streams.url_key(recorded.exchange) for recorded in found if streams.by_response(recorded)}
    for recorded in undecided:
        row = recorded.exchange
        login_target = row.content_type == "text/html" and (row.status or 0) < 400 and row.method == "GET"
        if streams.url_key(row) in known and not login_target:
            row.is_stream, row.stream_why = True, "same-url"
            found.append(recorded)
    for recorded in found:
        _read(recorded)
    found = _without_login_pages(found)
    found.sort(key=lambda recorded: recorded.exchange.position or 0)
    return found


def _without_login_pages(found: list[Recorded]) -> list[Recorded]:
    """The sign-in page that a stream's redirect led to is the same failure, not another one."""
    targets = {_redirected_to(recorded) for recorded in found if recorded.exchange.redirect_login}
    kept = []
    for recorded in found:
        row = recorded.exchange
        if (
            row.path is not None
            and row.path in targets
            and row.method == "GET"
            and row.body_kind == "html"
            and not row.redirect_login
        ):
            row.is_stream = row.stream_why = None
        else:
            kept.append(recorded)
    return kept


def _redirected_to(recorded: Recorded) -> str | None:
    """The path of the redirect's target; None where it is no URL."""
    try:
        return urlsplit(urljoin(recorded.exchange.url or "", _header(recorded, "location") or "")).path
    except ValueError:
        return None


def stream_input(recorded: Recorded, *, with_body: bool = True) -> StreamInput:
    """What protocol reading needs of this exchange. with_body: of its answer too, else of its request only."""
    row = recorded.exchange
    return StreamInput(
        url=row.url or "",
        method=row.method or "",
        host=row.host or "",
        path=row.path or "",
        query=(row.url or "").partition("#")[0].partition("?")[2],
        status=row.status,
        content_type=row.content_type,
        request_headers=dict(recorded.request_headers),
        response_headers=dict(recorded.response_headers) if with_body else {},
        request_body=recorded.request_body(),
        body=recorded.body() if with_body else None,
        events=recorded.events,
        messages=recorded.messages,
        errored=bool(row.net_error or row.failure_text),
        ended_ms=row.duration_ms,
    )


def _from_headers(row: Exchange, headers: dict[str, str]) -> None:
    row.gateway = row.gateway or gateways.gateway(headers, status=row.status)
    ids = gateways.request_ids(headers)
    if ids and row.request_id is None:
        row.request_id = next(iter(ids.values()))


def _header(recorded: Recorded, name: str) -> str | None:
    """A header of the response; of several, the last."""
    return next((value for key, value in reversed(recorded.response_headers) if key == name), None)


def _stream_reason(recorded: Recorded, settings: Settings) -> str | None:
    row = recorded.exchange
    if row.method in ("OPTIONS", "HEAD"):
        return None
    if why := streams.by_response(recorded):
        return why
    if settings.stream_paths and streams.matches_stream_path(row.path, settings.stream_paths):
        return "stream-path"
    if row.resource_type in streams.NEVER or streams.is_control_call(row):
        return None
    if why := streams.by_behaviour(row):
        return why
    query = (row.url or "").partition("?")[2]
    known = protocols.endpoint(row.host or "", row.path or "", row.method or "", query)
    may_ask = (
        row.method == "POST" or "event-stream" in (row.accept or "") or row.resource_type == "eventsource"
    )
    if not may_ask and known is None:
        return None
    asked, why = protocols.asked_to_stream(stream_input(recorded, with_body=False))
    row.asked_to_stream = asked
    # Without the request's body: at an endpoint that can stream, what failed may well have asked for it.
    unread = row.capture_kind == "netlog" or (bool(row.request_bytes) and recorded.request_body() is None)
    may = known is not None and (known.always or (unread and streams.failed_before(row)))
    return streams.by_request(recorded, why if asked else None, may)


def _read(recorded: Recorded) -> None:
    row = recorded.exchange
    inp = stream_input(recorded)
    _from_headers(row, inp.response_headers)
    if row.resource_type == "webtransport":
        row.framing = "webtransport"  # no capture holds what flowed in a session
    if row.asked_to_stream is None:
        row.asked_to_stream = protocols.asked_to_stream(inp)[0]
    facts = protocols.read_stream(inp)
    for name in _MOVED:
        value = getattr(facts, name)
        if value is not None:
            setattr(row, name, value)
    if inp.request_body:
        named = _MODEL.search(inp.request_body[:1_000_000])
        row.model = named.group(1).decode("ascii") if named else None
    if inp.body:
        row.body_kind = pages.body_kind(inp.body, row.content_type)
        if row.body_kind == "html":
            row.page_kind = pages.page_kind(inp.body, row.status)
        elif row.body_kind == "json" and row.status in (403, 429) and pages.json_challenge(inp.body):
            row.page_kind = "challenge"
        if row.body_kind in ("html", "text"):
            row.body_vendor = gateways.page_vendor(inp.body)
            if row.gateway is None and (row.status or 0) >= 400:
                row.gateway = row.body_vendor
    elif inp.body == b"":
        row.body_kind = "empty"
    if (
        row.error_class is None
        and not row.in_band_error
        and ((row.status or 0) >= 400 or row.body_kind == "json" or _short_text(row, inp.body))
    ):
        error = protocols.classify_error(
            row.status, row.content_type, inp.body, inp.response_headers, inp.host, inp.path
        )
        if (row.status or 0) >= 400 or error.error_class is not None:
            row.error_type, row.error_code = error.error_type, error.error_code
            row.error_class, row.error_owner = error.error_class, error.error_owner
            row.error_text = error.error_text
            row.provider = row.provider or error.provider
    if row.content_type == "multipart/mixed" and row.terminal_marker is None and inp.body:
        row.terminal_marker = "seen" if _closed(inp.body) else "missing"
        row.terminal_name = "closing boundary"
    row.token_expired_ms = _token_age(recorded)
    _silence(row)
    row.limit_ms = limits.fits(row.active_ms if row.active_ms is not None else row.duration_ms, "total")
    row.idle_limit_ms = limits.fits(row.idle_before_end_ms, "idle")
    row.limit_of = limits.products(row.limit_ms, "total", row.gateway)
    row.idle_limit_of = limits.products(row.idle_limit_ms, "idle", row.gateway)
    end = ending.read_ending(row)
    row.ending_by, row.ending_phase = end.by, end.phase
    row.ending_announced, row.ending_signal = end.announced, end.signal


def _closed(body: bytes) -> bool:
    """Whether a multipart body has its closing delimiter: `--`, the boundary, `--` (RFC 2046 section 5.1.1)."""
    last = body[-400:].rstrip().rpartition(b"\n")[2]
    return len(last) >= 5 and last.startswith(b"--") and last.endswith(b"--")


def _short_text(row: Exchange, body: bytes | None) -> bool:
    """Whether the body is a line of text that may be all that an error left behind."""
    return row.body_kind == "text" and body is not None and len(body) <= 300


def _silence(row: Exchange) -> None:
    """Silence before the end, and whether data was flowing up to it.

    A stream that sent nothing after its headers was silent since they came. Flowing means that the
    last silence is no longer than the stream's usual ones: three medians, and at least 1.5 s.
    """
    if row.idle_before_end_ms is None and row.duration_ms is not None and row.end_recorded is not False:
        if row.last_event_ms is not None:
            row.idle_before_end_ms = max(0.0, row.duration_ms - row.last_event_ms)
        elif row.events == 0 and row.receive_ms is not None and row.status and not row.body_bytes:
            row.idle_before_end_ms = row.receive_ms
    if row.idle_before_end_ms is not None and row.times_recorded and (row.events or 0) >= 2:
        usual = max(1500.0, 3 * (row.median_gap_ms or 0.0))
        row.flowing_at_end = row.idle_before_end_ms <= usual


def _token_age(recorded: Recorded) -> float | None:
    """How long the JWT that was sent had been expired when it was sent, in ms; negative: valid.

    None without a JWT or without its `exp` (RFC 7519 section 4.1.4). Signatures are not checked.
    """
    row = recorded.exchange
    if row.started_at is None:
        return None
    texts = [
        value
        for name, value in recorded.request_headers
        if name in ("authorization", "x-auth-token", "sec-websocket-protocol")
    ]
    for text in [*texts, row.url or ""]:
        found = _JWT.search(text[:20_000])
        if not found:
            continue
        import json  # few requests show a token

        try:
            claims = json.loads(base64.urlsafe_b64decode(found.group(1) + "=" * (-len(found.group(1)) % 4)))
        except (ValueError, binascii.Error, RecursionError):
            continue  # looks like a JWT, is none: then nothing is known of its age
        exp = claims.get("exp") if isinstance(claims, dict) else None
        if isinstance(exp, int | float) and not isinstance(exp, bool) and 0 < exp < 1e11:
            return row.started_at.timestamp() * 1000 - exp * 1000
    return None
