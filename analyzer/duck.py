"""DuckDB's engine without the rest of its Python package.

`import duckdb` also loads what its version string, its Arrow sources and its expressions need (csv,
email, zipfile, ctypes …), which takes longer than a small capture takes to judge. The engine is in the
extension module that the package wraps; where that is not importable by itself, the package is used.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeVar, cast

from analyzer.aside import aside

C = TypeVar("C")
# Closed to the outside, single-threaded, offline.
_CONFIG: Final[dict[str, Any]] = {
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
_held: dict[int, Any] = {}
_begun: list[Callable[[], Any]] = []
_lock = threading.Lock()


def _after_fork() -> None:
    """A thread that held the lock, or that opens a database, did not come along."""
    global _lock
    _lock = threading.Lock()
    _begun.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def driver() -> Any:
    """The module with `connect` and `Error`: DuckDB's extension, or the whole package."""
    try:
        return import_module("_duckdb")
    except ImportError:
        return import_module("duckdb")


def quiet(con: C) -> C:
    """The connection, without the bar that DuckDB draws on stdout where Python has no script (`-c`, a prompt)."""
    cast("Any", con).execute("SET enable_progress_bar = false")
    return con


def cursor() -> Any:
    """A connection of its own to an in-memory database that this process shares (`DuckDBPyConnection`).

    Opening a database costs more than evaluating a capture, so it is opened once per process; each
    caller gets a cursor, whose settings and temporary tables no other caller sees. Close it when done.
    A process that was forked opens its own.
    """
    with _lock:
        return _base().cursor()


def begin() -> None:
    """Begin to open a database on the side before it is known what for; the next that is opened is this one."""
    connect = driver().connect
    _begun.append(aside(lambda: connect(":memory:")))


def opened(config: dict[str, Any]) -> Any:
    """A connection to a database of its own: the one that was begun, or a new one."""
    try:
        begun = _begun.pop()
    except IndexError:
        return quiet(driver().connect(":memory:", config=config))
    con = quiet(begun())
    for name, value in config.items():
        text = str(value).replace("'", "''")
        con.execute(f"SET {name} = '{text}'")
    return con


def prepare() -> None:
    """Begin to open the database on the side, if it is not open, while a capture is read.

    Opening it needs no Python, so it costs no time beside what does. What goes wrong is raised by `cursor`,
    which tries again.
    """
    if os.getpid() in _held:
        return
    driver()
    ready = threading.Event()

    def work() -> None:
        with _lock, contextlib.suppress(driver().Error, OSError):
            ready.set()
            _base()

    # No daemon: a process that ends while the database opens crashes in its teardown.
    threading.Thread(target=work, name="duckdb").start()
    ready.wait()


def _base() -> Any:
    """The database of this process. The lock must be held."""
    pid = os.getpid()
    base = _held.get(pid)
    if base is None:
        base = opened(_CONFIG)
        _held[pid] = base
    return base
