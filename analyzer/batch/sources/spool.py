"""Orders and groups of any length in a bounded amount of memory: what is much lies in a temporary file.

SQLite's database without a name is a private file that the system removes with the connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

_IN_MEMORY: Final = 10_000


def ordered(names: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Tuples of texts, all of one length, in order. Few are sorted in memory, many in a file."""
    source = iter(names)
    head: list[tuple[str, ...]] = []
    for item in source:
        head.append(item)
        if len(head) > _IN_MEMORY:
            yield from _ordered_on_disk(head, source)
            return
    yield from sorted(head)


def _ordered_on_disk(
    head: list[tuple[str, ...]], rest: Iterator[tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    width = len(head[0])
    names = ", ".join(f"c{i}" for i in range(width))
    db = _database(f"CREATE TABLE t ({', '.join(f'c{i} BLOB' for i in range(width))})")
    try:
        insert = f"INSERT INTO t VALUES ({', '.join('?' * width)})"
        for part in (head, rest):
            db.executemany(insert, ([_bytes(text) for text in item] for item in part))
        head.clear()
        # UTF-8 sorts as the characters do.
        for row in db.execute(f"SELECT {names} FROM t ORDER BY {names}"):
            yield tuple(_text(value) for value in row)
    finally:
        db.close()


class Unique:
    """Ids, each given once: who comes second gets a number."""

    def __init__(self) -> None:
        self._db = _database("CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID")

    def take(self, id: str) -> str:
        """`id`, or `id (2)`, `id (3)` … where it was taken before."""
        number, name = 1, id
        while not self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", [_bytes(name)]).rowcount:
            number += 1
            name = f"{id} ({number})"
        return name

    def close(self) -> None:
        self._db.close()


class Groups:
    """Values by key, given back group by group in the order in which the keys first came."""

    def __init__(self) -> None:
        self._db = _database("CREATE TABLE v (g INTEGER, value BLOB)")
        self._db.execute("CREATE TABLE k (name BLOB PRIMARY KEY, g INTEGER) WITHOUT ROWID")
        self._number = 0

    def add(self, key: str, value: bytes) -> None:
        """One more value of a key."""
        name = _bytes(key)
        found = self._db.execute("SELECT g FROM k WHERE name = ?", [name]).fetchone()
        if found is None:
            self._number += 1
            self._db.execute("INSERT INTO k VALUES (?, ?)", [name, self._number])
        self._db.execute("INSERT INTO v VALUES (?, ?)", [found[0] if found else self._number, value])

    def __iter__(self) -> Iterator[list[bytes]]:
        group: list[bytes] = []
        current = None
        for number, value in self._db.execute("SELECT g, value FROM v ORDER BY g, rowid"):
            if group and number != current:
                yield group
                group = []
            current = number
            group.append(value)
        if group:
            yield group

    def close(self) -> None:
        self._db.close()


class Lookup:
    """A dictionary of texts that may be larger than the memory."""

    def __init__(self) -> None:
        self._db = _database("CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")

    def __setitem__(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO kv VALUES (?, ?)", [_bytes(key), _bytes(value)])

    def get(self, key: str) -> str | None:
        """The value of a key; None without one."""
        found = self._db.execute("SELECT v FROM kv WHERE k = ?", [_bytes(key)]).fetchone()
        return _text(found[0]) if found else None

    def close(self) -> None:
        self._db.close()


def _database(schema: str) -> sqlite3.Connection:
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -4000"):
        db.execute(f"PRAGMA {setting}")
    db.execute("BEGIN")  # one transaction for all: nobody else reads it, and it is never kept
    db.execute(schema)
    return db


# Names of files may hold bytes that are no text; they come back as they were.
def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
