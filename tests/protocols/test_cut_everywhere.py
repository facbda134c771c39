"""Healthy bodies of every protocol, cut at every place: the whole one is complete, no cut one is.

The bodies are recordings where there are some (`bodies/*.body`), and wires built from the
specifications where a framing is binary.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from analyzer.decode import decoder_for
from analyzer.model import Event, StreamFacts, StreamInput
from analyzer.protocols import read_stream
from tests.decode.strategies import aws_message, envelope

BODIES = Path(__file__).parent / "bodies"
SSE = "text/event-stream"


def recorded(name: str) -> bytes:
    return (BODIES / f"{name}.body").read_bytes()


def _bedrock(inner: bool) -> bytes:
    def event(kind: str, payload: object) -> bytes:
        headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
        return aws_message(headers, json.dumps(payload).encode())

    if not inner:
        return b"".join(
            [
                event("messageStart", {"role": "assistant"}),
                *(event("contentBlockDelta", {"delta": {"text": word}}) for word in ("a", "b", "c")),
                event("contentBlockStop", {}),
                event("messageStop", {"stopReason": "end_turn"}),
                event("metadata", {"usage": {}}),
            ]
        )
    parts: list[dict[str, object]] = [
        {"type": "message_start", "message": {}},
        {"type": "content_block_delta", "delta": {"text": "a"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {}},
    ]
    return b"".join(
        event("chunk", {"bytes": base64.b64encode(json.dumps(p).encode()).decode()}) for p in parts
    )


GEMINI_ARRAY = b"[" + b"\n,\r\n".join(
    json.dumps(part).encode()
    for part in (
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "b, \"]\""}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "c"}]}, "finishReason": "STOP"}]},
    )
) + b"\n]"  # fmt: skip
GRPC = envelope(0, b"\x0a\x01a") * 4 + envelope(0x80, b"grpc-status:0\r\ngrpc-message:OK\r\n")
CONNECT = envelope(0, b'{"t":"a"}') * 4 + envelope(2, b"{}")
DATA_STREAM = b'f:{"messageId":"m"}\n0:"Hi"\n0:" there"\ne:{"finishReason":"stop","isContinued":false}\nd:{"finishReason":"stop"}\n'
GEMINI_PATH = "/v1beta/models/m:streamGenerateContent"

#: name → body, content type, host, path
HEALTHY: dict[str, tuple[bytes, str, str, str]] = {
    "openai-chat": (recorded("openai-chat"), SSE, "api.openai.com", "/v1/chat/completions"),
    "openai-chat-elsewhere": (recorded("openai-chat"), SSE, "app.example.com", "/api/ask"),
    "openai-tool-calls": (recorded("openai-tool-calls"), SSE, "api.openai.com", "/v1/chat/completions"),
    "together": (recorded("together"), SSE, "api.together.xyz", "/v1/chat/completions"),
    "openai-responses": (recorded("openai-responses"), SSE, "api.openai.com", "/v1/responses"),
    "responses-incomplete": (recorded("responses-incomplete"), SSE, "api.openai.com", "/v1/responses"),
    "anthropic": (recorded("anthropic"), SSE, "api.anthropic.com", "/v1/messages"),
    "anthropic-refusal": (recorded("anthropic-refusal"), SSE, "api.anthropic.com", "/v1/messages"),
    "claude-ai": (
        recorded("claude-ai"),
        SSE,
        "claude.ai",
        "/api/organizations/o/chat_conversations/c/completion",
    ),
    "chatgpt": (recorded("chatgpt"), SSE, "chatgpt.com", "/backend-api/f/conversation"),
    "gemini-sse": (recorded("gemini-sse"), SSE, "generativelanguage.googleapis.com", GEMINI_PATH),
    "gemini-array": (GEMINI_ARRAY, "application/json", "generativelanguage.googleapis.com", GEMINI_PATH),
    "ollama": (recorded("ollama"), "application/x-ndjson", "ollama.example", "/api/chat"),
    "vercel-ui": (recorded("vercel-ui"), SSE, "chat.example.app", "/api/chat"),
    "vercel-data": (DATA_STREAM, "text/plain; charset=utf-8", "chat.example.app", "/api/chat"),
    "cohere-v2": (recorded("cohere-v2"), SSE, "api.cohere.com", "/v2/chat"),
    "bedrock-converse": (
        _bedrock(inner=False),
        "application/vnd.amazon.eventstream",
        "bedrock-runtime.us-east-1.amazonaws.com",
        "/model/m/converse-stream",
    ),
    "bedrock-invoke": (
        _bedrock(inner=True),
        "application/vnd.amazon.eventstream",
        "bedrock-runtime.us-east-1.amazonaws.com",
        "/model/m/invoke-with-response-stream",
    ),
    "grpc-web": (GRPC, "application/grpc-web+proto", "api.example.com", "/llm.Chat/Generate"),
    "grpc-web-text": (
        base64.b64encode(GRPC),
        "application/grpc-web-text",
        "api.example.com",
        "/llm.Chat/Generate",
    ),
    "connect": (CONNECT, "application/connect+json", "api.example.com", "/llm.Chat/Generate"),
}
#: Framings whose last record needs no line end or separator to be complete.
SELF_DELIMITING = {"ollama", "vercel-data", "grpc-web-text"}


def read(name: str, body: bytes) -> StreamFacts:
    _, content_type, host, path = HEALTHY[name]
    return read_stream(
        StreamInput(method="POST", host=host, path=path, status=200, content_type=content_type, body=body)
    )


def terminal_spot(name: str) -> tuple[int, list[int]]:
    """Where the end marker's event begins, and all event borders before it."""
    body, content_type, _, _ = HEALTHY[name]
    framing = read(name, body).framing
    decoder = decoder_for(framing or "", content_type)
    assert decoder is not None
    raw = base64.b64decode(body) if name == "grpc-web-text" else body
    if name == "grpc-web-text":
        decoder = decoder_for("grpc-web")
        assert decoder is not None
    events = [item for item in decoder.feed(raw) if isinstance(item, Event)]
    borders = [event.offset for event in events]
    for event in events:
        if read(name, body[: _scaled(name, event.end)] + _closing(name)).terminal_marker == "seen":
            return event.offset, borders
    raise AssertionError("no end marker")


def _scaled(name: str, offset: int) -> int:
    return -(-offset // 3) * 4 if name == "grpc-web-text" else offset


def _closing(name: str) -> bytes:
    return {"gemini-array": b"]", "gemini-sse": b"\r\n"}.get(name, b"\n" if HEALTHY[name][1] == SSE else b"")


@pytest.mark.parametrize("name", HEALTHY)
def test_the_whole_body_is_complete(name: str) -> None:
    facts = read(name, HEALTHY[name][0])
    assert facts.terminal_marker == "seen"
    assert facts.cut_inside_event is False
    assert facts.in_band_error is False
    assert facts.body_recorded is True


@pytest.mark.parametrize("name", HEALTHY)
def test_a_body_cut_at_any_border_before_the_end_marker_is_not_complete(name: str) -> None:
    body = HEALTHY[name][0]
    end, borders = terminal_spot(name)
    for border in borders:
        if border > end:
            break
        facts = read(name, body[: border if name != "grpc-web-text" else border // 3 * 4])
        assert facts.terminal_marker != "seen", border
        assert facts.in_band_error is not True, border
        if border > 0 and name != "grpc-web-text":
            assert facts.terminal_marker == "missing", border


@pytest.mark.parametrize("name", HEALTHY)
def test_a_body_cut_inside_any_event_up_to_the_end_marker_is_not_complete(name: str) -> None:
    body = HEALTHY[name][0]
    end, _ = terminal_spot(name)
    last = len(body) if name == "grpc-web-text" else end
    step = max(1, len(body) // 300)
    for cut in [*range(1, last, step), last + 1, last + 2, last + 5]:
        if name in SELF_DELIMITING and cut >= len(body) - 4:
            continue
        facts = read(name, body[:cut])
        assert facts.terminal_marker != "seen", cut


@pytest.mark.parametrize("name", [name for name, row in HEALTHY.items() if row[1] == SSE])
def test_a_cut_inside_the_last_event_is_noticed(name: str) -> None:
    body = HEALTHY[name][0]
    end, borders = terminal_spot(name)
    for border in [b for b in borders if b <= end][:12]:
        facts = read(name, body[: border + 7])
        assert facts.cut_inside_event is True
        assert facts.tail_bytes == 7


@pytest.mark.parametrize("name", [name for name, row in HEALTHY.items() if row[1] == SSE])
def test_an_end_marker_that_lacks_only_its_blank_line_is_a_soft_end(name: str) -> None:
    body = HEALTHY[name][0]
    end, borders = terminal_spot(name)
    later = [border for border in borders if border > end]
    facts = read(name, body[: later[0]].rstrip(b"\r\n") if later else body.rstrip(b"\r\n"))
    assert facts.terminal_marker == "missing"
    assert facts.soft_terminal is True
    assert facts.cut_inside_event is False
