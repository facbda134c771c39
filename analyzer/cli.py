"""The command line: arguments in, exit code out. No analysis happens here.

Exit codes: 0 nothing broken (or below --fail-on), 1 something broken, 2 wrong usage, 3 a capture
could not be read. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Never

import typer

from analyzer import command
from analyzer.cli_batch import batch, query
from analyzer.cli_catalog import RulesOption, formats_app, rules_app
from analyzer.errors import UsageError
from analyzer.web.command import serve

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
app.command()(batch)
app.command()(query)


class Format(StrEnum):
    """Output formats. Parquet goes to files only."""

    terminal = "terminal"
    html = "html"
    json = "json"
    markdown = "markdown"
    csv = "csv"
    parquet = "parquet"
    junit = "junit"


class CompareFormat(StrEnum):
    """Output formats of `hangup compare`."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"


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
    code = command.analyze(
        captures,
        format=None if format is None else format.value,
        output=output,
        open_it=open_it,
        rules=rules,
        fail_on=fail_on.value,
        everything=everything,
        limit=limit,
        stream_path=stream_path,
        log_format=log_format,
        no_redact=no_redact,
    )
    raise typer.Exit(code)


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the report.")
    ] = Path("hangup-demo.html"),
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open it in the browser.")] = False,
) -> None:
    """Diagnose the bundled samples and open the report."""
    from analyzer.pipeline import Options
    from analyzer.resources import samples

    found = [str(capture) for _, capture in samples()]
    report = command.run(found, Options(details=True, short_paths=True))
    command.deliver(report, "html", output, open_it=not no_open)
    sys.stdout.write(command.rendered(report, "terminal"))


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
        ("\n" + "-" * 72 + "\n\n").join(
            render_entry(entry, width=min(command.width(), 96)) for entry in found
        )
    )


@app.command()
def sanitize(
    capture: Annotated[Path, typer.Argument(metavar="IN", help="A HAR or a log.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="Where to write it.")],
) -> None:
    """Write the same capture without its secrets; it still gets the same verdict."""
    from analyzer.redact.sanitize import sanitize as run

    for warning in run(capture, output).warnings:
        command.note(f"warning: {warning}")
    command.note(f"wrote {output}")


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
        command.put(events_json(found, version=command.version()), output)
    else:
        command.put(events_terminal(found, **command.screen(output)), output)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A capture, or a folder of them.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The same after the change.")],
    format: Annotated[
        CompareFormat | None,
        typer.Option("--format", "-f", help="Default: by the suffix of -o, else terminal."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of stdout.")
    ] = None,
    rules: RulesOption = [],  # noqa: B006
    stream_path: Annotated[
        list[str],
        typer.Option("--stream-path", metavar="GLOB", help="Paths that are streams.", show_default=False),
    ] = [],  # noqa: B006
    no_redact: Annotated[
        bool, typer.Option("--no-redact", help="Show secrets. For your own eyes only.")
    ] = False,
) -> None:
    """Say what differs between two captures of the same thing, and whether the change helped."""
    from analyzer.compare import compare as run
    from analyzer.options import Options
    from analyzer.report import compare as show

    found = run(
        [before],
        [after],
        Options(
            rules=tuple(rules),
            stream_paths=tuple(stream_path),
            redact=not no_redact,
            short_paths=not no_redact,
        ),
    )
    by_suffix = {".json": "json", ".md": "markdown"}.get(output.suffix if output else "", "terminal")
    chosen = by_suffix if format is None else format.value
    if chosen == "json":
        command.put(show.compare_json(found, version=command.version()), output)
    elif chosen == "markdown":
        command.put(show.compare_markdown(found), output)
    else:
        command.put(show.compare_terminal(found, **command.screen(output)), output)
    raise typer.Exit(1 if found.after.failed else 0)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"hangup {command.version()}\n")
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
    sys.exit(command.guarded(lambda: app(_with_default(given), standalone_mode=True)))
