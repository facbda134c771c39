"""Capture text made fit to be seen: nothing invisible, nothing that turns the line around.

Escaping for HTML is the templates' job (autoescape) and `markupsafe`'s; this module only makes sure
that what the eye reads is what the capture holds.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any, Final

from analyzer.patterns import later

# Joiners shape letters in Persian and the Indic scripts and hold emoji together; they hide nothing.
_KEPT: Final = frozenset("\t\n\u200c\u200d")
_SUSPECT: Final = later(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


@cache
def _escape(char: str) -> str:
    if char in _KEPT:
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures: ␛ for ESC
    if code == 0x7F:
        return "␡"
    if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Cn", "Lo", "Mn"}:
        return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def visible(text: object, limit: int | None = None) -> str:
    """`text` with control, bidi and invisible characters as visible escapes; lines and tabs stay.

    limit: longest result in characters; what is cut is announced at the end, with its length.
    """
    source = text if isinstance(text, str) else str(text)
    dropped = 0
    if limit is not None and len(source) > limit:
        dropped = len(source) - limit
        source = source[:limit]
    if source.isascii() and source.isprintable():  # nearly always, and many times faster
        shown = source
    else:
        shown = _SUSPECT.sub(lambda match: _escape(match.group()), source)
    return f"{shown}… ({dropped:,} more characters)" if dropped else shown


def clipped(text: object, limit: int) -> str:
    """`text` on one line, cut with a plain ellipsis: for labels, where the whole is shown elsewhere."""
    shown = one_line(text if isinstance(text, str) and len(text) <= 4 * limit else str(text)[: 4 * limit])
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def one_line(text: object, limit: int | None = None) -> str:
    """Like `visible`, on one line: line ends become ␊, tabs ␉."""
    shown = visible(text, limit)
    return shown if shown.isprintable() else shown.replace("\n", "␊").replace("\t", "␉")


def pretty_json(value: Any, *, width: int = 100, limit: int = 6000, depth: int = 14) -> str:
    """JSON for reading: small containers on one line. Cut at `limit` characters, and says so."""
    budget = [limit * 2]  # stop building long before a hostile entry is fully printed
    text = _pretty(value, "", width, depth, budget)
    return visible(text, limit)


def _pretty(value: Any, indent: str, width: int, depth: int, budget: list[int]) -> str:
    import json  # for the evidence drawer only

    if budget[0] <= 0 or depth <= 0:
        return "…"
    if isinstance(value, str):
        budget[0] -= len(value)
        return json.dumps(value[: max(0, budget[0]) + 200], ensure_ascii=False)
    if not isinstance(value, dict | list) or not value:
        budget[0] -= 8
        return json.dumps(value, ensure_ascii=False, default=str)
    inner = indent + "  "
    parts: list[str] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        label = f"{json.dumps(str(key), ensure_ascii=False)}: " if isinstance(value, dict) else ""
        parts.append(label + _pretty(item, inner, width, depth - 1, budget))
        budget[0] -= len(label) + 2
        if budget[0] <= 0:
            parts.append("…")
            break
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    flat = opening + ", ".join(parts) + closing
    if len(flat) + len(indent) <= width and "\n" not in flat:
        return flat
    body = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{body}\n{indent}{closing}"
