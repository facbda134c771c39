"""What each WebSocket close code comes to, through the whole pipeline, in the recorders that keep one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import analyze
from tests.intake.samples import START_S, as_bytes, entry, har, headers
from tests.intake.sazs import answer, frame, frames, meta, request, saz

# RFC 6455, the IANA registry, and the protocols' own: graphql-transport-ws, Discord.
CODES = {
    1000: "completed", 1001: "server-going-away", 1002: "connection-cut", 1003: "request-rejected",
    1005: "completed", 1006: "connection-cut", 1007: "request-rejected", 1008: "forbidden",
    1009: "request-rejected", 1010: "request-rejected", 1011: "server-error", 1012: "server-going-away",
    1013: "provider-overloaded", 1014: "bad-gateway", 1015: "tls-failure",
    3000: "session-expired", 3003: "forbidden", 3008: "server-timeout",
    4400: "request-rejected", 4401: "session-expired", 4403: "forbidden", 4406: "request-rejected",
    4408: "server-timeout", 4409: "request-rejected", 4429: "rate-limited", 4500: "server-error",
    4321: "unexplained",
}  # fmt: skip
DISCORD = {
    4000: "server-error", 4001: "request-rejected", 4004: "session-expired", 4008: "rate-limited",
    4009: "planned-rotation", 4014: "forbidden",
}  # fmt: skip


def closed(tmp_path: Path, code: int, said: str) -> Any:
    made = entry(
        request={"method": "GET", "url": "wss://a.example/socket"},
        response={"status": 101, "headers": headers(upgrade="websocket")},
        content={"text": "", "size": 0, "mimeType": ""},
        _resourceType="websocket",
        _webSocketMessages=[{"type": "receive", "time": START_S + 1, "opcode": 1, "data": said}],
        _webSocketClose={"code": code, "reason": "", "timestamp": START_S + 9},
    )
    path = tmp_path / "closed.har"
    path.write_bytes(as_bytes(har(made, creator="HTTP Toolkit")))
    (stream,) = analyze([path]).streams
    return stream.verdict


@pytest.mark.parametrize(("code", "cause"), CODES.items())
def test_a_close_code_is_its_cause(tmp_path: Path, code: int, cause: str) -> None:
    verdict = closed(tmp_path, code, "hello")
    assert verdict.cause == cause
    assert not re.search(r"answered 101\b", verdict.explanation)


@pytest.mark.parametrize(("code", "cause"), DISCORD.items())
def test_discords_codes_are_its_own(tmp_path: Path, code: int, cause: str) -> None:
    hello = '{"op":10,"d":{"heartbeat_interval":41250},"s":null,"t":null}'
    assert closed(tmp_path, code, hello).cause == cause
    assert closed(tmp_path, code, "hello").cause == "unexplained"


@pytest.mark.parametrize("code", [1000, 1011])
def test_a_recorded_close_frame_counts_as_a_code(tmp_path: Path, code: int) -> None:
    w = frames(("Response", frame(1, b"hello"), 300), ("Response", frame(8, code.to_bytes(2, "big")), 900))
    path = tmp_path / "a.saz"
    path.write_bytes(
        saz({"c": request("https://a.example/ws"), "s": answer(b"", "101 Switching"), "m": meta(), "w": w})
    )
    (stream,) = analyze([path]).streams
    assert stream.verdict.cause == CODES[code]
