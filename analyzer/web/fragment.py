"""The report as a part of a page of the service: what stands between its own header and its end."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from analyzer.model import Report
from analyzer.report.view import build
from analyzer.resources import folder

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """The templates of the report and of the service, escaping everything."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_fragment(report: Report, *, version: str) -> str:
    """HTML from the page's drawings to its footer, for `web/report.html.j2` to stand around."""
    view = build(report, version=version)
    return environment().get_template("web/fragment.html.j2").render(view=view)
