"""Every shipped format, as a whole file through the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.intake.logs import read_log
from analyzer.intake.logs.shipped import formats
from analyzer.options import Options
from analyzer.pipeline import analyze


@pytest.mark.parametrize("name", sorted(formats()))
def test_a_file_of_its_samples_is_read_line_by_line(name: str, con: Any, tmp_path: Path) -> None:
    fmt = formats()[name]
    headers = list(dict.fromkeys(sample.header for sample in fmt.samples if sample.header))
    lines = [*headers[:1], *(s.line for s in fmt.samples if s.header in (None, *headers[:1]))]
    path = tmp_path / "sample.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    info = read_log(con, path, format=fmt).info
    assert (info.lines, info.unparsed) == (len(lines), 0)
    assert analyze([path], Options(everything=True)).captures[0].error is None


@pytest.mark.parametrize("name", sorted(formats()))
def test_bytes_that_are_no_text_cost_at_most_their_line(name: str, con: Any, tmp_path: Path) -> None:
    fmt = formats()[name]
    headers = list(dict.fromkeys(sample.header for sample in fmt.samples if sample.header))
    lines = [*headers[:1], *(s.line for s in fmt.samples if s.header in (None, *headers[:1]))]
    path = tmp_path / "sample.log"
    path.write_bytes("\n".join([*lines, ""]).encode() + b"\xff\xfe\x80 no text\n" + lines[-1].encode() + b"\n")
    info = read_log(con, path, format=fmt).info
    assert info.lines == len(lines) + 2
    assert info.unparsed is not None and info.unparsed <= 1
