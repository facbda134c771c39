"""Two captures beside each other: what changed, whether it helped, and how sure that is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from analyzer.causes import CAUSES, Confidence
from analyzer.report.markdown import code, prose, text
from analyzer.report.numbers import plural
from analyzer.safe import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

Outcome = Literal[
    "gone",
    "rarer",
    "still",
    "changed",
    "more-often",
    "new",
    "fine",
    "untested",
    "not-comparable",
    "no-streams",
]

_ASCII: Final = str.maketrans("→…⟨⟩−–—“”’·×\u00a0", '>.<>---""\'.x ')
_STYLE: Final[dict[str, str]] = {
    "gone": "green", "rarer": "yellow", "still": "red", "changed": "red", "more-often": "red", "new": "red",
    "fine": "green", "untested": "yellow", "not-comparable": "yellow", "no-streams": "yellow",
}  # fmt: skip
_SURE: Final[dict[Confidence, str]] = {
    "certain": "certain: chance does not explain it",
    "likely": "likely: chance hardly explains it",
    "possible": "possible: it may as well be luck",
}


@dataclass(frozen=True, slots=True)
class Side:
    """What one capture has of a call. causes: how many streams got which cause. failed: lost or degraded."""

    streams: int
    failed: int
    causes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One column whose values differ. before, after: the values, most frequent first, fit to be shown.

    whole: no value occurs on both sides. group: wire, timing, client or answer.
    """

    column: str
    group: str
    before: list[Any]
    after: list[Any]
    whole: bool
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """The same call in both captures. path: with `*` for what names a single resource.

    why: what makes the outcome as sure as it is. chance: how probable a result like this would be if
    nothing had changed; None where there is nothing to explain. reached: whether the later capture got
    as far as the point at which the earlier one broke; None where that is no question.
    """

    method: str | None
    host: str | None
    path: str
    before: Side
    after: Side
    outcome: Outcome
    confidence: Confidence
    why: str
    chance: float | None = None
    reached: bool | None = None
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole comparison. title and explanation are about the call that matters most, the first one.

    only_before, only_after: calls that one capture alone has, as `METHOD host/path`.
    """

    outcome: Outcome
    confidence: Confidence
    title: str
    explanation: str
    before: Side
    after: Side
    before_paths: list[str]
    after_paths: list[str]
    calls: list[Call] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    only_before: list[str] = field(default_factory=list)
    only_after: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def compare_json(found: Comparison, *, version: str) -> str:
    """One object with the fields of `Comparison`; values that were not recorded are null."""
    value = {"version": 1, "generator": {"name": "hangup", "version": version}, **asdict(found)}
    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # half of a surrogate pair, from a capture
        data = msgspec.json.encode(_mended(value))
    return msgspec.json.format(data, indent=2).decode() + "\n"


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


def compare_terminal(found: Comparison, *, width: int = 80, color: bool = False, unicode: bool = True) -> str:
    """The comparison for a terminal."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=max(60, width), force_terminal=color, no_color=not color,
        color_system="standard" if color else None, markup=False, highlight=False, emoji=False,
        legacy_windows=False, soft_wrap=False,
    )  # fmt: skip
    for part in _terminal(found):
        console.print(part)
    shown = "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
    return shown if unicode else shown.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def _terminal(found: Comparison) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text(one_line(found.title, 300), style=f"bold {_STYLE[found.outcome]}", overflow="fold")
    yield Text(f"How sure: {_SURE[found.confidence]}", style="dim")
    yield Text(one_line(found.explanation, 2000), overflow="fold")
    for call in found.calls:
        yield Text()
        head = Text(f"{call.outcome}  ", style=f"bold {_STYLE[call.outcome]}", overflow="fold")
        head.append(_name(call), style="not bold default")
        yield head
        for label, side in (("before", call.before), ("after", call.after)):
            yield Padding(Text(f"{label:<7} {_side(side)}", overflow="fold"), (0, 0, 0, 2))
        if call is not found.calls[0]:
            yield Padding(Text(one_line(call.why, 1000), style="dim", overflow="fold"), (0, 0, 0, 2))
        for difference in call.differences:
            yield Padding(Text(f"- {one_line(difference.text, 400)}", overflow="fold"), (0, 0, 0, 4))
        if not call.differences:
            yield Padding(Text("- nothing on the wire differs", style="dim"), (0, 0, 0, 4))
    if found.differences:
        yield Text()
        yield Text("The captures as a whole", style="bold")
        for difference in found.differences:
            yield Padding(Text(f"- {one_line(difference.text, 400)}", overflow="fold"), (0, 0, 0, 4))
    for label, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            yield Text()
            yield Text(
                f"Only {label}: {', '.join(one_line(n, 200) for n in names[:10])}",
                style="dim",
                overflow="fold",
            )
    for warning in found.warnings[:8]:
        yield Text(f"warning: {one_line(warning, 400)}", style="yellow", overflow="fold")


def _name(call: Call) -> str:
    return one_line(f"{call.method or '?'} {call.host or ''}{call.path}", 300)


def _side(side: Side) -> str:
    if not side.streams:
        return "not in this capture"
    said = ", ".join(f"{count:,} × {cause}" for cause, count in side.causes.items())
    return f"{plural(side.streams, 'stream')}, {side.failed:,} went wrong: {said}"


def compare_markdown(found: Comparison) -> str:
    """The comparison for a ticket. Nothing of a capture can become markup."""
    return "\n".join(_markdown(found)).rstrip("\n") + "\n"


def _markdown(found: Comparison) -> Iterator[str]:
    yield f"## {text(found.title)}"
    yield ""
    yield f"**How sure:** {text(_SURE[found.confidence])}"
    yield ""
    yield prose(found.explanation)
    if found.calls:
        yield ""
        yield "| call | before | after | outcome |"
        yield "|---|---|---|---|"
        for call in found.calls:
            yield f"| {code(_name(call))} | {text(_side(call.before))} | {text(_side(call.after))} | {call.outcome} |"
    for call in found.calls:
        if call.differences:
            yield ""
            yield f"**{code(_name(call))}**"
            yield ""
            yield from (f"- {text(difference.text)}" for difference in call.differences)
    if found.differences:
        yield ""
        yield "**The captures as a whole**"
        yield ""
        yield from (f"- {text(difference.text)}" for difference in found.differences)
    for label, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            yield ""
            yield f"Only {label}: {', '.join(code(name, 200) for name in names[:10])}"


def title_of(cause: str) -> str:
    """The cause in words, as the middle of a sentence."""
    title = CAUSES[cause].title
    return title[:1].lower() + title[1:]
