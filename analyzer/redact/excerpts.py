"""The log lines that a report's evidence stands on, without their secrets.

A line is shown as `hangup sanitize` would write it, and then everything with a secret's shape becomes
one of the report's placeholders: states, times, sizes, addresses of machines and the proxy's own
messages stay. Of other sentences, which a log may quote from anybody, only the length is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from analyzer.redact.lists import words
from analyzer.redact.masker import Masker
from analyzer.redact.masklog import LogMasker
from analyzer.redact.redactor import Redactor

if TYPE_CHECKING:
    from analyzer.intake import Input

_STEP: Final = 1024 * 1024
_MOST_BYTES: Final = 4 * 1024 * _STEP  # read from one log on the way to its lines
_LONGEST: Final = 4096  # bytes of a line that are looked at
_SHOWN: Final = 1200  # characters of a line that are shown


class _Names(Masker):
    """Gives addresses the names that they have in the rest of the report."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def address(self, text: str) -> str:
        return str(self._redactor.column("server_ip", text))


def excerpts(logs: Sequence[Input], places: Iterable[str], redactor: Redactor) -> dict[str, str]:
    """The lines at `places` (`access.log:1234`), redacted, by place.

    A place that is none of a line of these logs has no excerpt, nor has a line that lies more than
    4 GB into its log. Raises CaptureError if a log cannot be read any more.
    """
    wanted: dict[str, set[int]] = {}
    for place in places:
        path, _, line = place.rpartition(":")
        if line.isascii() and line.isdecimal() and len(line) < 12:
            wanted.setdefault(path, set()).add(int(line))
    found: dict[str, str] = {}
    for log in logs:
        numbers = wanted.get(log.path)
        if not numbers:
            continue
        masker = LogMasker(_Names(redactor))
        with log.open() as stream:
            for number, raw in _lines(stream, numbers):
                text = raw[:_LONGEST].decode("utf-8", "replace").rstrip("\r")
                if number == 0:  # the names of a W3C log's columns, for the lines that follow
                    masker.chunk(f"{text}\n")
                elif text:
                    found[f"{log.path}:{number}"] = _shown(text, len(raw), masker, redactor)
    return found


def _shown(text: str, size: int, masker: LogMasker, redactor: Redactor) -> str:
    if redactor.enabled:
        text = _unquoted(masker.chunk(text), redactor)
    cut = max(0, size - _LONGEST) + max(0, len(text) - _SHOWN)
    return f"{text[:_SHOWN]}… ({cut:,} more)" if cut else text


_QUOTED: Final = re.compile(r'"(?P<said>(?:[^"\\]|\\.)*)(?:"|$)')
_REQUEST: Final = re.compile(r"[A-Z]{3,16} \S+(?: HTTP/[\d.]+)?")
_SENTENCE: Final = re.compile(r"[^\W\d_]{2,}\W*\s+\W*[^\W\d_]{2,}")
# Where the formats that are known have the proxy's or the platform's own words.
_OWN_WORDS: Final = words("msg message log textpayload error err reason details statusdetails")
_DEPTH: Final = 8


def _unquoted(text: str, redactor: Redactor) -> str:
    """The line without the sentences that it quotes; request lines and the proxy's own messages stay."""
    if text.startswith("{"):
        try:
            return json.dumps(_calm(json.loads(text), "", 0, redactor), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass  # no JSON, or cut: a line like any other
    return _QUOTED.sub(
        lambda match: match.group() if _harmless(match["said"]) else f'"{_length(match["said"])}"',
        redactor.text(text),
    )


def _calm(value: Any, key: str, depth: int, redactor: Redactor) -> Any:
    if depth > _DEPTH:
        return "⟨…⟩"
    if isinstance(value, dict):
        return {name: _calm(item, str(name), depth + 1, redactor) for name, item in value.items()}
    if isinstance(value, list):
        return [_calm(item, key, depth + 1, redactor) for item in value]
    if not isinstance(value, str):
        return value
    own = key.lower().replace("_", "").replace("-", "") in _OWN_WORDS
    if own:
        return _unquoted(value, redactor)
    return redactor.text(value) if _harmless(value) else _length(value)


def _harmless(said: str) -> bool:
    return _REQUEST.fullmatch(said) is not None or _SENTENCE.search(said) is None


def _length(said: str) -> str:
    return said if said.startswith("⟨") and said.endswith("⟩") else f"⟨quoted {len(said):,} characters⟩"


def _lines(stream: BinaryIO, numbers: set[int]) -> Iterable[tuple[int, bytes]]:
    """(number, line) for each of these lines, from 1, in order; with number 0 each `#Fields` line on the way."""
    left = sorted(numbers, reverse=True)
    before, read, rest = 0, 0, b""
    while left and read < _MOST_BYTES:
        piece = stream.read(_STEP)
        read += len(piece)
        block = rest + piece
        cut = block.rfind(b"\n") + 1 if piece else len(block)
        whole, rest = block[:cut], block[cut:]
        count = whole.count(b"\n") + (not piece and bool(whole))
        if left[-1] <= before + count or b"#Fields" in whole:
            for number, line in enumerate(whole.removesuffix(b"\n").split(b"\n"), before + 1):
                if line.startswith(b"#Fields"):
                    yield 0, line
                if left and number == left[-1]:
                    left.pop()
                    yield number, line
        before += count
        if not piece:
            return
