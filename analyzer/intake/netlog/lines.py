"""A NetLog file → its constants and its events, one line at a time.

Chromium writes the constants on the first line and every event on a line of its own, so that a log of
any size is read with the memory of one line. A document that somebody has reformatted is read whole.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Any, BinaryIO, Final

import msgspec
from msgspec import Raw

from analyzer.errors import CaptureError
from analyzer.intake import archive, split, text
from analyzer.intake.inputs import Input
from analyzer.intake.losses import Losses

_STEP: Final = 1024 * 1024
_LONGEST_LINE: Final = 64 * _STEP  # the constants take about 100 kB; a line with raw bytes may be larger
# White space is bounded: a file of nothing else must not cost the square of its length.
_EVENTS: Final = re.compile(rb'"events"\s{0,9}:\s{0,9}\[[ \t]{0,9}\r?\n')
_ARRAY: Final = re.compile(rb'"events"\s{0,9}:\s{0,9}\[')
_PRETTY: Final = re.compile(
    rb"[ \t]{0,99}\{[ \t]{0,9}\r?\n"
)  # an event that begins a line and does not end on it
# A JSON object whose last member is a number closes with that one brace, so this is the event's own type.
_TYPE: Final = re.compile(rb'"type":\s*(\d{1,9})\}$')
_HELP: Final = "record again with chrome://net-export and press Stop Logging before you copy the file"


class Source(msgspec.Struct):
    """What an event belongs to: a request, a socket, a session."""

    id: int = 0
    type: int = -1
    start_time: str | int | float | None = None


class Event(msgspec.Struct):
    """One event; `params` stays raw until somebody needs it."""

    type: int
    time: str | int | float
    source: Source = msgspec.field(default_factory=Source)
    phase: int = 0
    params: Raw = Raw(b"{}")


_decode = msgspec.json.Decoder(Event).decode


class _Whole(msgspec.Struct):
    constants: dict[str, Any]
    events: list[Raw] = []


class Reader:
    """Reads one log once. constants: set when the reader is made; `events` may be called once.

    Raises CaptureError where not even the constants can be read. closed: the list of events had its end.
    count: events in the file, wanted or not.
    """

    def __init__(self, inp: Input, losses: Losses) -> None:
        self.path = inp.path
        self.losses = losses
        self.count = 0
        self.closed = False
        self._input = inp
        self._stream: BinaryIO | None = None
        self._rest = b""
        self._whole: list[Raw] = []
        self.constants = self._open()

    def events(self, wanted: Container[int]) -> Iterator[tuple[int, Event]]:
        """(number in the file, event) for the types in `wanted`, in file order."""
        for index, line in self._lines() if self._stream is not None else enumerate(self._whole):
            self.count = index + 1
            if isinstance(line, bytes):
                found = _TYPE.search(line, max(0, len(line) - 24))
                if found and int(found[1]) not in wanted:
                    continue
            try:
                event = _decode(line)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                self._lost(index)
                continue
            if event.type in wanted:
                yield index, event

    def close(self) -> None:
        """Let go of the file."""
        if self._stream is not None:
            self._stream.close()

    # ------------------------------------------------------------------ how

    def _open(self) -> dict[str, Any]:
        stream = self._input.open()
        head = bytearray()
        kept = False
        try:
            while len(head) < _LONGEST_LINE:
                piece = stream.read(_STEP)
                head += piece
                found = _EVENTS.search(head)
                if found:
                    if _PRETTY.match(head, found.end()):
                        break
                    before = bytes(head[: found.start()]).removeprefix(b"\xef\xbb\xbf").rstrip(b" \t\r\n,")
                    constants = _constants(before + b"}")
                    if constants is None:
                        break
                    self._stream, self._rest, kept = stream, bytes(head[found.end() :]), True
                    return constants
                if not piece:
                    break
        except (OSError, ValueError, archive.Broken) as error:
            raise CaptureError("it cannot be read", where=self.path, effect=type(error).__name__) from error
        finally:
            if not kept:
                stream.close()
        return self._read_whole()

    def _read_whole(self) -> dict[str, Any]:
        data = text.as_utf8(self._input.data(), self.losses, self.path)
        try:
            whole = msgspec.json.decode(data, type=_Whole)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._salvage(data)
        self._whole, self.closed = whole.events, True
        return whole.constants

    def _salvage(self, given: text.Buffer) -> dict[str, Any]:
        """A document on few lines that was cut or damaged: its complete events."""
        data = given if isinstance(given, bytes | bytearray) else bytes(given)
        found = _ARRAY.search(data)
        raw = split.member(data, b"constants", 0, found.start() if found else len(data))
        constants = _decoded(raw) if raw is not None else None
        if constants is None:
            raise CaptureError(
                "it is no NetLog that can be read: its constants are missing or damaged",
                where=self.path, help=_HELP,
            )  # fmt: skip
        if found is None:
            return constants
        view = memoryview(data)
        cut = split.elements(data, found.end(), lambda begin, end: _is_event(view[begin:end]))
        self._whole, self.closed = [Raw(view[begin:end]) for begin, end in cut.spans], cut.closed
        for _ in cut.damaged:
            self.losses.add("$.events", "a part is damaged", "the events in it are lost")
        return constants

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Number and text of each event, without its comma; sets `closed` at the end of the list."""
        index = 0
        for line in self._split():
            line = line.strip(b" \t\r,\0")
            if line.endswith(b"]") and not line.startswith(b'"'):
                line, self.closed = line[:-1].rstrip(b" \t\r,"), True
            if line:
                yield index, line
                index += 1
            if self.closed:
                return

    def _split(self) -> Iterator[bytes]:
        assert self._stream is not None
        rest = self._rest
        try:
            with self._stream as stream:
                while True:
                    *lines, rest = rest.split(b"\n")
                    yield from lines
                    if len(rest) > _LONGEST_LINE:
                        self.losses.add("$.events", "an event is larger than is read", "it is left out")
                        rest = b""
                    piece = stream.read(_STEP)
                    if not piece:
                        break
                    rest += piece
        except (OSError, ValueError, archive.Broken):
            self.losses.add(self.path, "reading stopped in the middle", "later events are missing")
        yield rest

    def _lost(self, index: int) -> None:
        self.losses.add(f"$.events[{index}]", "it is no event that can be read", "it is left out")


def _constants(head: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(head, type=dict[str, Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return _decoded(found.get("constants", Raw(b"null")))


def _decoded(raw: Any) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found if type(found) is dict else None


def _is_event(raw: memoryview) -> bool:
    try:
        _decode(raw)
    except (msgspec.ValidationError, RecursionError):
        return True
    except (msgspec.MsgspecError, ValueError):
        return False
    return True


def params(event: Event) -> dict[str, Any]:
    """The event's parameters as plain values; {} where there are none that can be read."""
    return _decoded(event.params) or {}
