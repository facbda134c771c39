"""What is stored of a ticket is enough to judge it by other rules: the same verdicts as from the captures."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from analyzer.batch.again import judge_again, rejudged
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.ticket import work
from analyzer.model import Report
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.resources import folder
from tests.redact.canary import har

DATA = Path(__file__).resolve().parent.parent / "intake" / "data"
CAPTURES = sorted(
    path
    for root in (folder("sample_hars"), DATA)
    for path in root.rglob("*")
    if path.name.endswith((".har", ".har.zip", ".har.gz", ".json", ".json.gz", ".zst")) and path.is_file()
)
TIMELESS = ("generated_at", "redacted")


def ticket(*paths: Path) -> Ticket:
    return Ticket(id="T-1", attachments=tuple(Attachment(url=str(path), name=path.name) for path in paths))


def told(report: bytes | None) -> dict[str, object]:
    assert report is not None
    value = msgspec.json.decode(report)
    return {name: item for name, item in value.items() if name not in TIMELESS}


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_judging_redacted_rows_gives_the_verdicts_of_the_capture(capture: Path) -> None:
    first = work(ticket(capture), Options())
    if first.state != "done" or first.summary is None or first.summary.streams == 0:
        pytest.skip("it holds no stream")
    assert first.complete
    assert first.report is not None
    second = judge_again("T-1", first.report, Options(), content=first.content)
    assert told(second.report) == told(first.report)
    assert second.streams == first.streams
    assert (second.headline, second.cause, second.rule, second.severity, second.content) == (
        first.headline, first.cause, first.rule, first.severity, first.content,
    )  # fmt: skip


def test_another_rule_gives_another_verdict_from_what_is_stored(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "our-gateway.yaml").write_text(
        """
id: our-gateway
cause: gateway-duration-limit
title: Our gateway ends what takes longer than a minute
refines: [idle-limit]
basis: protocol
when: {all: [{duration_ms|gt: 1}, {status: 200}]}
confidence: certain
evidence: [duration_ms]
say: "It took {{ duration_ms | duration }}."
fix: {user: [Ask for less.], operator: [Raise it.], developer: [Send less.]}
sources: [our own handbook]
examples:
  fires: [{duration_ms: 5, status: 200}]
  quiet: [{row: {duration_ms: 5, status: 201}, because: another status}]
""",
        encoding="utf-8",
    )
    options = Options(rules=(tmp_path,))
    capture = folder("sample_hars") / "nginx-idle-60s.har"
    stored = work(ticket(capture), Options())
    assert stored.report is not None
    again = judge_again("T-1", stored.report, options, content=None)
    fresh = work(ticket(capture), options)
    assert again.rule == fresh.rule
    assert told(again.report) == told(fresh.report)


def test_several_captures_of_a_ticket_keep_their_order(tmp_path: Path) -> None:
    names = ["nginx-idle-60s.har", "openai-completed.har", "firefox-cut.har"]
    first = work(ticket(*(folder("sample_hars") / name for name in names)), Options())
    assert first.report is not None
    second = judge_again("T-1", first.report, Options(), content=None)
    assert told(second.report) == told(first.report)


def test_what_redaction_takes_from_a_rule_makes_the_ticket_be_read_again(tmp_path: Path) -> None:
    """A rule that looks at an error's own text can see less of it afterwards; then the captures are needed."""
    path = tmp_path / "capture.har"
    path.write_bytes(msgspec.json.encode(har()))
    result = work(ticket(path), Options())
    report = analyze([path], Options(short_paths=True))
    assert result.report is not None
    again = rejudged(msgspec.json.decode(result.report, type=Report), Options())
    agree = [s.verdict.rule for s in again.streams] == [s.verdict.rule for s in report.streams]
    assert agree or not result.complete


def test_a_ticket_with_logs_is_read_again(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        '192.0.2.1 - - [02/Mar/2026:08:00:00 +0000] "GET /v1/stream HTTP/1.1" 504 160 "-" "curl/8"\n' * 4
    )
    result = work(ticket(log), Options(stream_paths=("/v1/*",)))
    assert result.state == "done"
    assert not result.complete
