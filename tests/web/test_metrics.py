"""What /metrics tells: Prometheus's text format, version 0.0.4."""

from __future__ import annotations

import re

import pytest

from analyzer.web.metrics import Metrics

LINE = re.compile(r'(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{(le|status)="[^"]+"\})? [0-9.e+-]+)')


def test_every_line_is_of_the_format() -> None:
    metrics = Metrics()
    metrics.observe(0.7)
    metrics.status(200)
    text = metrics.render({"spool_bytes": 12.0})
    assert text.endswith("\n") and all(LINE.fullmatch(line) for line in text.splitlines())
    assert "hangup_spool_bytes 12" in text


def test_buckets_are_cumulative() -> None:
    metrics = Metrics()
    for seconds in (0.1, 0.7, 4.0, 1000.0):
        metrics.observe(seconds)
    counts = [int(n) for n in re.findall(r'bucket\{le="[^"]+"\} (\d+)', metrics.render({}))]
    assert counts == sorted(counts) and counts[0] == 1 and counts[-2:] == [3, 4]


def test_counters_count_and_unknown_ones_are_mistakes() -> None:
    metrics = Metrics()
    metrics.count("reports_done", 2)
    assert "hangup_reports_done_total 2" in metrics.render({})
    with pytest.raises(KeyError):
        metrics.count("report_done")
