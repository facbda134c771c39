"""One report, every output: the only list of formats."""

from __future__ import annotations

from analyzer.errors import UsageError
from analyzer.model import Report


def render(
    report: Report, chosen: str, *, version: str, width: int = 80, color: bool = False, unicode: bool = True
) -> str | bytes:
    """The report in a format; bytes for Parquet only. width, color, unicode: for the terminal.

    Raises UsageError for an unknown format.
    """
    if chosen == "terminal":
        from analyzer.report.terminal import render_terminal

        return render_terminal(report, width=width, color=color, links=color, unicode=unicode)
    if chosen == "html":
        from analyzer.report.html import render_html

        return render_html(report, version=version)
    if chosen == "json":
        from analyzer.report.json_v1 import to_json

        return to_json(report, version=version).decode()
    if chosen == "markdown":
        from analyzer.report.markdown import render_markdown

        return render_markdown(report)
    if chosen == "junit":
        from analyzer.report.junit import render_junit

        return render_junit(report)
    from analyzer.report import tables

    if chosen == "csv":
        return tables.to_csv(report)
    if chosen == "parquet":
        return tables.to_parquet(report)
    raise UsageError(f"there is no format {chosen!r}")
