"""Where the entries are in a JSON document: at `log.entries`, elsewhere, or in its wreckage."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from analyzer.errors import CaptureError
from analyzer.intake import shape, split, text
from analyzer.intake.losses import Losses

_HELP = "export it again: DevTools > Network > Export HAR"


class Log(msgspec.Struct):
    """A log whose entries are still raw."""

    entries: list[Raw]
    creator: Raw = shape.NONE
    browser: Raw = shape.NONE
    pages: Raw = shape.NONE
    tls_errors: Raw = msgspec.field(default=shape.NONE, name="_tlsErrors")


class _Document(msgspec.Struct):
    log: Log


decode = msgspec.json.Decoder(_Document).decode


def find(data: text.Buffer, path: str, losses: Losses) -> Log:
    """The log, its entries raw. Raises CaptureError where there is not even the beginning of one."""
    try:
        return decode(data).log
    except msgspec.ValidationError:
        other = _elsewhere(data)
        if other is not None and other.entries:
            losses.add("$", "the log is not where HAR 1.2 puts it", "it was found elsewhere in the document")
            return other
        if other is not None:
            losses.add("$.log.entries", "it is missing or empty", "there is no exchange")
            return other
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return _salvage(data, path, losses)


def _elsewhere(data: text.Buffer) -> Log | None:
    """A log one level down, a bare log, or a list of logs: the first object that has entries."""
    try:
        root = msgspec.json.decode(data, type=dict[str, Raw] | list[Raw] | None)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    queue: list[tuple[Any, int]] = [(root, 0)]
    empty: Log | None = None
    for holder, depth in queue:
        parts: list[Raw] = list(holder.values()) if isinstance(holder, dict) else list(holder or ())
        if isinstance(holder, dict) and "entries" in holder:
            log = _log_of(holder)
            if log is not None:
                return log
        if isinstance(holder, list) and holder and _is_entry(holder[0]):
            return Log(holder)
        if isinstance(holder, dict) and isinstance(holder.get("log"), Raw) and empty is None:
            empty = _empty_log(holder["log"])
        if depth >= 4:
            continue
        for part in parts[:1000]:
            if bytes(memoryview(part)[:1]) in (b"{", b"["):
                try:
                    inner = msgspec.json.decode(part, type=dict[str, Raw] | list[Raw])
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    continue
                queue.append((inner, depth + 1))
    return empty


def _is_entry(raw: Raw) -> bool:
    """An entry in a list that has lost the log around it."""
    try:
        found = shape.entry(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return found.request is not None and (found.response is not None or found.startedDateTime is not None)


def _log_of(holder: dict[str, Raw]) -> Log | None:
    try:
        entries = msgspec.json.decode(holder["entries"], type=list[Raw] | None)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    get = holder.get
    return Log(
        entries or [], get("creator", shape.NONE), get("browser", shape.NONE), get("pages", shape.NONE)
    )


def _empty_log(raw: Raw) -> Log | None:
    """A log without entries: creator or version says that it is one."""
    try:
        log = msgspec.json.decode(raw, type=dict[str, Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not {"version", "creator", "pages", "browser"} & log.keys():
        return None
    return Log(
        [], log.get("creator", shape.NONE), log.get("browser", shape.NONE), log.get("pages", shape.NONE)
    )


def _salvage(data: text.Buffer, path: str, losses: Losses) -> Log:
    """A document that no parser accepts: the complete entries, and how many bytes they leave over."""
    start = split.find_entries(data)
    if start is None:
        raise CaptureError(
            "it is no HAR that can be read: no list of entries was found", where=path, help=_HELP
        )
    view = memoryview(data)
    cut = split.elements(data, start, lambda begin, end: _is_json(Raw(view[begin:end])))
    if not cut.spans and not cut.closed:
        raise CaptureError(
            "the file is cut or damaged before its first entry ends", where=path,
            effect=f"{len(data)} bytes hold no complete exchange", help=_HELP,
        )  # fmt: skip
    for begin, end in cut.damaged:
        losses.add(
            f"{path}, byte {begin}", f"{end - begin} bytes are damaged", "the entries in them are lost"
        )
    if not cut.closed:
        losses.add(
            path, f"the file is cut or damaged after its entry {len(cut.spans) - 1}",
            f"the last {len(data) - cut.end} bytes could not be read",
        )  # fmt: skip
    elif not cut.damaged:
        losses.add(path, "it is not valid JSON", "its entries were read one by one")
    if cut.closed and split.find_entries(data, cut.end) is not None:
        losses.add(path, "another list of entries follows the first", "it was not read")

    def member(name: bytes) -> Raw:
        found = split.member(data, name, 0, start) or split.member(data, name, cut.end, len(data))
        return Raw(found) if found is not None else shape.NONE

    entries = [Raw(view[begin:end]) for begin, end in cut.spans]
    return Log(entries, member(b"creator"), member(b"browser"), member(b"pages"))


def _is_json(raw: Raw) -> bool:
    """The bytes are a JSON value, in whatever shape, or one that is only nested too deeply."""
    try:
        shape.entry(raw)
    except (msgspec.ValidationError, RecursionError):
        return True
    except (msgspec.MsgspecError, ValueError):
        try:
            shape.plain(raw)
        except ValueError:
            return False
        except RecursionError:
            return True
    return True
