"""The recorded entry for the evidence drawer: all that was recorded, in as few characters as read well.

A header is one line instead of an object, what is empty or unknown is left out, and of many events
the first and the last are shown. Nothing is said here that the redacted entry does not say.
"""

from __future__ import annotations

import re
from typing import Any, Final

from markupsafe import Markup

from analyzer.safe import pretty_json

_NOTHING: Final[tuple[object, ...]] = ("", None, [], {}, "⟨0 cookies⟩", "⟨0 parameters, see url⟩")
# HAR 1.2: -1 is "does not apply" in timings, and "not available" for sizes.
_UNKNOWN: Final = -1
_LONGEST: Final = 200  # characters of one header's value
_ENDS: Final = 6  # events shown from the beginning, and as many from the end
_DEPTH: Final = 14


def raw_entry(entry: Any, *, limit: int, ends: int = _ENDS) -> Markup:
    """The redacted entry, escaped for the text of an element. limit: characters before escaping."""
    return text_only(pretty_json(_short(entry, ends, 0), limit=limit, width=110))


def text_only(text: str) -> Markup:
    """`text` escaped for an element's content, where quotes mean nothing. Never for an attribute."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(escaped)  # noqa: S704 -- no tag can begin in it


def _short(value: Any, ends: int, depth: int, key: str = "") -> Any:
    if depth > _DEPTH:
        return "⟨…⟩"
    if isinstance(value, dict):
        shown = {name: _short(item, ends, depth + 1, name) for name, item in value.items()}
        return {name: item for name, item in shown.items() if not _is_nothing(item)}
    if isinstance(value, list):
        if key == "headers":
            return [_header(item) for item in value]
        if len(value) > 2 * ends:
            left_out = f"⟨{_left_out(value, ends):,} more⟩"
            value = [*value[:ends], left_out, *value[-ends:]]
        return [_short(item, ends, depth + 1) for item in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 3)
    return value


def _left_out(items: list[Any], ends: int) -> int:
    """How many are not shown, counting those that an entry of the list itself stands for."""
    more = (re.fullmatch(r"⟨([\d,]+) more⟩", item) for item in items[ends:-ends] if isinstance(item, str))
    stood_for = [int(found[1].replace(",", "")) for found in more if found]
    return len(items) - 2 * ends - len(stood_for) + sum(stood_for)


def _header(header: Any) -> Any:
    if not isinstance(header, dict):
        return header
    name, value = str(header.get("name", "")), str(header.get("value", ""))
    if len(value) > _LONGEST:
        value = f"{value[:_LONGEST]}… ({len(value) - _LONGEST:,} more characters)"
    return f"{name}: {value}"


def _is_nothing(value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value == _UNKNOWN
    return any(value is nothing or value == nothing for nothing in _NOTHING)
