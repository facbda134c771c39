"""The self-contained HTML report: one file, no request to anywhere, nothing of a capture is run.

What may run and look is pinned by hash: the page's one style sheet and one script, both ours. There
are no event handlers and no style attributes, so the policy needs no exception.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from analyzer.model import Report
from analyzer.report.view import build
from analyzer.resources import folder

if TYPE_CHECKING:
    from jinja2 import Environment

_PARTS: Final = (
    "report/css/tokens.css",
    "report/css/page.css",
    "report/css/drawings.css",
    "report/css/print.css",
)
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_SCRIPT: Final = "report/report.js"


def render_html(report: Report, *, version: str) -> str:
    """The report as one HTML page. `report` is already redacted; `version` is the generator's own.

    Raises jinja2.TemplateError when a template is broken, which is our bug and nobody else's.
    """
    style, script = assets()
    return (
        environment()
        .get_template("report/report.html.j2")
        .render(
            view=build(report, version=version),
            style=Markup(style),  # noqa: S704 -- our own file
            script=Markup(script),  # noqa: S704 -- our own file
            policy=policy(style, script),
        )
    )


@cache
def assets() -> tuple[str, str]:
    """The style sheet and the script, exactly as they stand in the page."""
    return "".join(source(part) for part in _PARTS), source(_SCRIPT)


def source(name: str) -> str:
    """A style sheet or script of ours, as a page holds it and its policy counts it."""
    # A browser hashes what its parser made of the text, and the parser turns CRLF into LF.
    text = (folder("templates") / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def policy(style: str, script: str) -> str:
    """The content security policy that allows exactly this style sheet and this script."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def environment() -> Environment:
    """The templates of all pages, escaping everything."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from jinja2.ext import Extension

    class Dedent(Extension):
        """Templates are indented for their authors; the page is not, which is 5 % of its size."""

        def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
            return _INDENT.sub("", source)

    return Environment(
        loader=FileSystemLoader(folder("templates")),
        extensions=[Dedent],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
