"""Reports with a given string in every place where a capture or a rule could have put it."""

from __future__ import annotations

import typing
from datetime import datetime
from typing import Any

import msgspec

from analyzer.causes import CONFIDENCES, SEVERITIES, Party
from analyzer.model import Report

# The words of our own closed vocabularies; msgspec refuses any other, in a report from JSON as well.
_CLOSED = {"kind", "role", "party", "severity", "confidence"}
_WORDS = {"har", "netlog", "log", "primary", "related", *typing.get_args(Party), *SEVERITIES, *CONFIDENCES}


def fill(report: Report, text: str) -> Report:
    """`report` with every open string, key of a dictionary included, replaced by `text`."""
    plain = msgspec.to_builtins(report, builtin_types=(datetime,))
    return msgspec.convert(_fill(plain, text), Report, builtin_types=(datetime,), strict=False)


def _fill(value: Any, text: str, key: str = "", depth: int = 0) -> Any:
    if isinstance(value, str):
        return value if key in _CLOSED and value in _WORDS else text
    if isinstance(value, list | tuple):
        return [_fill(item, text, key, depth) for item in value]
    if isinstance(value, dict):
        open_keys = key in _DICTS
        return {
            (f"{text}{i}" if open_keys else name): _fill(
                item, text, "raw" if key in _DICTS else name, depth + 1
            )
            for i, (name, item) in enumerate(value.items())
        }
    return value


_DICTS = {"request_ids", "shared", "raw", "by_cause", "by_party", "by_type", "redacted"}


def places(report: Report) -> int:
    """How many strings `fill` replaces, so that a test can tell that it replaces any."""
    return msgspec.json.encode(fill(report, "\ue000")).decode().count("\ue000")
