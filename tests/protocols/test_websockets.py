"""WebSocket dialects: what arrived, read as each protocol means it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from analyzer.model import RecordedMessage, StreamInput
from analyzer.protocols import read_stream
from tests.decode.strategies import aws_message

CASES: dict[str, tuple[str, str, list[str], dict[str, Any]]] = {
    "realtime_response_done": (
        "api.openai.com", "/v1/realtime",
        ['{"type":"session.created"}', '{"type":"response.created","response":{"id":"r1"}}',
         '{"type":"response.audio.delta","delta":"x"}',
         '{"type":"response.done","response":{"id":"r1","status":"completed"}}'],
        {"protocol": "openai-realtime", "terminal_marker": "seen", "in_band_error": False, "content_events": 1},
    ),
    "realtime_response_still_open": (
        "api.openai.com", "/v1/realtime",
        ['{"type":"session.created"}', '{"type":"response.created","response":{"id":"r1"}}'],
        {"protocol": "openai-realtime", "terminal_marker": "missing"},
    ),
    "realtime_without_any_response": (
        "api.openai.com", "/v1/realtime", ['{"type":"session.created"}'],
        {"protocol": "openai-realtime", "terminal_marker": "none"},
    ),
    "realtime_error_event_is_survived": (
        "api.openai.com", "/v1/realtime",
        ['{"type":"session.created"}', '{"type":"error","error":{"type":"invalid_request_error"}}'],
        {"in_band_error": False},
    ),
    "realtime_failed_response": (
        "x.example", "/rt",
        ['{"type":"session.created"}', '{"type":"response.created","response":{"id":"r1"}}',
         '{"type":"response.done","response":{"id":"r1","status":"failed","status_details":{"error":{"code":"rate_limit_exceeded"}}}}'],
        {"in_band_error": True, "error_class": "rate-limit", "finish_class": "error", "terminal_marker": "seen"},
    ),
    "gemini_live_goes_away_as_announced": (
        "generativelanguage.googleapis.com", "/ws/BidiGenerateContent",
        ['{"setupComplete":{}}', '{"serverContent":{"modelTurn":{}}}', '{"goAway":{"timeLeft":"5s"}}'],
        {"protocol": "gemini-live", "planned_close": True, "terminal_marker": "none"},
    ),
    "graphql_operation_complete": (
        "app.example", "/graphql",
        ['{"type":"connection_ack"}', '{"id":"1","type":"next","payload":{}}', '{"id":"1","type":"complete"}'],
        {"protocol": "graphql-ws", "terminal_marker": "seen", "in_band_error": False},
    ),
    "graphql_subscription_open_owes_nothing": (
        "app.example", "/graphql",
        ['{"type":"connection_ack"}', '{"id":"1","type":"next","payload":{}}'],
        {"protocol": "graphql-ws", "terminal_marker": "none"},
    ),
    "graphql_operation_error": (
        "app.example", "/graphql",
        ['{"type":"connection_ack"}', '{"id":"1","type":"error","payload":[{"message":"nope"}]}'],
        {"in_band_error": True, "error_text": "nope", "error_owner": "application"},
    ),
    "socket_io_disconnect": (
        "app.example", "/socket.io/", ['0{"sid":"a","pingInterval":25000}', "40", '42["msg",{}]', "2", "41"],
        {"protocol": "socket-io", "terminal_marker": "seen", "heartbeats": 1, "content_events": 1},
    ),
    "socket_io_connect_error": (
        "app.example", "/socket.io/", ['0{"sid":"a"}', '44{"message":"not authorized"}'],
        {"protocol": "socket-io", "in_band_error": True},
    ),
    "signalr_close_that_allows_reconnect": (
        "app.example", "/hub", ["{}\x1e", '{"type":1,"target":"x"}\x1e{"type":6}\x1e', '{"type":7,"allowReconnect":true}\x1e'],
        {"protocol": "signalr", "planned_close": True, "heartbeats": 1, "terminal_marker": "seen"},
    ),
    "signalr_close_with_error": (
        "app.example", "/hub", ['{"type":1,"target":"x"}\x1e', '{"type":7,"error":"Connection closed"}\x1e'],
        {"protocol": "signalr", "in_band_error": True, "error_text": "Connection closed"},
    ),
    "phoenix_channel_crashed": (
        "app.example", "/live/websocket",
        ['["1","1","room:1","phx_reply",{"status":"ok"}]', '["1",null,"room:1","phx_error",{}]'],
        {"protocol": "phoenix", "in_band_error": True},
    ),
    "phoenix_channel_closed": (
        "app.example", "/live/websocket",
        ['["1","1","room:1","phx_reply",{"status":"ok"}]', '["1",null,"room:1","phx_close",{}]'],
        {"protocol": "phoenix", "terminal_marker": "seen", "in_band_error": False},
    ),
    "action_cable_told_to_reconnect": (
        "app.example", "/cable", ['{"type":"welcome"}', '{"type":"ping","message":1}', '{"type":"disconnect","reason":"server_restart","reconnect":true}'],
        {"protocol": "action-cable", "planned_close": True, "heartbeats": 1},
    ),
    "discord_asks_to_reconnect": (
        "gateway.discord.gg", "/", ['{"op":10,"d":{"heartbeat_interval":41250}}', '{"op":11}', '{"op":7,"d":null}'],
        {"protocol": "discord", "planned_close": True, "heartbeats": 1},
    ),
    "slack_refresh": (
        "wss-primary.slack.com", "/link", ['{"type":"hello","num_connections":1}', '{"type":"disconnect","reason":"refresh_requested"}'],
        {"protocol": "slack-socket-mode", "planned_close": True},
    ),
    "chatgpt_user_socket": (
        "ws.chatgpt.com", "/p4/ws/user/u", ['{"type":"message","topic_id":"conversation-turn-1","payload":{"payload":{"encoded_item":"data: x"}}}'],
        {"protocol": "chatgpt-ws", "terminal_marker": "none"},
    ),
    "application": (
        "app.example", "/ws", ["hello", "ping"],
        {"protocol": "generic-websocket", "terminal_marker": "none", "events": 2, "content_events": 1, "heartbeats": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_websocket(name: str) -> None:
    host, path, texts, expect = CASES[name]
    messages = [RecordedMessage("send", "{}", 1, 1.0)]
    messages += [RecordedMessage("receive", text, 1, 10.0 * i) for i, text in enumerate(texts, 1)]
    facts = read_stream(StreamInput(method="GET", host=host, path=path, status=101, messages=messages))
    assert facts.framing == "websocket"
    assert {name: getattr(facts, name) for name in expect} == expect


def test_close_frame_gives_the_code() -> None:
    facts = read_stream(StreamInput(status=101, messages=[RecordedMessage("receive", "1011", 8, 5.0)]))
    assert facts.close_code == 1011


def test_what_was_sent_is_no_event_of_the_stream() -> None:
    facts = read_stream(StreamInput(status=101, messages=[RecordedMessage("send", "x", 1, 5.0)]))
    assert facts.events == 0
    assert facts.times_recorded is False


def test_an_upgraded_connection_without_messages_is_known_as_a_websocket_and_no_more() -> None:
    facts = read_stream(StreamInput(status=101, host="app.example", path="/ws"))
    assert (facts.framing, facts.body_recorded, facts.events) == ("websocket", False, None)


def _messages(*data: bytes) -> list[RecordedMessage]:
    return [
        RecordedMessage("receive", base64.b64encode(item).decode(), 2, 100.0 * (place + 1))
        for place, item in enumerate(data)
    ]


def _transcript(text: str) -> bytes:
    payload = b'{"Transcript":{"Results":[{"IsPartial":false,"Alternatives":[{"Transcript":"%s"}]}]}}'
    headers = {":message-type": "event", ":event-type": "TranscriptEvent"}
    return aws_message(headers, payload % text.encode())


def test_transcribe_packs_an_event_stream_message_into_each_message() -> None:
    found = read_stream(
        StreamInput(
            host="transcribestreaming.eu-central-1.amazonaws.com",
            path="/stream-transcription-websocket",
            messages=_messages(_transcript("the tide"), _transcript("rises")),
            ended_ms=900.0,
        )
    )
    assert (found.protocol, found.events, found.content_events) == ("aws-transcribe", 2, 2)
    assert (found.in_band_error, found.terminal_marker) == (False, "none")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LimitExceededException", "rate-limit"),
        ("BadRequestException", "rejected"),
        ("InternalFailureException", "server"),
    ],
)
def test_transcribe_ends_with_an_exception_message(name: str, expected: str) -> None:
    broken = aws_message(
        {":message-type": "exception", ":exception-type": name}, b'{"Message":"no audio for 15 s"}'
    )
    found = read_stream(StreamInput(messages=_messages(_transcript("the"), broken), ended_ms=900.0))
    assert (found.in_band_error, found.error_class, found.error_text) == (True, expected, "no audio for 15 s")


def test_binary_messages_of_another_kind_stay_as_they_are() -> None:
    found = read_stream(StreamInput(messages=_messages(b"\x00" * 40, _transcript("a")), ended_ms=900.0))
    assert (found.protocol, found.events) == ("generic-websocket", 2)


@pytest.mark.parametrize(
    ("protocol", "whole"),
    [
        (
            "ag-ui",
            [
                '{"type":"RUN_STARTED","threadId":"t","runId":"r"}',
                '{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a"}',
                '{"type":"RUN_FINISHED","threadId":"t","runId":"r"}',
            ],
        ),
        (
            "vercel-ui-ws",
            [
                '{"type":"start","messageId":"m"}',
                '{"type":"text-delta","id":"1","delta":"a"}',
                '{"type":"finish","finishReason":"stop"}',
            ],
        ),
    ],
)
def test_a_run_over_a_web_socket_ends_as_it_does_over_sse(protocol: str, whole: list[str]) -> None:
    def read(texts: list[str]) -> tuple[str | None, str | None]:
        messages = [RecordedMessage("receive", text, 1, 10.0 * i) for i, text in enumerate(texts)]
        found = read_stream(StreamInput(messages=messages, ended_ms=900.0))
        return found.protocol, found.terminal_marker

    assert read(whole) == (protocol, "seen")
    assert read(whole[:-1]) == (protocol, "missing")
    assert read([*whole, *whole[:2]]) == (protocol, "missing")
