"""What commands do once their arguments are known. Knows no command line, so it loads none.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from analyzer.errors import HangupError, UsageError, is_interrupt

if TYPE_CHECKING:
    from analyzer.model import Report
    from analyzer.pipeline import Options


_last: list[Report] = []  # a process that ends with its report need not take it apart first


def analyze(
    captures: list[str],
    *,
    format: str | None = None,
    output: Path | None = None,
    open_it: bool = False,
    rules: Sequence[Path] = (),
    fail_on: str = "failed",
    everything: bool = False,
    limit: int = 10_000,
    stream_path: Sequence[str] = (),
    log_format: str | None = None,
    no_redact: bool = False,
) -> int:
    """`hangup analyze`, with the defaults of its options. Returns the exit code."""
    from analyzer.pipeline import Options
    from analyzer.write import format_for

    if open_it and output is None:
        output = Path("hangup-report.html")
    chosen = format_for(output, format)
    options = Options(
        rules=tuple(rules),
        stream_paths=tuple(stream_path),
        log_format=log_format,
        everything=everything,
        limit=limit,
        redact=not no_redact,
        details=chosen == "html",
        short_paths=chosen != "terminal" and not no_redact,
        drawings=chosen in ("html", "terminal"),
    )
    report = run(captures, options)
    _last[:] = [report]
    deliver(report, chosen, output, open_it=open_it)
    return exit_code(report, fail_on)


def begin(captures: Sequence[str]) -> None:
    """Begin to open the database where names promise logs: it takes as long as to import the rest."""
    # Unlike Path's, `isfile` says no of a name that is no name.
    if any(".log" in os.path.basename(path) and os.path.isfile(path) for path in captures):  # noqa: PTH113, PTH119
        from analyzer import duck

        duck.begin()


def run(captures: list[str], options: Options) -> Report:
    from analyzer.pipeline import analyze as judge

    report = judge(captures, options)
    for info in report.captures:
        if info.error:
            note(f"warning: {info.path}: {info.error}")
    if report.skipped:
        note(f"skipped {len(report.skipped)} files that are no captures, e.g. {report.skipped[0]}")
    for error in report.rule_errors:
        note(f"warning: {error}")
    return report


def deliver(report: Report, chosen: str, output: Path | None, *, open_it: bool) -> None:
    from analyzer.write import write_output

    if output is None:
        if chosen == "parquet":
            raise UsageError("Parquet is a binary format", help="name a file: -o streams.parquet")
        _print(_json_parts(report) if chosen == "json" else rendered(report, chosen))
        return
    write_output(rendered(report, chosen), output)
    note(f"wrote {output}")
    if open_it:
        import webbrowser

        if not webbrowser.open(output.resolve().as_uri()):
            note(f"no browser could be opened; the report is {output}")


def _print(content: str | bytes | Iterable[bytes]) -> None:
    """Bytes go out as they are: JSON is UTF-8 whatever the terminal speaks, and may be many megabytes."""
    binary = getattr(sys.stdout, "buffer", None)
    if isinstance(content, str):
        sys.stdout.write(content)
        return
    sys.stdout.flush()
    for part in (content,) if isinstance(content, bytes) else content:
        if binary is None:  # somebody's own stand-in for text
            sys.stdout.write(part.decode())
        else:
            binary.write(part)


def _json_parts(report: Report) -> Iterable[bytes]:
    from analyzer.report.json_v1 import json_parts

    return json_parts(report, version=version())


def rendered(report: Report, chosen: str) -> Any:
    if chosen == "json":
        from analyzer.report.json_v1 import to_json

        return to_json(report, version=version())
    from analyzer.report.render import render

    return render(report, chosen, version=version(), **screen())


class Screen(TypedDict):
    width: int
    color: bool
    unicode: bool


def screen(output: Path | None = None) -> Screen:
    """What the place that is written to can show; a file takes plain text of any character."""
    if output is not None:
        return {"width": 120, "color": False, "unicode": True}
    return {
        "width": width(),
        "color": sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
        "unicode": (sys.stdout.encoding or "").lower().replace("-", "") == "utf8",
    }


def put(text: str, output: Path | None) -> None:
    from analyzer.write import write_output

    if output is None:
        sys.stdout.write(text)
    else:
        write_output(text, output)
        note(f"wrote {output}")


def version() -> str:
    import analyzer

    return analyzer.__version__


def width() -> int:
    if not sys.stdout.isatty():
        return 80
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def exit_code(report: Report, fail_on: str) -> int:
    if any(info.error for info in report.captures):
        return 3
    broken = report.summary.failed + (report.summary.degraded if fail_on == "degraded" else 0)
    return 1 if broken and fail_on != "never" else 0


def guarded(work: Callable[[], object]) -> int:
    """Do the work and return the exit code. What is not our own bug is told without a traceback."""
    try:
        found = work()
    except HangupError as error:
        sys.stderr.write(f"error: {error.render()}\n")
        return error.exit_code
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  the reader left; closing must not complain
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  the last line of defence: a traceback would quote the capture
        if is_interrupt(error):
            return 130
        own_bug(error)
        return 70
    return found if isinstance(found, int) else 0


def own_bug(error: Exception) -> None:
    """Where our own bug is, without the error's text: that can quote the capture, secrets and all."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames if "analyzer" in f.filename]
    sys.stderr.write(
        f"error: hangup itself failed ({type(error).__name__})\n"
        f"  where:    {' > '.join(ours[-6:])}\n"
        "  help:     please report these two lines; they hold nothing of your capture\n"
    )


def note(text: str) -> None:
    from analyzer.safe import one_line

    sys.stderr.write(one_line(text) + "\n")
