"""A sanitized capture gets the verdict of the original, and no report shows what the capture hid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
SAMPLES = sorted(path for path in folder("sample_hars").rglob("*") if path.suffix in _SUFFIXES)


def verdicts(path: Path) -> list[tuple[Any, ...]]:
    report = analyze([path], Options(everything=True))
    return sorted(
        (s.exchange.position, s.verdict.cause, s.verdict.severity, s.verdict.confidence, s.verdict.rule)
        for s in report.streams
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sanitized_sample_gets_the_same_verdict(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / sample.name
    sanitize(sample, out)
    assert verdicts(out) == verdicts(sample)


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
