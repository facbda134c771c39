"""The events of a stream as a table for a terminal, and as JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from analyzer.model import Report, Stream, Summary
from analyzer.report import words
from analyzer.report.json_v1 import plain, to_dict
from analyzer.report.numbers import duration, plural, size
from analyzer.safe import clipped, one_line, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_ASCII: Final = str.maketrans("…⟨⟩−–—“”’·→✗\u00a0", '.<>---""\'.>x ')
_SHARED: Final = 24  # characters
_SILENCE: Final = 5000.0  # ms without an event that are worth a line of their own


@dataclass(frozen=True, slots=True)
class Shown:
    """One event, fit to be shown. index: place in the stream, from 0, per direction.

    data: None where the capture holds none. size: of the data as it was, in bytes. at_ms: since the
    request's start, None where not recorded. sent: it went to the server (WebSocket). dispatched: False
    for an SSE block without data, which no EventSource hands on.
    """

    index: int
    type: str
    data: str | None
    id: str | None = None
    at_ms: float | None = None
    offset: int | None = None
    size: int | None = None
    heartbeat: bool = False
    sent: bool = False
    dispatched: bool = True


@dataclass(frozen=True, slots=True)
class Rest:
    """What was left when the bytes stopped. bytes, text: None where the capture cannot show it.

    reason: what is incomplete, or what was owed and never came; None when nothing was.
    """

    bytes: int | None
    text: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """A stream with its events, in order of arrival. streams: how many the capture has.

    comments: SSE comment lines. recorded: the capture holds a body, events or messages. malformed: bytes
    that the framing does not allow, as sentences. strict: the events as an EventSource would dispatch
    them, where `events` shows more than that.
    """

    stream: Stream
    streams: int
    events: list[Shown]
    comments: int
    retry_ms: int | None
    tail: Rest
    recorded: bool
    malformed: list[str] = field(default_factory=list)
    strict: list[Shown] | None = None


def events_json(found: StreamEvents, *, version: str) -> str:
    """One object; its shape is public API.

    `stream` is the stream as the JSON report has it. `events` are those that the application got: an SSE
    block without data is none, and of a WebSocket only what was received is listed.
    """
    report = Report(captures=[], streams=[found.stream], clusters=[], summary=Summary())
    listed = found.events if found.strict is None else found.strict
    value = {
        "stream": to_dict(report, version=version)["streams"][0],
        "events": [
            {
                "index": event.index, "type": event.type, "data": event.data, "id": event.id,
                "at_ms": plain(event.at_ms), "offset": event.offset,
            }
            for event in listed
            if event.dispatched and not event.sent
        ],
        "comments": found.comments,
        "retry_ms": found.retry_ms,
        "tail": {"bytes": found.tail.bytes, "text": found.tail.text, "reason": found.tail.reason},
    }  # fmt: skip
    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # half of a surrogate pair, from a capture
        data = msgspec.json.encode(_mended(value))
    return msgspec.json.format(data, indent=2).decode() + "\n"


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


def events_terminal(
    found: StreamEvents, *, width: int = 80, color: bool = False, unicode: bool = True
) -> str:
    """A table: place, time, type, size, data; keep-alives folded, silences told, and how it ended."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=max(60, width), force_terminal=color, no_color=not color,
        color_system="standard" if color else None, markup=False, highlight=False, emoji=False,
        legacy_windows=False, soft_wrap=False,
    )  # fmt: skip
    for part in _parts(found, console.width):
        console.print(part)
    text = "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
    return text if unicode else text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def _parts(found: StreamEvents, width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    stream = found.stream
    head = Text(f"{stream.id} ", style="bold", overflow="fold")
    head.append(words.request(stream), style="not bold")
    if found.streams > 1:
        head.append(f"  (1 of {found.streams:,} streams; --stream N shows another)", style="dim not bold")
    yield head
    facts = [part for part in (words.place(stream), *words.facts(stream)) if part]
    yield Text(", ".join(facts), style="dim", overflow="fold")
    yield Text()
    if not found.recorded:
        yield Text("The capture holds neither the body nor the events of this stream.")
    elif not found.events:
        yield Text("No complete event arrived.")
    else:
        yield _table(found, width)
    yield Text()
    yield from _ending(found)


def _table(found: StreamEvents, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="dim", width=width)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("type", no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("data", no_wrap=True, overflow="ellipsis", ratio=1)
    last: float | None = None
    before = ""
    for run in _runs(found.events):
        first = run[0]
        if last is not None and first.at_ms is not None and first.at_ms - last >= _SILENCE:
            silent = Text(f"nothing for {duration(first.at_ms - last)}", style="yellow")
            table.add_row("", "", Text("…", style="yellow"), "", silent)
        at = "" if first.at_ms is None else (duration(first.at_ms) or "")
        last = run[-1].at_ms if run[-1].at_ms is not None else last
        if first.heartbeat and len(run) > 1:
            note = Text(
                f"{plural(len(run), 'keep-alive')}, the last of them number {run[-1].index}", style="dim"
            )
            table.add_row(Text(str(first.index)), Text(at), Text(one_line(first.type), style="dim"), "", note)
            continue
        kind = ("→ " if first.sent else "") + one_line(first.type)
        table.add_row(
            Text(str(first.index)),
            Text(at),
            Text(kind, style="dim" if first.heartbeat or first.sent else "cyan"),
            Text("" if first.size is None else (size(first.size) or "")),
            _data(first, before, width),
        )
        before = first.data or ""
    return table


def _data(event: Shown, before: str, width: int) -> RenderableType:
    """One line of the data, without the beginning that it shares with the event before it."""
    from rich.text import Text

    if event.data is None:
        return Text("not in the capture", style="dim")
    if not event.dispatched:
        return Text("no data: an EventSource does not hand this on", style="dim")
    limit = max(20, 2 * width)
    pairs = enumerate(zip(event.data[:4000], before, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(len(event.data), len(before)))
    start = max(event.data.rfind(mark, 0, same) + 1 for mark in ",{[")
    if start < _SHARED or len(event.data) - start < 2:
        return Text(clipped(event.data, limit))
    return Text("…" + clipped(event.data[start : start + 4 * limit].lstrip(), limit))


def _runs(events: Sequence[Shown]) -> Iterator[list[Shown]]:
    """Neighbouring keep-alives together, everything else alone."""
    run: list[Shown] = []
    for event in events:
        if run and not (event.heartbeat and run[-1].heartbeat and event.sent == run[-1].sent):
            yield run
            run = []
        run.append(event)
    if run:
        yield run


def _ending(found: StreamEvents) -> Iterator[RenderableType]:
    from rich.text import Text

    stream, tail = found.stream, found.tail
    row, verdict = stream.exchange, stream.verdict
    counts = [plural(sum(not e.heartbeat and not e.sent for e in found.events), "event")]
    beats = sum(e.heartbeat for e in found.events)
    counts += [plural(beats, "keep-alive")] if beats else []
    counts += [plural(found.comments, "comment line")] if found.comments else []
    counts += [f"retry: {found.retry_ms:,} ms"] if found.retry_ms is not None else []
    yield Text(", ".join(counts), style="dim")
    for said in found.malformed[:5]:
        yield Text(f"not allowed by the framing: {visible(said, 300)}", style="yellow", overflow="fold")
    if row.idle_before_end_ms is not None and row.idle_before_end_ms >= 1000:
        yield Text(f"then nothing for {duration(row.idle_before_end_ms)}", style="yellow")
    if tail.bytes:
        left = Text(f"left over: {size(tail.bytes)}", style="red", overflow="fold")
        left.append(f"  {clipped(tail.text or '', 400)}", style="not bold")
        yield left
    if tail.reason:
        yield Text(f"owed: {one_line(tail.reason, 300)}", style="red", overflow="fold")
    elif row.terminal_marker == "seen":
        yield Text(f"ended with {one_line(row.terminal_name or 'its end marker', 100)}", style="green")
    style = {"failed": "red", "degraded": "yellow", "info": "blue", "ok": "green"}[verdict.severity]
    end = Text(f"{verdict.cause}", style=f"bold {style}", overflow="fold")
    end.append(f"  {one_line(verdict.title, 300)}", style="not bold")
    yield end
