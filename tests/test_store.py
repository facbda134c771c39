"""The store of redacted results."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from analyzer.errors import HangupError
from analyzer.store import Result, Store, StoreError, content_hash, result_key, ruleset_version

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RESULT = Result("k1", "c1", "r1", "It was cut.", "failed", 3, 1, 0, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "s" / "store.duckdb") as opened:
        yield opened


def test_what_was_put_is_found(store: Store) -> None:
    store.put(RESULT, {"html": b"<p>", "empty": b""})
    assert store.get("k1") == RESULT
    assert store.document("k1", "html") == b"<p>"
    assert store.document("k1", "empty") == b""


def test_what_was_never_put_is_none(store: Store) -> None:
    assert store.get("k1") is None
    assert store.document("k1", "html") is None


def test_putting_again_replaces_result_and_documents(store: Store) -> None:
    store.put(RESULT, {"html": b"old", "json": b"old"})
    store.put(replace(RESULT, headline="It ended well."), {"html": b"new"})
    assert store.document("k1", "html") == b"new"
    assert store.document("k1", "json") is None
    found = store.get("k1")
    assert found is not None and found.headline == "It ended well."


def test_forgotten_bytes_are_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    marks = [secrets.token_bytes(24) for _ in range(20)]
    with Store(path) as store:
        for index, mark in enumerate(marks):
            store.put(replace(RESULT, key=str(index), headline=mark.hex()), {"html": mark * 2000})
        store.forget(str(index) for index in range(20))
    data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(mark in data or mark.hex().encode() in data for mark in marks)


def test_results_outlive_the_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from analyzer.store import Result, Store;"
        "s = Store(Path(sys.argv[1])); s.put(Result('k1', 'c', 'r', 'h', 'ok', 1, 0, 0, datetime.now(UTC)), {'html': b'x' * 99});"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s.duckdb")], check=False)
    assert done.returncode == -9
    with Store(tmp_path / "s.duckdb") as store:
        assert store.document("k1", "html") == b"x" * 99


def test_failed_transaction_leaves_nothing(store: Store) -> None:
    class Stop(Exception):
        pass

    with pytest.raises(Stop), store.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('a', 'b', 1, 'c'::BLOB)")
        raise Stop
    assert store.rows("SELECT * FROM documents") == []
    store.put(RESULT, {})


def test_file_is_its_owners_alone(tmp_path: Path, store: Store) -> None:
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "s" / "store.duckdb").stat().st_mode & 0o077 == 0


def test_second_process_is_refused(tmp_path: Path, store: Store) -> None:
    code = "import sys; from pathlib import Path; from analyzer.store import Store; Store(Path(sys.argv[1]))"
    path = str(tmp_path / "s" / "store.duckdb")
    done = subprocess.run([sys.executable, "-c", code, path], check=False, capture_output=True, text=True)
    assert "UsageError" in done.stderr and "another hangup has this store open" in done.stderr


def test_other_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"this is no database" * 1000)
    with pytest.raises(HangupError, match="not a store"):
        Store(tmp_path / "x")


def test_newer_store_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "x") as store, store.transaction() as db:
        db.execute("UPDATE schema_versions SET version = 99")
    with pytest.raises(HangupError, match="newer hangup"):
        Store(tmp_path / "x")


def test_rooms_bring_tables_of_their_own_and_extend_them(tmp_path: Path) -> None:
    first = ("CREATE TABLE things (a INTEGER)",)
    with Store(tmp_path / "x", {"room": (first,)}) as store, store.transaction() as db:
        db.execute("INSERT INTO things VALUES (1)")
    with Store(tmp_path / "x", {"room": (first, ("ALTER TABLE things ADD COLUMN b INTEGER",))}) as store:
        assert store.rows("SELECT * FROM things") == [{"a": 1, "b": None}]


def test_queries_cannot_reach_files(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(StoreError):
        store.rows(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")


def test_a_question_that_needs_more_than_its_limit_is_given_more(store: Store) -> None:
    sql = "SELECT len(list(i)) AS n FROM range(3_000_000) r(i)"
    store.limit("8MB", threads=1)
    with pytest.raises(StoreError) as caught, store.transaction() as db:
        db.execute(sql)
    assert caught.value.memory and not caught.value.full
    assert store.rows(sql) == [{"n": 3_000_000}]


def test_two_of_one_process_share_the_file(store: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "s" / "store.duckdb") as other:
        other.put(RESULT, {"html": b"x"})
        assert store.document("k1", "html") == b"x"
    store.put(replace(RESULT, key="k2"), {})
    assert store.get("k1") is not None


def test_store_opens_again_after_a_fatal_error(store: Store) -> None:
    store.put(RESULT, {"html": b"x"})

    with pytest.raises(StoreError), store.transaction():
        raise duckdb.FatalException("No space left on device")
    assert store.document("k1", "html") == b"x"
    store.put(replace(RESULT, key="k2"), {})


def test_content_hash_depends_on_names_and_bytes_not_on_order() -> None:
    one, two = ("a.har", "11"), ("b.har", "22")
    assert content_hash([one, two]) == content_hash([two, one])
    assert content_hash([one]) != content_hash([("c.har", "11")])
    assert content_hash([("a:1", "2")]) != content_hash([("a", "1:2")])


def test_ruleset_version_changes_with_ones_own_rules(tmp_path: Path) -> None:
    plain = ruleset_version()
    assert plain == ruleset_version()
    (tmp_path / "x.yaml").write_text("id: x\n")
    own = ruleset_version([tmp_path])
    assert own != plain
    (tmp_path / "x.yaml").write_text("id: y\n")
    assert ruleset_version([tmp_path]) != own
    assert result_key("c", plain) != result_key("c", own) != result_key("c", own, "all")


def test_what_a_killed_run_had_spilled_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    Store(path).close()
    spilled = tmp_path / "store.duckdb.tmp" / "duckdb_temp_block-1.block"
    spilled.parent.mkdir()
    spilled.write_bytes(b"x")
    with Store(path):
        assert not spilled.exists()


def test_ctrl_c_while_the_database_works_is_a_keyboard_interrupt(tmp_path: Path) -> None:
    with Store(tmp_path / "store.duckdb") as store:
        # As DuckDB tells of it: a signal's handler cannot raise through its C++.
        with pytest.raises(KeyboardInterrupt), store.transaction():
            raise RuntimeError("Query interrupted")
        with pytest.raises(RuntimeError, match="else"), store.transaction():
            raise RuntimeError("something else")
        assert store.rows("SELECT 1 AS one") == [{"one": 1}]
