"""The closed list of causes: what a verdict may say, who that blames, and how bad it is.

Causes are public API: ids are never renamed, and a new one is added only when a reader would have
to do something different about it.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Party = Literal["none", "user", "browser", "network", "gateway", "origin", "provider", "account", "unknown"]
Severity = Literal["failed", "degraded", "info", "ok"]
Confidence = Literal["certain", "likely", "possible"]

SEVERITIES: Final[tuple[Severity, ...]] = ("failed", "degraded", "info", "ok")
CONFIDENCES: Final[tuple[Confidence, ...]] = ("certain", "likely", "possible")


class Cause(NamedTuple):
    """One row of the list. `meaning` is a sentence for the docs and for `hangup explain`."""

    id: str
    party: Party
    severity: Severity
    title: str
    meaning: str


_ROWS: Final[tuple[Cause, ...]] = (
    Cause("completed", "none", "ok", "It finished properly",
          "The protocol's own end marker arrived, or a stream whose protocol promises none ended cleanly. A transport error after the end marker changes nothing."),
    Cause("open-at-export", "none", "info", "It was still streaming when the capture was saved",
          "The recording stopped before the stream did; nothing in it says that anything broke."),
    Cause("recovered", "none", "info", "It broke, and the application picked it up where it stopped",
          "A resumed or repeated request carried the answer to its end: the reader lost nothing. The break itself stays in the evidence."),
    Cause("planned-rotation", "origin", "info", "It was closed on schedule",
          "The server closes such connections by design, and the client is expected to come back."),
    Cause("stopped-by-user", "user", "info", "The page or its user stopped it",
          "A Stop button, a navigation, a closed tab or the page's own code ended the request from the reader's side."),
    Cause("client-timeout", "browser", "failed", "The client's own timer gave up on it",
          "The page or the SDK aborted the request at a limit of its own, with nobody pressing Stop."),
    Cause("output-limit", "provider", "degraded", "The model reached its output limit",
          "The stream ended properly, with a finish reason that says the answer was cut at the token limit. Nothing broke on the way."),
    Cause("content-filtered", "provider", "degraded", "A content filter or a refusal ended the answer",
          "The stream ended properly, with a finish reason that says the answer was filtered or refused."),
    Cause("session-expired", "account", "failed", "The session or key was not accepted",
          "401, or the protocol's own way to say unauthenticated."),
    Cause("forbidden", "account", "failed", "The account may not do this",
          "403 that is no bot challenge, or the protocol's own way to say permission denied."),
    Cause("login-page", "account", "failed", "A sign-in page came back instead of the stream",
          "A stream was asked for, and a redirect to a sign-in page or the page itself was the answer."),
    Cause("rate-limited", "provider", "failed", "A rate limit or quota refused it",
          "429, or an in-band error that says the same."),
    Cause("provider-overloaded", "provider", "failed", "The model provider had no capacity",
          "529, 503 with the provider's own overload body, or an in-band overload error."),
    Cause("provider-error", "provider", "failed", "The provider reported an error inside the stream",
          "An error event arrived in a response that had begun as a success."),
    Cause("application-error", "origin", "failed", "The application reported an error inside the stream",
          "An in-band error that the application or its framework wrote; nothing shows that the model's provider sent it."),
    Cause("request-rejected", "provider", "failed", "The request itself was refused",
          "400, 404, 409, 413, 415 or 422: too long, a wrong model, a malformed request."),
    Cause("gateway-timeout", "gateway", "failed", "A gateway gave up waiting for the answer to begin",
          "504, 524, 408, 598 or gRPC 4: no answer began in time."),
    Cause("gateway-idle-timeout", "gateway", "failed", "A gateway cut the stream after a silence",
          "Nothing arrived for as long as a gateway waits between two reads, and then it closed."),
    Cause("gateway-duration-limit", "gateway", "failed", "A gateway or platform limits how long a response may take",
          "Cut while data was flowing, at a limit on the whole response."),
    Cause("gateway-size-limit", "gateway", "failed", "It was cut at the same size each time",
          "A buffer that cannot be written or a limit on the response's size."),
    Cause("server-timeout", "origin", "failed", "A timer inside the application server ended it",
          "A limit in the server's own code or runtime: no gateway setting helps."),
    Cause("bad-gateway", "gateway", "failed", "The gateway could not talk to the origin",
          "502, 520-523, 525, 526 or 530."),
    Cause("service-unavailable", "gateway", "failed", "No server was available to answer",
          "503 that names no provider overload, or gRPC 14."),
    Cause("bot-challenge", "gateway", "failed", "A bot check came back instead of the stream",
          "A challenge page, which a fetch cannot solve, in place of the answer."),
    Cause("buffered-by-proxy", "gateway", "degraded", "It arrived whole, but all at once",
          "Something on the way held the answer back and delivered it in one burst."),
    Cause("http2-stream-reset", "gateway", "failed", "The HTTP/2 or HTTP/3 stream was reset",
          "A stream reset mid-answer, with nothing to say who sent it or why."),
    Cause("truncated-stream", "origin", "failed", "The answer stops before its end, though the connection ended cleanly",
          "The transport closed as if all was well, but the protocol's end marker never came."),
    Cause("empty-stream", "origin", "failed", "It ended properly and carried nothing",
          "No event at all, or a well-formed answer with no content."),
    Cause("connection-cut", "origin", "failed", "The connection broke inside the answer",
          "The transport itself says that the body is incomplete."),
    Cause("server-error", "origin", "failed", "The server failed while answering",
          "500, 501, 505, WebSocket 1011 or gRPC 2, 13 and 15."),
    Cause("server-going-away", "origin", "failed", "The server was shutting down",
          "WebSocket 1001 or 1012, or HTTP/2 GOAWAY: a restart or a deployment."),
    Cause("not-a-stream", "origin", "failed", "Something other than a stream came back",
          "An event stream was asked for and another content type was the answer."),
    Cause("cors-blocked", "origin", "failed", "The browser was not allowed to hand over the answer",
          "The response lacks the CORS headers that let this page read it."),
    Cause("connection-closed", "network", "failed", "The connection was closed before an answer",
          "ERR_CONNECTION_CLOSED or ERR_EMPTY_RESPONSE: closed without a reply."),
    Cause("connection-reset", "network", "failed", "The connection was reset",
          "ERR_CONNECTION_RESET, ERR_CONNECTION_ABORTED or ERR_SOCKET_NOT_CONNECTED."),
    Cause("connect-failure", "network", "failed", "No connection could be made",
          "Refused, unreachable, or timed out while connecting."),
    Cause("network-changed", "network", "failed", "The computer changed networks or went to sleep",
          "ERR_NETWORK_CHANGED or ERR_NETWORK_IO_SUSPENDED: Wi-Fi, VPN or sleep."),
    Cause("offline", "network", "failed", "The computer was offline",
          "ERR_INTERNET_DISCONNECTED."),
    Cause("dns-failure", "network", "failed", "The server's name could not be looked up",
          "The name did not resolve."),
    Cause("tls-failure", "network", "failed", "The secure connection could not be set up",
          "A certificate or handshake error; often an inspecting proxy."),
    Cause("proxy-failure", "network", "failed", "The computer's own proxy or VPN failed",
          "ERR_TUNNEL_CONNECTION_FAILED, ERR_PROXY_CONNECTION_FAILED or 407."),
    Cause("quic-failure", "network", "failed", "The HTTP/3 connection failed",
          "ERR_QUIC_PROTOCOL_ERROR and kin: UDP is often what a VPN or firewall drops."),
    Cause("blocked-by-extension", "browser", "failed", "A browser extension or policy blocked it",
          "ERR_BLOCKED_BY_CLIENT and kin, on the stream itself."),
    Cause("connection-starved", "browser", "degraded", "It waited because open streams held all connections",
          "HTTP/1.1 allows six connections to a host, and open streams held them."),
    Cause("stale-cache", "browser", "failed", "An old answer came from the browser's cache",
          "A stream was answered from the cache instead of by the server."),
    Cause("service-worker-failure", "browser", "failed", "The page's service worker failed",
          "The request failed inside the service worker, before it reached the network."),
    Cause("unexplained", "unknown", "failed", "It failed, and nothing in the capture says why",
          "No rule explains it; the evidence is shown, and the capture that would settle it is named."),
)  # fmt: skip

CAUSES: Final[dict[str, Cause]] = {row.id: row for row in _ROWS}
