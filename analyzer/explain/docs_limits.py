"""docs/timeouts.md, written from limits.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from analyzer.explain.limits import ENDING, MEASURES, Limit, duration, limits

_PARTS: Final[tuple[tuple[str, str], ...]] = (
    ("gateway", "Proxies, load balancers, CDNs and platforms"),
    ("network", "On the reader's side of the internet"),
    ("origin", "Application servers and runtimes"),
    ("provider", "Model providers"),
    ("browser", "HTTP clients, SDKs, pages and browsers"),
)

_INTRO: Final = """\
# Timeouts and limits that end streams

A stream lives only as long as the shortest limit on its whole path. This table lists the defaults of well-known
products. A default is a candidate, never a proof: every operator may have set another value, and several products
share each round number.

## Which clock is it?

{clocks}

Tell the two that matter apart before you change anything:

1. Note for several cut streams the **silence** before the end and the **total duration**.
2. Equal silences and different totals: an *idle* limit. Equal totals while data was flowing: a *total* limit.
3. The experiment that settles it: send a comment line (`: ping`) every 15 s. If the cuts stop, it was idle; if they
   stay at the same age, it was total.
4. Many streams that end in the same second with different ages were not cut by a timeout at all: look for a reload, a
   deployment or a crash.

Timers fire late, not early: a measured time may lie up to 0.3 s below the limit and 2.5 s above it.

## Rules of thumb

- Every outer hop must wait longer than the hop behind it; otherwise the outer one cuts what the inner one still serves.
- A heartbeat every 15 s keeps a stream alive through every idle limit of 20 s and more.
- A heartbeat does not help against a total limit: raise it, or make the answer resumable.
- Before the first byte, idle limits count too: send headers and a first comment before the model begins.
"""


def timeouts_page(note: str, anchor: Callable[[Limit], str]) -> str:
    """The whole page. note: the comment that says that the page is generated; anchor: a row's id in it."""
    rows = limits()
    clocks = "\n".join(f"- **{name}**: {text}." for name, text in MEASURES.items())
    parts = [note, "", _INTRO.format(clocks=clocks), _by_number(rows)]
    for party, title in _PARTS:
        parts += [f"## {title}", "", _table((row for row in rows if row.party == party), anchor), ""]
    parts += ["## Sources", "", *sorted({f"- {row.source}" for row in rows}), ""]
    return "\n".join(parts)


def _by_number(rows: Iterable[Limit]) -> str:
    found: dict[int, dict[str, list[str]]] = {}
    for row in rows:
        if row.default_ms is not None and row.measures in ENDING:
            name = f"{row.product} `{row.setting}`" + ("" if row.sure else " (?)")
            found.setdefault(row.default_ms, {}).setdefault(row.measures, []).append(name)
    lines = [
        f"| {_seconds(ms)} | {'; '.join(by.get('idle', []))} | {'; '.join(by.get('total', []))} | {'; '.join(by.get('first-byte', []))} |"
        for ms, by in sorted(found.items())
    ]
    head = [
        "## By number",
        "",
        "Measured a silence or a duration? These defaults fit. `(?)` marks a default that is not certain.",
        "",
        "| Time | Idle | Total | First byte |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *lines, ""])


def _seconds(ms: int) -> str:
    """In seconds, as people measure, and in the larger unit beside it: `300 s (5 min)`."""
    seconds = f"{ms / 1000:g} s"
    return seconds if duration(ms) == seconds else f"{seconds} ({duration(ms)})"


def _table(rows: Iterable[Limit], anchor: Callable[[Limit], str]) -> str:
    head = [
        "| Product | Setting | Default | Measures | Write | Where | Heartbeat helps | Note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(_row(row, anchor(row)) for row in rows)])


def _row(row: Limit, anchor: str) -> str:
    default = duration(row.default_ms) if row.default_ms is not None else "off"
    default += "" if row.sure else " (?)"
    most = f" At most {duration(row.max_ms)}." if row.max_ms else ""
    cells = (
        f'<a id="{anchor}"></a>{row.product}',
        f"`{row.setting}`",
        default,
        row.measures,
        f"`{row.config_line}`" if row.config_line else "-",
        row.where,
        "yes" if row.heartbeat_helps else "no",
        f"{row.note}{most}".strip(),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
