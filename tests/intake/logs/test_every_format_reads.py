"""Every shipped format, as a whole file through the reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.intake.logs import read_log
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.shipped import formats
from analyzer.options import Options
from analyzer.pipeline import analyze


def lines_of(fmt: Format) -> list[str]:
    """The samples that go under one header, and that header."""
    headers = list(dict.fromkeys(sample.header for sample in fmt.samples if sample.header))
    return [*headers[:1], *(s.line for s in fmt.samples if s.header in (None, *headers[:1]))]


@pytest.mark.parametrize("name", sorted(formats()))
def test_a_file_of_its_samples_is_read_line_by_line(name: str, con: Any, tmp_path: Path) -> None:
    fmt = formats()[name]
    lines = lines_of(fmt)
    path = tmp_path / "sample.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    info = read_log(con, path, format=fmt).info
    assert (info.lines, info.unparsed) == (len(lines), 0)
    assert analyze([path], Options(everything=True)).captures[0].error is None


@pytest.mark.parametrize("name", sorted(formats()))
def test_bytes_that_are_no_text_cost_at_most_their_line(name: str, con: Any, tmp_path: Path) -> None:
    fmt = formats()[name]
    lines = lines_of(fmt)
    path = tmp_path / "sample.log"
    path.write_bytes(
        "\n".join([*lines, ""]).encode() + b"\xff\xfe\x80 no text\n" + lines[-1].encode() + b"\n"
    )
    info = read_log(con, path, format=fmt).info
    assert info.lines == len(lines) + 2
    assert info.unparsed is not None and info.unparsed <= 1


# Where a number stands: one that no column holds, no number at all, and what is no time of a request.
ODD = ("9" * 30, "1e300", "-1e300", "NaN", "inf", "-1", "0", "99999999999999", "1e26", "")


@pytest.mark.parametrize("name", sorted(formats()))
def test_odd_numbers_bring_no_log_down(name: str, con: Any, tmp_path: Path) -> None:
    fmt = formats()[name]
    sample = fmt.samples[0]
    numbers = list(re.finditer(r"\d+(?:\.\d+)?", sample.line))
    lines = [
        sample.line[: number.start()] + odd + sample.line[number.end() :] for number in numbers for odd in ODD
    ]
    path = tmp_path / "sample.log"
    path.write_text(
        "\n".join([*([sample.header] if sample.header else []), sample.line, *lines]) + "\n", "utf-8"
    )
    read_log(con, path, format=fmt)
    for row in con.execute("SELECT duration_ms, started_at, ended_at FROM exchanges").fetchall():
        assert row[0] is None or 0 <= row[0] < 1e12
        assert all(at is None or 1800 < at.year < 9100 for at in row[1:])
    analyze([path], Options(everything=True))
