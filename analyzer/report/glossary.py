"""The words a report uses and what they mean, for readers who have never opened DevTools."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple


class Term(NamedTuple):
    """One word. slug: its anchor. pattern: how it occurs in prose. meaning: one or two sentences."""

    slug: str
    name: str
    pattern: str
    meaning: str


TERMS: Final[tuple[Term, ...]] = (
    Term("api-key", "API key or session", r"API keys?|sessions?", "What proves to a server who is asking. Sessions run out; keys can be revoked."),
    Term("application", "Application", r"origin(?: server)?", "The website's or product's own server, also called the origin. It takes your question and passes it to the model."),
    Term("bot-challenge", "Bot check", r"bot (?:check|challenge)s?", "A page that asks a visitor to prove to be human. A program waiting for an answer cannot solve it."),
    Term("buffering", "Buffering", r"buffer(?:ing|ed|s)?", "Holding data back until there is enough of it. A buffered answer arrives all at once instead of word by word."),
    Term("cache", "Cache", r"caches?", "A store of earlier answers. An old answer from a cache is not what was asked for."),
    Term("capture", "Capture", r"captures?", "The recording this report was made from: a HAR file, a NetLog, or a proxy's log."),
    Term("cors", "CORS", r"CORS", "The browser's rule that a page may read another site's answer only if that site agrees."),
    Term("dns", "DNS", r"DNS", "The directory that turns a server's name into an address."),
    Term("end-marker", "End marker", r"end markers?|terminal markers?", "What a protocol sends last, to say that the answer is complete. Without it, the answer was cut short."),
    Term("event", "Event", r"events?", "One complete piece of a streamed answer, often a few words long."),
    Term("exchange", "Exchange", r"exchanges?", "One request and the response to it."),
    Term("gateway", "Gateway", r"gateways?|reverse prox(?:y|ies)|load balancers?|CDNs?", "A machine in front of the application that passes requests on: nginx, a load balancer, a CDN. Most have a limit on how long they wait."),
    Term("har", "HAR", r"HAR", "A file in which a browser saves what a page requested and what came back."),
    Term("heartbeat", "Heartbeat", r"heartbeats?|keep-alives?|pings?", "A small message without content, sent during pauses so that nobody on the way takes the silence for the end."),
    Term("http2", "HTTP/2 and HTTP/3", r"HTTP/[23]|RST_STREAM|GOAWAY|QUIC", "Ways to carry several exchanges over one connection. Either side can reset one of them (RST_STREAM) or announce that it is leaving (GOAWAY)."),
    Term("idle-timeout", "Idle timeout", r"idle (?:timeouts?|limits?)", "A limit on silence: after so many seconds without a byte, the connection is closed. Each byte starts the count again."),
    Term("net-error", "Net error", r"net::\w+|NS_ERROR_\w+|net errors?", "The browser's own name for what went wrong with a connection."),
    Term("ndjson", "NDJSON", r"NDJSON", "A stream in which each line is one piece of data."),
    Term("netlog", "NetLog", r"NetLog", "Chromium's detailed recording of its network traffic, made at chrome://net-export."),
    Term("openssl-tls", "TLS", r"TLS", "The encryption of a connection, and the certificate that proves who is at its other end."),
    Term("origin-reset", "Connection reset", r"connection reset|TCP reset|RST", "One side dropped the connection without saying goodbye."),
    Term("overload", "Overloaded", r"overload(?:ed)?|no capacity", "The model's provider had more requests than it could serve at that moment."),
    Term("provider", "Provider", r"(?:model )?providers?", "The company that runs the model, such as the one whose API the application calls."),
    Term("rate-limit", "Rate limit", r"rate[- ]limit(?:s|ed)?|quotas?", "How many requests an account may make in a given time."),
    Term("redaction", "Redacted", r"redact(?:ed|ion)", "Secrets and personal text were replaced by placeholders such as ⟨cookie:1⟩. Equal secrets have equal placeholders."),
    Term("request-id", "Request id", r"request ids?|cf-ray|x-request-id", "A number that a server gives to each request. Its operator can find the request in the logs by it."),
    Term("service-worker", "Service worker", r"service workers?", "A script of the page that stands between it and the network."),
    Term("sse", "SSE", r"SSE|server-sent events?|event streams?|EventSource", "Server-sent events: the most common way to send an answer piece by piece, over an ordinary web connection."),
    Term("status", "Status code", r"status codes?", "The three-digit number with which a server begins its response: 200 is success, 4xx is the client's mistake, 5xx is the server's."),
    Term("stream", "Stream", r"streams?|streaming", "An answer that is sent piece by piece while it is being made, instead of all at once at the end."),
    Term("time-to-first-byte", "First byte", r"first bytes?|TTFB", "The moment at which the answer begins. The time until then is spent waiting for the server."),
    Term("total-limit", "Duration limit", r"duration limits?|total limits?", "A limit on the whole answer, however busy it is. Heartbeats do not help against it."),
    Term("truncated", "Truncated", r"truncat(?:ed|ion)", "Cut off before its end."),
    Term("upstream", "Upstream", r"upstreams?", "The server behind a gateway, from which the gateway gets the answer."),
    Term("utc", "UTC", r"UTC", "The time zone in which all times of this report are written, so that everybody's logs can be compared."),
    Term("websocket", "WebSocket", r"WebSockets?", "A connection on which both sides can send at any time. It ends with a close code that says why."),
)  # fmt: skip

# Words so common on the page that linking them would only be noise; they are in the glossary anyway.
_NOT_LINKED: Final = frozenset({"stream", "event", "capture", "utc", "cache", "api-key"})


@cache
def pattern() -> re.Pattern[str]:
    """Finds every term in prose; the group's name is the term's slug with dashes as underscores."""
    alternatives = "|".join(f"(?P<{t.slug.replace('-', '_')}>{t.pattern})" for t in TERMS)
    return re.compile(rf"(?<![\w/:-])(?:{alternatives})(?![\w/-])", re.IGNORECASE)


@cache
def by_slug() -> dict[str, Term]:
    """All terms by slug."""
    return {term.slug: term for term in TERMS}


def linked(slug: str) -> bool:
    """Whether the first occurrence of a term in a paragraph links to the glossary."""
    return slug not in _NOT_LINKED


def used(texts: list[str]) -> list[Term]:
    """The terms that occur in `texts`, in alphabetical order of their names."""
    found: set[str] = set()
    for text in texts:
        found.update(m.lastgroup.replace("_", "-") for m in pattern().finditer(text) if m.lastgroup)
    return sorted((by_slug()[slug] for slug in found), key=lambda term: term.name.lower())
