"""Three messages that can be sent as they are: to the customer, to the provider, to the operators.

Plain text, made from the redacted report and nothing else. Where something is not recorded, the
message leaves it out instead of filling it in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from analyzer.model import Evidence, Report, Stream
from analyzer.moments import after
from analyzer.plain import sentence
from analyzer.report.numbers import NBSP, duration, instant, plural
from analyzer.safe import one_line, visible

_MANY: Final = 20  # streams listed in one message
_LINES: Final = 12  # lines of logs quoted in one message
_LONG: Final = 600  # characters of one value
_STEP: Final = 1200  # characters of one fix line
_PART: Final = 6000  # characters of one paragraph or list
_WHOLE: Final = 16_000
_MARGIN: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Replies:
    """The three messages, without trailing newline."""

    customer: str
    provider: str
    sre: str


def replies(report: Report) -> Replies:
    """Messages about the report's worst stream, and about those that share its cause."""
    if not report.streams:
        nothing = _no_streams(report)
        return Replies(nothing, nothing, nothing)
    main = report.streams[0]
    alike = [stream for stream in report.streams if stream.verdict.cause == main.verdict.cause]
    return Replies(_customer(main, alike), _provider(main, alike), _sre(main, alike, report.excerpts))


def _no_streams(report: Report) -> str:
    unread = [info for info in report.captures if info.error]
    if unread:
        listed = "\n".join(f"- {_say(info.path)}: {_say(info.error or '')}" for info in unread)
        return f"We could not read what you sent:\n\n{listed}\n\nCould you record and send it again?"
    return (
        "We looked at the recording that you sent and found no streamed answer in it. Could you start "
        "recording, reproduce the problem, and save the recording again before you reload the page?"
    )


# ------------------------------------------------------------------------------ the customer

_OPENERS: Final[dict[str, str]] = {
    "user": "The answer was stopped from your side: by the Stop button, or because the page was left or reloaded.",
    "browser": "The answer was stopped inside your browser, before our servers had finished.",
    "network": "The connection between your computer and our servers broke.",
    "gateway": "Your request reached us. A machine in front of our application ended the answer too early.",
    "origin": "Your request reached us. Our application ended the answer too early.",
    "provider": "Your request reached us. The AI service that writes the answers could not complete it.",
    "account": "Our service did not accept the sign-in or the permission that came with your request.",
    "unknown": "The answer broke off. The recording does not show who ended it, and we do not want to guess.",
}

# What a customer can send; nobody asks a customer for the gateway's log.
_THEIRS: Final = re.compile(r"\b(?:HAR|NetLog|browser|DevTools|incognito|private window)\b", re.IGNORECASE)


def _customer(main: Stream, alike: list[Stream]) -> str:
    verdict = main.verdict
    if verdict.severity == "ok":
        return (
            "Hello,\n\nthank you for the recording. We looked at every streamed answer in it, and "
            f"{'it' if len(alike) == 1 else 'each of them'} arrived in full. If you saw a problem, it may have happened "
            "outside of this recording: please start recording first, then reproduce it, and send us the new file.\n\n"
            "Kind regards"
        )
    at = main.exchange.started_at
    when = f" at {_minute(at)}" if at else ""
    went = "in question" if verdict.severity == "info" else "that went wrong"
    parts = ["Hello,", f"thank you for the recording. We found the answer {went}{when}."]
    if verdict.severity == "info" and verdict.party == "user":
        parts.append(f"{_OPENERS['user']} Nothing broke on the way.")
    elif verdict.severity == "info":
        parts.append(f"{sentence(verdict)}. Nothing broke that you or we would have to repair.")
    elif verdict.severity == "degraded":
        parts.append(
            f"Your request reached us, and the answer came back, but not as it should: {_lower(sentence(verdict))}."
        )
    else:
        parts.append(
            f"{_OPENERS.get(verdict.party, _OPENERS['unknown'])} In short: {_lower(sentence(verdict))}."
        )
    if len(alike) > 1:
        parts.append(f"The same happened to {plural(len(alike) - 1, 'other answer')} in the recording.")
    if verdict.fix.user:
        listed = "\n".join(f"- {_plain(line)}" for line in verdict.fix.user)
        parts.append(f"What you can do now:\n{listed}")
    elif verdict.party in ("gateway", "origin", "provider"):
        parts.append("There is nothing you need to change. You can simply ask again.")
    if verdict.settle and verdict.confidence != "certain" and _THEIRS.search(verdict.settle):
        parts.append(f"To be sure, it would help us to have this: {_plain(verdict.settle)}")
    parts.append("Kind regards")
    return _letter(parts)


def _minute(at: datetime) -> str:
    return f"{at:%H:%M} UTC on {at.day} {at:%B %Y}"


def _lower(title: str) -> str:
    first = title.split(" ", 1)[0]
    keep = len(first) > 1 and first != first.capitalize()
    return title if keep or not title else title[0].lower() + title[1:]


# ------------------------------------------------------------------------------ the provider


def _provider(main: Stream, alike: list[Stream]) -> str:
    row, verdict = main.exchange, main.verdict
    who = row.provider or "the model API"
    if verdict.severity == "ok":
        question = "It completed. We have no question about it; the ids are here for reference."
    elif verdict.party == "provider":
        question = (
            "Could you tell us what happened on your side to these requests, and whether retrying is safe?"
        )
    else:
        question = (
            "From our side it looks as if this did not start with you. Could you confirm from your logs whether "
            "these requests were answered in full, when the last byte was sent, and who closed the connection?"
        )
    head = f"Hello,\n\n{plural(len(alike), 'streamed request')} to {who} ended like this: {verdict.title}. {question}"
    facts = _table(
        [
            ("Endpoint", _endpoint(main)),
            ("Model", row.model),
            ("HTTP status", row.status),
            ("Error", _error(main)),
            ("Finish reason", row.finish_reason),
            ("End marker", _marker(main)),
            ("Events received", row.events),
            ("Retry-After", duration(row.retry_after_ms)),
        ]
    )
    return _letter([head, facts, f"Requests (times in UTC):\n{_requests(alike)}", "Kind regards"])


def _requests(alike: Iterable[Stream]) -> str:
    lines: list[str] = []
    streams = list(alike)
    for stream in streams[:_MANY]:
        row = stream.exchange
        ids = dict(stream.request_ids)
        if row.request_id and row.request_id not in ids.values():
            ids["request id"] = row.request_id
        if row.gateway_request_id and row.gateway_request_id not in ids.values():
            ids["gateway request id"] = row.gateway_request_id
        span = " to ".join(
            text for text in (instant(row.started_at), instant(_ended(stream))) if text is not None
        )  # fmt: skip
        known = ", ".join(f"{_say(name)}: {_say(value)}" for name, value in ids.items())
        lines.append(f"- {span or 'time not recorded'}; {known or 'no request id recorded'}")
    if len(streams) > _MANY:
        lines.append(f"- and {len(streams) - _MANY:,} more")
    return "\n".join(lines)


def _ended(stream: Stream) -> datetime | None:
    row = stream.exchange
    if row.ended_at is not None:
        return row.ended_at
    if row.started_at is None or row.duration_ms is None:
        return None
    return after(row.started_at, row.duration_ms)


# ------------------------------------------------------------------------------ the operators


def _sre(main: Stream, alike: list[Stream], excerpts: Mapping[str, str]) -> str:
    row, verdict = main.exchange, main.verdict
    sure = {"certain": "certain", "likely": "likely", "possible": "only possible"}[verdict.confidence]
    parts = [
        f"{verdict.title} ({verdict.cause}; party: {verdict.party}; confidence: {sure})",
        _plain(verdict.explanation),
    ]
    window = _window(main)
    parts.append(
        _table(
            [
                ("Look at", window),
                ("Request", _endpoint(main)),
                ("Client saw", _client_saw(main)),
                ("Gateway", row.gateway),
                ("Upstream", row.upstream),
                ("Server address", row.server_ip),
                ("Connection", row.connection_id),
                ("Lasted", duration(row.duration_ms)),
                ("Silence before the end", duration(row.idle_before_end_ms)),
                (
                    "Protocol",
                    " over ".join(x for x in (row.protocol or row.framing, _http(main)) if x) or None,
                ),
            ]
        )
    )
    if verdict.evidence:
        parts.append("Evidence:\n" + "\n".join(_evidence(item) for item in verdict.evidence))
    places = dict.fromkeys(
        place for stream in alike[:_MANY] for place in _places(stream) if place in excerpts
    )
    if places:
        quoted = "\n".join(f"{_say(place)}\n    {_say(excerpts[place])}" for place in list(places)[:_LINES])
        parts.append(f"Log excerpts, redacted:\n{quoted}")
    parts.append(f"Requests to look for in the logs:\n{_requests(alike)}")
    if verdict.fix.operator:
        parts.append("What may fix it:\n" + "\n".join(f"- {_plain(line)}" for line in verdict.fix.operator))
    if verdict.runners_up:
        lost = "\n".join(f"- {_say(r.cause)} ({_say(r.rule)}): {_say(r.why)}" for r in verdict.runners_up)
        parts.append(f"Considered and put behind:\n{lost}")
    if verdict.settle:
        parts.append(f"What would settle it: {_plain(verdict.settle)}")
    return _letter(parts)


def _places(stream: Stream) -> list[str]:
    """Where the evidence of a stream stands, its own line first."""
    return [stream.exchange.where or "", *(item.where for item in stream.verdict.evidence)]


def _evidence(item: Evidence) -> str:
    number = isinstance(item.value, float)
    shown = f"{item.value:.1f}".removesuffix(".0") if number else str(item.value)
    value = "" if item.value is None else f" [{item.column}={_say(shown)}]"
    return f"- {_say(item.text)}{value} at {_say(item.where)}"


def _window(stream: Stream) -> str | None:
    start, end = stream.exchange.started_at, _ended(stream)
    if end is not None:
        return (
            f"{instant(end - _MARGIN)} to {instant(end + _MARGIN)} (the end; it began at {instant(start)})"
            if start
            else (f"{instant(end - _MARGIN)} to {instant(end + _MARGIN)}")
        )
    return f"from {instant(start)}" if start else None


def _client_saw(stream: Stream) -> str | None:
    row = stream.exchange
    status = None if row.status is None else "no response" if row.status == 0 else f"status {row.status}"
    return ", ".join(x for x in (status, row.net_error or row.failure_text) if x) or None


# ------------------------------------------------------------------------------ shared


def _letter(parts: Iterable[str]) -> str:
    """Paragraphs with an empty line between them."""
    text = "\n\n".join(visible(part, _PART).replace(NBSP, " ") for part in parts if part.strip())
    return visible(text, _WHOLE)


def _endpoint(stream: Stream) -> str | None:
    row = stream.exchange
    return " ".join(x for x in (row.method, row.url) if x) or None


def _error(stream: Stream) -> str | None:
    row = stream.exchange
    return " / ".join(x for x in (row.error_type, row.error_code, row.error_text) if x) or None


def _marker(stream: Stream) -> str | None:
    row = stream.exchange
    word = {"seen": "seen", "missing": "owed, never came", "none": "this protocol has none"}.get(
        row.terminal_marker or ""
    )
    return f"{word} ({row.terminal_name})" if word and row.terminal_name else word


def _http(stream: Stream) -> str | None:
    version = stream.exchange.http_version
    return f"HTTP/{version}" if version else None


def _table(rows: Iterable[tuple[str, object | None]]) -> str:
    # Not padded into columns: mail is read in proportional fonts.
    return "\n".join(
        f"{label}: {_say(str(value))}" for label, value in rows if value is not None and value != ""
    )


def _plain(line: str) -> str:
    """A fix line for plain text: a code block is indented, inline backticks stay."""
    out: list[str] = []
    inside = False
    for part in line.split("\n"):
        if part.lstrip().startswith("```"):
            inside = not inside
        else:
            out.append(f"    {part}" if inside else part)
    return visible("\n".join(out).strip("\n"), _STEP)


def _say(text: str) -> str:
    """Capture text on its way into a message: visible, spaces plain, no longer than it must be."""
    return one_line(text, _LONG).replace(NBSP, " ")
