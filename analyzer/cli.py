"""The command line: arguments in, exit code out. No analysis happens here.

Exit codes: 0 nothing broken (or below --fail-on), 1 something broken, 2 wrong usage, 3 a capture
could not be read. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Never, TypedDict

import typer

from analyzer.cli_catalog import RulesOption, formats_app, rules_app
from analyzer.errors import HangupError, UsageError
from analyzer.web.command import serve

if TYPE_CHECKING:
    from analyzer.model import Report
    from analyzer.pipeline import Options

app = typer.Typer(
    name="hangup",
    help="Says who hung up: why a streaming response broke, from what browsers and proxies recorded.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(rules_app, name="rules")
app.add_typer(formats_app, name="formats")
app.command()(serve)


class Format(StrEnum):
    """Output formats. Parquet goes to files only."""

    terminal = "terminal"
    html = "html"
    json = "json"
    markdown = "markdown"
    csv = "csv"
    parquet = "parquet"
    junit = "junit"


class EventFormat(StrEnum):
    """Output formats of `hangup events`."""

    terminal = "terminal"
    json = "json"


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    failed = "failed"
    degraded = "degraded"
    never = "never"


Captures = Annotated[
    list[str],
    typer.Argument(
        metavar="CAPTURE...", help="HAR files, folders of them, ZIPs; - is stdin.", show_default=False
    ),
]


@app.command()
def analyze(
    captures: Captures,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", help="Default: by the suffix of -o, else terminal.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of stdout.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the HTML report in the browser.")] = False,
    rules: RulesOption = [],  # noqa: B006  Typer copies it
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = FailOn.failed,
    everything: Annotated[bool, typer.Option("--all", help="List healthy streams of logs too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="List at most so many streams.")] = 10_000,
    stream_path: Annotated[
        list[str],
        typer.Option(
            "--stream-path",
            metavar="GLOB",
            help="Paths that are streams, e.g. '/api/*/events'.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="FORMAT",
            help="A format id, or the format string from the proxy's configuration.",
        ),
    ] = None,
    no_redact: Annotated[
        bool, typer.Option("--no-redact", help="Show secrets. For your own eyes only.")
    ] = False,
) -> None:
    """Say for every stream in the captures who hung up, how that is known, and what to do."""
    from analyzer.pipeline import Options
    from analyzer.write import format_for

    if open_it and output is None:
        output = Path("hangup-report.html")
    chosen = format_for(output, None if format is None else format.value)
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
    report = _run(captures, options)
    _deliver(report, chosen, output, open_it=open_it)
    raise typer.Exit(_exit_code(report, fail_on))


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the report.")
    ] = Path("hangup-demo.html"),
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open it in the browser.")] = False,
) -> None:
    """Diagnose the bundled samples and open the report."""
    from analyzer.pipeline import Options
    from analyzer.resources import folder

    report = _run([str(folder("sample_hars"))], Options(details=True, short_paths=True))
    _deliver(report, "html", output, open_it=not no_open)
    sys.stdout.write(_render(report, "terminal"))


@app.command()
def explain(
    term: Annotated[
        list[str],
        typer.Argument(metavar="TERM", help="A rule, cause, status, net::ERR_…, flag, close code …"),
    ],
    rules: RulesOption = [],  # noqa: B006
) -> None:
    """Explain a rule, a cause, a status, a net error, a proxy's flag, a close code or a timeout."""
    from analyzer.engine.load import load_rules
    from analyzer.engine.reference import rule_text
    from analyzer.explain.lookup import lookup, suggest
    from analyzer.explain.render import render_entry

    asked = " ".join(term)
    known = [(rule.id, rule.title, rule_text(rule)) for rule in load_rules(rules).rules.values()]
    found = lookup(asked, known)
    if not found:
        near = suggest(asked, known)
        raise UsageError(
            "nothing is known by that name",
            expected=f"perhaps one of: {', '.join(near)}" if near else None,
            help="hangup rules list; hangup explain 504; hangup explain ERR_HTTP2_PROTOCOL_ERROR",
        )
    sys.stdout.write(
        ("\n" + "-" * 72 + "\n\n").join(render_entry(entry, width=min(_width(), 96)) for entry in found)
    )


@app.command()
def sanitize(
    capture: Annotated[Path, typer.Argument(metavar="IN", help="A HAR or a log.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="Where to write it.")],
) -> None:
    """Write the same capture without its secrets; it still gets the same verdict."""
    from analyzer.redact.sanitize import sanitize as run

    for warning in run(capture, output).warnings:
        _note(f"warning: {warning}")
    _note(f"wrote {output}")


@app.command()
def secrets(
    capture: Annotated[Path, typer.Argument(metavar="FILE", help="A HAR or a log.")],
) -> None:
    """Count what secrets are in a capture, by kind. Prints none of them."""
    from analyzer.redact.sanitize import secrets_in

    counts = secrets_in(capture)
    width = max((len(kind) for kind in counts), default=4)
    for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        sys.stdout.write(f"{kind:<{width}}  {count:>7,}\n")
    if not counts:
        sys.stdout.write("no secrets of any known kind\n")


@app.command()
def events(
    capture: Annotated[str, typer.Argument(metavar="CAPTURE", help="A HAR or a NetLog; - is stdin.")],
    stream: Annotated[
        str | None,
        typer.Option(
            "--stream", "-s", metavar="N", help="Its number in the report, 2 or s2. Default: the worst."
        ),
    ] = None,
    format: Annotated[
        EventFormat, typer.Option("--format", "-f", help="terminal or json.")
    ] = EventFormat.terminal,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of stdout.")
    ] = None,
    stream_path: Annotated[
        list[str],
        typer.Option("--stream-path", metavar="GLOB", help="Paths that are streams.", show_default=False),
    ] = [],  # noqa: B006
    no_redact: Annotated[
        bool, typer.Option("--no-redact", help="Show the texts themselves. For your own eyes only.")
    ] = False,
) -> None:
    """Show the decoded events of a stream one by one, and where it stopped."""
    from analyzer.events import read_events
    from analyzer.options import Options
    from analyzer.report.events import events_json, events_terminal

    found = read_events(capture, stream, Options(stream_paths=tuple(stream_path), redact=not no_redact))
    if format is EventFormat.json or (output is not None and output.suffix == ".json"):
        _print(events_json(found, version=_version()), output)
    else:
        _print(events_terminal(found, **_screen(output)), output)


# ---------------------------------------------------------------------------------- shared


def _run(captures: list[str], options: Options) -> Report:
    from analyzer.pipeline import analyze as run

    report = run(captures, options)
    for info in report.captures:
        if info.error:
            _note(f"warning: {info.path}: {info.error}")
    if report.skipped:
        _note(f"skipped {len(report.skipped)} files that are no captures, e.g. {report.skipped[0]}")
    for error in report.rule_errors:
        _note(f"warning: {error}")
    return report


def _deliver(report: Report, chosen: str, output: Path | None, *, open_it: bool) -> None:
    from analyzer.write import write_output

    if output is None:
        if chosen == "parquet":
            raise UsageError("Parquet is a binary format", help="name a file: -o streams.parquet")
        sys.stdout.write(_render(report, chosen))
        return
    write_output(_render(report, chosen), output)
    _note(f"wrote {output}")
    if open_it:
        import webbrowser

        if not webbrowser.open(output.resolve().as_uri()):
            _note(f"no browser could be opened; the report is {output}")


def _render(report: Report, chosen: str) -> Any:
    from analyzer.report.render import render

    return render(report, chosen, version=_version(), **_screen())


class _Screen(TypedDict):
    width: int
    color: bool
    unicode: bool


def _screen(output: Path | None = None) -> _Screen:
    """What the place that is written to can show; a file takes plain text of any character."""
    if output is not None:
        return {"width": 120, "color": False, "unicode": True}
    return {
        "width": _width(),
        "color": sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
        "unicode": (sys.stdout.encoding or "").lower().replace("-", "") == "utf8",
    }


def _print(text: str, output: Path | None) -> None:
    from analyzer.write import write_output

    if output is None:
        sys.stdout.write(text)
    else:
        write_output(text, output)
        _note(f"wrote {output}")


def _version() -> str:
    import analyzer

    return analyzer.__version__


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def _exit_code(report: Report, fail_on: FailOn) -> int:
    if any(info.error for info in report.captures):
        return 3
    broken = report.summary.failed + (report.summary.degraded if fail_on is FailOn.degraded else 0)
    return 1 if broken and fail_on is not FailOn.never else 0


def _own_bug(error: Exception) -> None:
    """Where our own bug is, without the error's text: that can quote the capture, secrets and all."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames if "analyzer" in f.filename]
    sys.stderr.write(
        f"error: hangup itself failed ({type(error).__name__})\n"
        f"  where:    {' > '.join(ours[-6:])}\n"
        "  help:     please report these two lines; they hold nothing of your capture\n"
    )


def _note(text: str) -> None:
    from analyzer.safe import one_line

    sys.stderr.write(one_line(text) + "\n")


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"hangup {_version()}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Says who hung up: why a streaming response broke, from what browsers and proxies recorded."""


def _with_default(arguments: list[str]) -> list[str]:
    """`hangup a.har` means `hangup analyze a.har`; a file named like a command needs `./`."""
    known = {
        "rules",
        "formats",
        *(command.callback.__name__.strip("_") for command in app.registered_commands if command.callback),
    }
    known |= {group.name for group in app.registered_groups if group.name}
    for argument in arguments:
        if argument in ("-h", "--help", "--version"):
            return arguments
        if argument == "-" or not argument.startswith("-"):
            return arguments if argument in known else ["analyze", *arguments]
    return ["analyze", *arguments] if arguments else arguments


def main(arguments: list[str] | None = None) -> Never:
    """The program. Exits; never shows a traceback for what is not our own bug."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(_with_default(given), standalone_mode=True)
    except HangupError as error:
        sys.stderr.write(f"error: {error.render()}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  the reader left; closing must not complain
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  the last line of defence: a traceback would quote the capture
        _own_bug(error)
        sys.exit(70)
    sys.exit(0)
