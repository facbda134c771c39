"""Where on the way from the model to the reader an answer stopped: the data behind the drawing.

Six hops, always the same, so that a reader learns the picture once. The verdict's party picks the
hop; the ending's phase and the cause pick the side on which the line breaks. An answer that broke
off had come from the model's side as far as the culprit; a request that never got an answer had
gone from the reader's side as far as the culprit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from analyzer.columns import Exchange
from analyzer.model import Stream, Verdict
from analyzer.safe import one_line

HopState = Literal["plain", "failed", "degraded", "info", "ok"]
LinkState = Literal["flow", "broken", "dead", "unsure"]

HOPS: Final[tuple[tuple[str, str], ...]] = (
    ("you", "You"),
    ("browser", "Browser"),
    ("network", "Network"),
    ("gateway", "Gateway"),
    ("origin", "Application"),
    ("model", "Model"),
)
_PARTY_HOP: Final[dict[str, int]] = {
    "user": 0, "browser": 1, "network": 2, "gateway": 3, "origin": 4, "provider": 5, "account": 4,
}  # fmt: skip

# The gateway itself answered, because nothing usable came from behind it.
_BEHIND_GATEWAY: Final = frozenset({"gateway-timeout", "bad-gateway", "service-unavailable"})
# The culprit answered, and the answer was no.
_REFUSED: Final = frozenset(
    {
        "session-expired", "forbidden", "login-page", "rate-limited", "request-rejected", "bot-challenge", "cors-blocked",
        "blocked-by-extension",
    }
)  # fmt: skip
_FAILED: Final = frozenset(
    {
        "server-error", "provider-error", "provider-overloaded", "application-error", "not-a-stream", "empty-stream",
        "stale-cache", "service-worker-failure", "tls-failure", "proxy-failure", "dns-failure",
    }
)  # fmt: skip
_NO_STREAM: Final = frozenset({"not-a-stream", "stale-cache", "service-worker-failure"})
# The hop did its work and the answer still came through it.
_UNBROKEN: Final = frozenset({"open-at-export", "recovered", "planned-rotation"})
_EARLY: Final = frozenset({"connect", "request", "headers"})
_BROWSERS: Final = {"chrome": "Chrome", "edge": "Edge", "firefox": "Firefox", "safari": "Safari"}


@dataclass(frozen=True, slots=True)
class Hop:
    """One station. detail: what the capture calls it; None where it does not say."""

    key: str
    label: str
    detail: str | None
    state: HopState


@dataclass(frozen=True, slots=True)
class Path:
    """Six hops and the five links between them; link i joins hops i and i + 1.

    broken: index of the broken link, None when the line holds. towards_model: the request was still
    under way, so what flows runs from the reader to the break. caption: the picture in one sentence.
    word: what the culprit did, in two or three words for its label; empty when there is none.
    """

    hops: tuple[Hop, ...]
    links: tuple[LinkState, ...]
    broken: int | None
    culprit: int | None
    towards_model: bool
    caption: str
    word: str


def details(row: Exchange) -> tuple[str | None, ...]:
    """What the capture says about each hop, in the order of HOPS."""
    browser = None
    if row.browser:
        name = _BROWSERS.get(row.browser, "another browser" if row.browser == "other" else row.browser)
        browser = f"{name} {row.browser_version}" if row.browser_version else name
    network = row.server_ip and f"to {row.server_ip}"
    # A page or program that calls the model's API itself has no application server in between.
    direct = bool(row.provider and row.host and row.provider.lower() in row.host.lower().split("."))
    origin, model = (None, row.host) if direct else (row.host, row.provider or row.model)
    return (None, browser, network, row.gateway, origin, model)


def path_of(stream: Stream) -> Path:
    """The path of one stream, from its verdict, its ending and its row."""
    verdict, row = stream.verdict, stream.exchange
    severity = verdict.severity
    culprit = _PARTY_HOP.get(verdict.party)
    if verdict.party == "account" and row.error_owner == "provider":
        culprit = 5
    known = details(row)
    links: list[LinkState] = ["flow"] * 5
    broken: int | None = None
    towards_model = False
    if severity in ("failed", "info") and verdict.cause not in _UNBROKEN and verdict.party != "none":
        if culprit is None:
            links = ["unsure"] * 5
        else:
            towards_model = never_answered(stream)
            if not towards_model:
                broken = max(0, culprit - 1)
            elif culprit < 5:
                broken = culprit
            if broken is not None:
                for i in range(5):
                    flows = i < broken if towards_model else i > broken
                    links[i] = "broken" if i == broken else "flow" if flows else "dead"
    hops = tuple(
        Hop(
            key,
            label,
            None if detail is None else one_line(detail, 60),
            severity if i == culprit and verdict.party != "none" else "plain",
        )
        for i, ((key, label), detail) in enumerate(zip(HOPS, known, strict=True))
    )
    return Path(
        hops=hops,
        links=tuple(links),
        broken=broken,
        culprit=culprit,
        towards_model=towards_model,
        caption=_caption(stream, culprit, towards_model),
        word=_word(verdict) if culprit is not None else "",
    )


def _word(verdict: Verdict) -> str:
    """What happened at the culprit, for the label beside it."""
    if verdict.party == "none" or verdict.severity == "ok":
        return ""
    if verdict.severity == "info":
        return "ended it"
    if verdict.severity == "degraded":
        return "held it back" if verdict.party in ("gateway", "browser") else "cut it short"
    if verdict.cause in _REFUSED:
        return "refused it"
    if verdict.cause in _FAILED:
        return "failed here"
    return "broke here" if verdict.party == "network" else "hung up here"


def never_answered(stream: Stream) -> bool:
    """Whether the answer never began: the line then breaks on the far side of the culprit.

    A refusal or an error page is an answer to the request, but not the answer that was asked for.
    """
    row, cause = stream.exchange, stream.verdict.cause
    if row.events:
        return False
    if cause in _BEHIND_GATEWAY or cause in _REFUSED or cause in _NO_STREAM:
        return True
    return stream.ending.phase in _EARLY or (row.status is not None and row.status >= 300)


_NAMES: Final = (
    "you",
    "the browser",
    "the network",
    "the gateway",
    "the application",
    "the model's provider",
)


def _caption(stream: Stream, culprit: int | None, towards_model: bool) -> str:
    verdict = stream.verdict
    if verdict.cause == "open-at-export":
        return "The answer was still on its way when the recording stopped. The line was whole."
    if verdict.cause == "recovered":
        return "The line broke once, and the application picked the answer up where it had stopped."
    if verdict.party == "none" or verdict.severity == "ok":
        return "The answer came all the way to you. Nobody hung up early."
    if culprit is None:
        return "The line broke, and this capture does not show where."
    who = _NAMES[culprit]
    if verdict.severity == "degraded":
        return f"The answer came all the way, and {who} is where it was held back or cut short."
    if culprit == 0:
        return "The line was whole, and the page or the person in front of it ended the answer."
    if verdict.cause == "planned-rotation":
        return f"The line was whole: {who} closed it on schedule."
    if verdict.cause in _REFUSED:
        return f"The request got as far as {who}, which did not let it through."
    if towards_model:
        if verdict.cause in _BEHIND_GATEWAY:
            return "The request got as far as the gateway, and no usable answer came from behind it."
        if culprit == 5:
            return "The request got all the way, and the model's provider did not answer it."
        return f"The request got as far as {who}, and no further."
    if culprit == 5:
        return "The request got all the way, and the model's provider did not finish the answer."
    return f"The answer came as far as {who}, and stopped there."
