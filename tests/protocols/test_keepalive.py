"""Keep-alives that nobody answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.model import Event
from analyzer.protocols.keepalive import ping_unanswered

OPEN = (30, '0{"sid":"a","pingInterval":25000,"pingTimeout":20000}')


def events(*items: tuple[float | None, Any]) -> list[Event]:
    return [
        Event(i, "message", (data if isinstance(data, str) else json.dumps(data)).encode(), at_ms=at)
        for i, (at, data) in enumerate(items)
    ]


def beat(ref: str) -> list[Any]:
    return [None, ref, "phoenix", "heartbeat", {}]


def reply(ref: str) -> list[Any]:
    return [None, ref, "phoenix", "phx_reply", {"status": "ok", "response": {}}]


@pytest.mark.parametrize(
    ("received", "sent", "ended", "expected"),
    [
        ([(30040, reply("2"))], [(30000, beat("2")), (60000, beat("3"))], 90000, True),
        ([(30040, reply("2")), (60040, reply("3"))], [(30000, beat("2")), (60000, beat("3"))], 90000, False),
        ([], [(30000, beat("2"))], 30200, False),
        ([(40, [None, "1", "room:a", "phx_reply", {}])], [], 90000, None),
    ],
    ids=["unanswered", "answered", "the end came first", "none was sent"],
)
def test_a_phoenix_heartbeat_is_answered_by_its_ref(received, sent, ended, expected) -> None:
    assert ping_unanswered("phoenix", events(*received), events(*sent), ended) is expected


@pytest.mark.parametrize(
    ("received", "sent", "ended", "expected"),
    [
        ([OPEN, (25030, "2")], [(25032, "3")], 70100, True),
        ([OPEN, (25030, "2")], [(25032, "3")], 40000, False),
        ([OPEN, (25100, "3")], [(25000, "2"), (50000, "2")], 70000, True),
        ([OPEN, (25100, "3"), (50100, "3")], [(25000, "2"), (50000, "2")], 70000, False),
        ([(30, '42["a"]')], [], 70000, None),
    ],
    ids=["no ping in time", "not due yet", "version 3 unanswered", "version 3 answered", "no opening"],
)
def test_socket_io_tells_how_long_a_silence_may_be(received, sent, ended, expected) -> None:
    assert ping_unanswered("socket-io", events(*received), events(*sent), ended) is expected


@pytest.mark.parametrize(("ended", "expected"), [(31000, True), (12000, False), (90000, False)])
def test_a_signalr_client_gives_up_after_thirty_seconds_of_silence(ended: float, expected: bool) -> None:
    assert ping_unanswered("signalr", events((600, {"type": 1})), [], ended) is expected


@pytest.mark.parametrize("ping", ['{"type":"ping"}', "ping", "PING "])
def test_pings_by_name_count_once_the_server_has_answered_one(ping: str) -> None:
    pong = events((1100, '{"type":"pong"}'))
    assert ping_unanswered(None, pong, events((1000, ping), (20000, ping)), 40000) is True
    assert ping_unanswered(None, pong, events((1000, ping)), 40000) is False
    assert ping_unanswered(None, [], events((1000, ping)), 40000) is None


def test_without_times_nothing_is_claimed() -> None:
    assert ping_unanswered("socket-io", events((None, OPEN[1]), (None, "2")), [], 70000) is None
    assert ping_unanswered("phoenix", [], events((1, beat("1"))), None) is None
