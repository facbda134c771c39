"""Writing a report: the format by suffix, whole or not at all, for the owner only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from analyzer.errors import UsageError
from analyzer.write import format_for, write_output


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, "terminal"),
        ("-", "terminal"),
        ("r.html", "html"),
        ("r.HTM", "html"),
        ("r.json", "json"),
        ("r.md", "markdown"),
        ("r.csv", "csv"),
        ("r.parquet", "parquet"),
        ("r.xml", "junit"),
        ("r.txt", "terminal"),
    ],
)
def test_format_follows_the_suffix(path: str | None, expected: str) -> None:
    assert format_for(path) == expected


def test_explicit_format_wins_over_the_suffix() -> None:
    assert format_for("r.txt", "json") == "json"


@pytest.mark.parametrize(("path", "explicit"), [("r.pdf", None), ("r", None), ("r.html", "pdf")])
def test_unknown_formats_are_refused_with_the_choices(path: str, explicit: str | None) -> None:
    with pytest.raises(UsageError, match="html"):
        format_for(path, explicit)


def test_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    write_output("é", path)
    assert path.read_bytes() == "é".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced_and_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    path.chmod(0o644)
    write_output(b"new", path)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "real.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    write_output("new", link)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_lone_surrogates_do_not_stop_it(tmp_path: Path) -> None:
    write_output("a\ud800b", tmp_path / "r.txt")
    assert (tmp_path / "r.txt").read_bytes() == b"a?b"


def test_a_missing_folder_is_the_callers_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_output("x", tmp_path / "no" / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        write_output("x", tmp_path)
