"""`hangup` and `python -m analyzer`: the program as a process of its own."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from importlib import import_module
from typing import Any, Never


def run() -> Never:
    """Run the program and leave with its exit code.

    What a run makes stays until its end, so the collector looks for garbage seldom, and a process that
    is done hands its memory back at once: taking every object apart first costs a tenth of a small run.
    """
    gc.set_threshold(1_000_000, 20, 50)
    try:
        _main()
    except SystemExit as leaving:
        _leave(leaving.code)
        raise


def _main() -> Never:
    from analyzer import usual

    found = usual.read(sys.argv[1:])
    if found is None:
        from analyzer.cli import main

        main()
    captures, given = found
    from analyzer import command

    def work() -> int:
        command.begin(captures)
        _load_msgspec()
        return command.analyze(captures, **given)

    sys.exit(command.guarded(work))


def _load_msgspec() -> None:
    """Import msgspec without `typing_extensions`, from which it takes what `typing` has too.

    That package loads inspect, ast and tokenize, which take longer than msgspec itself; whoever asks for
    it later gets it. Only a process of our own may hide a package, and only before it has threads that import.
    """
    modules: dict[str, Any] = sys.modules
    if "typing_extensions" in modules:
        return
    modules["typing_extensions"] = None  # how the import system says that there is none
    try:
        import_module("msgspec")
    finally:
        del modules["typing_extensions"]


def _leave(code: object) -> None:
    """End the process, when nothing is left to do: output written, exit handlers run, no thread busy."""
    if not (code is None or isinstance(code, int)) or threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # the interpreter's own way out reports it
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    run()
