"""Files that are either whole or not there, readable by their owner only, and untouched when nothing changes;
and the list of what was written, which decides what is rendered again and what is deleted.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Written:
    """What happened in the folder. written, kept, removed: files; kept ones were up to date."""

    folder: Path
    written: int = 0
    kept: int = 0
    removed: int = 0
    headline: str = ""


def replace(path: Path, write: Callable[[Path], None], done: Written) -> None:
    """Let `write` fill a file beside `path`, and put it in its place if it differs."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        # Some writers want a name that is free; what they make is given our mode afterwards.
        temporary.unlink()
        before = os.umask(0o077)
        try:
            write(temporary)
        finally:
            os.umask(before)
        if same(temporary, path):
            done.kept += 1
            return
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o600)
        temporary.replace(path)
        done.written += 1
    finally:
        temporary.unlink(missing_ok=True)


def put(path: Path, data: bytes, done: Written) -> None:
    """One of many files: atomic, but not flushed to the disk one by one; their sizes are checked next time."""
    try:
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            done.kept += 1
            return
    except OSError:
        pass
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    done.written += 1


def fill(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def same(one: Path, other: Path) -> bool:
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as a, other.open("rb") as b:
            while block := a.read(1 << 20):
                if block != b.read(1 << 20):
                    return False
    except OSError:
        return False
    return True


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def forget_file(path: Path, done: Written) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        done.removed += 1


# ---------------------------------------------------------------------------------- what was written


class State:
    """`tickets/.written`: a line `folder mark sizes` per ticket, in place of the old one when complete."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> State:
        handle, name = tempfile.mkstemp(prefix=".written.", suffix=".part", dir=self._path.parent)
        self._name = Path(name)
        self._file = os.fdopen(handle, "w", encoding="ascii")
        return self

    def add(self, folder: str, mark: str, sizes: str) -> None:
        self._file.write(f"{folder} {mark} {sizes}\n")

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None:
            self._name.replace(self._path)
        else:
            self._name.unlink(missing_ok=True)


def load_state(path: Path, db: Any) -> None:
    """The table `batch_had`: folder, mark, sizes. A line that is none of ours is passed over."""
    db.execute("CREATE OR REPLACE TEMP TABLE batch_had (folder VARCHAR, mark VARCHAR, sizes VARCHAR)")
    try:
        file = path.open(encoding="ascii", errors="replace")
    except OSError:
        return
    with file:
        lines: list[list[str]] = []
        for line in file:
            parts = line.split()
            if len(parts) == 3 and is_ours(parts[0]):
                lines.append(parts)
            if len(lines) >= 4096:
                _insert(db, lines)
                lines = []
        _insert(db, lines)


def _insert(db: Any, lines: list[list[str]]) -> None:
    if lines:
        columns = [list(column) for column in zip(*lines, strict=True)]
        db.execute(
            "INSERT INTO batch_had SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            columns,
        )


def is_ours(name: str) -> bool:
    """Whether this can be a folder that we named: the list decides what is deleted."""
    return name[:1].isalnum() and all(char.isalnum() or char in "._-" for char in name) and name.isascii()
