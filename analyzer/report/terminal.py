"""The report for a terminal: the headline, each broken stream on one screen, what to do, what next.

Built from `rich.text.Text` objects only: text from a capture is never parsed as markup, and has
lost its control characters before it gets here, so it cannot move the cursor or change a colour.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analyzer.causes import CAUSES, Severity
from analyzer.model import Report, Stream
from analyzer.report import words
from analyzer.report.json_v1 import worst_first
from analyzer.report.numbers import clock, duration, plural
from analyzer.report.textline import timeline
from analyzer.safe import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

DETAILS: Final = 3
_ROWS: Final = 12
_STYLE: Final[dict[Severity, str]] = {"failed": "red", "degraded": "yellow", "info": "blue", "ok": "green"}
_MARK: Final[dict[Severity, str]] = {"failed": "✗", "degraded": "!", "info": "○", "ok": "✓"}
_CODE: Final = re.compile(r"^```[^\n]*\n(?P<block>.*?)\n?^```[ \t]*$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_ASCII: Final = str.maketrans("✗○✓■▪░▒─·…–—’“”⟨⟩−\u00a0", 'xo+#*:%-..--\'""<>- ')


def render_terminal(
    report: Report,
    *,
    width: int = 80,
    color: bool = False,
    links: bool = False,
    unicode: bool = True,
    details: int = DETAILS,
) -> str:
    """The report as text that ends with a newline.

    width: columns to use, at least 40. color: with ANSI styles. links: with OSC 8 hyperlinks to the
    captures; both only for real terminals. unicode: False writes ASCII for the drawing characters.
    details: how many streams are shown in full; the others get a line each.
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=max(40, width),
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        soft_wrap=False,
    )
    for part in _report(report, console, details, links and color):
        console.print(part)
    text = "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
    return text if unicode else text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def _report(report: Report, console: Console, details: int, links: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    streams = worst_first(report.streams)
    worst = streams[0].verdict.severity if streams else "info"
    yield Text(words.headline(report), style=f"bold {_STYLE[worst]}" if streams else "bold")
    yield Text(words.counts(report.summary), style="dim")
    if len(report.summary.by_cause) > 1 or len(streams) > details:
        yield from _causes(report, console.width)
    shown = [s for s in streams if s.verdict.severity in ("failed", "degraded")][:details]
    if not shown:
        shown = streams[: min(details, 1)]
    for stream in shown:
        yield Text()
        yield from _stream(stream, console.width)
    yield from _others([s for s in streams if s not in shown], console.width)
    yield from _clusters(report)
    yield from _captures(report, links)
    yield Text()
    yield from _next(report, shown, streams)


def _indent(part: RenderableType, by: int) -> RenderableType:
    from rich.padding import Padding

    return Padding(part, (0, 0, 0, by))


def _prose(text: str, style: str = "") -> RenderableType:
    """A sentence, with what is in backticks set off; as wide as there is room."""
    from rich.text import Text

    shown = Text(style=style, overflow="fold")
    at = 0
    source = visible(text, 4000).replace("\t", "    ")
    for match in _CODE.finditer(source):
        shown.append(source[at : match.start()])
        fenced = match.group("block")
        shown.append(match.group() if fenced is None else f"  {fenced}".replace("\n", "\n  "), style="cyan")
        at = match.end()
    shown.append(source[at:])
    return shown


def _labelled(rows: list[tuple[str, RenderableType]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0), expand=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, part in rows:
        grid.add_row(Text(label, style="dim"), part)
    return _indent(grid, 2)


def _stream(stream: Stream, width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    verdict, style = stream.verdict, _STYLE[stream.verdict.severity]
    head = Text(overflow="fold")
    head.append(f"{_MARK[verdict.severity]} {words.SEVERITY[verdict.severity]}", style=f"bold {style}")
    head.append(f"  {one_line(verdict.title, 300)}", style="bold")
    yield head
    yield _indent(Text(words.request(stream), overflow="fold"), 2)
    rows: list[tuple[str, RenderableType]] = [
        ("Who hung up", Text(words.who(stream), style="bold")),
        ("How sure", Text(words.SURE[verdict.confidence])),
        (
            "Cause",
            Text(f"{verdict.cause}" + (f" (rule {one_line(verdict.rule, 100)})" if verdict.rule else "")),
        ),
        ("Where", Text(", ".join(part for part in (words.place(stream), words.started(stream)) if part))),
        ("Recorded", Text(", ".join(words.facts(stream)), overflow="fold")),
    ]
    ids = [(one_line(name)[:24], one_line(value, 200)) for name, value in stream.request_ids.items()][:4]
    labels = max(len(label) for label, _ in [*rows, *ids])
    line = timeline(stream, min(width - labels - 5, 100))  # indent, gap and the mark at its end
    if line is not None:
        rows.append(("Timeline", Text(f"{line.cells}\n{line.legend}", overflow="fold")))
    rows += [(name, Text(value, overflow="fold")) for name, value in ids]
    yield _labelled([row for row in rows if str(row[1])])
    yield Text()
    yield _indent(_prose(verdict.explanation), 2)
    yield from _evidence(stream)
    yield from _fixes(stream)
    for other in [other for other in verdict.runners_up if other.cause != verdict.cause][:3]:
        yield _indent(_prose(f"Also considered, {other.cause}: {other.why}", "dim"), 2)
    if verdict.settle and verdict.confidence != "certain":
        yield _indent(_prose(f"To be sure: {verdict.settle}", "dim"), 2)


def _evidence(stream: Stream) -> Iterator[RenderableType]:
    from rich.text import Text

    items = sorted(stream.verdict.evidence, key=lambda item: item.role != "primary")[:6]
    if not items:
        return
    yield _indent(Text("Evidence", style="bold"), 2)
    for item in items:
        shown = Text("- ", overflow="fold")
        shown.append(one_line(item.text, 500))
        if item.where and item.where != stream.exchange.where:
            shown.append(f"  [{one_line(item.where, 120)}]", style="dim")
        yield _indent(shown, 4)


def _fixes(stream: Stream) -> Iterator[RenderableType]:
    from rich.text import Text

    fix = stream.verdict.fix
    listed = [(label, getattr(fix, reader)) for reader, label in words.READERS if getattr(fix, reader)]
    if not listed:
        return
    yield _indent(Text("What to do", style="bold"), 2)
    yield _indent(
        _labelled(
            [(label, _prose("\n".join(step.strip("\n") for step in steps))) for label, steps in listed]
        ),
        2,
    )


def _causes(report: Report, width: int) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    order = list(_STYLE)
    rows = sorted(
        ((CAUSES[cause], count) for cause, count in report.summary.by_cause.items() if cause in CAUSES),
        key=lambda row: (order.index(row[0].severity), -row[1]),
    )
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    # Only the words may shrink: the other columns are what a reader copies or counts.
    causes = max((len(cause.id) for cause, _ in rows), default=5)
    parties = max((len(cause.party) for cause, _ in rows), default=3)
    table.add_column("streams", justify="right", width=7)
    table.add_column("cause", no_wrap=True, width=causes)
    table.add_column("who", no_wrap=True, width=parties)
    table.add_column(
        "in words", overflow="ellipsis", no_wrap=True, width=max(10, width - causes - parties - 15)
    )
    for cause, count in rows[:20]:
        table.add_row(
            Text(f"{count:,}"),
            Text(cause.id, style=_STYLE[cause.severity]),
            Text(cause.party),
            Text(cause.title),
        )
    yield Text()
    yield table


def _others(streams: list[Stream], width: int) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    if not streams:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, width=width)
    table.add_column(no_wrap=True, width=1)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for stream in streams[:_ROWS]:
        style = _STYLE[stream.verdict.severity]
        table.add_row(
            Text(_MARK[stream.verdict.severity], style=style),
            Text(stream.verdict.cause, style=style),
            Text(duration(stream.exchange.duration_ms) or "", style="dim"),
            Text(clock(stream.exchange.started_at) or "", style="dim"),
            Text(words.request(stream)),
        )
    yield Text()
    yield Text("Other streams", style="bold")
    yield table
    if len(streams) > _ROWS:
        yield Text(
            f"and {len(streams) - _ROWS:,} more: --format html, json or csv lists them all", style="dim"
        )


def _clusters(report: Report) -> Iterator[RenderableType]:
    from rich.text import Text

    for cluster in report.clusters[:3]:
        yield Text()
        head = Text(f"{plural(cluster.size, 'stream')} with one problem", style="bold")
        head.append(f" ({cluster.cause})", style="not bold")
        yield head
        yield _indent(_prose(cluster.text), 2)
        if cluster.baseline:
            yield _indent(_prose(cluster.baseline, "dim"), 2)


def _captures(report: Report, links: bool) -> Iterator[RenderableType]:
    from rich.style import Style
    from rich.text import Text

    yield Text()
    for info in report.captures[:20]:
        line = Text(overflow="fold")
        target = Path(info.path)
        style = Style(link=target.resolve().as_uri()) if links and target.is_file() else Style()
        line.append(one_line(info.path, 300), style=style)
        if info.error:
            line.append(f": could not be read: {one_line(info.error, 600)}", style="red")
        else:
            line.append(f": {', '.join(words.capture_facts(info))}", style="dim")
        yield line
        for warning in info.warnings[:8]:
            yield _indent(_prose(f"warning: {warning}", "yellow"), 2)
        if len(info.warnings) > 8:
            yield _indent(Text(f"and {len(info.warnings) - 8:,} more warnings", style="dim"), 2)
    if len(report.captures) > 20:
        yield Text(f"and {plural(len(report.captures) - 20, 'more capture')}", style="dim")
    for error in report.rule_errors[:5]:
        yield _prose(f"rule error: {error}", "yellow")


def _next(report: Report, shown: list[Stream], streams: list[Stream]) -> Iterator[RenderableType]:
    """The one command that most likely comes next."""
    from rich.text import Text

    names = [info.path for info in report.captures if not info.error]
    if not names:
        yield _prose("Next: `hangup --help`", "dim")
        return
    quoted = _quoted(names[0])
    if shown and shown[0].verdict.severity in ("failed", "degraded"):
        more = f" {_quoted(names[1])}" if len(names) == 2 else " …" if len(names) > 2 else ""
        yield _prose(f"Next: `hangup {quoted}{more} -o report.html --open` for the page to pass on", "dim")
        yield _prose(f"      `hangup explain {shown[0].verdict.cause}` for what this cause means", "dim")
    elif streams:
        yield _prose(f"Next: `hangup events {quoted}` to read the events of a stream", "dim")
    else:
        yield Text(
            "Next: record with the Network panel open before the request starts, and export again",
            style="dim",
        )


def _quoted(path: str) -> str:
    """The path as a POSIX shell takes it; control characters are visible, so it may not be the file."""
    import shlex

    return shlex.quote(one_line(path, 300))
