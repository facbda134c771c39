"""Reports for the renderers' tests: one broken stream, many streams, none, and a hostile one."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.model import (
    CaptureInfo,
    Cluster,
    Ending,
    Evidence,
    Fix,
    Phase,
    Report,
    RunnerUp,
    Stream,
    Summary,
    Timeline,
    Verdict,
)

# One string with everything that a medium could take for its own markup.
HOSTILE = (
    "\x1b[31mred\x1b]8;;http://evil.example\x07 [bold]x[/bold] <script>alert(1)</script> "
    "| `a` ```\n# h ![i](j) &amp; \u202egnp.exe \x00\ud800 =1+1 ]]> {{7*7}}"
)


def stream(cause: str = "gateway-idle-timeout", number: int = 1, text: str = "") -> Stream:
    """A stream with every field set; `text` goes wherever capture text can be."""
    row = CAUSES[cause]
    exchange = Exchange(
        capture="capture.har" + text,
        capture_kind="har",
        where=f"$.log.entries[{number}]",
        position=number,
        method="POST",
        url="https://app.example.com/api/chat/stream" + text,
        host="app.example.com" + text,
        status=200,
        http_version="2",
        framing="sse",
        protocol="openai-chat",
        gateway="nginx" + text,
        started_at=datetime(2026, 3, 2, 10, 15, number % 60, 123000, UTC),
        ttfb_ms=212.4,
        duration_ms=60212.5,
        idle_before_end_ms=60000.1,
        events=17,
        body_bytes=4098,
        error_text="=HYPERLINK(1)" + text,
    )
    verdict = Verdict(
        cause=cause,
        party=row.party,
        severity=row.severity,
        confidence="likely",
        rule="nginx-proxy-read-timeout" + text,
        title=row.title + text,
        explanation="Nothing arrived for 60.0 s, then nginx closed the connection." + text,
        evidence=[
            Evidence("related", "access.log:12", "status", 499, "The log has 499." + text),
            Evidence(
                "primary",
                f"$.log.entries[{number}]",
                "idle_before_end_ms",
                60000.1,
                "60.0 s of silence" + text,
            ),
        ],
        fix=Fix(
            user=["Ask again." + text],
            operator=["Raise the limit: `proxy_read_timeout 300s;`" + text],
            developer=["Send a comment line every 15 s.\n```\nawait write(': ping')\n```" + text],
        ),
        runners_up=[
            RunnerUp("haproxy-timeout", "gateway-duration-limit", "the total is no round number" + text)
        ],
        settle="nginx's error log for 10:15:06 UTC" + text,
    )
    timeline = Timeline(
        total_ms=60212.5,
        phases=[Phase("wait", 0, 212.4), Phase("receive", 212.4, 60212.5)],
        marks=[(212.4 + i, 200, "event") for i in range(17)],
        marks_total=17,
        times_known=True,
        silence_from_ms=229.4,
        cut_ms=60212.5,
    )
    return Stream(
        id=f"s{number}",
        exchange=exchange,
        ending=Ending("proxy", "data", False, "clean-close"),
        verdict=verdict,
        timeline=timeline,
        request_ids={"x-request-id" + text: "req_123" + text},
    )


def report(streams: list[Stream] | None = None, text: str = "") -> Report:
    """A report over `streams`, by default one that a gateway cut."""
    listed = [stream(text=text)] if streams is None else streams
    counts = {
        name: sum(s.verdict.severity == name for s in listed) for name in ("failed", "degraded", "info", "ok")
    }
    causes: dict[str, int] = {}
    parties: dict[str, int] = {}
    for item in listed:
        causes[item.verdict.cause] = causes.get(item.verdict.cause, 0) + 1
        parties[item.verdict.party] = parties.get(item.verdict.party, 0) + 1
    return Report(
        captures=[
            CaptureInfo(
                path="capture.har" + text,
                dialect="chrome-devtools",
                exchanges=9,
                streams=len(listed),
                warnings=["$.log.entries[3].time is missing: its clock columns are not recorded" + text],
            )
        ],
        streams=listed,
        clusters=[
            Cluster(
                cause="gateway-idle-timeout",
                party="gateway",
                size=2,
                members=["s1", "s2"],
                text="Two streams were cut after 60.0 s of silence." + text,
                baseline="The others were never silent for that long." + text,
                shared={"idle_ms": 60000.0, "host": "app.example.com" + text},
            )
        ],
        summary=Summary(
            streams=len(listed),
            by_cause=causes,
            by_party=parties,
            headline="nginx cut 1 of 1 streams after 60.0 s of silence." + text,
            **counts,
        ),
        redacted={"token": 2},
        generated_at="2026-03-02T10:20:00Z",
    )


def many(count: int = 20) -> Report:
    """A report with several causes, the healthy ones first."""
    causes = ["completed", "stopped-by-user", "output-limit", "gateway-idle-timeout"]
    return report([stream(causes[i % len(causes)], i + 1) for i in range(count)])
