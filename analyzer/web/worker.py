"""One analysis in a process of its own: `python -m analyzer.web.worker`.

The service starts it ahead of time. Its arguments are its limits; one line of JSON on stdin is its
task; lines of JSON on stdout are its progress and its outcome. When stdin closes, the service has
gone, and so does the worker. Documents go to files that the service collects.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from analyzer.bounds import limit

_STEP_SECONDS: Final = 0.1


def warm_up() -> None:
    """Analyse a small capture, so that a waiting worker has everything loaded and its rules compiled."""
    from analyzer.pipeline import Options, analyze
    from analyzer.resources import folder
    from analyzer.web.fragment import render_fragment

    report = analyze([folder("sample_hars") / "openai-completed.har"], Options(details=True))
    render_fragment(report, version=version())


def analyse(task: dict[str, Any], tell: Callable[[str, int, int | None], None]) -> dict[str, Any]:
    """Do the task in its folder `in/`, write documents to `out/`; what the service lists it by.

    task: {folder, names, rules}. Raises HangupError, MemoryError.
    """
    import msgspec

    from analyzer.pipeline import Options, analyze
    from analyzer.report.html import render_html
    from analyzer.report.json_v1 import to_json
    from analyzer.report.markdown import render_markdown
    from analyzer.web.fragment import render_fragment

    folder = Path(task["folder"])
    # Relative names, so that reports show the name of a file and not where this service kept it.
    os.chdir(folder / "in")
    rules = tuple(Path(path) for path in task["rules"])
    report = analyze(task["names"], Options(rules=rules, details=True, progress=tell))
    made_by = version()
    makers: dict[str, Callable[[], bytes]] = {
        "fragment": lambda: render_fragment(report, version=made_by).encode(),
        "html": lambda: render_html(report, version=made_by).encode(),
        "json": lambda: to_json(report, version=made_by),
        "markdown": lambda: render_markdown(report).encode(),
        "report": lambda: msgspec.json.encode(report),
    }
    for done, (kind, make) in enumerate(makers.items()):
        tell("writing", done, len(makers))
        (folder / "out" / kind).write_bytes(make())
    return {
        "headline": report.summary.headline,
        "severity": report.streams[0].verdict.severity if report.streams else "none",
        "streams": report.summary.streams,
        "failed": report.summary.failed,
        "degraded": report.summary.degraded,
    }


def compare(task: dict[str, Any]) -> dict[str, Any]:
    """Compare the stored reports `in/before` and `in/after`; documents as `analyse` writes them.

    task: {folder, compare}. Raises MemoryError.
    """
    import msgspec

    from analyzer.compare import compare_reports
    from analyzer.model import Report
    from analyzer.report.compare import compare_json, compare_markdown
    from analyzer.web.comparison import render_comparison

    folder = Path(task["folder"])
    before, after = (
        msgspec.json.decode((folder / "in" / name).read_bytes(), type=Report) for name in ("before", "after")
    )
    found = compare_reports(before, after)
    documents = {
        "fragment": render_comparison(found),
        "json": compare_json(found, version=version()),
        "markdown": compare_markdown(found),
    }
    for kind, text in documents.items():
        (folder / "out" / kind).write_text(text, encoding="utf-8")
    return {}


def version() -> str:
    """This program's own version."""
    from importlib import metadata

    try:
        return metadata.version("hangup")
    except metadata.PackageNotFoundError:
        return "unreleased"


class NowAndThen:
    """Passes progress on: each new stage at once, steps inside of one no faster than people read."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send, self._stage, self._next = send, "", 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if stage == self._stage and now < self._next:
            return
        self._stage, self._next = stage, now + _STEP_SECONDS
        self._send({"stage": stage, "done": done, "total": total})


def _outcome(task: dict[str, Any], tell: Callable[[str, int, int | None], None]) -> dict[str, Any]:
    from analyzer.errors import CaptureError, RuleError

    try:
        return {"done": compare(task) if "compare" in task else analyse(task, tell)}
    except MemoryError:
        return {"failed": "memory"}
    except CaptureError as error:
        if isinstance(error.__cause__, MemoryError) or "MemoryError" in error.message:
            return {"failed": "memory"}
        return {"failed": "capture", "detail": error.message, "where": error.where, "help": error.help}
    except RuleError as error:
        return {"failed": "rules", "detail": error.message}
    except Exception as error:  # noqa: BLE001  told to the service, with the place and without the text
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return {
            "failed": "bug",
            "detail": f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}",
        }


def _first_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(0, 65536)
        if not piece:
            sys.exit(0)
        line += piece
    return bytes(line)


def _leave_with_the_service() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(3)


def main() -> NoReturn:
    """`worker MEMORY SECONDS`."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    limit(memory, seconds)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)
    # Whoever ends the service means the service, which then says what becomes of its workers.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Progress goes out by a descriptor of its own: whatever a library prints must not look like it.
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def send(message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(out, json.dumps(message).encode() + b"\n")

    warm_up()
    task = json.loads(_first_line())
    threading.Thread(target=_leave_with_the_service, daemon=True).start()
    outcome = _outcome(task, NowAndThen(send))
    send({"outcome": outcome})
    # Without the interpreter's goodbye: it can take a while, and there is nothing left to say.
    os._exit(0)


if __name__ == "__main__":
    main()
