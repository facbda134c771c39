"""Chromium's NetLog (`chrome://net-export`, `--log-net-log`) → a Capture.

Each URL request becomes an exchange; what the log says of the session and the socket that carried it
becomes columns of that exchange. Event and source numbers change with every build and are always read
through the constants at the head of the log.
"""

from __future__ import annotations

from contextlib import closing

from analyzer.errors import CaptureError
from analyzer.intake.inputs import Input
from analyzer.intake.losses import Losses
from analyzer.intake.netlog.collect import Collector
from analyzer.intake.netlog.exchange import record
from analyzer.intake.netlog.lines import Reader
from analyzer.intake.netlog.names import Names
from analyzer.model import Capture, CaptureInfo, Recorded

__all__ = ["read_netlog"]

_HELP = "record again with chrome://net-export and press Stop Logging before you copy the file"


def read_netlog(inp: Input) -> Capture:
    """Read a NetLog, complete or cut off, plain or compressed.

    Rows have no body unless the log was made with raw bytes included; they have the times at which bytes
    arrived. Raises CaptureError when the file has no constants or not a single event.
    """
    losses = Losses()
    with closing(Reader(inp, losses)) as reader:
        names = Names(reader.constants, inp.path)
        log = Collector(names)
        for index, event in reader.events(log.wanted):
            log.take(index, event)
    if not reader.count:
        raise CaptureError(
            "it is a NetLog without events: a log with a size limit keeps them in other files until it is stopped",
            where=inp.path, help=_HELP,
        )  # fmt: skip
    if not reader.closed:
        losses.add(inp.path, "the log was cut off", "later events are missing")
    if names.offset_ms is None:
        losses.add("$.constants", "timeTickOffset is missing", "clock columns are not recorded")
    for warning in inp.warnings:
        losses.add(inp.path, warning)
    entries: list[Recorded] = []
    for hop in log.hops:
        recorded = record(len(entries), hop, log, inp.path)
        if recorded is not None:
            entries.append(recorded)
    creator = f"{names.client} {names.version or ''}".strip() if names.client else None
    info = CaptureInfo(
        path=inp.path, kind="netlog", dialect="chrome-netlog", creator=creator, exchanges=len(entries),
        warnings=losses.sentences(),
    )  # fmt: skip
    return Capture(info=info, entries=entries)
