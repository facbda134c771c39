"""A capture of each recorder, damaged: it is read as far as it goes, or refused in a sentence.

The same through every command that opens a capture: the report, the events, and the sanitized copy.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from analyzer.errors import HangupError
from analyzer.events import read_events
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.redact.sanitize import sanitize
from analyzer.report.render import render
from analyzer.resources import samples

KINDS = ("netlog.json.gz", "fiddler.saz", "aws-event-stream.har", "firestore.har", "phoenix.har")
CAPTURES = [path for _, path in samples("framings/*") if path.name in KINDS]


def damaged(data: bytes, seed: int) -> Iterator[bytes]:
    """Cut short, with bytes changed, with a stretch missing, and with a stretch twice."""
    chance = random.Random(seed)
    for _ in range(4):
        yield data[: chance.randrange(len(data))]
        changed = bytearray(data)
        for _ in range(20):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)
        one, other = sorted(chance.randrange(len(data)) for _ in range(2))
        yield data[:one] + data[other:]
        yield data[:other] + data[one:]


def inside(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The same archive with what is in it changed: the damage then reaches the readers behind it."""
    if data[:2] == b"\x1f\x8b":
        return gzip.compress(change(gzip.decompress(data)), 1)
    if data[:2] != b"PK":
        return change(data)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as made:
        for name in source.namelist():
            made.writestr(name, change(source.read(name)))
    return out.getvalue()


def one_of_damaged(part: bytes, number: int) -> bytes:
    return list(damaged(part, number))[number] if part else part


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
@pytest.mark.parametrize("outside", [True, False], ids=["the file", "what is in it"])
def test_damage_is_read_or_refused_in_a_sentence(capture: Path, outside: bool, tmp_path: Path) -> None:
    data = capture.read_bytes()
    if outside:
        versions = list(damaged(data, 1))
    else:
        versions = [inside(data, partial(one_of_damaged, number=number)) for number in range(16)]
    for number, version in enumerate(versions):
        path = tmp_path / f"{number}-{capture.name}"
        path.write_bytes(version)
        with suppress(HangupError):
            render(analyze([path], Options(details=True)), "html", version="0")
        with suppress(HangupError):
            read_events(path)
        with suppress(HangupError):
            sanitize(path, tmp_path / f"{number}.out")
