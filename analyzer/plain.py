"""Verdicts in words for somebody who only wanted an answer: no protocol, no product, no jargon.

Each cause has what happened, which the capture shows, and why, which is as sure as the verdict. The
titles of rules are for those who will mend it; these sentences are for those who wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from analyzer.causes import CAUSES, CONFIDENCES, SEVERITIES, Confidence
from analyzer.model import Summary, Verdict

# cause: (what happened, why). No reason is given where what happened says it all.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "completed": ("The answer arrived in full", ""),
    "open-at-export": ("The answer was still arriving when the recording was saved", ""),
    "recovered": ("The answer broke off once, and the page fetched the rest of it by itself", ""),
    "planned-rotation": ("The server closed this connection on schedule, and the page opens a new one", ""),
    "stopped-by-user": ("The answer was stopped on this side", "by the Stop button, by leaving the page, or by the page itself"),
    "client-timeout": ("The page gave up waiting for the answer", ""),
    "output-limit": ("The answer ends early", "the model had reached the greatest length it was allowed"),
    "content-filtered": ("The answer ends early", "a content filter stopped it, or the model declined"),
    "session-expired": ("The request was refused", "the sign-in or the key was not accepted, or no longer"),
    "forbidden": ("The request was refused", "this account may not do that"),
    "login-page": ("A sign-in page came instead of the answer", "the session had ended"),
    "rate-limited": ("The request was refused", "too many had been made, or an allowance was used up"),
    "provider-overloaded": ("The answer could not be written", "the AI service had no capacity left"),
    "provider-error": ("The answer broke off", "the AI service reported an error"),
    "application-error": ("The answer broke off", "the application reported an error"),
    "request-rejected": ("The request was refused", "it was too long, not well formed, or asked for something that is not there"),
    "gateway-timeout": ("The answer never began", "a server on the way waited for it, and gave up"),
    "gateway-idle-timeout": ("The answer was cut off", "a server on the way heard nothing for a while, and hung up"),
    "gateway-duration-limit": ("The answer was cut off", "it took longer than a server on the way allows"),
    "gateway-size-limit": ("The answer was cut off", "it grew larger than a server on the way allows"),
    "server-timeout": ("The answer was cut off", "a timer in the application ran out"),
    "bad-gateway": ("The answer never began", "the server in front could not reach the application behind it"),
    "service-unavailable": ("The answer never began", "no server was free to give it"),
    "bot-challenge": ("A check for robots came instead of the answer", ""),
    "buffered-by-proxy": ("The answer came late and all at once", "a server on the way held it back until it was complete"),
    "http2-stream-reset": ("The answer was cut off", "a server on the way dropped it"),
    "truncated-stream": ("The answer stops in the middle", "a server stopped sending, and closed the connection as if all was well"),
    "empty-stream": ("The answer came back empty", ""),
    "connection-cut": ("The answer was cut off", "the connection to the server broke"),
    "server-error": ("The answer could not be given", "the application failed"),
    "server-going-away": ("The answer was cut off", "the server was shutting down or restarting"),
    "not-a-stream": ("Something else came instead of the answer", ""),
    "cors-blocked": ("The browser withheld the answer from the page", "the server does not permit this page to read it"),
    "connection-closed": ("The answer never began", "the connection was closed without a word"),
    "connection-reset": ("The answer was lost", "the connection was dropped"),
    "connect-failure": ("The request never arrived", "no connection to the server could be made"),
    "network-changed": ("The answer was lost", "the computer changed networks or went to sleep"),
    "offline": ("The request never left", "the computer was offline"),
    "dns-failure": ("The request never left", "the server's name could not be looked up"),
    "tls-failure": ("The request never left", "no secure connection could be set up"),
    "proxy-failure": ("The request never arrived", "the computer's own proxy or VPN failed"),
    "quic-failure": ("The answer was lost", "the network does not carry the newest kind of connection (HTTP/3) reliably"),
    "blocked-by-extension": ("The request never left the browser", "an extension or a policy blocked it"),
    "connection-starved": ("The answer had to wait", "other open streams held all connections to this server"),
    "stale-cache": ("An old answer was shown", "the browser took it from its cache and asked no server"),
    "service-worker-failure": ("The request never left the browser", "a part of the page, its service worker, failed"),
    "unexplained": ("The answer failed, and the recording does not show why", ""),
}  # fmt: skip
_HEDGE: Final[dict[Confidence, str]] = {
    "certain": ": ",
    "likely": ", most likely because ",
    "possible": ", perhaps because ",
}


def sentence(verdict: Verdict) -> str:
    """What happened, and as surely as it is known, why; without the full stop.

    Of a cause that is not in the list, which only a report from elsewhere can name, its own title.
    """
    what, why = _WORDS.get(verdict.cause, (verdict.title, ""))
    if not why:
        return what
    if why.startswith("by "):
        return f"{what}, {why}"
    return f"{what}{_HEDGE[verdict.confidence]}{why}"


def headline(verdicts: Sequence[Verdict], summary: Summary) -> str:
    """The sentence to read first. summary: of the same verdicts."""
    if not verdicts:
        return "There is no streamed answer in this recording."
    broken = [verdict for verdict in verdicts if verdict.severity in ("failed", "degraded")]
    if not broken:
        if summary.streams == 1:
            return f"{sentence(verdicts[0])}."
        return f"Nothing is wrong with any of the {summary.streams:,} answers in this recording."
    worst = min(broken, key=_rank)
    if summary.streams == 1:
        return f"{sentence(worst)}."
    count = f"{len(broken):,} of {summary.streams:,} answers"
    if len(broken) == 1:
        return f"{sentence(worst)} ({count})."
    return _of_several(count, Counter(verdict.cause for verdict in broken), worst.cause)


def counted(summary: Summary) -> str:
    """The sentence to read first where there are only numbers: of logs."""
    if not summary.streams:
        return "There is no streamed answer in these recordings."
    broken = summary.failed + summary.degraded
    if not broken:
        return f"Nothing is wrong with the {plural(summary.streams)} in these recordings."
    causes = {
        cause: n for cause, n in summary.by_cause.items() if CAUSES[cause].severity in ("failed", "degraded")
    }
    if summary.streams == 1:
        return f"The only answer went wrong: {_reason(next(iter(causes)))}."
    return _of_several(f"{broken:,} of {plural(summary.streams)}", causes)


def plural(answers: int) -> str:
    """`1 answer`, `1,200 answers`."""
    return f"{answers:,} answer{'' if answers == 1 else 's'}"


def _of_several(count: str, causes: Mapping[str, int], worst: str | None = None) -> str:
    """worst: the cause that the reader is told of next; of causes that are as frequent, it is named."""
    top, times = max(causes.items(), key=lambda item: (item[1], item[0] == worst, item[0]))
    if len(causes) == 1:
        return f"{count} went wrong{' for the same reason' if times > 1 else ''}: {_reason(top)}."
    often = f"most often ({times:,} times)" if times > 1 else "one of them"
    return f"{count} went wrong, for {len(causes)} reasons; {often}: {_reason(top)}."


def _reason(cause: str) -> str:
    what, why = _WORDS[cause]
    reason = why or what
    return reason[0].lower() + reason[1:]


def _rank(verdict: Verdict) -> tuple[int, int]:
    return SEVERITIES.index(verdict.severity), CONFIDENCES.index(verdict.confidence)
