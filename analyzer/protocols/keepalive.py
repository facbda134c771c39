"""Pings that nobody answered: what a WebSocket's own messages say about the path before its end.

A close code cannot tell it. Phoenix closes with 1000 when its heartbeat goes unanswered, and a recorder
that keeps no code shows nothing at all. Sources: Phoenix, `socket.js` (heartbeatIntervalMs 30 s);
Engine.IO protocol 3 and 4; ASP.NET Core SignalR configuration (serverTimeoutInMilliseconds 30 s).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from analyzer.decode.api import parse_json
from analyzer.model import Event

#: An answer that takes longer than this is late, one that takes less may have been cut off by the end.
_PATIENCE_MS: Final = 5000.0
_SIGNALR_MS: Final = (29_700.0, 32_500.0)
_LOOK_AT: Final = 2000  # messages from the end: a ping that matters is among them

Messages = Sequence[Event]


def ping_unanswered(
    protocol: str | None, received: Messages, sent: Messages, ended_ms: float | None
) -> bool | None:
    """Whether a keep-alive was due or sent and nothing answered it before the connection ended.

    ended_ms: since the request's start. None where the protocol has no keep-alive of its own, or the
    capture has no times.
    """
    judge = _JUDGES.get(protocol or "", _by_words)
    if ended_ms is None:
        return None
    return judge(received[-_LOOK_AT:], sent[-_LOOK_AT:], received[:1], ended_ms)


def _phoenix(received: Messages, sent: Messages, _: Messages, ended_ms: float) -> bool | None:
    """`[null, ref, "phoenix", "heartbeat", {}]`, answered with the same ref."""
    beats = [(_item(json, 1), at) for json, at in map(_json, sent) if _item(json, 3) == "heartbeat"]
    if not beats:
        return None
    ref, at = beats[-1]
    answered = any(_item(json, 1) == ref and _item(json, 2) == "phoenix" for json, _ in map(_json, received))
    return not answered and (at is None or ended_ms - at >= _PATIENCE_MS)


def _socket_io(received: Messages, sent: Messages, opening: Messages, ended_ms: float) -> bool | None:
    """Version 4: the server pings (`2`). Version 3: the client pings and the server answers `3`."""
    told: Any = None
    if opening and (opening[0].data or b"")[:2] == b"0{":
        told = parse_json((opening[0].data or b"")[1:])
    every, wait = (_milliseconds(told, name) for name in ("pingInterval", "pingTimeout"))
    if every is None or wait is None:
        return None
    own = [event.at_ms for event in sent if event.data == b"2"]
    if own:
        answers = [event.at_ms for event in received if event.data == b"3"]
        last, answer = own[-1], answers[-1] if answers else None
        if last is None or (answers and answer is None):
            return None
        return (answer is None or answer < last) and ended_ms - last >= wait - _PATIENCE_MS / 2
    heard = [event.at_ms for event in received if event.at_ms is not None]
    return None if not heard else ended_ms - heard[-1] >= every + wait - 500.0


def _signalr(received: Messages, sent: Messages, _: Messages, ended_ms: float) -> bool | None:
    """The client gives up when it has heard nothing for its server timeout."""
    heard = [event.at_ms for event in received if event.at_ms is not None]
    return None if not heard else _SIGNALR_MS[0] <= ended_ms - heard[-1] <= _SIGNALR_MS[1]


def _by_words(received: Messages, sent: Messages, _: Messages, ended_ms: float) -> bool | None:
    """`ping` and `pong` by name, where the server has shown before that it answers them."""
    pings = [event.at_ms for event in sent if _named(event, "ping")]
    pongs = [event.at_ms for event in received if _named(event, "pong")]
    if not pings or not pongs or pings[-1] is None or pongs[-1] is None:
        return None
    return pongs[-1] < pings[-1] and ended_ms - pings[-1] >= _PATIENCE_MS


_JUDGES: Final[dict[str, Callable[[Messages, Messages, Messages, float], bool | None]]] = {
    "phoenix": _phoenix,
    "socket-io": _socket_io,
    "signalr": _signalr,
}


def _json(event: Event) -> tuple[Any, float | None]:
    return parse_json(event.data), event.at_ms


def _item(json: Any, place: int) -> Any:
    return json[place] if isinstance(json, list) and len(json) > place else None


def _milliseconds(json: Any, name: str) -> float | None:
    found = json.get(name) if isinstance(json, dict) else None
    good = isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 86_400_000
    return float(found) if good and found is not None else None


def _named(event: Event, word: str) -> bool:
    data = event.data or b""
    if len(data) > 200:
        return False
    if data.strip().lower() == word.encode():
        return True
    json = parse_json(data)
    return isinstance(json, dict) and json.get("type") == word
