"""The bundled captures get the verdicts that they deserve, and what is healthy stays out of the alarms.

The expected causes come from the `.about.yaml` beside each, which says what really happened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.model import Report
from analyzer.pipeline import analyze
from analyzer.resources import samples

CAPTURES = dict([*samples(), *samples("framings/*")])
FAILURES = [about for about, _ in samples()]
STREAMS = [about for about in CAPTURES if yaml.safe_load(about.read_text(encoding="utf-8"))["stream"]]
NO_STREAMS = [about for about in CAPTURES if about not in STREAMS]


def name_of(path: Path) -> str:
    return path.name.removesuffix(".about.yaml")


@pytest.fixture(scope="module")
def reports() -> dict[str, tuple[dict[str, Any], Report]]:
    return {
        str(about): (yaml.safe_load(about.read_text(encoding="utf-8")), analyze([capture]))
        for about, capture in CAPTURES.items()
    }


def test_there_are_enough_samples_of_the_failures_people_meet() -> None:
    causes = {yaml.safe_load(about.read_text(encoding="utf-8"))["cause"] for about in FAILURES}
    assert 12 <= len(FAILURES) <= 20
    assert {
        "gateway-timeout", "session-expired", "connection-closed", "truncated-stream",
        "provider-overloaded", "output-limit", "stopped-by-user", "completed",
    } <= causes  # fmt: skip


@pytest.mark.parametrize("about", STREAMS, ids=name_of)
def test_sample_gets_the_true_cause(about: Path, reports: dict[str, tuple[dict[str, Any], Report]]) -> None:
    truth, report = reports[str(about)]
    judged = [
        s
        for s in report.streams
        if truth["stream"] in (s.exchange.url or "") and s.exchange.method == truth["method"]
    ]
    assert judged, "the stream is not in the report"
    verdict = judged[0].verdict
    assert verdict.cause in {truth["cause"], *truth["also_right"]}
    assert verdict.evidence, "a cause without evidence"
    assert verdict.evidence[0].role == "primary"
    assert verdict.evidence[0].where.startswith(("$.log.entries[", "raw/", "$.events["))
    assert verdict.fix.user and verdict.fix.operator and verdict.fix.developer
    if verdict.confidence != "certain":
        assert verdict.settle


@pytest.mark.parametrize("about", NO_STREAMS, ids=name_of)
def test_what_only_looks_like_a_stream_is_none(
    about: Path, reports: dict[str, tuple[dict[str, Any], Report]]
) -> None:
    assert reports[str(about)][1].streams == []


@pytest.mark.parametrize("about", CAPTURES, ids=name_of)
def test_healthy_neighbours_raise_no_alarm(
    about: Path, reports: dict[str, tuple[dict[str, Any], Report]]
) -> None:
    truth, report = reports[str(about)]
    alarms = [
        (s.exchange.url, s.verdict.cause)
        for s in report.streams
        if s.verdict.severity in ("failed", "degraded")
        and not (truth["stream"] and truth["stream"] in (s.exchange.url or ""))
        and any(part in (s.exchange.url or "") for part in truth["healthy"])
    ]
    assert not alarms


@pytest.mark.parametrize("about", CAPTURES, ids=name_of)
def test_no_secret_of_a_sample_is_in_any_output(about: Path) -> None:
    from analyzer.pipeline import Options
    from analyzer.report.render import render

    truth = yaml.safe_load(about.read_text(encoding="utf-8"))
    report = analyze([CAPTURES[about]], Options(details=True))
    for chosen in ("terminal", "html", "json", "markdown", "csv", "junit"):
        text = render(report, chosen, version="0")
        assert isinstance(text, str)
        leaked = [secret for secret in truth["secrets"] if secret in text]
        assert not leaked, f"{len(leaked)} secrets in {chosen}"
