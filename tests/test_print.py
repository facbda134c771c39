"""A report on the standard output: JSON as the bytes it is, whatever the terminal speaks."""

from __future__ import annotations

import io
import sys

import pytest

from analyzer.command import _print


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_bytes_pass_whatever_the_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    print("before")
    _print("⟨ip:1⟩\n".encode())
    assert raw.getvalue() == "before\n⟨ip:1⟩\n".encode()


def test_where_there_is_only_text_it_becomes_text(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    _print("⟨ip:1⟩\n".encode())
    _print("and more")
    _print(iter([b" in", b" pieces"]))
    assert text.getvalue() == "⟨ip:1⟩\nand more in pieces"
