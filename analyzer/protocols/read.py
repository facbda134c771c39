"""One stream → its facts: the only place where recognition, folding and timing meet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from analyzer.decode.api import NOT_JSON, parse_json
from analyzer.model import Event, StreamFacts, StreamInput
from analyzer.protocols.conditions import View
from analyzer.protocols.endpoints import endpoint, provider_of_host
from analyzer.protocols.errorbody import ErrorFacts, error_facts
from analyzer.protocols.fold import Fold
from analyzer.protocols.grpcstatus import grpc_error, status_of
from analyzer.protocols.keepalive import ping_unanswered
from analyzer.protocols.load import profiles
from analyzer.protocols.profile import Profile
from analyzer.protocols.recognise import FALLBACK, recognise, view_of
from analyzer.protocols.source import Source, framing_for, read_source
from analyzer.protocols.timing import Timing, timing_of

#: Needles that hold for any protocol; a profile adds its own.
_COMMON_NEEDLES = (r'"error":\s*[{"]',)
#: In an event stream also error events by name, and lines that are no field: bare JSON, `error:`.
_SSE_NEEDLES = (r"\nevent: ?error\b", r"\nerror:", r"\n\{")


def read_stream(inp: StreamInput) -> StreamFacts:
    """What the body, the recorded events or the messages of one exchange say.

    Every field is None where the capture cannot tell. `body_recorded` False: it has nothing of the
    stream, and only the endpoint is known. Never raises on the bytes of a capture.
    """
    needles = _needles(_guess(inp), framing_for(inp))
    source = read_source(inp, needles)
    profile = recognise(inp, source)
    facts = StreamFacts(framing=source.framing, body_recorded=source.origin is not None)
    if source.origin is None or profile is None:
        # Nothing of the stream is recorded: where it was sent is all that can name its protocol.
        told = profile is not None and profile.id not in FALLBACK.values()
        _name(facts, inp, _guess(inp) or (profile.dialect or profile.id if told and profile else None))
        return facts
    if source.sampled and not set(_needles(profile.id, source.framing)) <= set(needles):
        source = read_source(inp, _needles(profile.id, source.framing))
    _name(facts, inp, profile.dialect or profile.id, profile)
    fold = Fold(profile, _asked_ids(inp) if profile.answers_request else frozenset())
    for event in source.events:
        for view in _views(event, profile):
            fold.take(view)
    _counts(facts, fold, source, inp.ended_ms)
    _judge(facts, fold, source, profile, inp)
    return facts


def _guess(inp: StreamInput) -> str | None:
    known = endpoint(inp.host, inp.path, inp.method or "POST", inp.query)
    return known.protocol if known is not None else None


@lru_cache(maxsize=128)
def _needles(protocol: str | None, framing: str | None) -> tuple[re.Pattern[bytes], ...]:
    """Patterns of the places that matter in a long body. Unknown protocol: those of the commonest."""
    names = (
        [protocol]
        if protocol is not None
        else ["openai-chat", "openai-responses", "anthropic-messages", "gemini"]
    )
    common = _SSE_NEEDLES if framing == "sse" else ()
    own = [needle for name in names for needle in profiles()[name].needles]
    return tuple(re.compile(needle.encode()) for needle in dict.fromkeys([*own, *_COMMON_NEEDLES, *common]))


def _name(facts: StreamFacts, inp: StreamInput, protocol: str | None, profile: Profile | None = None) -> None:
    known = profiles().get(protocol) if protocol else None
    shown = profile or known
    facts.protocol = protocol
    facts.provider = provider_of_host(inp.host) or (shown.provider if shown is not None else None)
    if shown is not None:
        facts.resume = None if shown.resume in (None, "none") else shown.resume


def _views(event: Event, profile: Profile) -> list[View]:
    """Usually one; SignalR puts several records into one message."""
    if "websocket" in profile.framing and event.data is not None and b"\x1e" in event.data.rstrip(b"\x1e"):
        parts = [part for part in event.data.split(b"\x1e") if part][:64]
        return [view_of(Event(event.index, event.type, part), profile) for part in parts]
    return [view_of(event, profile)]


def _asked_ids(inp: StreamInput) -> frozenset[Any]:
    """The JSON-RPC ids that the request asked for; empty when its body is not recorded."""
    json = parse_json(inp.request_body)
    calls = json if isinstance(json, list) else [json]
    ids = [call.get("id") for call in calls if isinstance(call, dict) and "method" in call]
    return frozenset(found for found in ids if isinstance(found, (str, int)))


def _asks_nothing(inp: StreamInput) -> bool:
    """Whether the request holds JSON-RPC notifications or answers only: nothing is owed to it."""
    json = parse_json(inp.request_body) if inp.request_body else NOT_JSON
    calls = json if isinstance(json, list) else [json]
    return all(isinstance(call, dict) and not ("method" in call and "id" in call) for call in calls)


def _counts(facts: StreamFacts, fold: Fold, source: Source, ended_ms: float | None) -> None:
    """Events, content, heartbeats, and when they came."""
    facts.events = source.count
    facts.content_events = fold.content
    if source.sampled and fold.content:
        # Between the ends of a long body every event that no needle found is like its neighbours.
        facts.content_events += max(0, source.count - fold.taken)
    if fold.stripped and not fold.content:
        facts.content_events = None  # what a stripped event carried cannot be seen
    facts.heartbeats = fold.heartbeats + source.comments
    timing: Timing = timing_of(source.times, fold.content or source.count, source.count)
    facts.times_recorded = timing.recorded
    facts.first_event_ms, facts.last_event_ms = timing.first_ms, timing.last_ms
    facts.max_gap_ms, facts.median_gap_ms = timing.max_gap_ms, timing.median_gap_ms
    facts.one_burst = timing.one_burst
    facts.close_code = source.close_code
    if source.origin == "messages":
        facts.ping_unanswered = ping_unanswered(facts.protocol, source.events, source.sent, ended_ms)


def _judge(facts: StreamFacts, fold: Fold, source: Source, profile: Profile, inp: StreamInput) -> None:
    """Error, then finish reason, then end marker."""
    error = _meant_for_the_stream(fold, inp) or fold.failed_finish() or _stray_error(fold, source, profile)
    if source.framing == "grpc-web":
        status, message = status_of(source.trailers, inp.response_headers)
        facts.grpc_status = status
        if status is not None and fold.terminal_at is None and source.trailers is None:
            fold.terminal_at = fold.taken  # an answer of trailers only
        error = error or grpc_error(status, message)
    facts.in_band_error = error is not None
    if fold.stripped and error is None and not profile.terminal_named:
        facts.in_band_error = None  # an error without a name of its own would have been stripped
    _tell(facts, error, profile)
    facts.finish_reason, facts.finish_class = fold.finish()
    facts.handoff = fold.handoff or (None if fold.stripped else False)
    if source.tail is not None:
        facts.tail_bytes = len(source.tail.data)
        facts.cut_inside_event = source.tail.reason is not None and not _array_only(source)
    _ending(facts, fold, source, profile, inp)


_OF_THE_STREAM = frozenset({"auth", "rate-limit", "quota", "overloaded"})


def _meant_for_the_stream(fold: Fold, inp: StreamInput) -> ErrorFacts | None:
    """The in-band error, unless it is one of the messages that a subscription is there to deliver.

    Who subscribes with GET gets logs, builds, notifications, prices: an unnamed one of several that has
    `"type": "error"` or a code of 500 tells of something else, unless it speaks of the session or of limits.
    """
    error = fold.error
    subscribed = inp.method == "GET" and inp.messages is None
    if error is None or not fold.error_is_weak or fold.error_is_named or not subscribed:
        return error
    several = fold.taken - fold.heartbeats > 1
    return None if several and error.error_class not in _OF_THE_STREAM else error


def _tell(facts: StreamFacts, error: ErrorFacts | None, profile: Profile) -> None:
    if error is None:
        return
    facts.error_type, facts.error_code = error.error_type, error.error_code
    facts.error_class, facts.error_text = error.error_class, error.error_text
    facts.error_owner = error.error_owner or profile.owner


def _array_only(source: Source) -> bool:
    return source.tail is not None and source.tail.reason == "unterminated array"


def _ending(facts: StreamFacts, fold: Fold, source: Source, profile: Profile, inp: StreamInput) -> None:
    """The end marker: seen, missing, or not promised; and what stands in for it."""
    finished = fold.finished_at is not None or fold.soft_at is not None
    seen = fold.terminal_at is not None
    if seen and profile.closed_array and source.array_closed is False:
        seen, finished = False, True
    if not seen and source.pending is not None:
        ghost = Fold(profile, fold.asked_ids)
        ghost.take(view_of(source.pending, profile))
        if ghost.terminal_at is not None and _whole(source):
            # The marker was written; only the blank line after it is missing.
            finished, facts.cut_inside_event = True, False
            seen = source.framing != "sse"
    if not seen and source.framing == "websocket" and profile.operation_opens is not None:
        seen = fold.closed_operations > 0 and not fold.open_operations
    facts.terminal_marker = _marker(seen, fold, source, profile, inp)
    facts.terminal_name = profile.terminal_name if facts.terminal_marker != "none" else None
    if facts.terminal_marker != "seen":
        facts.soft_terminal = finished or (None if fold.stripped else False)
    facts.duplicated_end = fold.after_terminal if facts.terminal_marker == "seen" else None
    facts.planned_close = fold.planned or (None if fold.stripped else False)
    if profile.planned_after_id and facts.terminal_marker != "seen" and not inp.errored:
        facts.planned_close = bool(source.last_event_id) and not facts.cut_inside_event
        if facts.planned_close:
            facts.terminal_marker = "none"
            facts.terminal_name = None


def _whole(source: Source) -> bool:
    """Whether the last, unterminated block can be taken as it stands: nothing of it is missing."""
    return source.pending is not None and source.tail is not None and not source.malformed


def _marker(seen: bool, fold: Fold, source: Source, profile: Profile, inp: StreamInput) -> str | None:
    if seen:
        if fold.finish_repeats and inp.errored and profile.withdrawn_by_content:
            return "none"  # every chunk says that it is the last one: here it proves nothing
        return "seen"
    if source.malformed and source.framing in ("grpc-web", "connect", "aws-event-stream"):
        return None  # the bytes are not those that were sent: nothing can be said about their end
    if _one_document(source):
        return "none"  # one JSON text under a stream's content type: it was never going to be events
    if not profile.terminal_owed or (profile.answers_request and (inp.method == "GET" or _asks_nothing(inp))):
        return "none"
    if fold.stripped and not (profile.terminal_named and fold.named):
        return None
    if profile.operation_opens is not None and not fold.open_operations:
        return "none"
    return "missing"


def _one_document(source: Source) -> bool:
    """Whether an event-stream body is in truth one JSON text (and no events at all)."""
    if source.framing != "sse" or source.count or source.tail is None:
        return False
    return isinstance(parse_json(source.tail.data.strip()), (dict, list))


def _stray_error(fold: Fold, source: Source, profile: Profile) -> ErrorFacts | None:
    """An error outside of any event: bare JSON lines, or the `error:` field of old llama.cpp servers.

    Only what comes before the end marker counts, and only what is JSON: parsed, never searched.
    """
    if source.framing != "sse":
        return None
    lines = [item.line for item in source.stray if fold.terminal_at is None or item.block <= fold.terminal_at]
    rest = b""
    if source.tail is not None and fold.terminal_at is None:
        rest = source.tail.data.rpartition(b"\n")[2]
    if not lines and rest[:1] not in (b"{", b"["):
        return None
    for line in lines:
        name, colon, value = line.partition(b":")
        if name == b"error" and colon:
            json = parse_json(value.strip())
            if json is not NOT_JSON:
                return error_facts(json, owner=profile.owner, provider=profile.provider)
    text = [*lines, rest]
    starts = [place for place, line in enumerate(text) if line[:1] in (b"{", b"[")]
    for start in starts[:8]:
        json = parse_json(b"\n".join(text[start:]).strip())
        value = json[0] if isinstance(json, list) and json else json
        if isinstance(value, dict) and value.get("error"):
            return error_facts(value, owner=profile.owner, provider=profile.provider)
    return None
