"""Each column's value as a sentence in plain words.

`phrase(column, value)` takes values that are already fit to be shown. A column without wording of its
own is named by its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from analyzer.columns import columns
from analyzer.engine.format import clock, duration, number, plural, size

Wording = str | Mapping[Any, str] | Callable[[Any], str]


@lru_cache(maxsize=2048, typed=True)
def phrase(column: str, value: Any) -> str:
    """The sentence for one recorded value, without a full stop."""
    wording = WORDINGS.get(column)
    if callable(wording):
        return wording(value)
    if isinstance(wording, str):
        return wording.format(v=_unit(column, value))
    if wording is not None:
        if value in wording:
            return wording[value]
        if None in wording:
            return wording[None].format(v=_unit(column, value))
    if isinstance(value, bool):
        meaning = columns()[column].meaning.partition(";")[0]
        return f"{meaning}: {'yes' if value else 'no'}"
    return f"{columns()[column].meaning.partition(';')[0]}: {_unit(column, value)}"


def absent_phrase(column: str) -> str:
    """The sentence for a value that the capture does not record."""
    return f"not recorded: {columns()[column].meaning.partition(';')[0]}"


def _unit(column: str, value: Any) -> str:
    described = columns()[column]
    if described.unit == "ms":
        return duration(value)
    if described.unit == "bytes":
        return size(value)
    if described.type == "timestamp":
        return clock(value)
    if described.unit == "s":
        return duration(value * 1000)
    # Codes are names written in digits: no thousands separator, no decimals.
    if column.endswith(("status", "code")):
        return str(value)
    return str(value) if isinstance(value, str) else number(value)


def _navigated(value: float) -> str:
    if value >= 0:
        return f"the page loaded another document {duration(value)} after the end"
    return f"the page loaded another document {duration(-value)} before the end"


def _token(value: float) -> str:
    if value >= 0:
        return f"the token that was sent had expired {duration(value)} earlier"
    return f"the token that was sent was valid for another {duration(-value)}"


def _os_error(value: int) -> str:
    # ECONNRESET on Linux, on macOS and in Winsock.
    known = ": the other side, or something in between, sent a reset" if value in (104, 54, 10054) else ""
    return f"the operating system gave error {value} for the socket{known}"


def _network_changed(value: float) -> str:
    if value < 0:
        return f"the computer's network changed: the browser was told {duration(-value)} after the end"
    return f"the computer's network changed {duration(value)} before the end"


def _status(value: int) -> str:
    if value == 0:
        return "the browser got no response at all (status 0)"
    return f"the server's side answered with status {value}"


def _others(one: str, many: str, none: str) -> Callable[[int], str]:
    return lambda value: none if value == 0 else plural(value, one, many)


def _series(what: str) -> Callable[[int], str]:
    def word(value: int) -> str:
        if value <= 1:
            return f"no other failed stream {what}"
        return f"{number(value)} failed streams, this one included, {what}"

    return word


WORDINGS: Final[dict[str, Wording]] = {
    "method": "the request was a {v}",
    "url": "the request went to {v}",
    "host": "the host was {v}",
    "http_version": "it used HTTP/{v}",
    "is_stream": {True: "it is a stream, or asked for one", False: "it is no stream"},
    "asked_to_stream": {True: "the request asked for a stream", False: "the request did not ask for a stream"},
    "resource_type": "the browser files it as “{v}”",
    "initiator_extension": "the browser extension {v} sent it",
    "resumed": {True: "the request resumes an earlier stream", False: "the request starts from the beginning"},
    "cross_origin": {True: "the page and the server have different origins", False: "the page and the server have the same origin"},
    "auth_sent": {True: "credentials were sent", False: "no credentials were sent"},
    "token_expired_ms": _token,
    "request_bytes": "the request body is {v} long",
    "status": _status,
    "content_type": "the answer's content type is {v}",
    "content_encoding": "the answer is compressed ({v})",
    "content_length": lambda v: f"the answer announced {size(v)} (Content-Length)",
    "cache_control": "Cache-Control: {v}",
    "age_s": "the answer was {v} old (Age)",
    "from_cache": {True: "the browser's cache answered", False: "the browser's cache did not answer"},
    "via_service_worker": {True: "the page's service worker answered", False: "no service worker answered"},
    "service_worker_active": {True: "the page has an active service worker", False: "the page has no active service worker"},
    "gateway": "the answer names {v} as the gateway",
    "retry_after_ms": "the answer asks to wait {v} before another try",
    "accel_buffering": "X-Accel-Buffering: {v}",
    "mitigated": "a bot defence stepped in: {v}",
    "redirect_login": {True: "it redirects to what looks like a sign-in page", False: "it redirects to no sign-in page"},
    "www_authenticate": "the answer asks for credentials ({v})",
    "cors_allowed": {True: "the answer allows cross-origin readers", False: "the answer has no Access-Control-Allow-Origin header"},
    "preflight_status": "the CORS preflight was answered with status {v}",
    "preflight_error": "the CORS preflight failed with {v}",
    "body_kind": {"empty": "the body is empty", None: "the body is {v}"},
    "page_kind": {
        "login": "the page that came back is a sign-in page",
        "challenge": "the page that came back is a bot check",
        "gateway-error": "the page that came back is a gateway's error page",
        "block-page": "the page that came back is a block page",
        "captive-portal": "the page that came back is a network's sign-in portal",
        None: "the page that came back is of the kind “{v}”",
    },
    "body_vendor": "the error page names {v}",
    "error_type": "the error's type is “{v}”",
    "error_code": "the error's code is “{v}”",
    "error_class": {
        "auth": "the error says that the credentials were not accepted",
        "forbidden": "the error says that this is not allowed",
        "rate-limit": "the error says that a rate limit was hit",
        "quota": "the error says that a quota is used up",
        "overloaded": "the error says that there is no capacity",
        "rejected": "the error says that the request itself is wrong",
        "timeout": "the error says that something took too long",
        "server": "the error says that the server failed",
        "filtered": "the error says that the content was filtered",
        "limit": "the error says that a limit was reached",
        "unavailable": "the error says that the service is unavailable",
        "unknown": "there is an error of an unknown class",
    },
    "error_owner": {
        "provider": "the model provider wrote the error",
        "application": "the application wrote the error",
        "framework": "the application's framework wrote the error",
        "gateway": "a gateway wrote the error",
    },
    "error_text": "the error says: {v}",
    "net_error": "the connection ended with {v}",
    "failure_text": "the capture notes the failure as “{v}”",
    "errors_recorded": {True: "this exporter would have recorded a transport error", False: "this exporter records no transport errors"},
    "server_ip_private": {True: "the server's address is private or local", False: "the server's address is public"},
    "connection_reused": {True: "it ran on a connection that was already open", False: "a new connection was opened for it"},
    "blocked_ms": "it waited {v} before anything was sent",
    "queued_ms": "it waited {v} in the browser's own queue",
    "dns_ms": "looking up the name took {v}",
    "connect_ms": "setting up the connection took {v}",
    "tls_ms": "the TLS handshake took {v}",
    "send_ms": "sending the request took {v}",
    "ttfb_ms": "the answer began {v} after the request",
    "receive_ms": "{v} passed between the answer's first byte and the end",
    "duration_ms": "it lasted {v} in all",
    "active_ms": "it ended {v} after the request had left the browser",
    "body_bytes": "{v} of the body arrived",
    "transfer_bytes": "{v} crossed the wire",
    "body_recorded": {True: "the capture holds the body", False: "the capture does not hold the body"},
    "end_recorded": {True: "the capture saw it end", False: "the capture was saved before it ended"},
    "h2_error_code": "the HTTP/2 stream was reset with the code {v}",
    "h3_error_code": "the HTTP/3 stream was reset with the code {v}",
    "reset_by": {"server": "the server's side sent the reset", "client": "the browser sent the reset"},
    "goaway_seen": {True: "the server had sent GOAWAY on this connection", False: "no GOAWAY came on this connection"},
    "goaway_code": "the GOAWAY carried the code {v}",
    "goaway_before_ms": "the GOAWAY came {v} before the end",
    "goaway_debug": "the GOAWAY says: {v}",
    "session_error": "the whole connection ended with {v}",
    "session_close": "the browser notes why that connection ended: {v}",
    "quic_error": "the QUIC connection ended with {v}",
    "quic_closed_by": {"server": "the server's side closed the QUIC connection", "client": "the browser closed the QUIC connection"},
    "socket_error": "the socket failed with {v}",
    "socket_os_error": _os_error,
    "network_changed_before_ms": _network_changed,
    "network_after": {"none": "the computer had no network afterwards", "unknown": "the new network is of an unknown kind", None: "the new network is of the kind {v}"},
    "client_proxy": {"direct": "the browser used no proxy", None: "the browser went through a proxy of the kind {v}"},
    "tunnel_status": "the browser's own proxy answered CONNECT with status {v}",
    "cert_issuer": "the certificate was issued by {v}",
    "known_root": {True: "the certificate leads to a public authority", False: "the certificate leads to no public authority"},
    "pool_stalled_ms": "it waited {v} for a free connection",
    "pool_limit": {"host": "all connections that a browser opens to one host were taken", "browser": "all connections of the browser were taken"},
    "delegate": "before it left the browser, {v} held it up",
    "delegate_ms": "that took {v}",
    "silent_retries": lambda v: f"the browser repeated it {plural(v, 'time')} by itself",
    "close_frame_by": {"server": "the server sent the first close frame", "client": "the browser sent the first close frame"},
    "framing": "the body is cut into events as {v}",
    "protocol": "the stream speaks the protocol “{v}”",
    "provider": "the model provider is {v}",
    "events": _others("event arrived", "events arrived", "no event arrived"),
    "content_events": _others("event carried part of the answer", "events carried part of the answer", "no event carried any part of the answer"),
    "heartbeats": _others("keep-alive arrived", "keep-alives arrived", "no keep-alive arrived"),
    "first_event_ms": "the first event arrived {v} after the request's start",
    "last_event_ms": "the last byte arrived {v} after the request's start",
    "max_gap_ms": "the longest silence between events was {v}",
    "median_gap_ms": "events arrived about every {v}",
    "idle_before_end_ms": "nothing arrived in the last {v} before the end",
    "terminal_marker": {
        "seen": "the protocol's end marker arrived",
        "missing": "the protocol's end marker never came",
        "none": "the protocol promises no end marker",
    },
    "terminal_name": "the end marker that the protocol promises is {v}",
    "soft_terminal": {True: "the content is complete although the end marker is missing", False: "the content is incomplete"},
    "tail_bytes": lambda v: "no bytes were left over at the end" if v == 0 else f"{size(v)} of an unfinished event were left at the end",
    "cut_inside_event": {True: "the last event breaks off in the middle", False: "the last event is whole"},
    "in_band_error": {True: "an error event arrived inside the stream", False: "no error event arrived"},
    "finish_reason": "the stream gives “{v}” as its finish reason",
    "finish_class": {
        "ok": "the finish reason is a normal one",
        "limit": "the finish reason says that the output limit was reached",
        "filtered": "the finish reason says that the content was filtered",
        None: "the finish reason means: {v}",
    },
    "handoff": {True: "the protocol says that the answer goes on elsewhere", False: "the protocol hands the answer to nobody else"},
    "planned_close": {True: "the server announced that it would close", False: "the server did not announce that it would close"},
    "one_burst": {True: "all events arrived at once after a long wait", False: "the events arrived spread over time"},
    "times_recorded": {True: "the capture has the arrival times of the events", False: "the capture has no arrival times"},
    "close_code": "the WebSocket was closed with code {v}",
    "grpc_status": "grpc-status is {v}",
    "duplicated_end": {True: "data went on after the end marker", False: "nothing followed the end marker"},
    "ending_by": {
        "client": "the client's side ended it", "proxy": "a proxy ended it", "server": "the server's side ended it",
        "network": "the network ended it", "recorder": "the recording ended first", "unknown": "the capture does not show who ended it",
    },
    "ending_phase": {
        "connect": "it ended while connecting", "request": "it ended while the request was being sent",
        "headers": "it ended while waiting for the answer to begin", "data": "it ended in the middle of the answer",
        "last": "it ended after the last event",
    },
    "ending_announced": {True: "the protocol announced the end", False: "nothing announced the end"},
    "ending_signal": {
        "end-marker": "the end marker ended it", "clean-close": "the connection was closed cleanly",
        "in-band-error": "an error event ended it", "net-error": "a transport error ended it",
        "status": "the status ended it", "close-code": "a WebSocket close code ended it",
        "not-ended": "it had not ended", "log-state": "the proxy's log names how it ended",
        "unknown": "the capture does not show how it ended",
    },
    "upstream_status": "the upstream server answered with status {v}",
    "upstream_tries": lambda v: f"the proxy tried {plural(v, 'upstream server')}",
    "upstream_connect_ms": "the proxy needed {v} to connect to the upstream",
    "upstream_header_ms": "the upstream began to answer after {v}",
    "upstream_response_ms": "the upstream's answer took {v}",
    "upstream_bytes": "the upstream sent {v}",
    "termination_state": "HAProxy noted the termination state {v}",
    "response_flags": "Envoy noted the response flags {v}",
    "response_details": "Envoy noted: {v}",
    "edge_result": "the edge noted the result {v}",
    "edge_status": "the edge answered with status {v}",
    "origin_status": "the origin answered the edge with status {v}",
    "error_reason": "the proxy gives {v} as the reason",
    "connection_status": "the log notes the connection as {v}",
    "worker_message": "the error log has a message of the kind “{v}”",
    "closed_by": {
        "client": "the proxy's log says that the client closed first", "proxy": "the log says that the proxy itself closed it",
        "upstream": "the proxy's log says that the upstream closed first", "none": "the proxy's log shows no early close",
    },
    "closed_phase": "the proxy's log has it closed in the phase “{v}”",
    "closed_why": {"none": "the proxy's log gives no reason for closing", None: "the proxy's log gives the reason for closing as “{v}”"},
    "concurrent_streams": _others("other stream was open to the host", "other streams were open to the host", "no other stream was open to the host"),
    "starved_by": _others("open stream held a connection to the host", "open streams held connections to the host", "no open stream held a connection to the host"),
    "starved_by_streams": "they were {v}",
    "tcp_worked": {True: "the same host answered over TCP in this capture", False: "the host was not reached over TCP in this capture"},
    "retry_completed": {True: "the page sent the very same request again, and that one completed", False: "no repetition of this request completed"},
    "token_replayed": {True: "it sends the very credential that this host had refused before", False: "this credential had not been refused before"},
    "ping_unanswered": {True: "a keep-alive of the connection stayed unanswered", False: "every keep-alive was answered"},
    "failures_same_moment": _others("other request failed within the same second", "other requests failed within the same second", "nothing else failed at that moment"),
    "hosts_failing_same_moment": _others("other host failed at the same moment", "other hosts failed at the same moment", "no other host failed at that moment"),
    "same_connection_deaths": _others("other request on this connection died in the same second", "other requests on this connection died in the same second", "nothing else on this connection died"),
    "host_ok_after": {True: "the same host answered again afterwards", False: "the same host did not answer again"},
    "server_ip_changed": {True: "the host was reached at another address afterwards", False: "the host kept its address"},
    "navigated_after_ms": _navigated,
    "stop_call_ms": "the page sent a stop call {v} before the end",
    "reissued_after_ms": "the next request to the same endpoint came {v} after the end",
    "reissue_completed": {True: "a later request repeated this one and completed", False: "no later request completed it"},
    "resume_completed": {True: "a later request resumed this one and completed", False: "no later request resumed and completed it"},
    "series": lambda v: f"it belongs to a series of {plural(v, 'reconnecting request')}",
    "series_same_duration": _series("lasted as long"),
    "series_same_idle": _series("died after the same silence"),
    "series_same_bytes": _series("died after the same number of bytes"),
    "limit_ms": "the whole duration fits a well-known limit of {v}",
    "idle_limit_ms": "the last silence fits a well-known limit of {v}",
    "flowing_at_end": {True: "data was flowing right up to the end", False: "data had stopped before the end"},
}  # fmt: skip
