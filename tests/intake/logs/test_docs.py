"""docs/log-formats.md names every format and every key."""

from __future__ import annotations

from pathlib import Path

from analyzer.intake.logs import load
from analyzer.intake.logs.shipped import formats

DOCS = Path(__file__).parents[3] / "docs" / "log-formats.md"


def test_every_format_is_listed_with_its_title() -> None:
    text = DOCS.read_text("utf-8")
    assert [f.id for f in formats().values() if f"| `{f.id}` | {f.title} | {f.kind} |" not in text] == []


def test_every_key_of_a_format_file_is_explained() -> None:
    text = DOCS.read_text("utf-8")
    assert [key for key in load._KEYS if f"`{key}`" not in text] == []
