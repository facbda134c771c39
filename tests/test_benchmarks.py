"""The benchmarks run, on sizes that take no time. What they measure is for docs/performance.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import batch, har, logs
from benchmarks.makehar import write_har, write_series
from benchmarks.makelog import write_haproxy, write_log, write_nginx
from benchmarks.measure import Side, take_turns

RATIO = re.compile(
    r"ratio hangup / haralyzer: wall [\d.]+, median wall [\d.]+, cpu [\d.]+, peak memory [\d.]+"
)


def test_har_prints_both_sides_and_their_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert har.main(["--mb", "0.3", "--repeats", "1"]) == 0
    said = capsys.readouterr().out
    assert "hangup" in said
    assert RATIO.search(said)


def test_series_prints_how_time_grows(capsys: pytest.CaptureFixture[str]) -> None:
    assert har.main(["--series", "8"]) == 0
    assert len(re.findall(r"ratio to half as many: [\d.]+", capsys.readouterr().out)) == 3


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("a", "b", "c"))
    write_har(first, 0.2, seed=7)
    write_har(again, 0.2, seed=7)
    write_har(other, 0.2, seed=8)
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("wide", [False, True])
def test_the_generated_file_is_a_har_of_the_size_asked_for(tmp_path: Path, wide: bool) -> None:
    path = tmp_path / "made.har"
    count = write_har(path, 1.5, wide=wide)
    data = path.read_bytes()
    assert 1.5e6 <= len(data) <= 3.5e6
    assert data.isascii() is not wide
    entries = json.loads(data)["log"]["entries"]
    assert len(entries) == count
    kinds = {entry["_resourceType"] for entry in entries}
    assert {"document", "script", "image", "fetch"} <= kinds
    assert any(entry.get("_eventSourceMessages") for entry in entries)
    assert any(entry["response"]["content"].get("encoding") == "base64" for entry in entries)


def test_the_series_is_one_stream_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "series.har"
    write_series(path, 9)
    entries = json.loads(path.read_bytes())["log"]["entries"]
    assert len(entries) == 9
    assert len({entry["request"]["url"] for entry in entries}) == 1
    assert sum(entry["response"]["_error"] is not None for entry in entries) == 3


def test_logs_prints_hangup_beside_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.main(["nginx", "haproxy", "twice", "--scale", "0.001", "--repeats", "1"]) == 0
    said = capsys.readouterr().out
    assert "hangup" in said
    assert "twice the lines take" in said


def test_each_side_is_warmed_up_before_each_turn_and_only_turns_count(tmp_path: Path) -> None:
    said = tmp_path / "said"
    log = tmp_path / "a.log"
    log.write_text("one line")

    def says(word: str) -> list[str]:
        return ["sh", "-c", f"printf {word} >> '{said}'"]

    sides = [
        Side("one", says("A"), reads=log, warm=says("a")),
        Side("other", says("B")),
    ]
    take_turns(sides, 2, {})
    assert said.read_text() == "AB" + "aAB" * 2
    assert [len(side.runs) for side in sides] == [2, 2]


def test_the_generated_logs_have_streams_of_which_some_break(tmp_path: Path) -> None:
    from analyzer.options import Options
    from analyzer.pipeline import analyze

    for name, write in (("nginx", write_nginx), ("haproxy", write_haproxy)):
        path = tmp_path / f"{name}.log"
        write_log(path, 3000, write)
        report = analyze([path], Options())
        assert report.captures[0].lines == 3000
        assert report.captures[0].unparsed == 0
        assert report.summary.streams > 300
        assert 0 < report.summary.failed < 30


def test_batch_prints_first_unchanged_and_judged_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert batch.main(["--tickets", "4", "--captures", "2", "--megabytes", "0.05", "--sizes", "2"]) == 0
    said = capsys.readouterr().out
    for line in (
        "4 tickets, first run",
        "unchanged is",
        "other rules",
        "kB per ticket",
        "2 tickets, first run",
    ):
        assert line in said
