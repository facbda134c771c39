"""A sanitized capture gets the verdict of the original, and no report shows what the capture hid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.intake.logs.shipped import formats
from analyzer.model import Report
from analyzer.pipeline import Options, analyze
from analyzer.redact.sanitize import sanitize, secrets_in
from analyzer.report.html import render_html
from analyzer.report.json_v1 import to_json
from analyzer.report.junit import render_junit
from analyzer.report.markdown import render_markdown
from analyzer.report.tables import to_csv
from analyzer.report.terminal import render_terminal
from analyzer.resources import folder
from tests.redact.canary import har, leaks

_SUFFIXES = {".har", ".log", ".zip", ".gz", ".saz"}
NETLOGS = sorted((Path(__file__).parent.parent / "intake" / "data").glob("*.netlog.json*"))
SAMPLES = sorted(path for path in folder("sample_hars").rglob("*") if path.suffix in _SUFFIXES)


def verdicts(path: Path) -> list[tuple[Any, ...]]:
    return judged(analyze([path], Options(everything=True)))


def judged(report: Report) -> list[tuple[Any, ...]]:
    return sorted(
        (s.exchange.position, s.verdict.cause, s.verdict.severity, s.verdict.confidence, s.verdict.rule)
        for s in report.streams
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sanitized_sample_gets_the_same_verdict(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / sample.name
    sanitize(sample, out)
    assert verdicts(out) == verdicts(sample)


@pytest.mark.parametrize("name", sorted(formats()))
def test_a_sanitized_log_of_each_format_gets_the_same_verdicts(name: str, tmp_path: Path) -> None:
    """The lines that prove a format are its samples; a few dozen of them make a log."""
    samples = formats()[name].samples
    headers = list(dict.fromkeys(sample.header for sample in samples if sample.header))[:1]
    lines = headers + [sample.line for sample in samples if sample.header in (None, *headers)] * 12
    path, out = tmp_path / f"{name}.log", tmp_path / "clean.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sanitize(path, out)
    before, after = (analyze([it], Options(everything=True)) for it in (path, out))
    assert judged(after) == judged(before)
    was, now = before.captures[0], after.captures[0]
    assert (was.lines, was.unparsed, was.exchanges) == (now.lines, now.unparsed, now.exchanges)
    assert secrets_in(out) == {}


@pytest.mark.parametrize("sample", NETLOGS, ids=lambda path: path.name.partition(".")[0])
def test_a_sanitized_netlog_gets_the_same_verdicts(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.json"
    sanitize(sample, out)
    assert verdicts(out) == verdicts(sample)
    assert secrets_in(out) == {}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_nothing_is_left_in_a_sanitized_sample(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / sample.name
    sanitize(sample, out)
    assert secrets_in(out) == {}


def test_no_canary_is_in_any_report(tmp_path: Path) -> None:
    path = tmp_path / "capture.har"
    path.write_text(json.dumps(har()), encoding="utf-8")
    report = analyze([path], Options(details=True))
    outputs = {
        "json": to_json(report, version="1").decode(),
        "html": render_html(report, version="1"),
        "terminal": render_terminal(report, width=200),
        "markdown": render_markdown(report),
        "csv": to_csv(report),
        "junit": render_junit(report),
    }
    assert report.streams
    assert {name: leaks(text) for name, text in outputs.items() if leaks(text)} == {}
    assert report.redacted
