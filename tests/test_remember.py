"""What is kept between runs is exact, private and dispensable."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from analyzer.engine import stored
from analyzer.engine.load import load_rules
from analyzer.protocols import load as protocols
from analyzer.remember import keep, name_for, recall


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HANGUP_CACHE", str(folder))
    return folder


def test_all_built_in_rules_survive_being_kept() -> None:
    rules = list(load_rules(thorough=True))
    data = stored.dumped(rules)
    assert data is not None
    assert stored.loaded(data) == rules


def test_rules_are_the_same_from_their_files_and_as_kept(cache: Path) -> None:
    first = load_rules()
    [kept] = cache.glob("rules-*.json")
    assert load_rules() == first
    assert [path.name for path in cache.glob("rules-*.json")] == [kept.name]


def test_profiles_are_the_same_from_their_files_and_as_kept(cache: Path) -> None:
    names = list(protocols.load_folder(protocols.FOLDER))
    files = sorted(protocols.FOLDER.glob("*.yaml"))
    assert len(list(cache.glob("profiles-*.json"))) == 1
    assert protocols._kept(files) == [protocols._parse(file) for file in files]
    assert list(protocols.load_folder(protocols.FOLDER)) == names


@pytest.mark.parametrize("damage", [b"", b"[", b"[]", b'[["x"]]', b"\xff" * 40], ids=repr)
def test_damaged_memory_is_read_anew(cache: Path, damage: bytes) -> None:
    first = load_rules()
    [kept] = cache.glob("rules-*.json")
    kept.write_bytes(damage)
    assert load_rules() == first
    assert kept.stat().st_size > 1000


def test_another_byte_is_another_name() -> None:
    files = [("a.yaml", b"id: a"), ("b.yaml", b"id: b")]
    names = {
        name_for("rules", files),
        name_for("rules", files[::-1]),
        name_for("rules", [("a.yaml", b"id: ab.yaml"), ("", b"id: b")]),
        name_for("rules", [*files[:1], ("b.yaml", b"id: c")]),
        name_for("profiles", files),
    }
    assert len(names) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_others_could_have_written_is_not_believed(cache: Path) -> None:
    keep("rules-x.json", b"{}")
    assert recall("rules-x.json") == b"{}"
    assert (cache / "rules-x.json").stat().st_mode & 0o777 == 0o600
    (cache / "rules-x.json").chmod(0o666)
    assert recall("rules-x.json") is None


def test_an_empty_setting_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANGUP_CACHE", "")
    keep("rules-x.json", b"{}")
    assert recall("rules-x.json") is None


def test_a_folder_that_cannot_be_written_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HANGUP_CACHE", str(tmp_path / "file" / "below"))
    assert len(load_rules()) > 50


def test_old_versions_are_removed(cache: Path) -> None:
    for number in range(12):
        keep(f"rules-{number}.json", b"{}")
        os.utime(cache / f"rules-{number}.json", (number, number))
    keep("rules-new.json", b"{}")
    assert len(list(cache.glob("rules-*.json"))) == 8
    assert (cache / "rules-new.json").exists()
