"""The exchange table: every column's name, type, unit and meaning, declared once.

One row per HTTP exchange, WebSocket connection, or proxy log line that describes one. `Exchange` is
the declaration; the rule loader's checks, the rule reference, the docs and the DuckDB table are made
from it. Units are in the names: `_ms` milliseconds, `_bytes` bytes, `_at` an instant in UTC. Missing
is None (SQL NULL), never 0, -1 or "".

Closed vocabularies are listed in `VALUES`, so that a rule with a misspelt value is refused on load.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, NamedTuple

import msgspec


class Col(NamedTuple):
    """What a column means. kinds: which captures can record it (har, netlog, log).

    shown: may leave the machine as it is. False means the value is text from the capture that must
    pass the redactor first.
    """

    group: str
    meaning: str
    kinds: str = "har netlog log"
    shown: bool = True


Str = str | None
Int = int | None
Num = float | None
Bool = bool | None


class Exchange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One row. Every field is a column; None means that the capture does not record it."""

    # -- where it is from
    capture: Annotated[Str, Col("where", "path of the capture, as given", shown=False)] = None
    capture_kind: Annotated[Str, Col("where", "har, netlog or log")] = None
    dialect: Annotated[Str, Col("where", "exporter of a HAR, or name of the log format")] = None
    where: Annotated[Str, Col("where", "$.log.entries[17], or access.log:1234", shown=False)] = None
    position: Annotated[Int, Col("where", "index of the HAR entry, or number of the line")] = None
    ticket: Annotated[Str, Col("where", "ticket that the capture belongs to", shown=False)] = None

    # -- request
    method: Annotated[Str, Col("request", "request method, upper case")] = None
    url: Annotated[Str, Col("request", "absolute URL, or the request target of a log line", shown=False)] = (
        None
    )
    scheme: Annotated[Str, Col("request", "http, https, ws or wss")] = None
    host: Annotated[Str, Col("request", "host name, lower case, without port", shown=False)] = None
    path: Annotated[Str, Col("request", "path of the URL, without query", shown=False)] = None
    http_version: Annotated[Str, Col("request", "1.0, 1.1, 2 or 3; None where the exporter guesses")] = None
    accept: Annotated[Str, Col("request", "Accept header", shown=False)] = None
    is_stream: Annotated[
        Bool, Col("request", "it is a stream, or asked for one and failed before it became one")
    ] = None
    asked_to_stream: Annotated[Bool, Col("request", "the request itself asks for a stream")] = None
    stream_why: Annotated[Str, Col("request", "what makes it a stream")] = None
    initiator: Annotated[
        Str,
        Col(
            "request",
            "script, parser, preflight, other …; browser: an errand of the browser itself",
            "har netlog",
        ),
    ] = None
    initiator_extension: Annotated[
        Str, Col("request", "id of the browser extension whose script sent it", "har", False)
    ] = None
    resource_type: Annotated[
        Str, Col("request", "fetch, xhr, eventsource, websocket, document, preflight …", "har")
    ] = None
    resumed: Annotated[Bool, Col("request", "it carries Last-Event-ID or a resume offset")] = None
    request_id: Annotated[Str, Col("request", "request id that both sides log", shown=False)] = None
    request_bytes: Annotated[Int, Col("request", "size of the request body")] = None
    model: Annotated[Str, Col("request", "model that the request body names", "har", False)] = None
    browser: Annotated[Str, Col("request", "chrome, edge, firefox, safari, other")] = None
    browser_version: Annotated[Str, Col("request", "major version of the browser")] = None
    cross_origin: Annotated[Bool, Col("request", "the page and the URL have different origins", "har")] = None
    auth_sent: Annotated[
        Bool,
        Col("request", "an Authorization or key header was sent; None where the export drops them", "har"),
    ] = None
    token_expired_ms: Annotated[
        Num, Col("request", "how long ago the JWT that was sent had expired; negative: still valid", "har")
    ] = None
    client_ip: Annotated[Str, Col("request", "address of the client as logged", "log", False)] = None
    user_agent: Annotated[Str, Col("request", "User-Agent header", shown=False)] = None

    # -- response
    status: Annotated[Int, Col("response", "status code; 0 where the browser got no response")] = None
    status_text: Annotated[Str, Col("response", "reason phrase", "har", False)] = None
    content_type: Annotated[Str, Col("response", "media type, lower case, without parameters")] = None
    content_encoding: Annotated[Str, Col("response", "gzip, br, zstd …")] = None
    transfer_encoding: Annotated[Str, Col("response", "Transfer-Encoding header")] = None
    content_length: Annotated[Int, Col("response", "Content-Length header")] = None
    cache_control: Annotated[Str, Col("response", "Cache-Control header")] = None
    age_s: Annotated[Num, Col("response", "Age header, seconds")] = None
    from_cache: Annotated[Bool, Col("response", "answered by the browser's cache", "har")] = None
    via_service_worker: Annotated[Bool, Col("response", "answered through a service worker", "har")] = None
    service_worker_active: Annotated[
        Bool,
        Col(
            "response", "a service worker script was fetched or answered for this page's origin before", "har"
        ),
    ] = None
    server: Annotated[Str, Col("response", "Server header", "har netlog", False)] = None
    via: Annotated[Str, Col("response", "Via header", "har netlog", False)] = None
    gateway: Annotated[
        Str, Col("response", "recognised CDN, load balancer or reverse proxy that the response names")
    ] = None
    gateway_request_id: Annotated[
        Str, Col("response", "cf-ray, x-amzn-trace-id, x-request-id …", shown=False)
    ] = None
    retry_after_ms: Annotated[Num, Col("response", "Retry-After or retry-after-ms")] = None
    accel_buffering: Annotated[Str, Col("response", "X-Accel-Buffering header")] = None
    mitigated: Annotated[Str, Col("response", "cf-mitigated and its kin: what a bot defence did")] = None
    redirect_login: Annotated[
        Bool, Col("response", "the response redirects to what looks like a sign-in page")
    ] = None
    www_authenticate: Annotated[Str, Col("response", "scheme of the WWW-Authenticate header")] = None
    cors_allowed: Annotated[
        Bool, Col("response", "the response has an Access-Control-Allow-Origin header", "har")
    ] = None
    preflight_status: Annotated[
        Int, Col("response", "status of the CORS preflight of this request", "har")
    ] = None
    preflight_error: Annotated[
        Str, Col("response", "net error of the CORS preflight of this request", "har")
    ] = None
    body_kind: Annotated[Str, Col("response", "what the recorded body is", "har")] = None
    page_kind: Annotated[Str, Col("response", "what an HTML body is by its own words", "har")] = None
    body_vendor: Annotated[Str, Col("response", "product that an error page names", "har")] = None
    error_type: Annotated[Str, Col("response", "type of the JSON error body", "har", False)] = None
    error_code: Annotated[Str, Col("response", "code of the JSON error body", "har", False)] = None
    error_class: Annotated[Str, Col("response", "what the error says, in body or stream")] = None
    error_owner: Annotated[
        Str, Col("response", "who wrote the error: provider, application, framework or gateway")
    ] = None
    error_text: Annotated[Str, Col("response", "message of the error", "har", False)] = None

    # -- transport
    started_at: Annotated[datetime | None, Col("transport", "when the request was issued")] = None
    ended_at: Annotated[datetime | None, Col("transport", "when the exchange ended")] = None
    net_error: Annotated[
        Str,
        Col(
            "transport", "net::ERR_…, NS_ERROR_… or an exporter's failure text as a net:: name", "har netlog"
        ),
    ] = None
    failure_text: Annotated[
        Str,
        Col("transport", "failure as the exporter words it, where it is no known name", "har netlog", False),
    ] = None
    errors_recorded: Annotated[
        Bool,
        Col(
            "transport",
            "the exporter can record a transport error: no error then means none happened",
            "har netlog",
        ),
    ] = None
    server_ip: Annotated[
        Str, Col("transport", "address of the server as the client saw it", "har netlog", False)
    ] = None
    server_ip_private: Annotated[
        Bool, Col("transport", "that address is private, loopback or link-local", "har netlog")
    ] = None
    connection_id: Annotated[Str, Col("transport", "connection that carried it", shown=False)] = None
    connection_reused: Annotated[Bool, Col("transport", "no connection was set up for it", "har netlog")] = (
        None
    )
    blocked_ms: Annotated[
        Num, Col("transport", "before anything was sent: queue, proxy, stall", "har netlog")
    ] = None
    queued_ms: Annotated[Num, Col("transport", "in the browser's own queue", "har netlog")] = None
    dns_ms: Annotated[Num, Col("transport", "name resolution", "har netlog")] = None
    connect_ms: Annotated[Num, Col("transport", "TCP and TLS set-up", "har netlog")] = None
    tls_ms: Annotated[Num, Col("transport", "TLS handshake", "har netlog")] = None
    send_ms: Annotated[Num, Col("transport", "sending the request", "har netlog")] = None
    ttfb_ms: Annotated[Num, Col("transport", "from the request sent to the first byte of the answer")] = None
    receive_ms: Annotated[Num, Col("transport", "from the first byte of the answer to the end")] = None
    duration_ms: Annotated[Num, Col("transport", "from the request's start to the end")] = None
    active_ms: Annotated[
        Num,
        Col("transport", "from the request leaving the browser to the end: what a gateway can have measured"),
    ] = None
    body_bytes: Annotated[Int, Col("transport", "decoded body bytes that arrived")] = None
    transfer_bytes: Annotated[
        Int, Col("transport", "bytes on the wire, headers included where the exporter counts them")
    ] = None
    body_recorded: Annotated[
        Bool, Col("transport", "the body, or the events that arrived, are in the capture", "har")
    ] = None
    end_recorded: Annotated[Bool, Col("transport", "the capture saw the exchange end", "har netlog")] = None

    # -- transport, below the request: only a NetLog records it, for its own rows and for a HAR's beside it
    h2_error_code: Annotated[
        Str, Col("transport", "code of the RST_STREAM that ended the HTTP/2 stream", "netlog")
    ] = None
    h3_error_code: Annotated[
        Str,
        Col("transport", "code of the frame that reset the HTTP/3 stream, an H3_ or QUIC_ name", "netlog"),
    ] = None
    reset_by: Annotated[Str, Col("transport", "who reset the stream: server or client", "netlog")] = None
    goaway_seen: Annotated[
        Bool,
        Col(
            "transport",
            "the server had sent GOAWAY on the connection before the end; None under HTTP/1.1",
            "netlog",
        ),
    ] = None
    goaway_code: Annotated[Str, Col("transport", "code of that HTTP/2 GOAWAY", "netlog")] = None
    goaway_before_ms: Annotated[Num, Col("transport", "from that GOAWAY to the end", "netlog")] = None
    goaway_debug: Annotated[Str, Col("transport", "text that the GOAWAY carried", "netlog", False)] = None
    session_error: Annotated[
        Str,
        Col(
            "transport",
            "net error with which the whole HTTP/2 or QUIC connection ended, within a second of the exchange",
            "netlog",
        ),
    ] = None
    session_close: Annotated[
        Str, Col("transport", "the browser's words for why that connection ended", "netlog", False)
    ] = None
    quic_error: Annotated[Str, Col("transport", "QUIC error with which that connection ended", "netlog")] = (
        None
    )
    quic_closed_by: Annotated[
        Str, Col("transport", "who closed the QUIC connection: server or client", "netlog")
    ] = None
    socket_error: Annotated[
        Str, Col("transport", "net error of the last read or write on the socket", "netlog")
    ] = None
    socket_os_error: Annotated[
        Int,
        Col(
            "transport",
            "the operating system's number for the socket's error: 104, 54 and 10054 are a reset",
            "netlog",
        ),
    ] = None
    network_changed_before_ms: Annotated[
        Num,
        Col(
            "transport",
            "from the last change of the computer's own network to the end, if one came during the exchange; a change is noticed up to a second late, so it can be slightly negative",
            "netlog",
        ),
    ] = None
    network_after: Annotated[Str, Col("transport", "kind of network after that change", "netlog")] = None
    client_proxy: Annotated[Str, Col("transport", "kind of proxy that the browser itself used", "netlog")] = (
        None
    )
    tunnel_status: Annotated[
        Int, Col("transport", "status with which the browser's own proxy answered CONNECT", "netlog")
    ] = None
    known_root: Annotated[
        Bool,
        Col(
            "transport",
            "the certificate leads to a public authority; False: to one that was installed on this computer",
            "netlog",
        ),
    ] = None
    cert_issuer: Annotated[
        Str,
        Col("transport", "who issued the server's certificate: organisation and name", "har netlog"),
    ] = None
    pool_stalled_ms: Annotated[
        Num,
        Col("transport", "waited for a free connection because the browser's limit was reached", "netlog"),
    ] = None
    pool_limit: Annotated[
        Str,
        Col(
            "transport",
            "which limit that was: host (six connections to one host) or browser (all together)",
            "netlog",
        ),
    ] = None
    delegate: Annotated[
        Str, Col("transport", "extension or feature of the browser that held the request up", "netlog", False)
    ] = None
    delegate_ms: Annotated[Num, Col("transport", "how long it held the request up", "netlog")] = None
    silent_retries: Annotated[
        Int, Col("transport", "tries that the browser repeated by itself after a connection error", "netlog")
    ] = None
    close_frame_by: Annotated[
        Str, Col("transport", "who sent the first WebSocket close frame: server or client", "netlog")
    ] = None

    # -- stream
    framing: Annotated[Str, Col("stream", "how the body is cut into events")] = None
    protocol: Annotated[Str, Col("stream", "protocol profile that fits")] = None
    provider: Annotated[Str, Col("stream", "model provider that the endpoint or the protocol names")] = None
    events: Annotated[Int, Col("stream", "events that arrived", "har netlog")] = None
    content_events: Annotated[Int, Col("stream", "events that carry part of the answer", "har netlog")] = None
    heartbeats: Annotated[Int, Col("stream", "keep-alive comments and events", "har netlog")] = None
    first_event_ms: Annotated[Num, Col("stream", "request's start to first event", "har netlog")] = None
    last_event_ms: Annotated[Num, Col("stream", "request's start to last event or byte", "har netlog")] = None
    max_gap_ms: Annotated[Num, Col("stream", "longest silence between events", "har netlog")] = None
    median_gap_ms: Annotated[Num, Col("stream", "median silence between events", "har netlog")] = None
    ping_unanswered: Annotated[
        Bool,
        Col("stream", "a keep-alive of the WebSocket's protocol stayed unanswered before the end", "har"),
    ] = None
    idle_before_end_ms: Annotated[Num, Col("stream", "silence between the last byte and the end")] = None
    terminal_marker: Annotated[
        Str,
        Col(
            "stream",
            "seen; missing: the protocol promises one and it never came; none: the protocol promises none",
            "har netlog",
        ),
    ] = None
    terminal_name: Annotated[
        Str, Col("stream", "the end marker that the protocol promises", "har netlog")
    ] = None
    soft_terminal: Annotated[
        Bool, Col("stream", "the content is complete although the end marker is missing", "har netlog")
    ] = None
    tail_bytes: Annotated[Int, Col("stream", "bytes left in the decoder at the end", "har")] = None
    cut_inside_event: Annotated[Bool, Col("stream", "the last event is incomplete", "har")] = None
    in_band_error: Annotated[
        Bool, Col("stream", "an error event arrived inside the stream", "har netlog")
    ] = None
    finish_reason: Annotated[Str, Col("stream", "finish reason in the protocol's words", "har", False)] = None
    finish_class: Annotated[Str, Col("stream", "what the finish reason means", "har")] = None
    handoff: Annotated[Bool, Col("stream", "the protocol says that the answer goes on elsewhere", "har")] = (
        None
    )
    planned_close: Annotated[
        Bool, Col("stream", "the server announced that it would close and expects the client back", "har")
    ] = None
    one_burst: Annotated[
        Bool,
        Col("stream", "the events all arrived within a few milliseconds, after a long wait", "har netlog"),
    ] = None
    times_recorded: Annotated[Bool, Col("stream", "arrival times of the events are known", "har netlog")] = (
        None
    )
    close_code: Annotated[Int, Col("stream", "WebSocket close code")] = None
    grpc_status: Annotated[Int, Col("stream", "grpc-status")] = None
    duplicated_end: Annotated[Bool, Col("stream", "the data went on after the end marker", "har")] = None

    # -- ending
    ending_by: Annotated[Str, Col("ending", "client, proxy, server, network, recorder or unknown")] = None
    ending_phase: Annotated[Str, Col("ending", "connect, request, headers, data or last")] = None
    ending_announced: Annotated[Bool, Col("ending", "the end was announced by the protocol")] = None
    ending_signal: Annotated[
        Str, Col("ending", "what carried the end: end marker, clean close, net error, status …")
    ] = None

    # -- proxy side
    upstream: Annotated[Str, Col("proxy", "upstream server that the proxy chose", "log", False)] = None
    upstream_status: Annotated[
        Int, Col("proxy", "status that the upstream answered; the last try's", "log")
    ] = None
    upstream_tries: Annotated[Int, Col("proxy", "upstream servers tried", "log")] = None
    upstream_connect_ms: Annotated[Num, Col("proxy", "time to connect to the upstream", "log")] = None
    upstream_header_ms: Annotated[Num, Col("proxy", "time to the upstream's first byte or header", "log")] = (
        None
    )
    upstream_response_ms: Annotated[Num, Col("proxy", "time to the upstream's last byte", "log")] = None
    upstream_bytes: Annotated[Int, Col("proxy", "bytes received from the upstream", "log")] = None
    termination_state: Annotated[Str, Col("proxy", "HAProxy's termination state", "log")] = None
    response_flags: Annotated[Str, Col("proxy", "Envoy's response flags", "log")] = None
    response_details: Annotated[Str, Col("proxy", "Envoy's response code details", "log")] = None
    edge_result: Annotated[
        Str, Col("proxy", "CloudFront's detailed result, or another edge's own word for the result", "log")
    ] = None
    edge_status: Annotated[Int, Col("proxy", "status that the edge answered", "log")] = None
    origin_status: Annotated[Int, Col("proxy", "status that the origin answered to the edge", "log")] = None
    edge_location: Annotated[Str, Col("proxy", "edge location", "log")] = None
    error_reason: Annotated[
        Str,
        Col(
            "proxy",
            "the product's own reason: ALB, GCP statusDetails, Heroku H-code, Front Door errorInfo …",
            "log",
        ),
    ] = None
    connection_status: Annotated[
        Str, Col("proxy", "nginx request_completion, IIS and HTTP.sys reasons, Squid's TCP_ tags", "log")
    ] = None
    worker_message: Annotated[
        Str, Col("proxy", "class of the proxy's or worker's error-log message", "log")
    ] = None
    closed_by: Annotated[
        Str, Col("proxy", "who closed first, as the log says: client, proxy, upstream, none", "log")
    ] = None
    closed_phase: Annotated[
        Str, Col("proxy", "when it closed: queue, connect, request, headers, data, done", "log")
    ] = None
    closed_why: Annotated[
        Str,
        Col(
            "proxy",
            "why it closed: timeout, idle-timeout, duration-limit, abort, error, refused, reset …",
            "log",
        ),
    ] = None
    route: Annotated[Str, Col("proxy", "route, listener, front end or virtual host", "log", False)] = None

    # -- context, over the whole capture or batch
    concurrent_streams: Annotated[
        Int, Col("context", "other streams open to the same host while this one waited", "har")
    ] = None
    starved_by: Annotated[
        Int, Col("context", "connections to the host that open streams held while this one queued", "har")
    ] = None
    starved_by_streams: Annotated[
        Str, Col("context", "those streams: path and place of each, the longest-held first", "har")
    ] = None
    tcp_worked: Annotated[
        Bool,
        Col(
            "context",
            "the same host answered over TCP (HTTP/2 or 1.1) in this capture; only where HTTP/3 failed",
            "har netlog",
        ),
    ] = None
    retry_completed: Annotated[
        Bool,
        Col("context", "the same request was sent again within ten seconds and completed", "har"),
    ] = None
    token_replayed: Annotated[
        Bool, Col("context", "it sends the very credential that this host had refused before", "har")
    ] = None
    failures_same_moment: Annotated[
        Int, Col("context", "other exchanges that failed within a second of this one's end", "har netlog")
    ] = None
    hosts_failing_same_moment: Annotated[Int, Col("context", "other hosts among those", "har netlog")] = None
    same_connection_deaths: Annotated[
        Int, Col("context", "other exchanges of this connection that died in the same second", "har netlog")
    ] = None
    host_ok_after: Annotated[
        Bool, Col("context", "the same host answered after this failure", "har netlog")
    ] = None
    server_ip_changed: Annotated[
        Bool, Col("context", "the same host was reached at another address afterwards", "har netlog")
    ] = None
    navigated_after_ms: Annotated[
        Num,
        Col(
            "context",
            "from the end to the next document request of the page; negative: before the end",
            "har",
        ),
    ] = None
    stop_call_ms: Annotated[
        Num, Col("context", "from a stop or cancel call of the page to the end", "har")
    ] = None
    reissued_after_ms: Annotated[
        Num, Col("context", "from the end to the next request for the same endpoint", "har netlog")
    ] = None
    reissue_completed: Annotated[
        Bool, Col("context", "a later request continued or repeated this one and completed", "har netlog")
    ] = None
    resume_completed: Annotated[
        Bool, Col("context", "a later request resumed this one where it stopped, and completed", "har netlog")
    ] = None
    series: Annotated[Int, Col("context", "requests of this reconnecting series")] = None
    series_same_duration: Annotated[
        Int, Col("context", "failed streams, this one included, that lasted as long: within 1 % or a second")
    ] = None
    series_same_idle: Annotated[
        Int, Col("context", "failed streams, this one included, that died after the same silence")
    ] = None
    series_same_bytes: Annotated[
        Int, Col("context", "failed streams, this one included, that died after the same number of bytes")
    ] = None
    limit_ms: Annotated[
        Num, Col("context", "known limit that the whole duration fits, within -0.3 and +2.5 s")
    ] = None
    idle_limit_ms: Annotated[
        Num, Col("context", "known limit that the last silence fits, within -0.3 and +2.5 s")
    ] = None
    limit_of: Annotated[Str, Col("context", "products whose documented default that limit is")] = None
    idle_limit_of: Annotated[Str, Col("context", "products whose documented default that idle limit is")] = (
        None
    )
    flowing_at_end: Annotated[Bool, Col("context", "data was flowing right up to the end")] = None


# RFC 9113 section 7; the place in the list is the number on the wire.
H2_CODES: Final = (
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
)  # fmt: skip

VALUES: Final[dict[str, tuple[str, ...]]] = {
    "capture_kind": ("har", "netlog", "log"),
    "http_version": ("1.0", "1.1", "2", "3"),
    "stream_why": (
        "content-type", "accept", "body", "eventsource", "websocket", "endpoint", "same-url",
        "stream-path", "events", "behaviour", "webtransport",
    ),
    "browser": ("chrome", "edge", "firefox", "safari", "other"),
    "body_kind": ("sse", "ndjson", "json", "html", "text", "binary", "empty"),
    "page_kind": ("login", "challenge", "gateway-error", "block-page", "captive-portal", "app", "error"),
    "error_class": (
        "auth", "forbidden", "rate-limit", "quota", "overloaded", "rejected", "timeout", "server",
        "filtered", "limit", "unavailable", "unknown",
    ),
    "error_owner": ("provider", "application", "framework", "gateway"),
    "h2_error_code": H2_CODES,
    "goaway_code": H2_CODES,
    "reset_by": ("server", "client"),
    "quic_closed_by": ("server", "client"),
    "close_frame_by": ("server", "client"),
    "network_after": ("none", "ethernet", "wifi", "2g", "3g", "4g", "5g", "bluetooth", "unknown"),
    "client_proxy": ("direct", "http", "https", "socks", "quic"),
    "pool_limit": ("host", "browser"),
    "framing": (
        "sse", "ndjson", "json-array", "websocket", "grpc-web", "connect", "aws-event-stream",
        "ag-ui-binary", "webchannel", "webtransport", "data-stream", "text", "unknown",
    ),
    "terminal_marker": ("seen", "missing", "none"),
    "finish_class": ("ok", "limit", "filtered", "error", "overloaded", "rate-limit", "cancelled", "unknown"),
    "ending_by": ("client", "proxy", "server", "network", "recorder", "unknown"),
    "ending_phase": ("connect", "request", "headers", "data", "last"),
    "ending_signal": (
        "end-marker", "clean-close", "in-band-error", "net-error", "status", "close-code",
        "not-ended", "log-state", "unknown",
    ),
    "closed_by": ("client", "proxy", "upstream", "none"),
    "closed_phase": ("queue", "connect", "request", "headers", "data", "done"),
    "closed_why": (
        "timeout", "idle-timeout", "duration-limit", "size-limit", "abort", "error", "refused",
        "reset", "unreachable", "rate-limit", "auth", "overload", "shutdown", "buffer-full",
        "worker-killed", "keepalive-race", "protocol-error", "dns", "tls", "none",
    ),
}  # fmt: skip


class Column(msgspec.Struct, frozen=True):
    """One column of the table, as the loader, the docs and the schema see it."""

    name: str
    type: str  # text, integer, number, boolean, timestamp
    sql: str
    group: str
    meaning: str
    kinds: tuple[str, ...]
    shown: bool
    unit: str
    values: tuple[str, ...]


_TYPES: Final = {
    str: ("text", "VARCHAR"),
    int: ("integer", "BIGINT"),
    float: ("number", "DOUBLE"),
    bool: ("boolean", "BOOLEAN"),
    datetime: ("timestamp", "TIMESTAMP"),
}
_UNITS: Final = (("_ms", "ms"), ("_bytes", "bytes"), ("_at", "UTC"), ("_s", "s"))


class _Pair:
    """`Annotated` without what `typing` does for it."""

    def __class_getitem__(cls, pair: tuple[Any, Col]) -> tuple[Any, Col]:
        return pair


@cache
def columns() -> dict[str, Column]:
    """All columns by name, in table order."""
    declared = Exchange.__annotations__
    # As `typing.get_type_hints` evaluates them (the text is this file's own, nothing else comes in here), but all in
    # one go and as pairs: it would take longer than a small run takes for its verdicts.
    pairs = eval(f"[{','.join(declared.values())}]", {**globals(), "Annotated": _Pair})  # noqa: S307
    found: dict[str, Column] = {}
    for name, (inner, col) in zip(declared, pairs, strict=True):
        type_name, sql = next(_TYPES[t] for t in inner.__args__ if t in _TYPES)
        found[name] = Column(
            name=name,
            type=type_name,
            sql=sql,
            group=col.group,
            meaning=col.meaning,
            kinds=tuple(col.kinds.split()),
            shown=col.shown,
            unit=next((unit for suffix, unit in _UNITS if name.endswith(suffix)), ""),
            values=VALUES.get(name, ()),
        )
    return found


def create_table_sql(name: str = "exchanges") -> str:
    """The CREATE TABLE statement; `n` is the row's number within the run."""
    body = ", ".join(f'"{column.name}" {column.sql}' for column in columns().values())
    return f"CREATE TABLE {name} (n BIGINT, {body})"
