"""A log format as data: what one YAML under `formats/` may say, read and checked into `Format`.

The file holds facts about a product's log lines and no code: RE2 patterns with named groups (or JSON
keys), how groups become columns of the exchange table, what the product's own words mean in the closed
vocabularies, sample lines with their exact values, and lines that it must refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from analyzer.columns import columns as table_columns

KINDS: Final = ("text", "json-lines", "w3c")
VALUE_KINDS: Final = ("text", "int", "float", "bool", "request", "url", "endpoint", "media-type", "version")
UNITS: Final = {"ms": 1.0, "s": 1000.0, "us": 0.001, "ns": 0.000001, "B": 1.0}
LISTS: Final = ("last", "first", "count", "sum")
MARKS: Final = ("start", "end", "headers")
EPOCHS: Final = ("epoch", "iso")
GROUP = re.compile(r"\(\?P<([A-Za-z_]\w*)>")


class Clock(msgspec.Struct, frozen=True):
    """A time stamp. marks: the moment it stands for; headers is the first byte of the answer."""

    field: str
    format: str
    marks: str
    resolution_ms: float


class Column(msgspec.Struct, frozen=True):
    """How one column comes out of a line. The first of `source` that is not missing wins.

    unit: the log's unit of a time. list: which item of an nginx-like list counts. part: RE2 whose
    group 1 is the value. words: the product's word to ours; a word that is not listed stays missing.
    """

    source: tuple[str, ...]
    kind: str = "text"
    unit: str | None = None
    missing: tuple[str, ...] = ("", "-")
    list: str | None = None
    part: str | None = None
    words: Mapping[str, Any] | None = None
    add: bool = False
    lower: bool = False


class Ending(msgspec.Struct, frozen=True):
    """If all of `when` holds, `then` is true of the line. A str tests a group with RE2, a number, list
    or mapping compares a column, None means that the column or group is missing."""

    when: Mapping[str, Any]
    then: Mapping[str, Any]


class Sample(msgspec.Struct, frozen=True):
    """A line and the exact values of the columns named in `expect`."""

    line: str
    expect: Mapping[str, Any]
    header: str | None = None


class Format(msgspec.Struct, frozen=True):
    """One log format. See docs/log-formats.md for the meaning of every key."""

    id: str
    title: str
    kind: str
    product: str
    source: tuple[str, ...] = ()
    role: str = "access"
    patterns: Mapping[str, str] = msgspec.field(default_factory=dict)
    signature: Mapping[str, Any] = msgspec.field(default_factory=dict)
    pairs_in: str | None = None
    separator: str | None = None
    not_requests: tuple[str, ...] = ()
    interest: str | None = None
    calm: str | None = None
    shape: str | None = None
    quiet: str | None = None
    lasted: str | None = None
    clocks: tuple[Clock, ...] = ()
    columns: Mapping[str, Column] = msgspec.field(default_factory=dict)
    constants: Mapping[str, Any] = msgspec.field(default_factory=dict)
    streams: tuple[Ending, ...] = ()
    endings: tuple[Ending, ...] = ()
    not_recorded: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    names: str | None = None
    samples: tuple[Sample, ...] = ()
    rejects: tuple[tuple[str, str], ...] = ()
    path: str = ""
    needs: tuple[tuple[str, ...], ...] = ()

    @property
    def sifted(self) -> bool:
        """Whether a look at a raw line can tell that it is no stream."""
        return self.interest is not None or self.calm is not None

    @property
    def weight(self) -> int:
        """How much the format says about a line; of two that fit, the one that says more is chosen."""
        return len(self.columns) + len(self.clocks)


def default_kind(name: str) -> str:
    """How a column is read when the format does not say."""
    special = {"url": "url", "upstream": "endpoint", "content_type": "media-type", "http_version": "version"}
    if name in special:
        return special[name]
    kinds = {"text": "text", "integer": "int", "number": "float", "boolean": "bool", "timestamp": "text"}
    return kinds[table_columns()[name].type]
