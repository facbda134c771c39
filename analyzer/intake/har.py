"""A HAR, in whatever state → a Capture: every entry is read, or warned about."""

from __future__ import annotations

import contextlib
import gc
import mmap
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from analyzer.errors import CaptureError
from analyzer.intake import agents, shape, text, values
from analyzer.intake.bodies import Attachment, any_list
from analyzer.intake.dialects import choose
from analyzer.intake.entry import Context, record
from analyzer.intake.inputs import Input
from analyzer.intake.losses import Losses
from analyzer.model import Capture, CaptureInfo, Page, Recorded

if TYPE_CHECKING:
    from analyzer.intake import document

_MADV_POPULATE_READ = 22  # of Linux's mman.h; Python has no name for it
_FETCHED = 1 << 30


class _WholeLog(msgspec.Struct):
    """A log whose every entry has the expected shape: one pass over the bytes instead of two."""

    entries: list[shape.Entry]
    creator: Raw = shape.NONE
    browser: Raw = shape.NONE
    pages: Raw = shape.NONE
    tls_errors: Raw = msgspec.field(default=shape.NONE, name="_tlsErrors")


class _WholeDocument(msgspec.Struct):
    log: _WholeLog


_decode_whole = msgspec.json.Decoder(_WholeDocument).decode


class _Slices:
    """The raw entries of a document that was read in one pass: cut only if anybody asks."""

    __slots__ = ("_data", "_raws")

    def __init__(self, data: text.Buffer) -> None:
        self._data = data
        self._raws: list[Raw] | None = None

    def __getitem__(self, position: int) -> Raw:
        if self._raws is None:
            from analyzer.intake import document  # most captures are read without it

            self._raws = document.decode(self._data).log.entries
        return self._raws[position]


def read_har(inp: Input) -> Capture:
    """Read a HAR.

    Entries in the file = entries returned + entries that a warning counts. Bodies are unescaped
    only when asked for. Raises CaptureError when nothing in the file can be read.
    """
    losses = Losses()
    data = text.as_utf8(inp.view(), losses, inp.path)
    for warning in inp.warnings:
        losses.add(inp.path, warning)
    _fetch(data)
    with _no_collection():
        return _read(inp.path, data, losses, inp.attachment)


def _read(path: str, data: text.Buffer, losses: Losses, attached: Attachment) -> Capture:
    log: document.Log | _WholeLog
    raws: Sequence[Raw] | _Slices
    try:
        log = _decode_whole(data).log
        found = list(enumerate(log.entries))
        raws = _Slices(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        from analyzer.intake import document

        data = data[:] if isinstance(data, mmap.mmap) else data  # mending needs methods that maps lack
        log = document.find(data, path, losses)
        raws = log.entries
        read = ((position, _entry(position, raw, losses)) for position, raw in enumerate(raws))
        found = [(position, entry) for position, entry in read if entry is not None]
    if not found and not isinstance(raws, _Slices) and len(raws):
        raise CaptureError(
            "none of its entries can be read",
            where=path,
            expected="entries as HAR 1.2 describes them",
            help="; ".join(losses.sentences()[-1:]) or None,
        )
    text.check_utf8(data, losses, path)

    creator, creator_version = _named(log.creator)
    browser, browser_version = _named(log.browser)
    shapes = [entry for _, entry in found]
    dialect = choose(creator, shapes)(shapes)
    pages = _pages(log.pages)
    context = Context(
        path=path,
        dialect=dialect,
        agent=agents.declared(browser, browser_version) or agents.declared(creator, creator_version),
        attached=attached,
        page_starts={page.id: page.started_ms for page in pages if page.started_ms is not None},
        losses=losses,
    )
    refused = len(any_list(log.tls_errors))
    if refused:
        losses.add(
            "$.log._tlsErrors", f"{refused} TLS handshakes failed before any request", "they are no exchanges"
        )
    entries: list[Recorded] = []
    for position, entry in found:
        entries.append(record(position, entry, raws, context))
        # What was read of it is done with: the memory serves the next ones.
        entry.request = entry.response = entry.timings = None
    dialect.settle(recorded.exchange for recorded in entries)
    forget = partial(_forget, data)
    forget()
    info = CaptureInfo(
        path=path,
        kind="har",
        dialect=dialect.label,
        creator=creator,
        exchanges=len(entries),
        warnings=losses.sentences(),
    )
    return Capture(info=info, entries=entries, pages=pages, forget=forget)


def _fetch(data: text.Buffer) -> None:
    """Map all pages of a file at once: one by one, as they are met, costs several times as much."""
    if isinstance(data, mmap.mmap) and sys.platform == "linux" and len(data) <= _FETCHED:
        with contextlib.suppress(OSError):  # before Linux 5.14 there is no such advice
            data.madvise(_MADV_POPULATE_READ)


def _forget(data: text.Buffer) -> None:
    """Take the pages of a mapped file out of memory: they come back from the system's cache when needed."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing that reading makes is garbage: looking for it would cost a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _entry(position: int, raw: Raw, losses: Losses) -> shape.Entry | None:
    """One entry, fast or forgiving; None with a loss where nothing can be read."""
    where = f"$.log.entries[{position}]"
    try:
        return shape.entry(raw)
    except msgspec.ValidationError as error:
        # msgspec names the path and the types, never a value.
        reason = f"a field is of an unexpected type ({str(error).partition(' - at')[0]})"
    except (msgspec.MsgspecError, ValueError):
        reason = "it is not valid JSON"
    except RecursionError:
        losses.add(where, "it is nested too deeply", "the exchange is left out")
        return None
    try:
        found = shape.fix(shape.plain(raw))
    except (ValueError, RecursionError):
        losses.add(where, reason, "the exchange is left out")
        return None
    if found is None:
        losses.add(where, "it is no object", "the exchange is left out")
        return None
    losses.add(where, reason, "what does not fit is read as not recorded")
    return found


def _named(raw: Raw) -> tuple[str | None, str | None]:
    """Name and version of `creator` or `browser`."""
    try:
        value = shape.plain(raw) if shape.present(raw) else None
    except (ValueError, RecursionError):
        return None, None
    if type(value) is not dict:
        return None, None
    return values.text(value.get("name")), values.text(value.get("version"))


def _pages(raw: Raw) -> list[Page]:
    try:
        value = shape.plain(raw) if shape.present(raw) else None
    except (ValueError, RecursionError):
        return []
    pages = []
    for page in value if type(value) is list else ():
        if type(page) is not dict:
            continue
        timings = page.get("pageTimings")
        timings = timings if type(timings) is dict else {}
        started = values.instant(page.get("startedDateTime"))
        pages.append(
            Page(
                id=values.text(page.get("id")) or "",
                title=values.text(page.get("title")) or "",
                started_ms=values.epoch_ms(started) if started is not None else None,
                on_content_load_ms=values.duration(timings.get("onContentLoad")),
                on_load_ms=values.duration(timings.get("onLoad")),
            )
        )
    return pages
