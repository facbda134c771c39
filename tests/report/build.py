"""Realistic reports, made by hand: what the renderers are tested with before and without a pipeline."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.model import (
    CaptureInfo,
    Cluster,
    Ending,
    Evidence,
    Fix,
    PageEntry,
    PageView,
    Phase,
    Report,
    RunnerUp,
    Stream,
    Summary,
    Timeline,
    Verdict,
)

STARTED = datetime(2026, 3, 2, 10, 15, 3, 120_000, tzinfo=UTC)
CAPTURE = "support/4711/chat.example.com.har"


def idle_timeout(ident: str = "1", *, capture: str = CAPTURE, shift_s: float = 0.0, seed: int = 1) -> Stream:
    """nginx cut it after 60 s of silence, 14 s into an answer."""
    rng = random.Random(seed)
    marks: list[tuple[float, int, str]] = []
    at = 1310.0
    while at < 14_050:
        marks.append((round(at, 1), rng.randint(90, 420), "event"))
        at += rng.uniform(20, 210)
    last = marks[-1][0]
    end = last + 60_012
    started = STARTED + timedelta(seconds=shift_s)
    row = Exchange(
        capture=capture, capture_kind="har", dialect="chrome-devtools", where="$.log.entries[17]", position=17,
        method="POST", url="https://chat.example.com/api/chat/stream?session=⟨token:1⟩", scheme="https", host="chat.example.com",
        path="/api/chat/stream", http_version="1.1", is_stream=True, stream_why="content-type", browser="chrome",
        browser_version="141", model="gpt-5-mini", status=200, content_type="text/event-stream", gateway="nginx",
        server="nginx/1.24.0", started_at=started, ended_at=started + timedelta(milliseconds=end),
        net_error="net::ERR_INCOMPLETE_CHUNKED_ENCODING", server_ip="203.0.113.7", connection_id="80", ttfb_ms=1190.4,
        duration_ms=end, body_bytes=sum(size for _, size, _ in marks), transfer_bytes=48_211, framing="sse",
        protocol="openai-chat", provider="openai", events=len(marks), content_events=len(marks), heartbeats=0,
        idle_before_end_ms=60_012.0, max_gap_ms=209.0, median_gap_ms=112.0, terminal_marker="missing", terminal_name="[DONE]",
        cut_inside_event=False, tail_bytes=0, idle_limit_ms=60_000, request_id="req_7f3a91c2", gateway_request_id=None,
    )  # fmt: skip
    verdict = Verdict(
        cause="gateway-idle-timeout",
        party="gateway",
        severity="failed",
        confidence="likely",
        rule="nginx-proxy-read-timeout",
        title="nginx closed the stream after 60 seconds of silence",
        explanation=(
            "Part of the answer arrived, then nothing for 60.0 s. That is how long nginx waits between two reads "
            "(`proxy_read_timeout`) unless it is told otherwise; then it closed the connection in the middle of the answer, "
            "without the end marker that was owed."
        ),
        evidence=[
            Evidence("primary", "$.log.entries[17]", "idle_before_end_ms", 60_012.0, "The last byte came 60.0 s before the end."),
            Evidence("primary", "$.log.entries[17].response._error", "net_error", "net::ERR_INCOMPLETE_CHUNKED_ENCODING", "The browser saw the connection close inside the body."),
            Evidence("related", "$.log.entries[17].response.headers[3]", "gateway", "nginx", "The response names nginx as the gateway."),
            Evidence("related", "$.log.entries[17]._eventSourceMessages", "terminal_marker", "missing", "The end marker `[DONE]` never came."),
        ],
        fix=Fix(
            user=[
                "Ask again. A shorter question, or one that needs less thinking before the first words, is less likely to run into the limit.",
                "If it happens again, send this report to the people who run the service.",
            ],
            operator=[
                "Raise the limit on silence for this location:\n```nginx\nlocation /api/chat/stream {\n    proxy_read_timeout 600s;\n    proxy_buffering off;\n}\n```",
                "Check the load balancer in front of nginx: it has an idle timeout of its own, and the shortest one wins.",
                "Test and reload: `nginx -t && nginx -s reload`",
            ],
            developer=[
                "Send a comment line every 15 s while the model is thinking, so that no hop sees silence:\n```\n: keep-alive\n\n```",
                "Let the client take up the answer where it broke: give each event an `id:` and honour `Last-Event-ID`.",
            ],
        ),
        runners_up=[
            RunnerUp("server-worker-timeout", "server-timeout", "Its limit would fit, but it counts from the start of the request, and 74.0 s is no limit that is known."),
            RunnerUp("connection-cut", "connection-cut", "It is true as well, and says less: the silence before the cut names the limit."),
        ],
        settle="nginx’s error log from 10:16:15 to 10:16:19 UTC: look for `upstream timed out (110)` while reading upstream.",
    )  # fmt: skip
    return Stream(
        id=ident,
        exchange=row,
        ending=Ending("proxy", "data", False, "net-error"),
        verdict=verdict,
        timeline=Timeline(
            total_ms=end,
            phases=[Phase("queue", 0, 4.1), Phase("connect", 4.1, 86.0), Phase("tls", 30.0, 86.0), Phase("send", 86.0, 86.9),
                    Phase("wait", 86.9, 1277.3), Phase("receive", 1277.3, end)],
            marks=marks, marks_total=len(marks), times_known=True, silence_from_ms=last, cut_ms=end,
            limits=[(60_000.0, "nginx proxy_read_timeout and AWS load balancers, by default"), (75_000.0, "nginx keepalive_timeout, by default")],
        ),
        shape=[size for _, size, _ in marks],
        raw=raw_entry(),
        request_ids={"x-request-id": "req_7f3a91c2", "openai-request-id": "req_011CSd8Yx2"},
    )  # fmt: skip


def raw_entry() -> dict[str, Any]:
    """A redacted HAR entry."""
    return {
        "startedDateTime": "2026-03-02T10:15:03.120Z",
        "time": 74_061.2,
        "request": {
            "method": "POST",
            "url": "https://chat.example.com/api/chat/stream?session=⟨token:1⟩",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": n, "value": v} for n, v in (("Accept", "text/event-stream"), ("Cookie", "⟨cookie:1⟩"), ("Content-Type", "application/json"))],
            "postData": {"mimeType": "application/json", "text": "⟨147 bytes⟩"},
        },
        "response": {
            "status": 200,
            "headers": [{"name": n, "value": v} for n, v in (("Server", "nginx/1.24.0"), ("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"), ("X-Request-Id", "req_7f3a91c2"))],
            "content": {"size": 22_311, "mimeType": "text/event-stream"},
            "_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
        },
        "timings": {"blocked": 4.1, "connect": 81.9, "ssl": 56, "send": 0.9, "wait": 1190.4, "receive": 72_783.9},
    }  # fmt: skip


def overloaded(ident: str = "2", *, capture: str = CAPTURE, shift_s: float = 95.0) -> Stream:
    """The provider's in-band overload error after two events."""
    started = STARTED + timedelta(seconds=shift_s)
    row = Exchange(
        capture=capture, capture_kind="har", where="$.log.entries[31]", method="POST", url="https://api.anthropic.com/v1/messages",
        host="api.anthropic.com", path="/v1/messages", http_version="2", browser="chrome", browser_version="141", status=200,
        content_type="text/event-stream", gateway="cloudflare", server="cloudflare", started_at=started, ttfb_ms=812.0,
        duration_ms=1934.0, body_bytes=611, framing="sse", protocol="anthropic-messages", provider="anthropic", events=3,
        heartbeats=1, in_band_error=True, error_type="overloaded_error", error_class="overloaded", error_owner="provider",
        terminal_marker="missing", terminal_name="message_stop", model="claude-sonnet-5",
        gateway_request_id="9a1b2c3d4e5f-FRA",
    )  # fmt: skip
    verdict = Verdict(
        cause="provider-overloaded", party="provider", severity="failed", confidence="certain", rule="anthropic-overloaded-inband",
        title="The model provider had no capacity",
        explanation="The answer had begun when the provider sent an error event of the type `overloaded_error` inside the stream and ended it.",
        evidence=[
            Evidence("primary", "$.log.entries[31]._eventSourceMessages[2]", "error_type", "overloaded_error", "The third event is an error: `overloaded_error`."),
            Evidence("related", "$.log.entries[31].response", "status", 200, "The status had been sent already, so it still says 200."),
        ],
        fix=Fix(
            user=["Wait a minute and ask again."],
            operator=["Watch the provider's status page; nothing on your side is at its limit."],
            developer=["Retry with exponential backoff and jitter, up to three times, when an `error` event of this type arrives before any text was shown."],
        ),
    )  # fmt: skip
    return Stream(
        id=ident, exchange=row, ending=Ending("server", "data", True, "in-band-error"), verdict=verdict,
        timeline=Timeline(
            total_ms=1934.0, phases=[Phase("queue", 0, 1.0), Phase("send", 1.0, 1.4), Phase("wait", 1.4, 813.4), Phase("receive", 813.4, 1934.0)],
            marks=[(815.0, 320, "event"), (816.0, 40, "heartbeat"), (1930.0, 120, "event")], marks_total=3, times_known=True,
            silence_from_ms=1930.0, cut_ms=1934.0,
        ),
        shape=[320, 40, 120],
        raw=raw_entry(),
        request_ids={"request-id": "req_011CXoverload", "cf-ray": "9a1b2c3d4e5f-FRA"},
    )  # fmt: skip


def completed(ident: str = "3", *, capture: str = CAPTURE, shift_s: float = 130.0, seed: int = 3) -> Stream:
    """A healthy stream with heartbeats."""
    rng = random.Random(seed)
    marks: list[tuple[float, int, str]] = [
        (round(700 + i * 37.5 + rng.uniform(0, 20), 1), rng.randint(80, 260), "event") for i in range(240)
    ]
    marks += [(3000.0 * i, 12, "heartbeat") for i in range(1, 4)]
    marks.sort()
    started = STARTED + timedelta(seconds=shift_s)
    row = Exchange(
        capture=capture, capture_kind="har", where=f"$.log.entries[{40 + int(shift_s)}]", method="POST",
        url="https://chat.example.com/api/chat/stream", host="chat.example.com", path="/api/chat/stream", http_version="2",
        browser="firefox", browser_version="140", status=200, content_type="text/event-stream", started_at=started, ttfb_ms=655.0,
        duration_ms=9871.0, body_bytes=41_020, framing="sse", protocol="openai-chat", provider="openai", events=243, heartbeats=3,
        terminal_marker="seen", terminal_name="[DONE]", finish_reason="stop", finish_class="ok",
    )  # fmt: skip
    verdict = Verdict(
        cause="completed", party="none", severity="ok", confidence="certain", rule="completed", title=CAUSES["completed"].title,
        explanation="The end marker `[DONE]` arrived, after 243 events. Nothing is missing.",
        evidence=[Evidence("primary", "$.log.entries[170]", "terminal_marker", "seen", "The end marker `[DONE]` was seen.")],
    )  # fmt: skip
    return Stream(
        id=ident, exchange=row, ending=Ending("server", "last", True, "end-marker"), verdict=verdict,
        timeline=Timeline(
            total_ms=9871.0, phases=[Phase("queue", 0, 2), Phase("send", 2, 2.5), Phase("wait", 2.5, 657.5), Phase("receive", 657.5, 9871.0)],
            marks=marks, marks_total=243, times_known=True, silence_from_ms=9720.0,
        ),
        shape=[size for _, size, _ in marks],
        raw=raw_entry(),
    )  # fmt: skip


def user_stop(ident: str = "4", *, capture: str = CAPTURE, shift_s: float = 170.0) -> Stream:
    """The Stop button, without arrival times."""
    started = STARTED + timedelta(seconds=shift_s)
    row = Exchange(
        capture=capture, capture_kind="har", where="$.log.entries[52]", method="POST", url="https://chat.example.com/api/chat/stream",
        host="chat.example.com", path="/api/chat/stream", http_version="2", browser="chrome", browser_version="141", status=200,
        content_type="text/event-stream", net_error="net::ERR_ABORTED", started_at=started, ttfb_ms=640.0, duration_ms=5210.0,
        framing="sse", protocol="openai-chat", events=61, terminal_marker="missing", stop_call_ms=-40.0,
    )  # fmt: skip
    verdict = Verdict(
        cause="stopped-by-user", party="user", severity="info", confidence="likely", rule="stopped-by-user",
        title=CAUSES["stopped-by-user"].title,
        explanation="The page cancelled the request right after it had called its own stop address. Nothing broke.",
        evidence=[Evidence("primary", "$.log.entries[52].response._error", "net_error", "net::ERR_ABORTED", "The browser was told to abort.")],
        settle="Ask the customer whether the Stop button was pressed at 10:17:58 UTC.",
    )  # fmt: skip
    return Stream(
        id=ident, exchange=row, ending=Ending("client", "data", None, "net-error"), verdict=verdict,
        timeline=Timeline(
            total_ms=5210.0, phases=[Phase("queue", 0, 2), Phase("wait", 2, 642), Phase("receive", 642, 5210)], cut_ms=5210.0,
        ),
        shape=[90, 95, 110, 84] * 15,
    )  # fmt: skip


def summarise(streams: list[Stream], headline: str) -> Summary:
    """Counts over `streams`."""
    by = {
        severity: sum(1 for s in streams if s.verdict.severity == severity)
        for severity in ("failed", "degraded", "info", "ok")
    }
    return Summary(
        streams=len(streams), failed=by["failed"], degraded=by["degraded"], info=by["info"], ok=by["ok"],
        by_cause={}, by_party={}, headline=headline,
    )  # fmt: skip


def entries(count: int, capture: str = CAPTURE, seed: int = 5) -> list[PageEntry]:
    """The page around the streams."""
    rng = random.Random(seed)
    kinds = (("script", "application/javascript"), ("image", "image/webp"), ("fetch", "application/json"),
             ("stylesheet", "text/css"), ("font", "font/woff2"))  # fmt: skip
    found = []
    for i in range(count):
        kind, content_type = kinds[i % len(kinds)]
        broken = rng.random() < 0.02
        found.append(
            PageEntry(
                where=f"$.log.entries[{i}]", capture=capture, method="POST" if kind == "fetch" and i % 3 == 0 else "GET",
                url=f"https://{rng.choice(('chat', 'static', 'cdn'))}.example.com/{kind}/{i:05d}-{rng.randrange(16**8):08x}.{kind[:3]}",
                status=503 if broken else 200, net_error=None, resource_type=kind, content_type=content_type,
                start_ms=round(i * 74_000 / count + rng.uniform(0, 300), 1), duration_ms=round(rng.expovariate(1 / 220), 1),
                body_bytes=rng.randint(200, 400_000),
            )
        )  # fmt: skip
    if found:
        found[min(3, count - 1)] = PageEntry(
            where="$.log.entries[17]", capture=capture, method="POST", url="https://chat.example.com/api/chat/stream?session=⟨token:1⟩",
            status=200, net_error="net::ERR_INCOMPLETE_CHUNKED_ENCODING", resource_type="fetch", content_type="text/event-stream",
            start_ms=320.0, duration_ms=74_060.0, body_bytes=22_311, stream_id="1",
        )  # fmt: skip
    return found


def info(path: str = CAPTURE, **more: Any) -> CaptureInfo:
    """A HAR of Chrome that was read."""
    return CaptureInfo(
        path=path, dialect="chrome-devtools", format="HAR 1.2", creator="WebInspector 537.36", **more
    )


def idle_report(exchanges: int = 46) -> Report:
    """One capture, one stream that nginx cut, one user stop, one healthy stream."""
    streams = [idle_timeout(), user_stop("2"), completed("3")]
    return Report(
        captures=[info(exchanges=exchanges, streams=3, warnings=["$.log.entries[12]: startedDateTime is missing; its clock columns are not recorded"])],
        streams=streams,
        clusters=[],
        summary=summarise(streams, "nginx hung up on the answer after 60 seconds of silence."),
        entries=entries(exchanges),
        pages=[PageView(capture=CAPTURE, title="https://chat.example.com/c/⟨id:1⟩", load_ms=333.0, content_load_ms=321.0, requests=exchanges, bytes=2_812_000,
                        by_type={"script": 12, "image": 11, "fetch": 9}, failed=1)],
        redacted={"cookie": 3, "token": 2, "prompt": 4},
        generated_at="2026-03-02T11:02:44Z",
    )  # fmt: skip


def one(stream: Stream, headline: str = "") -> Report:
    """A report on one stream."""
    return Report(
        captures=[info(exchanges=1, streams=1)], streams=[stream], clusters=[], summary=summarise([stream], headline or stream.verdict.title + "."),
        redacted={}, generated_at="2026-03-02T11:02:44Z",
    )  # fmt: skip


def batch_report(count: int = 20) -> Report:
    """Several captures, `count` streams, a cluster, and captures that could not be read."""
    streams: list[Stream] = []
    captures: list[CaptureInfo] = []
    for i in range(count):
        path = f"tickets/T-{4700 + i // 2}/capture-{i % 2 + 1}.har"
        if i < count * 0.4:
            streams.append(idle_timeout(f"{i + 1}", capture=path, shift_s=i * 211.0, seed=i))
        elif i < count * 0.6:
            streams.append(overloaded(f"{i + 1}", capture=path, shift_s=i * 97.0))
        elif i < count * 0.75:
            streams.append(user_stop(f"{i + 1}", capture=path, shift_s=i * 61.0))
        else:
            streams.append(completed(f"{i + 1}", capture=path, shift_s=i * 31.0, seed=i))
        captures.append(info(path, exchanges=40, streams=1))
    captures.append(
        CaptureInfo(
            path="tickets/T-4799/truncated.har",
            error="not JSON: the file ends inside a string, at byte 1,048,576",
        )
    )
    captures.append(info("tickets/T-4800/no-streams.har", exchanges=112))
    broken = [s for s in streams if s.verdict.cause == "gateway-idle-timeout"]
    return Report(
        captures=captures,
        streams=streams,
        clusters=[
            Cluster(
                cause="gateway-idle-timeout", party="gateway", size=len(broken), members=[s.id for s in broken],
                text=f"{len(broken)} streams died after 60.0 s of silence, all of them behind nginx at 203.0.113.7.",
                baseline="Of the streams that completed, none was silent for longer than 3.2 s.",
                shared={"idle_ms": 60_012.0, "gateway": "nginx", "server_ip": "203.0.113.7", "host": "chat.example.com"},
            )
        ] if broken else [],
        summary=summarise(streams, f"{len(broken)} of {count} streams were cut by nginx after 60 seconds of silence."),
        entries=[entry for path in ("tickets/T-4700/capture-1.har", "tickets/T-4700/capture-2.har") for entry in entries(30, path)],
        rule_errors=["rules/gateway/mine.yaml:13:7: unknown column \"idle_before_close_ms\"\n  nearest: idle_before_end_ms"],
        redacted={"cookie": 31},
        generated_at="2026-03-02T11:02:44Z",
    )  # fmt: skip


def empty_report() -> Report:
    """A capture that could not be read, and nothing else."""
    return Report(
        captures=[CaptureInfo(path="broken.har", error="not a capture: the file is empty")], streams=[], clusters=[],
        summary=Summary(), generated_at="2026-03-02T11:02:44Z",
    )  # fmt: skip
