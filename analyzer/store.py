"""Redacted results in one DuckDB file, found again by what was analysed and with which rules.

A result is what one analysis produced: documents (HTML, JSON, Markdown …), compressed, and a few
numbers to list it by. It is stored under a key made of the captures' content and of everything that
decides a verdict, so that the same question is answered once. Captures and secrets never enter it:
callers hand in what a redactor has passed.

Rooms that need tables of their own bring them as migrations and share the file and its one lock.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.duck import quiet
from analyzer.errors import HangupError, UsageError, is_interrupt
from analyzer.resources import folder

if TYPE_CHECKING:
    import duckdb

# One list of statements per version of the schema; never edited once released, only added to.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE results (
             key VARCHAR PRIMARY KEY, content VARCHAR NOT NULL, ruleset VARCHAR NOT NULL,
             headline VARCHAR NOT NULL, severity VARCHAR NOT NULL, streams INTEGER NOT NULL,
             failed INTEGER NOT NULL, degraded INTEGER NOT NULL, stored_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE documents (
             key VARCHAR NOT NULL, kind VARCHAR NOT NULL, size BIGINT NOT NULL, data BLOB NOT NULL,
             PRIMARY KEY (key, kind))""",
    ),
)
_MEMORY: Final = "512MB"
# Of a group of rows in which anything is new the database writes and, for a moment, holds all: small groups keep
# both in bounds, however many rows there are. The least it allows.
_ROW_GROUP: Final = 2048
_NAME: Final = "store"  # of the file, in SQL
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "memory_limit": _MEMORY,
    "threads": "2",
    "autoinstall_known_extensions": "false",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One stored analysis, without its documents. severity: of the worst stream, `none` without any."""

    key: str
    content: str
    ruleset: str
    headline: str
    severity: str
    streams: int
    failed: int
    degraded: int
    stored_at: datetime


class StoreError(HangupError):
    """The store could not be written or read; what was committed before is safe.

    full: no room left on the disk. memory: it needs more than it may take; see `Store.limit`.
    """

    def __init__(self, message: str, *, full: bool = False, memory: bool = False) -> None:
        self.full, self.memory = full, memory
        super().__init__(message, help="make room on the disk" if full else None)


class Store:
    """The file. Safe to use from several threads, but from one process at a time.

    Raises UsageError when another process has it open, HangupError when it is no store, or one
    of a newer hangup; its methods raise StoreError.
    """

    def __init__(
        self, path: Path | None, migrations: Mapping[str, Sequence[Sequence[str]]] | None = None
    ) -> None:
        """path: the file, made if missing and readable by its owner only; None keeps it in memory."""
        self._lock = threading.RLock()
        self._path = path
        self._uncompacted = False
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = self._connect()
        try:
            self._migrate({"store": MIGRATIONS, **(migrations or {})}, path)
        except BaseException:
            self._db.close()
            raise

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        before = os.umask(0o077)
        limit = _MEMORY if self._path is not None else "1GB"
        db = quiet(duckdb.connect(self._instance(), config={**_CONFIG, "memory_limit": limit}))
        try:
            if self._path is not None:
                known = db.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [_NAME])
                if not known.fetchall():
                    db.execute(f"SET temp_directory = {_literal(f'{self._path}.tmp')}")
                    db.execute(_attach(self._path, _NAME))
                    # What a killed run had spilled: nobody else has the file open.
                    shutil.rmtree(f"{self._path}.tmp", ignore_errors=True)
                db.execute(f"USE {_NAME}")
            db.execute("SET enable_external_access = false")
            db.execute("SET TimeZone = 'UTC'")
        except duckdb.Error as error:
            db.close()
            if any(word in str(error).lower() for word in ("lock", "handle conflict")):
                raise UsageError("another hangup has this store open", where=self._path) from error
            raise HangupError("this is not a store, or it cannot be opened", where=self._path) from error
        finally:
            os.umask(before)
        return db

    def _instance(self) -> str:
        """The database to connect to: one per file, which two of this process that open it share."""
        if self._path is None:
            return ":memory:"
        return f":memory:{hashlib.sha256(os.fsencode(self._path.resolve())).hexdigest()}"

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write everything to the file and let go of it."""
        with self._lock:
            self._db.close()

    # ------------------------------------------------------------------ for rooms with tables of their own

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All statements inside or none; other threads wait. What is committed survives a crash."""
        with self._guarded():
            self._db.execute("BEGIN")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def limit(self, memory: str = _MEMORY, threads: int = 2) -> None:
        """What the database may take from now on: pages of the file that it keeps, and room to work in.

        Without a file the memory is what it has.
        """
        with self._guarded():
            if self._path is not None:
                self._db.execute(f"SET memory_limit = '{memory}'")
            self._db.execute(f"SET threads = {threads}")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query as dicts. One that needs more memory than `limit` allowed is given it."""
        try:
            return self._rows(sql, parameters)
        except StoreError as error:
            if not error.memory:
                raise
            self.limit()
            return self._rows(sql, parameters)

    def _rows(self, sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        with self._guarded():
            cursor = self._db.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """One thread at a time; the database's errors as ours, and open again after a fatal one."""
        import duckdb

        with self._lock:
            try:
                yield
            except RuntimeError as error:
                if is_interrupt(error):
                    raise KeyboardInterrupt from error
                raise
            except duckdb.Error as error:
                shut = isinstance(error, duckdb.FatalException) or "invalidated" in str(error)
                if shut and self._path is not None:
                    # A failed checkpoint shuts the database, though the file and its log are sound.
                    self._db.close()
                    self._db = self._connect()
                full = "no space left" in str(error).lower()
                what = "the disk is full" if full else f"the store refused ({type(error).__name__})"
                # One that fails in a checkpoint is told as a failed transaction.
                memory = isinstance(error, duckdb.OutOfMemoryException) or " block of size " in str(error)
                raise StoreError(what, full=full, memory=memory) from error

    def _roll_back(self) -> None:
        import duckdb

        # A commit that failed, or a database that was shut, has rolled back already.
        with contextlib.suppress(duckdb.Error):
            self._db.execute("ROLLBACK")

    def _migrate(self, wanted: Mapping[str, Sequence[Sequence[str]]], path: Path | None) -> None:
        with self.transaction() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS schema_versions (room VARCHAR PRIMARY KEY, version INTEGER NOT NULL)"
            )
            have = dict(db.execute("SELECT room, version FROM schema_versions").fetchall())
            for room, versions in wanted.items():
                at = have.get(room, 0)
                if at > len(versions):
                    raise HangupError(
                        "this store was written by a newer hangup", where=path,
                        help="upgrade hangup, or name another place for the store",
                    )  # fmt: skip
                for statements in versions[at:]:
                    for statement in statements:
                        db.execute(statement)
                if at < len(versions):
                    db.execute("INSERT OR REPLACE INTO schema_versions VALUES (?, ?)", [room, len(versions)])

    # ------------------------------------------------------------------ results

    def put(self, result: Result, documents: Mapping[str, bytes]) -> None:
        """Store a result with its documents, in place of one with the same key."""
        import zstandard

        packer = zstandard.ZstdCompressor(level=6)
        packed = [(kind, len(data), packer.compress(data)) for kind, data in documents.items()]
        with self.transaction() as db:
            self._forget(db, [result.key])
            db.execute(
                "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    result.key, result.content, result.ruleset, result.headline, result.severity, result.streams,
                    result.failed, result.degraded, result.stored_at.astimezone(UTC).replace(tzinfo=None),
                ],
            )  # fmt: skip
            for kind, size, data in packed:
                db.execute("INSERT INTO documents VALUES (?, ?, ?, ?)", [result.key, kind, size, data])

    def get(self, key: str) -> Result | None:
        """The result of that key; None if there is none."""
        found = self.rows("SELECT * FROM results WHERE key = ?", [key])
        if not found:
            return None
        return Result(**{**found[0], "stored_at": found[0]["stored_at"].replace(tzinfo=UTC)})

    def document(self, key: str, kind: str) -> bytes | None:
        """One document of a result; None if there is none."""
        import zstandard

        found = self.rows("SELECT size, data FROM documents WHERE key = ? AND kind = ?", [key, kind])
        if not found:
            return None
        data: bytes = zstandard.ZstdDecompressor().decompress(
            found[0]["data"], max_output_size=max(found[0]["size"], 1)
        )
        return data

    def forget(self, keys: Iterable[str]) -> None:
        """Delete results and take their bytes out of the file."""
        listed = list(keys)
        if not listed:
            return
        with self.transaction() as db:
            self._forget(db, listed)
        self.compact()

    def compact(self) -> bool:
        """Give deleted rows' space back: what was deleted is then no longer in the file.

        False if there was no room to do it; the next call tries again.
        """
        self._uncompacted = True
        try:
            with self._guarded():
                self._db.execute("CHECKPOINT")
        except StoreError:
            return False
        self._uncompacted = False
        return True

    def settle(self) -> None:
        """Write what was committed into the file's own pages: until then much of it is held in memory."""
        with self._guarded():
            self._db.execute("CHECKPOINT")

    def rewrite(self) -> bool:
        """Write the file anew, so that nothing of what was deleted is left in it. False without room for it.

        For when many small rows went: a checkpoint gives back only pages on which nothing else stands.
        """
        import duckdb

        if self._path is None:
            return True
        fresh = self._path.with_name(f"{self._path.name}.new")
        with self._lock:
            self._db.close()
            before = os.umask(0o077)
            try:
                fresh.unlink(missing_ok=True)
                if self._path.with_name(f"{self._path.name}.wal").exists():
                    return False  # closing could not finish the file: its log must stay with it
                # Closed to the outside comes too late for this connection, which reads the one file it knows.
                with quiet(duckdb.connect(config=_CONFIG)) as db:
                    db.execute(f"SET temp_directory = {_literal(f'{fresh}.tmp')}")
                    db.execute(_attach(fresh, "fresh"))
                    db.execute(f"ATTACH {_literal(str(self._path))} AS old (READ_ONLY)")
                    db.execute("COPY FROM DATABASE old TO fresh")
                    db.execute("DETACH old")
                fresh.replace(self._path)
            except (duckdb.Error, OSError):
                self._uncompacted = True
                return False
            finally:
                os.umask(before)
                for left in (fresh, fresh.with_name(f"{fresh.name}.wal")):
                    left.unlink(missing_ok=True)
                self._db = self._connect()
            self._uncompacted = False
            return True

    @property
    def uncompacted(self) -> bool:
        """Whether deleted rows may still be in the file."""
        return self._uncompacted

    @staticmethod
    def _forget(db: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
        for key in keys:
            db.execute("DELETE FROM documents WHERE key = ?", [key])
            db.execute("DELETE FROM results WHERE key = ?", [key])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _attach(path: Path, name: str) -> str:
    """The statement that opens or makes a store's file. Only so can the size of its groups of rows be said."""
    return f"ATTACH {_literal(str(path))} AS {name} (ROW_GROUP_SIZE {_ROW_GROUP})"


# ---------------------------------------------------------------------------------- keys


def content_hash(files: Iterable[tuple[str, str]]) -> str:
    """What was analysed: the names that the report will show and each file's SHA-256, in any order."""
    digest = hashlib.sha256()
    for name, sha256 in sorted(files):
        digest.update(f"{len(name.encode())}:{name}:{sha256}\n".encode())
    return digest.hexdigest()


def ruleset_version(rules: Sequence[Path] = ()) -> str:
    """With what it was analysed: this program's code, its rules and templates, and one's own rules.

    rules: folders, as for `analyze`. The same installation and the same folders give the same text.
    """
    digest = hashlib.sha256(_own_version().encode())
    for root in sorted(rules):
        digest.update(b"\n")
        _digest_folder(digest, root, (".yaml", ".yml"))
    return digest.hexdigest()[:32]


@cache
def _own_version() -> str:
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parent
    _digest_folder(digest, package, (".py", ".yaml", ".yml", ".json"))
    for name in ("rules", "templates"):
        _digest_folder(digest, folder(name), (".yaml", ".yml", ".j2", ".css", ".js"))
    return digest.hexdigest()


def _digest_folder(digest: Any, root: Path, suffixes: tuple[str, ...]) -> None:
    for path in sorted(root.rglob("*")):
        if path.suffix in suffixes and path.is_file():
            data = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)


def result_key(content: str, ruleset: str, options: str = "") -> str:
    """The key of a result. options: whatever else changes the outcome, in a fixed order."""
    return hashlib.sha256(f"{content}\0{ruleset}\0{options}".encode()).hexdigest()
