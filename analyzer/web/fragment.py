"""The report as a part of a page of the service: what stands between its own header and its end."""

from __future__ import annotations

from analyzer.model import Report
from analyzer.report.html import environment
from analyzer.report.view import build


def render_fragment(report: Report, *, version: str) -> str:
    """HTML from the page's drawings to its footer, for `web/report.html.j2` to stand around."""
    view = build(report, version=version)
    return environment().get_template("web/fragment.html.j2").render(view=view)
