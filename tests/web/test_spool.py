"""Where uploads wait, and under which names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.web.problems import Problem
from analyzer.web.spool import Spool, safe_name


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_any_name_becomes_one_that_is_safe(given_name: str, taken: list[str]) -> None:
    name = safe_name(given_name, taken)
    assert name and name.lower() not in {other.lower() for other in taken}
    assert not set(name) & set("/\\\0\n\r\t\"<>|*?:;$`'&")
    assert name[0] not in ".-" and len(name.encode()) <= 120
    assert safe_name(name, ()) == name
    assert name.isprintable()


def test_names_that_differ_in_case_only_are_told_apart() -> None:
    assert safe_name("A.har", ["a.har"]) == "A (2).har"


def test_draft_is_private_and_becomes_a_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1000)
    draft = spool.draft("one")
    assert draft.stat().st_mode & 0o777 == 0o700 and (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    (draft / "in" / "a").write_bytes(b"12345")
    spool.grow("one", 5)
    assert spool.keep("one") == spool.folder("one")
    assert spool.taken == 5
    spool.remove("one")
    assert spool.taken == 0 and list((tmp_path / "spool").iterdir()) == []


def test_room_is_shared_by_all_uploads(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 100)
    spool.grow("one", 60)
    with pytest.raises(Problem) as refused:
        spool.grow("two", 60)
    assert refused.value.status == 503 and refused.value.headers == {"Retry-After": "30"}
    spool.settle("one", 10)
    spool.grow("two", 60)


def test_sweep_removes_what_nobody_owns(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    for name in ("mine", ".part-half", "nobody"):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in" / "a.har").write_bytes(b"123")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path.parent)
    assert spool.sweep(["mine"]) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert spool.taken == 3 and tmp_path.parent.exists()
