"""Every shipped format proves itself from its own samples."""

from __future__ import annotations

import pytest

from analyzer.intake.logs.detect import detect_lines
from analyzer.intake.logs.load import load_folder
from analyzer.intake.logs.proof import check_format
from analyzer.intake.logs.shipped import FORMATS, formats

STRICT = load_folder(FORMATS, strict=True)


@pytest.mark.parametrize("name", STRICT)
def test_format_is_proved_by_its_samples_and_refuses_its_rejects(name: str) -> None:
    assert check_format(STRICT[name], STRICT) == []


@pytest.mark.parametrize("name", STRICT)
def test_sample_alone_is_detected_as_its_format(name: str) -> None:
    fmt = STRICT[name]
    sample = fmt.samples[0]
    lines = [sample.header, sample.line] if sample.header else [sample.line]
    found = detect_lines(lines, name)
    assert (
        found.format == name or found.format in fmt.after or name in formats()[str(found.format)].companions
    )


def test_every_format_names_its_documentation() -> None:
    assert [f.id for f in STRICT.values() if not f.source] == []


def test_wrong_expectation_is_reported() -> None:
    from msgspec.structs import replace

    fmt = STRICT["kong"]
    wrong = replace(fmt, samples=(replace(fmt.samples[0], expect={"status": 200}),))
    assert check_format(wrong) == ["sample 1: status is 504, expected 200"]
