"""Sources, times and the limits of what a capture can show."""

from __future__ import annotations

import json
import zlib

from analyzer.model import RecordedEvent, StreamFacts, StreamInput
from analyzer.protocols import read_stream

CHUNK = '{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"w"},"finish_reason":null}]}'
LAST = '{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'


def facts_of(events: list[RecordedEvent], *, errored: bool = False, **more: object) -> StreamFacts:
    fields: dict[str, object] = {
        "method": "POST", "host": "api.openai.com", "path": "/v1/chat/completions", "status": 200,
        "content_type": "text/event-stream", "events": events, "errored": errored,
    }  # fmt: skip
    return read_stream(StreamInput(**{**fields, **more}))  # type: ignore[arg-type]


def at(times: list[float | None], data: str | None = CHUNK, kind: str = "message") -> list[RecordedEvent]:
    return [RecordedEvent(kind, data, None, time) for time in times]


def test_recorded_events_of_a_cut_stream_show_no_tail() -> None:
    facts = facts_of(at([10.0, 20.0]), errored=True)
    assert facts.terminal_marker == "missing"
    assert facts.cut_inside_event is None
    assert facts.tail_bytes is None
    assert facts.body_recorded is True


def test_recorded_events_with_the_end_marker_are_complete_whatever_the_transport_said() -> None:
    facts = facts_of([*at([10.0]), RecordedEvent("message", "[DONE]", None, 30.0)], errored=True)
    assert facts.terminal_marker == "seen"


def test_stripped_unnamed_events_leave_the_end_unknown() -> None:
    facts = facts_of(at([10.0, 20.0], data=None))
    assert facts.protocol == "openai-chat"
    assert facts.events == 2
    assert facts.terminal_marker is None
    assert facts.soft_terminal is None
    assert facts.in_band_error is None
    assert facts.content_events is None
    assert facts.handoff is None


def test_stripped_named_events_still_show_the_end() -> None:
    names = ["message_start", "content_block_delta", "message_delta", "message_stop"]
    events = [RecordedEvent(name, None, None, 1.0 * i) for i, name in enumerate(names)]
    whole = facts_of(events, host="api.anthropic.com", path="/v1/messages")
    assert (whole.protocol, whole.terminal_marker, whole.content_events) == ("anthropic-messages", "seen", 1)
    cut = facts_of(events[:2], host="api.anthropic.com", path="/v1/messages", errored=True)
    assert cut.terminal_marker == "missing"


def test_stripped_error_event_is_an_error_of_unknown_kind() -> None:
    events = [RecordedEvent("message_start", None), RecordedEvent("error", None)]
    facts = facts_of(events, host="api.anthropic.com", path="/v1/messages")
    assert facts.in_band_error is True
    assert facts.error_type is None


def test_body_and_events_together_take_content_from_one_and_times_from_the_other() -> None:
    body = f"data: {CHUNK}\n\ndata: {LAST}\n\ndata: [DONE]\n\n".encode()
    facts = facts_of(at([10.0, 30.0, 35.0], data=None), body=body)
    assert facts.terminal_marker == "seen"
    assert facts.finish_class == "ok"
    assert (facts.first_event_ms, facts.last_event_ms) == (10.0, 35.0)
    assert (facts.max_gap_ms, facts.median_gap_ms) == (20.0, 12.5)


def test_times_equal_to_the_start_are_unknown_and_left_out() -> None:
    facts = facts_of(at([None, None, 50.0, 90.0]))
    assert facts.times_recorded is True
    assert (facts.first_event_ms, facts.max_gap_ms) == (50.0, 40.0)


def test_nothing_recorded_names_the_protocol_by_its_endpoint_only() -> None:
    facts = read_stream(
        StreamInput(method="POST", host="api.openai.com", path="/v1/chat/completions", status=0, errored=True)
    )
    assert (facts.protocol, facts.provider, facts.body_recorded) == ("openai-chat", "openai", False)
    assert (facts.events, facts.terminal_marker, facts.in_band_error) == (None, None, None)


def test_an_empty_recorded_body_is_a_stream_without_its_end() -> None:
    facts = facts_of([], body=b"")
    assert (facts.body_recorded, facts.events, facts.terminal_marker) == (True, 0, "missing")


def test_html_is_no_stream_of_events() -> None:
    facts = read_stream(StreamInput(status=200, content_type="text/html", body=b"<html>data: x\n\n</html>"))
    assert (facts.framing, facts.events, facts.body_recorded) == (None, None, True)


def test_a_long_body_says_the_same_as_a_short_one() -> None:
    head = f"data: {CHUNK}\n\n"
    end = f"data: {LAST}\n\ndata: [DONE]\n\n"
    short = facts_of([], body=(head * 100 + end).encode())
    long = facts_of([], body=(head * 20_000 + end).encode())
    assert (long.events, long.content_events) == (20_002, 20_000)
    for name in (
        "protocol",
        "terminal_marker",
        "finish_class",
        "in_band_error",
        "cut_inside_event",
        "heartbeats",
    ):
        assert getattr(long, name) == getattr(short, name)


def test_an_error_in_the_middle_of_a_long_body_is_found() -> None:
    error = 'data: {"error":{"message":"x","type":"server_error"}}\n\n'
    body = f"data: {CHUNK}\n\n" * 5_000 + error + f"data: {CHUNK}\n\n" * 5_000 + "data: [DONE]\n\n"
    facts = facts_of([], body=body.encode())
    assert facts.in_band_error is True
    assert facts.error_type == "server_error"


def test_an_answer_full_of_error_words_in_a_long_body_is_healthy() -> None:
    words = json.dumps(
        {"choices": [{"index": 0, "delta": {"content": '{"error": {"type": "x"}} event: error'}}]}
    )
    body = f"data: {words}\n\n" * 10_000 + f"data: {LAST}\n\ndata: [DONE]\n\n"
    facts = facts_of([], body=body.encode())
    assert (facts.in_band_error, facts.terminal_marker) == (False, "seen")


def test_a_long_body_of_heartbeats_alone_carries_nothing() -> None:
    body = b": keep-alive\n\n" * 40_000
    facts = facts_of([], body=body)
    assert (facts.events, facts.content_events, facts.heartbeats) == (0, 0, 40_000)


def test_hostile_bodies_do_not_raise() -> None:
    bodies = [
        b"data: " + b"[" * 50_000 + b"\n\n",
        b"\0" * 1000,
        b'data: {"choices":' + b"[" * 3000 + b"\n\n",
        b"\xff\xfe" * 500,
    ]
    for body in bodies:
        for content_type in (
            "text/event-stream",
            "application/x-ndjson",
            "application/grpc-web",
            "application/json",
        ):
            facts_of([], body=body, content_type=content_type)


def test_grpc_trailers_only_answer_is_complete() -> None:
    facts = read_stream(
        StreamInput(
            method="POST", path="/a.B/C", status=200, content_type="application/grpc-web+proto", body=b"",
            response_headers={"grpc-status": "16", "grpc-message": "token%20expired"},
        )
    )  # fmt: skip
    assert (facts.terminal_marker, facts.grpc_status, facts.error_class) == ("seen", 16, "auth")
    assert facts.error_text == "token expired"


def test_mangled_binary_frames_leave_the_end_unknown() -> None:
    facts = read_stream(
        StreamInput(
            method="POST",
            status=200,
            content_type="application/vnd.amazon.eventstream",
            body=b"\xef\xbf\xbd" * 40,
        )
    )
    assert facts.terminal_marker is None


def test_an_agents_answer_in_aws_frames_owes_no_end_marker() -> None:
    def frame(kind: str, payload: bytes) -> bytes:
        names = {":event-type": kind, ":message-type": "event"}
        head = b"".join(
            bytes([len(k)]) + k.encode() + b"\x07" + len(v).to_bytes(2, "big") + v.encode()
            for k, v in names.items()
        )
        prelude = (16 + len(head) + len(payload)).to_bytes(4, "big") + len(head).to_bytes(4, "big")
        prelude += zlib.crc32(prelude).to_bytes(4, "big")
        return prelude + head + payload + zlib.crc32(prelude + head + payload).to_bytes(4, "big")

    def facts(path: str) -> StreamFacts:
        return read_stream(
            StreamInput(
                method="POST",
                host="gw.test",
                path=path,
                status=200,
                content_type="application/vnd.amazon.eventstream",
                body=frame("chunk", b'{"bytes":"SGk="}'),
            )
        )

    agent = facts("/agents/A/agentAliases/T/sessions/s/text")
    assert (agent.protocol, agent.terminal_marker) == ("bedrock-session", "none")
    model = facts("/model/m/invoke-with-response-stream")
    assert (model.protocol, model.terminal_marker) == ("bedrock-invoke", "missing")
