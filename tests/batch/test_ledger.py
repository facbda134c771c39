"""The tables of batch work: durable, scoped, filled in groups, forgotten for good."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest
import zstandard
from msgspec.structs import replace

from analyzer.batch.ledger import Entry, Ledger, entry
from analyzer.batch.model import Ticket, TicketResult
from analyzer.batch.shape import MIGRATIONS
from analyzer.errors import HangupError
from analyzer.model import CaptureInfo, Summary
from analyzer.store import MIGRATIONS as STORE

packed = zstandard.ZstdCompressor().compress
LONG = random.Random(7).randbytes(9001)  # more than one piece


def made(name: str, cause: str = "gateway-idle-timeout", *, at: str | None = None, host: str = "h") -> Entry:
    stream = {
        "id": "s1", "cause": cause, "severity": "failed", "host": host, "status": 200,
        "started_at": datetime(2026, 3, 2, 8, tzinfo=UTC), "duration_ms": 60_000.5, "is_stream": True,
    }  # fmt: skip
    result = TicketResult(
        ticket=name, state="done", captures=[CaptureInfo(path="chat.har", exchanges=3, warnings=["w"])],
        streams=[stream], headline="It broke.", severity="failed", cause=cause, report=b'{"a":1}',
        documents={"html": b"<p>", "unknown": b"x"}, summary=Summary(streams=1, failed=1), content="c",
        complete=True,
    )  # fmt: skip
    ticket = Ticket(id=name, customer="Acme", at=at, tags=("a", "b"))
    return entry(ticket, result, source="src", reading="r1", ruleset="j1")


def test_what_was_put_is_there_after_the_file_is_opened_again(tmp_path: Path) -> None:
    with Ledger(tmp_path / "s.duckdb") as ledger:
        ledger.put([made("T-1", at="2026-03-02T09:00:00Z"), made("T-2")])
    with Ledger(tmp_path / "s.duckdb") as ledger:
        known = ledger.known(["T-1", "T-3"])
        assert list(known) == ["T-1"]
        assert known["T-1"].tags == ("a", "b")
        assert known["T-1"].at == datetime(2026, 3, 2, 9)
        assert ledger.document("T-1", "report") == b'{"a":1}'
        assert ledger.document("T-1", "html") == b"<p>"
        assert ledger.document("T-1", "markdown") is None
        assert ledger.document("T-1", "unknown") is None


def test_streams_and_captures_are_filled_from_what_was_put(tmp_path: Path) -> None:
    with Ledger(tmp_path / "s.duckdb") as ledger:
        ledger.put([made(f"T-{n}") for n in range(300)])
        ledger.fill()
        assert ledger.rows("SELECT count(*) AS n FROM unfilled") == [{"n": 0}]
        found = ledger.rows("SELECT * FROM streams WHERE ticket = 'T-7'")
        assert len(found) == 1
        assert found[0]["duration_ms"] == 60_000.5
        assert found[0]["is_stream"] is True
        assert found[0]["started_at"] == datetime(2026, 3, 2, 8)
        assert found[0]["gateway"] is None
        assert ledger.rows("SELECT path, warnings FROM captures WHERE ticket = 'T-7'") == [
            {"path": "chat.har", "warnings": ["w"]}
        ]


def test_a_document_of_many_pieces_comes_back_whole_and_goes_whole(tmp_path: Path) -> None:
    long = random.Random(8).randbytes(3_000_000)
    with Ledger(tmp_path / "s.duckdb") as ledger:
        ledger.begin()
        ledger.put([replace(made("T-1"), documents={"html": packed(long)}), made("T-2")])
        assert ledger.document("T-1", "html") == long
        assert ledger.document("T-1", "report") is None
        assert ledger.document("T-2", "html") == b"<p>"
        ledger.put([made("T-1")])
        assert ledger.document("T-1", "html") == b"<p>"
        assert ledger.rows(
            "SELECT count(*) AS n FROM pieces WHERE number NOT IN (SELECT number FROM tickets)"
        ) == [{"n": 0}]


def test_putting_a_ticket_again_replaces_all_of_it() -> None:
    with Ledger(None) as ledger:
        ledger.put([made("T-1"), made("T-2")])
        ledger.fill()
        ledger.put([made("T-1", "stopped-by-user"), made("T-1", "completed")])
        ledger.fill()
        assert ledger.rows("SELECT ticket, cause FROM streams ORDER BY ticket") == [
            {"ticket": "T-1", "cause": "completed"},
            {"ticket": "T-2", "cause": "gateway-idle-timeout"},
        ]
        assert ledger.rows("SELECT count(*) AS n FROM tickets") == [{"n": 2}]


def test_a_scope_sees_its_tickets_only() -> None:
    with Ledger(None) as ledger:
        ledger.put([made("T-1"), made("T-2"), made("T-3")])
        ledger.begin()
        ledger.see(["T-1"])
        ledger.see(["T-3", "T-9"])
        db = ledger.scope()
        for table in ("tickets", "streams", "captures"):
            assert db.execute(f"SELECT ticket FROM {table} ORDER BY 1").fetchall() == [("T-1",), ("T-3",)]
        db.close()
        assert ledger.rows("SELECT count(*) AS n FROM tickets") == [{"n": 3}]


def test_what_is_forgotten_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with Ledger(path) as ledger:
        ledger.put([made("OLD-TICKET-NAME", at="2026-01-01T00:00:00Z", host="forgotten.example.net")])
        ledger.put([made("T-2", at="2026-05-30T00:00:00Z")])
        ledger.fill()
        assert ledger.retain(30, now) == ["OLD-TICKET-NAME"]
        assert ledger.retain(30, now) == []
        assert list(ledger.known(["OLD-TICKET-NAME", "T-2"])) == ["T-2"]
        assert ledger.rows("SELECT DISTINCT ticket FROM streams") == [{"ticket": "T-2"}]
    kept = path.read_bytes() + b"".join(p.read_bytes() for p in tmp_path.glob("*.wal"))
    assert b"forgotten.example.net" not in kept


def test_a_ticket_without_a_time_ages_from_its_analysis() -> None:
    with Ledger(None) as ledger:
        ledger.put([made("T-1")])
        assert ledger.retain(1) == []
        assert ledger.retain(1, datetime.now(UTC) + timedelta(days=2)) == ["T-1"]


def test_describing_a_ticket_leaves_its_verdict() -> None:
    with Ledger(None) as ledger:
        ledger.put([made("T-1")])
        ledger.describe([(Ticket(id="T-1", customer="Globex", tags=("z",)), "elsewhere")])
        row = ledger.rows("SELECT customer, tags, source, cause FROM tickets")[0]
        assert row == {
            "customer": "Globex", "tags": ["z"], "source": "elsewhere", "cause": "gateway-idle-timeout",
        }  # fmt: skip


# ---------------------------------------------------------------------------------- the schema

# As released; frozen. A version of the schema that is not here yet is added when it is released.
RELEASED = {
    "store": [
        [
            """CREATE TABLE results (
             key VARCHAR PRIMARY KEY, content VARCHAR NOT NULL, ruleset VARCHAR NOT NULL,
             headline VARCHAR NOT NULL, severity VARCHAR NOT NULL, streams INTEGER NOT NULL,
             failed INTEGER NOT NULL, degraded INTEGER NOT NULL, stored_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE documents (
             key VARCHAR NOT NULL, kind VARCHAR NOT NULL, size BIGINT NOT NULL, data BLOB NOT NULL,
             PRIMARY KEY (key, kind))""",
        ],
    ],
    "batch": [
        [
            """CREATE TABLE tickets (
             ticket VARCHAR PRIMARY KEY, customer VARCHAR, opened_at TIMESTAMP, tags VARCHAR[] NOT NULL,
             state VARCHAR NOT NULL, reason VARCHAR, headline VARCHAR, severity VARCHAR NOT NULL,
             cause VARCHAR, party VARCHAR, confidence VARCHAR, rule VARCHAR,
             captures INTEGER NOT NULL, exchanges BIGINT NOT NULL, streams BIGINT NOT NULL,
             failed BIGINT NOT NULL, degraded BIGINT NOT NULL,
             content VARCHAR, source VARCHAR, reading VARCHAR NOT NULL, ruleset VARCHAR NOT NULL,
             complete BOOLEAN NOT NULL, seconds DOUBLE NOT NULL, analysed_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE ticket_data (
             ticket VARCHAR PRIMARY KEY, captures BLOB NOT NULL, streams BLOB NOT NULL, report BLOB,
             html BLOB, markdown BLOB)""",
            "CREATE TABLE unfilled (ticket VARCHAR NOT NULL)",
        ],
        [
            "ALTER TABLE tickets ADD COLUMN number BIGINT",
            "UPDATE tickets SET number = rowid + 1",
            "CREATE TABLE pieces (number BIGINT NOT NULL, kind VARCHAR NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL)",
            """INSERT INTO pieces SELECT number, kind, n, data[n * 4000 + 1 : (n + 1) * 4000]
             FROM (SELECT number, unnest(['captures', 'streams', 'report', 'html', 'markdown']) AS kind,
                 unnest([d.captures, d.streams, report, html, markdown]) AS data FROM ticket_data d JOIN tickets USING (ticket)),
               LATERAL (SELECT unnest(range((octet_length(data) + 3999) // 4000)) AS n)
             WHERE data IS NOT NULL""",
            "DROP TABLE ticket_data",
        ],
    ],
}
VERSIONS = [{"store": 1}, {"store": 1, "batch": 1}, {"store": 1, "batch": 2}]


def words(statement: str) -> str:
    return " ".join(statement.split())


def released(path: Path, versions: dict[str, int]) -> None:
    """A file as that version of hangup left it."""
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE schema_versions (room VARCHAR PRIMARY KEY, version INTEGER NOT NULL)")
        for room, version in versions.items():
            for statements in RELEASED[room][:version]:
                for statement in statements:
                    db.execute(statement)
            db.execute("INSERT INTO schema_versions VALUES (?, ?)", [room, version])
        db.execute(
            "INSERT INTO results VALUES ('k', 'c', 'r', 'It broke.', 'failed', 1, 1, 0, TIMESTAMP '2026-01-01')"
        )
        if versions.get("batch"):
            number = "" if versions["batch"] == 1 else ", 7"
            db.execute(
                "INSERT INTO tickets VALUES ('T-0', NULL, NULL, [], 'failed', 'took too long', NULL, 'none', NULL,"
                f" NULL, NULL, NULL, 0, 0, 0, 0, 0, NULL, NULL, 'r', 'j', false, 1.0, TIMESTAMP '2026-01-01'{number})"
            )
            data = {
                "captures": packed(msgspec.msgpack.encode([CaptureInfo(path="old.har")])),
                "streams": packed(msgspec.msgpack.encode([])), "report": packed(LONG),
            }  # fmt: skip
            if versions["batch"] == 1:
                db.execute("INSERT INTO ticket_data VALUES ('T-0', ?, ?, ?, NULL, NULL)", list(data.values()))
            else:
                for kind, whole in data.items():
                    for n, start in enumerate(range(0, len(whole), 4000)):
                        piece = whole[start : start + 4000]
                        db.execute("INSERT INTO pieces VALUES (7, ?, ?, ?)", [kind, n, piece])


@pytest.mark.parametrize("versions", VERSIONS, ids=str)
def test_every_released_schema_is_migrated_with_its_rows(tmp_path: Path, versions: dict[str, int]) -> None:
    path = tmp_path / "s.duckdb"
    released(path, versions)
    with Ledger(path) as ledger:
        ledger.put([made("T-1")])
        ledger.fill()
        assert ledger.rows("SELECT key FROM results") == [{"key": "k"}]
        expected = ["T-0", "T-1"] if versions.get("batch") else ["T-1"]
        assert [r["ticket"] for r in ledger.rows("SELECT ticket FROM tickets ORDER BY 1")] == expected
        assert [r["ticket"] for r in ledger.rows("SELECT ticket FROM streams")] == ["T-1"]
        assert ledger.rows("SELECT count(*) AS n FROM unfilled") == [{"n": 0}]
        assert ledger.document("T-1", "report") == b'{"a":1}'
        if versions.get("batch"):
            assert ledger.rows("SELECT path FROM captures WHERE ticket = 'T-0'") == [{"path": "old.har"}]
            assert ledger.document("T-0", "report") == LONG
            assert ledger.document("T-0", "html") is None


def test_released_migrations_are_never_edited() -> None:
    for room, current in (("store", STORE), ("batch", MIGRATIONS)):
        frozen = RELEASED[room]
        assert len(current) == len(frozen), "add the new version's statements to RELEASED, and to VERSIONS"
        assert [[words(s) for s in version] for version in current] == [
            [words(s) for s in version] for version in frozen
        ]


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with Ledger(path):
        pass
    with duckdb.connect(str(path)) as db:
        db.execute("UPDATE schema_versions SET version = 99 WHERE room = 'batch'")
    with pytest.raises(HangupError, match="newer hangup"):
        Ledger(path)


def test_columns_that_a_new_version_brings_are_filled_from_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with Ledger(path) as ledger:
        ledger.put([made("T-1")])
        ledger.fill()
    with duckdb.connect(str(path)) as db:  # as a version without this column would have left it
        db.execute("ALTER TABLE streams DROP COLUMN host")
    with Ledger(path) as ledger:
        ledger.fill()
        assert ledger.rows("SELECT host FROM streams") == [{"host": "h"}]


def test_every_column_of_the_tables_is_in_the_guide() -> None:
    guide = (Path(__file__).resolve().parent.parent.parent / "docs" / "batch.md").read_text(encoding="utf-8")
    with Ledger(None) as ledger:
        for table in ("tickets", "captures"):
            for row in ledger.rows("SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [table]):
                assert f"`{row['column_name']}`" in guide, (table, row)
