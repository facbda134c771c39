"""The terminal report: fits, says the important thing first, and no capture text drives the terminal."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from analyzer.model import CaptureInfo, Report
from analyzer.report.terminal import render_terminal
from analyzer.report.textline import timeline
from tests.report.reports import HOSTILE, many, report, stream

_STYLES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x07\x1b]*(?:\x1b\\|\x07)")
REPORTS = {"one": report(), "many": many(), "none": report([]), "hostile": report(text=HOSTILE)}


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_the_terminal(name: str, width: int, color: bool) -> None:
    text = _STYLES.sub("", render_terminal(REPORTS[name], width=width, color=color, links=color))
    assert max(cell_len(line) for line in text.split("\n")) <= width


def test_wide_terminals_are_used() -> None:
    assert max(map(cell_len, render_terminal(report(), width=140).split("\n"))) > 90


def test_headline_is_the_first_line() -> None:
    assert render_terminal(report()).split("\n")[0] == "nginx cut 1 of 1 streams after 60.0 s of silence."


def test_a_broken_stream_says_who_how_sure_why_and_what_to_do() -> None:
    text = render_terminal(report(), width=100)
    for expected in (
        "FAILED  A gateway cut the stream after a silence",
        "the gateway (nginx)",
        "likely: it fits",
        "nginx-proxy-read-timeout",
        "60.0 s of silence",
        "access.log:12",
        "Ask again.",
        "proxy_read_timeout 300s;",
        "await write(': ping')",
        "Also considered, gateway-duration-limit",
        "To be sure: nginx's error log",
        "warning: $.log.entries[3].time is missing",
        "req_123",
    ):
        assert expected in text.replace("\u00a0", " "), expected


def test_primary_evidence_comes_before_related() -> None:
    text = render_terminal(report(), width=100).replace("\u00a0", " ")
    assert text.index("- 60.0 s of silence") < text.index("- The log has 499")


def test_last_lines_name_the_next_command() -> None:
    assert "hangup explain gateway-idle-timeout" in render_terminal(report()).rstrip("\n").split("\n")[-1]


def test_many_streams_are_counted_by_cause_and_only_some_told_in_full() -> None:
    text = render_terminal(many(20), width=100, details=2)
    assert text.count("Who hung up") == 2
    assert re.search(r"5\s+gateway-idle-timeout\s+gateway", text)
    assert text.index("gateway-idle-timeout") < text.index("output-limit") < text.index("stopped-by-user")
    assert "more: --format" in text


def test_nothing_found_says_so_and_what_to_record() -> None:
    value = Report(captures=[CaptureInfo(path="a.har")], streams=[], clusters=[], summary=report([]).summary)
    value.summary.headline = ""
    text = render_terminal(value)
    assert "No streams were found." in text
    assert "export again" in text.replace("\n", " ")


def test_unreadable_capture_shows_its_error() -> None:
    value = report([])
    value.captures = [CaptureInfo(path="a.har", error="not JSON at line 1")]
    assert "could not be read: not JSON at line 1" in render_terminal(value)


def test_without_color_there_is_no_escape_at_all() -> None:
    assert "\x1b" not in render_terminal(REPORTS["hostile"], color=False)


def test_color_is_only_ours() -> None:
    text = render_terminal(REPORTS["hostile"], color=True, links=True)
    assert "\x1b[" in text
    rest = _STYLES.sub("", text)
    assert "\x1b" not in rest
    assert "\x07" not in rest
    assert "\x1b]8;;http://evil" not in text


def test_hostile_text_keeps_its_brackets_and_shows_its_controls() -> None:
    text = render_terminal(REPORTS["hostile"], width=200)
    assert "[bold]x[/bold]" in text
    assert "␛[31mred" in text
    assert "\u202e" not in text
    assert "\x00" not in text


def test_capture_is_linked_only_when_asked(tmp_path: object) -> None:
    value = report()
    value.captures[0].path = __file__
    assert "file://" in render_terminal(value, color=True, links=True)
    assert "file://" not in render_terminal(value, color=True)


def test_ascii_terminals_get_ascii() -> None:
    text = render_terminal(REPORTS["hostile"], unicode=False)
    assert text.isascii()
    assert max(map(len, text.split("\n"))) <= 80


def test_timeline_shows_waiting_data_and_silence() -> None:
    line = timeline(stream(), 40)
    assert line is not None
    assert line.cells.startswith("▪░")
    assert line.cells.endswith("✗")
    assert len(line.cells) == 41
    assert "silent" in line.legend


def test_timeline_without_arrival_times_says_so() -> None:
    one = stream()
    one.timeline.times_known, one.timeline.marks, one.timeline.silence_from_ms = False, [], None
    line = timeline(one, 40)
    assert line is not None
    assert "▒" in line.cells
    assert "░" not in line.cells
    assert "arrival times not recorded" in line.legend


def test_timeline_without_a_duration_is_none() -> None:
    one = stream()
    one.timeline.total_ms = one.exchange.duration_ms = None
    assert timeline(one, 40) is None
