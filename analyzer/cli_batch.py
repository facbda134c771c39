"""`hangup batch` and `hangup query`: many tickets, and questions about them. Importing this loads neither."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli_catalog import RulesOption


class BatchFailOn(StrEnum):
    """From which severity on the exit code is 1."""

    never = "never"
    failed = "failed"
    degraded = "degraded"


class Layout(StrEnum):
    """How a ticket system lays its tickets out."""

    folders = "folders"
    files = "files"
    manifest = "manifest"
    zendesk = "zendesk"
    jira = "jira"
    intercom = "intercom"


class QueryFormat(StrEnum):
    """Output formats of `hangup query`."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def batch(
    tickets: Annotated[
        list[str],
        typer.Argument(
            metavar="TICKETS...",
            help="Folders, ZIPs, lists, ticket exports, patterns, addresses.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  Typer copies it
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the results go.")
    ] = Path("hangup-batch"),
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="FILE",
            help="What is known already. Default: hangup.duckdb in DIR.",
            show_default=False,
        ),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(
            "--manifest",
            metavar="FILE",
            help="A CSV, JSON or JSON Lines list of tickets.",
            show_default=False,
        ),
    ] = None,
    layout: Annotated[
        Layout | None, typer.Option("--layout", help="Default: recognised by content.", show_default=False)
    ] = None,
    fetch: Annotated[
        list[str],
        typer.Option(
            "--fetch",
            metavar="PLACE",
            help="A place whose addresses a list may name, e.g. s3://bucket.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
    rules: RulesOption = [],  # noqa: B006
    stream_path: Annotated[
        list[str],
        typer.Option("--stream-path", metavar="GLOB", help="Paths that are streams.", show_default=False),
    ] = [],  # noqa: B006
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="FORMAT",
            help="A format id, or the proxy's format string.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, help="Tickets at a time. Default: one per core.", show_default=False
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            envvar="DASK_SCHEDULER_ADDRESS",
            metavar="tcp://HOST:PORT",
            help="A Dask scheduler.",
            show_default=False,
        ),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(
            "--parts",
            metavar="PLACE",
            help="Where Dask's workers write results as Parquet.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=0, metavar="SECONDS", help="Per ticket; 0 is no limit.")
    ] = 300,
    memory_limit: Annotated[
        int, typer.Option("--memory-limit", min=0, metavar="MB", help="Per ticket; 0 is no limit.")
    ] = 2000,
    retention: Annotated[
        float | None,
        typer.Option("--retention", min=0, metavar="DAYS", help="Forget older tickets.", show_default=False),
    ] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write batch.xlsx too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on stderr.")] = False,
    fail_on: Annotated[
        BatchFailOn, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = BatchFailOn.never,
) -> None:
    """Diagnose many tickets: what they have in common, and a report for each. Run it again: only what is new is done."""
    from analyzer.batch.command import Batch
    from analyzer.batch.command import batch as run

    given = Batch(
        what=tickets,
        output=output,
        store=store,
        rules=rules,
        stream_path=stream_path,
        log_format=log_format,
        jobs=jobs,
        scheduler=scheduler,
        parts=parts,
        time_limit=time_limit,
        memory_limit=memory_limit,
        retention=retention,
        manifest=manifest,
        layout=None if layout is None else layout.value,
        fetch=fetch,
        xlsx=xlsx,
        quiet=quiet,
        fail_on=fail_on.value,
    )
    raise typer.Exit(run(given))


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A query; its tables: see docs/batch.md.")],
    over: Annotated[
        list[str],
        typer.Argument(
            metavar="[STORE|CAPTURE]...",
            help="A store, its folder, or captures. Default: hangup.duckdb here.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
    format: Annotated[
        QueryFormat | None,
        typer.Option("--format", "-f", help="Default: by the suffix of -o, else table.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of stdout.")
    ] = None,
    rules: RulesOption = [],  # noqa: B006
    stream_path: Annotated[
        list[str],
        typer.Option("--stream-path", metavar="GLOB", help="Paths that are streams.", show_default=False),
    ] = [],  # noqa: B006
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="FORMAT",
            help="A format id, or the proxy's format string.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Ask a store or captures anything in SQL. Read-only, and closed to the outside."""
    from analyzer.batch.query import query as run
    from analyzer.options import Options

    run(
        sql,
        over,
        format=None if format is None else format.value,
        output=output,
        options=Options(rules=tuple(rules), stream_paths=tuple(stream_path), log_format=log_format),
    )
