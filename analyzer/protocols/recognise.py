"""Which protocol a stream speaks: content type, then headers, path and the first events' shape.

The shape decides. A path alone is believed only while nothing that was sent contradicts it, and a host
name alone picks no protocol, only the vendor among those that speak it: providers serve many schemas on
one host, and gateways serve one schema on every host.
"""

from __future__ import annotations

import fnmatch
from functools import cache, lru_cache
from typing import Final

from analyzer.decode.api import NOT_JSON, parse_json
from analyzer.model import Event, StreamInput
from analyzer.protocols.conditions import View, first
from analyzer.protocols.globs import matches_any
from analyzer.protocols.load import by_framing, profiles, vendors
from analyzer.protocols.profile import Profile
from analyzer.protocols.source import Source

_HEADER: Final = 90
_SHAPE: Final = 80
_OPENING: Final = 5
_PATH_AND_HOST: Final = 60
_PATH: Final = 40
_LOOK_AT: Final = 12  # events whose shape is looked at
FALLBACK: Final = {
    "sse": "generic-sse",
    "ndjson": "generic-ndjson",
    "json-array": "generic-ndjson",
    "websocket": "generic-websocket",
    "grpc-web": "grpc-web",
    "connect": "connect",
    "aws-event-stream": "aws-event-stream",
    "data-stream": "vercel-data",
    "text": "text-stream",
    "ag-ui-binary": "ag-ui",
    "webchannel": "firestore",
}


def view_of(event: Event, profile: Profile) -> View:
    """The event as the profile's conditions see it."""
    text = (event.data or b"").strip(b" \t\r\n\x1e\0")
    json = parse_json(text)
    kind = event.type if event.type not in ("message", "binary", "") else ""
    if profile.unwrap is not None and not kind.startswith(("exception/", "error/")):
        json = unwrapped(json, profile)
        kind = ""
    if not kind and isinstance(json, dict):
        for name in profile.kind_fields:
            value = json.get(name)
            if isinstance(value, str):
                kind = value
                break
    return View(kind or event.type, text, json, event)


class Views:
    """The events of an opening as profiles see them: most profiles see the same, and JSON is read once."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self._seen: dict[object, list[View | None]] = {}

    def __len__(self) -> int:
        return len(self.events)

    def get(self, place: int, profile: Profile) -> View:
        """The event at `place` as the profile's conditions see it."""
        row = self._seen.setdefault((profile.kind_fields, profile.unwrap), [None] * len(self.events))
        found = row[place]
        if found is None:
            found = row[place] = view_of(self.events[place], profile)
        return found


def unwrapped(json: object, profile: Profile) -> object:
    """The inner JSON of a payload that wraps it in base64 (Bedrock's `bytes`)."""
    import base64
    import binascii

    inner = first(json, profile.unwrap or ())
    if not isinstance(inner, str):
        return json
    try:
        return parse_json(base64.b64decode(inner))
    except (binascii.Error, ValueError):
        return NOT_JSON


def recognise(inp: StreamInput, source: Source) -> Profile | None:
    """The profile that fits best, a vendor's where one is recognised; None without a framing."""
    if source.framing is None:
        return None
    opening = tuple(
        (event.type, event.data)
        for event in source.events[:_LOOK_AT]
        if event.data or event.type != "message"
    )
    received, sent = _telling_headers()
    # A page that reconnects or polls asks the same thing thousands of times.
    short = sum(len(data or b"") for _, data in opening) <= 4096
    best = (_best if short else _best.__wrapped__)(
        source.framing,
        inp.host,
        inp.path,
        tuple((name, inp.response_headers[name]) for name in received if name in inp.response_headers),
        tuple((name, inp.request_headers[name]) for name in sent if name in inp.request_headers),
        opening,
    )
    if best is None:
        fallback = FALLBACK.get(source.framing)
        return profiles().get(fallback) if fallback else None
    return vendor_of(best, inp, source) or best


_Pairs = tuple[tuple[str, str], ...]


@cache
def _telling_headers() -> tuple[list[str], list[str]]:
    """The names of the response and the request headers that any profile asks about."""
    known = profiles().values()
    received = {name for profile in known for name in profile.response_headers}
    return sorted(received), sorted({name for profile in known for name in profile.request_headers})


@lru_cache(maxsize=64)
def _best(
    framing: str,
    host: str,
    path: str,
    received: _Pairs,
    sent: _Pairs,
    opening: tuple[tuple[str, bytes | None], ...],
) -> Profile | None:
    """The protocol that fits best; the first of those that fit equally well."""
    inp = StreamInput(
        url="", host=host, path=path, response_headers=dict(received), request_headers=dict(sent)
    )
    views = Views([Event(index, kind, data) for index, (kind, data) in enumerate(opening)])
    known = by_framing().get(framing, [])
    around = [(_around(profile, inp), -place) for place, profile in enumerate(known)]
    # To look at events costs most: those that they could not help any more are not asked.
    most = _SHAPE + _OPENING + len(views)
    best: tuple[int, int] | None = None
    for least, place in sorted(around, reverse=True):
        if best is not None and least + most < best[0]:
            break
        score = _score(known[-place], least, views)
        if score and (best is None or (score, place) > best):
            best = (score, place)
    return None if best is None else known[-best[1]]


def _around(profile: Profile, inp: StreamInput) -> int:
    """What headers, host and path add to the score."""
    score = 0
    if _headers(profile.response_headers, inp.response_headers) or _headers(
        profile.request_headers, inp.request_headers
    ):
        score += _HEADER
    at_home = bool(profile.hosts) and matches_any(profile.hosts, inp.host)
    if at_home and matches_any([*profile.paths, *profile.home_paths], inp.path):
        score += _PATH_AND_HOST
    elif profile.paths and matches_any(profile.paths, inp.path):
        score += _PATH
    return score


def _score(profile: Profile, score: int, opening: Views) -> int:
    """How well a profile fits; 0: not at all. score: what speaks for it around the events."""
    places = range(len(opening))
    if profile.first is not None and any(_shaped(profile, opening, place) for place in places):
        score += _SHAPE
        if _shaped(profile, opening, 0):
            score += _OPENING  # the very first event says it: the protocol's own opening
    elif profile.first is not None and not all(_known(profile, opening, place) for place in places):
        return 0  # events were sent that this protocol does not know
    if score:
        score += sum(_known(profile, opening, place) for place in places)  # a tie goes to who knows them all
    return score


def _shaped(profile: Profile, opening: Views, place: int) -> bool:
    return profile.first is not None and profile.first(opening.get(place, profile))


def _known(profile: Profile, opening: Views, place: int) -> bool:
    """Whether it is an event that this protocol sends, or one that says nothing: its data was stripped."""
    view = opening.get(place, profile)
    if view.event.data is None and view.event.type == "message":
        return True
    tests = (profile.first, profile.content, profile.heartbeat, profile.terminal, profile.soft)
    return any(test is not None and test(view) for test in tests) or any(
        rule.when(view) for rule in profile.errors
    )


def vendor_of(dialect: Profile, inp: StreamInput, source: Source) -> Profile | None:
    """Who speaks the dialect here: by host, then by a header, then by what only it sends."""
    offered = vendors().get(dialect.id, [])
    for profile in offered:
        if profile.hosts and matches_any(profile.hosts, inp.host):
            return profile
    for profile in offered:
        if profile.response_headers and _headers(profile.response_headers, inp.response_headers):
            return profile
        if profile.comments and any(text.startswith(profile.comments) for text in source.comment_texts):
            return profile
    sample = [*source.events[:4], *source.events[-4:]]
    views = [view_of(event, dialect) for event in sample if event.data]
    for profile in offered:
        marks = profile.marks
        if marks is not None and any(marks(view) for view in views):
            return profile
    return None


def _headers(wanted: dict[str, str], got: dict[str, str]) -> bool:
    if not wanted or not got:
        return False
    return any(
        name in got and fnmatch.fnmatchcase(got[name].lower(), value) for name, value in wanted.items()
    )
