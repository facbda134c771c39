"""What `hangup formats` shows and checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from analyzer.errors import RuleError, UsageError
from analyzer.intake.logs.load import read_format, shared_blocks
from analyzer.intake.logs.proof import check_format
from analyzer.intake.logs.shipped import FORMATS, formats


def list_formats() -> list[tuple[str, str, str, str]]:
    """(id, title, kind, product) of every shipped format, by id."""
    return [(f.id, f.title, f.kind, f.product) for f in formats().values()]


def show_format(name: str) -> str:
    """The file of a shipped format as it stands. Raises UsageError with the nearest name."""
    if name not in formats():
        import difflib

        near = difflib.get_close_matches(name, list(formats()), n=1)
        expected = f'nearest is "{near[0]}"' if near else "one of `hangup formats list`"
        raise UsageError(f'there is no log format "{name}"', expected=expected)
    return (FORMATS / f"{name}.yaml").read_text("utf-8")


def check_file(path: str | Path) -> list[str]:
    """What is wrong with a format file: sentences, [] when its samples prove it.

    Raises RuleError with file:line:column when the file does not say what it must.
    """
    file = Path(path)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"it cannot be read ({type(error).__name__})", where=str(path)) from None
    return check_format(read_format(text, str(path), shared_blocks()), formats())


def new_format(name: str) -> str:
    """A commented file to start from, which passes `check_file` as it is. Raises UsageError on a bad name."""
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
        raise UsageError(f'"{name}" is no format id', expected="lower-case words joined by dashes")
    return _SKELETON.replace("NAME", name)


_SKELETON: Final = r"""# A log format. Check it with: hangup formats check NAME.yaml
id: NAME
title: What writes this log
kind: text                      # text, json-lines or w3c
product: my-proxy
source: ["where the product documents its log"]
patterns:
  # RE2, one line after folding; every named group can become a column
  main: >-
    ^(?P<ts>\S+) (?P<client>\S+) (?P<method>[A-Z]+) (?P<target>\S+) (?P<status>\d{3}) (?P<bytes>\d+) (?P<seconds>\d+\.\d+) gw=(?P<why>\S+)$
clock: {field: ts, format: iso, marks: end, resolution_ms: 1}    # does the stamp mark the start or the end?
columns:
  method: {from: method}
  url: {from: target}
  status: {from: status}
  client_ip: {from: client}
  body_bytes: {from: bytes, unit: B}
  duration_ms: {from: seconds, unit: s}                           # the unit in the log; the table is in ms
  error_reason: {from: why}
set: {gateway: my-proxy}
endings:
  # the product's words for how it ended, in ours; the first entry that fits decides
  - {when: {why: '^timeout$', status: {lt: 400}}, then: {closed_by: proxy, closed_phase: data, closed_why: idle-timeout}}
  - use: http-status
samples:
  - line: '2026-11-22T15:50:16.123Z 203.0.113.9 GET /events 200 9120 61.004 gw=timeout'
    expect: {status: 200, duration_ms: 61004.0, closed_by: proxy, closed_why: idle-timeout, started_at: "2026-11-22 15:49:15.119"}
rejects:
  - {line: '2026-11-22T15:50:16.123Z started', because: it is about no request}
"""
