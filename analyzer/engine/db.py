"""The one place that opens DuckDB for the engine: closed to the outside, single-threaded, offline."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

from analyzer.duck import driver

_CONFIG: Final[dict[str, Any]] = {
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
_held: dict[int, Any] = {}
_lock = threading.Lock()


def connection() -> Any:
    """A connection of its own to an in-memory database that this process shares (`DuckDBPyConnection`).

    Opening a database costs more than evaluating a capture, so it is opened once per process; each
    caller gets a cursor, whose temporary tables no other caller sees. Close it when done. A process
    that was forked opens its own.
    """
    pid = os.getpid()
    with _lock:
        base = _held.get(pid)
        if base is None:
            base = driver().connect(":memory:", config=_CONFIG)
            _held[pid] = base
        cursor = base.cursor()
    # With a few rows, optimising a long SELECT takes longer than running it as it stands.
    cursor.execute("PRAGMA disable_optimizer")
    return cursor
