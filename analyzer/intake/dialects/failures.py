"""Failure texts of engines and libraries → Chromium's net error names, where the meaning is certain.

A text that is not here stays a text: the column `failure_text` keeps it for the reader.
"""

from __future__ import annotations

from typing import Final

from analyzer.intake.dialects.localized import LOCALIZED
from analyzer.patterns import later

# Chromium's names, and Firefox's: of its network (NS_), and of its certificate checks (NSS and PKIX).
_NAME = later(
    r"(?:net::)?\b(ERR_[A-Z0-9_]{2,80})|\b((?:NS|SEC_ERROR|SSL_ERROR|MOZILLA_PKIX_ERROR)_[A-Z0-9_]{2,80})"
)
_NSURL = later(r"NSURLErrorDomain\D{1,20}?(-\d{3,5})")

# NSURLError codes and their English wording (CFNetwork); WebKit exports only the wording, in the
# language of the system. -1005 says that an established connection went away, not how.
_NSURL_CODES: Final = {
    "-999": "ERR_ABORTED",
    "-1001": "ERR_TIMED_OUT",
    "-1003": "ERR_NAME_NOT_RESOLVED",
    "-1004": "ERR_CONNECTION_FAILED",
    "-1005": "ERR_CONNECTION_CLOSED",
    "-1009": "ERR_INTERNET_DISCONNECTED",
    "-1017": "ERR_INVALID_HTTP_RESPONSE",
    "-1200": "ERR_SSL_PROTOCOL_ERROR",
    "-1202": "ERR_CERT_INVALID",
}
_EXACT: Final = {
    # WebKit on Apple systems
    "cancelled": "ERR_ABORTED",
    "load request cancelled": "ERR_ABORTED",
    "the request timed out": "ERR_TIMED_OUT",
    "a server with the specified hostname could not be found": "ERR_NAME_NOT_RESOLVED",
    "could not connect to the server": "ERR_CONNECTION_FAILED",
    "the network connection was lost": "ERR_CONNECTION_CLOSED",
    "the internet connection appears to be offline": "ERR_INTERNET_DISCONNECTED",
    "cannot parse response": "ERR_INVALID_HTTP_RESPONSE",
    "the certificate for this server is invalid": "ERR_CERT_INVALID",
    "an ssl error has occurred and a secure connection to the server cannot be made": "ERR_SSL_PROTOCOL_ERROR",
    # WebKit on Linux (libsoup and GIO). The first: it ended before an answer could be read.
    "message corrupt": "ERR_EMPTY_RESPONSE",
    "unacceptable tls certificate": "ERR_CERT_INVALID",
    "socket i/o timed out": "ERR_TIMED_OUT",
    "operation was cancelled": "ERR_ABORTED",
    "host unreachable": "ERR_ADDRESS_UNREACHABLE",
    # WebKit on Windows (libcurl's words for its codes), old and new
    "couldn't resolve host name": "ERR_NAME_NOT_RESOLVED",
    "could not resolve hostname": "ERR_NAME_NOT_RESOLVED",
    "couldn't resolve proxy name": "ERR_PROXY_CONNECTION_FAILED",
    "could not resolve proxy name": "ERR_PROXY_CONNECTION_FAILED",
    "couldn't connect to server": "ERR_CONNECTION_FAILED",
    "could not connect to server": "ERR_CONNECTION_FAILED",
    "server returned nothing (no headers, no data)": "ERR_EMPTY_RESPONSE",
    "ssl peer certificate or ssh remote key was not ok": "ERR_CERT_INVALID",
    "ssl connect error": "ERR_SSL_PROTOCOL_ERROR",
    "timeout was reached": "ERR_TIMED_OUT",
    "transferred a partial file": "ERR_CONTENT_LENGTH_MISMATCH",
    "stream error in the http/2 framing layer": "ERR_HTTP2_PROTOCOL_ERROR",
    "error in the http2 framing layer": "ERR_HTTP2_PROTOCOL_ERROR",
    "operation was aborted by an application callback": "ERR_ABORTED",
    # mitmproxy
    "client disconnected": "ERR_ABORTED",
    "server closed connection": "ERR_CONNECTION_CLOSED",
    "server disconnected": "ERR_CONNECTION_CLOSED",
    # BrowserMob and BrowserUp
    "unable to connect to host": "ERR_CONNECTION_FAILED",
    "response timed out": "ERR_TIMED_OUT",
    "no response received": "ERR_EMPTY_RESPONSE",
    # Node's error codes (capture-har)
    "econnrefused": "ERR_CONNECTION_REFUSED",
    "econnreset": "ERR_CONNECTION_RESET",
    "enotfound": "ERR_NAME_NOT_RESOLVED",
    "eai_again": "ERR_NAME_NOT_RESOLVED",
    "etimedout": "ERR_TIMED_OUT",
    "esockettimedout": "ERR_TIMED_OUT",
    "ehostunreach": "ERR_ADDRESS_UNREACHABLE",
    "enetunreach": "ERR_ADDRESS_UNREACHABLE",
}
# The C library's words for an error number, in whatever sentence a program wraps them.
_WITHIN: Final = (
    ("connection reset by peer", "ERR_CONNECTION_RESET"),
    # Python's asyncio, with the number of the operating system: Linux, macOS, Windows
    ("[errno 111] connect call failed", "ERR_CONNECTION_REFUSED"),
    ("[errno 61] connect call failed", "ERR_CONNECTION_REFUSED"),
    ("[errno 10061] connect call failed", "ERR_CONNECTION_REFUSED"),
    ("[errno 110] connect call failed", "ERR_CONNECTION_TIMED_OUT"),
    ("[errno 60] connect call failed", "ERR_CONNECTION_TIMED_OUT"),
    ("[errno 10060] connect call failed", "ERR_CONNECTION_TIMED_OUT"),
    ("[errno 113] connect call failed", "ERR_ADDRESS_UNREACHABLE"),
    ("[errno 101] connect call failed", "ERR_ADDRESS_UNREACHABLE"),
    ("stream reset by client", "ERR_ABORTED"),
    ("stream reset by server", "ERR_HTTP2_PROTOCOL_ERROR"),
    ("connection refused", "ERR_CONNECTION_REFUSED"),
    ("connection timed out", "ERR_CONNECTION_TIMED_OUT"),
    ("no route to host", "ERR_ADDRESS_UNREACHABLE"),
    ("network is unreachable", "ERR_ADDRESS_UNREACHABLE"),
    ("name or service not known", "ERR_NAME_NOT_RESOLVED"),
    ("nodename nor servname provided", "ERR_NAME_NOT_RESOLVED"),
    ("temporary failure in name resolution", "ERR_NAME_NOT_RESOLVED"),
    ("unable to resolve host", "ERR_NAME_NOT_RESOLVED"),
    ("certificate verify failed", "ERR_CERT_AUTHORITY_INVALID"),
    ("tls connection was non-properly terminated", "ERR_CONNECTION_CLOSED"),
    ("error performing tls handshake", "ERR_SSL_PROTOCOL_ERROR"),
    # Java, in Charles's reports
    ("java.net.unknownhostexception", "ERR_NAME_NOT_RESOLVED"),
    ("java.net.noroutetohostexception", "ERR_ADDRESS_UNREACHABLE"),
    ("connect timed out", "ERR_CONNECTION_TIMED_OUT"),
    ("sslhandshakeexception", "ERR_SSL_PROTOCOL_ERROR"),
    # What a page's own policy refuses
    ("blocked by content security policy", "ERR_BLOCKED_BY_CSP"),
    ("app transport security policy requires", "ERR_CLEARTEXT_NOT_PERMITTED"),
    ("content blocker prevented", "ERR_BLOCKED_BY_CLIENT"),
    # Chromium's WebSocket
    ("connection closed before receiving a handshake response", "ERR_CONNECTION_CLOSED"),
    ("websocket is closed before the connection is established", "ERR_ABORTED"),  # the page called close()
    # WebKit on Linux
    ("connection terminated unexpectedly", "ERR_CONNECTION_CLOSED"),
)


def net_name(words: str | None) -> str | None:
    """`net::ERR_…` or `NS_…` for a failure in anyone's words; None where the meaning is not certain."""
    if not words:
        return None
    words = words[:2000]
    found = _NAME.search(words)
    if found:
        return f"net::{found[1]}" if found[1] else found[2]
    code = _NSURL.search(words)
    name = _NSURL_CODES.get(code[1]) if code else None
    if name is None:
        plain = words.strip().rstrip(".。").lower()
        name = _EXACT.get(plain) or LOCALIZED.get(plain)
        if name is None:
            name = next((known for phrase, known in _WITHIN if phrase in plain), None)
    return f"net::{name}" if name else None
