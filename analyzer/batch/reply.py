"""A reply to the customer in Markdown, one per ticket, ready to be sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from analyzer.model import CaptureInfo, Report
from analyzer.report.markdown import prose
from analyzer.report.numbers import NBSP, plural
from analyzer.report.replies import replies

_MOST: Final = 10
_AGAIN: Final = (
    "Could you record it once more? Open the developer tools of your browser (F12), choose Network, tick "
    "“Preserve log”, reproduce the problem, and save the recording as a HAR before you reload the page."
)
_ITEM: Final = re.compile(r"^- ")


def render_reply(report: Report | None, captures: Sequence[CaptureInfo] = ()) -> str:
    """The letter, ending with a newline: what happened, what to do, what we ask for.

    report: None when nothing of the ticket could be read or the work on it was ended. captures: all that
    came with the ticket; those with an error are named, and asked for again. Everything from a capture is
    escaped, so that no mail program or ticket system makes a link, an image or a mention of it.
    """
    unread = [info for info in captures if info.error]
    if report is None or not report.streams:
        return _nothing(unread, report.summary.streams if report else 0)
    lines = replies(report).customer.split("\n")
    if unread:
        at = next(
            (n for n in range(len(lines) - 1, -1, -1) if lines[n].startswith("Kind regards")), len(lines)
        )
        lines[at:at] = ["We could not read everything that came with your message:", "", *_listed(unread), ""]
    return "\n".join(_line(line) for line in lines).strip("\n") + "\n"


def _nothing(unread: Sequence[CaptureInfo], fine: int) -> str:
    parts = ["Hello,", ""]
    if fine:  # healthy lines of a log are counted and not listed
        parts.append(
            f"thank you for your message. We looked at {plural(fine, 'streamed request')} in the log that came with it, and none of them failed.".replace(
                NBSP, " "
            )
        )
        if unread:
            parts += ["", "We could not read everything that came with your message:", "", *_listed(unread)]
    elif unread:
        parts += ["thank you for your message. We could not read what came with it:", "", *_listed(unread)]
    else:
        parts.append("thank you for your message. We found no streamed answer in what came with it.")
    parts += ["", _AGAIN, "", "Kind regards"]
    return "\n".join(_line(line) for line in parts) + "\n"


def _listed(unread: Sequence[CaptureInfo]) -> list[str]:
    lines = [
        f"- `{_name(info.path)}` ({info.error})" if info.path else f"- {info.error}"
        for info in unread[:_MOST]
    ]
    if len(unread) > _MOST:
        lines.append(f"- and {len(unread) - _MOST:,} more")
    return lines


def _name(path: str) -> str:
    return path.replace("`", "'").replace("\n", " ")


def _line(line: str) -> str:
    if line.startswith("    ") or not line:
        return line  # an indented block is shown as it is
    if _ITEM.match(line):
        return f"- {prose(line[2:])}"
    return prose(line)
