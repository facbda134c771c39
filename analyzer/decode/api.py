"""The one face of all decoders: bytes in, events out, and at the end what was left over.

A decoder touches no file, no clock and no table. It never raises on bytes: what its framing does not
allow becomes a `Malformed`, and what it cannot read past becomes the `Tail`. Four laws hold for each,
and are tested: any split of the input gives the same events; cutting the input anywhere gives a prefix
of the same events and a tail; no byte is lost (event spans, `skipped` and the tail add up to the
input); arbitrary bytes never raise.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec

from analyzer.model import Event, Malformed, Tail

Item = Event | Malformed


class Decoder(Protocol):
    """What every decoder offers.

    skipped: input bytes that belong to no event and not to the tail: comments, separators, a byte
    order mark, padding.
    """

    skipped: int

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the events that they complete.

        at_ms: when they arrived, since the request's start; None where that is not recorded.
        """

    def close(self) -> Tail:
        """Say what was left when the bytes stopped. No event comes out of it."""


#: What `parse_json` returns for bytes that are no JSON text: distinguishable from `null`.
NOT_JSON: Any = object()

_ANY_START: Final = frozenset(bytes([byte]) for byte in b'{["-0123456789tfn \t\r\n')
_JSON_STARTS: Final = (b"{", b"[", b'"')


def parse_json(data: bytes | None) -> Any:
    """The JSON value of `data`, or NOT_JSON. Never raises, whatever the bytes or their nesting.

    What strict parsers refuse and browsers accept is accepted: half a surrogate pair (an emoji that a
    server cut between two events), and bytes that are not UTF-8, which become U+FFFD as a client's
    decoder makes them.
    """
    if not data:
        return NOT_JSON
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _lenient(data)


def _lenient(data: bytes) -> Any:
    if data[:1] not in _JSON_STARTS or (data.isascii() and b"\\u" not in data):
        return NOT_JSON  # neither of the two things that make a difference is in it
    import json  # hardly ever

    try:
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return NOT_JSON


def is_json(data: bytes) -> bool:
    """Whether `data` is one JSON text, as `parse_json` would read it; builds no value where it can."""
    if data[:1] not in _ANY_START:
        return False  # most lines that are no JSON end here: an exception costs a hundred times as much
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _lenient(data) is not NOT_JSON
    return True
