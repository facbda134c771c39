"""Large files are mapped and not copied; what is read from them must not depend on it."""

from __future__ import annotations

import json
import mmap
from pathlib import Path

import pytest

from analyzer.intake import inputs, open_inputs, read_har

_DOCUMENT = {
    "log": {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "537.36"},
        "entries": [
            {
                "startedDateTime": "2026-03-02T08:00:00.000Z",
                "time": 12.5,
                "request": {"method": "GET", "url": "https://a.example/é", "headers": []},
                "response": {
                    "status": 200,
                    "headers": [],
                    "content": {"size": 3, "mimeType": "text/plain", "text": "naïve 東京"},
                },
                "timings": {"send": 0, "wait": 10, "receive": 2.5},
            }
        ]
        * 3,
    }
}
_TEXT = json.dumps(_DOCUMENT, ensure_ascii=False, indent=2)


def _all_of(path: Path) -> list[object]:
    [inp] = open_inputs([path])
    capture = read_har(inp)
    rows = [recorded.exchange for recorded in capture.entries]
    raws = [recorded.raw() for recorded in capture.entries]
    return [capture.info, rows, [recorded.body() for recorded in capture.entries], raws]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_TEXT.encode(), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + _TEXT.encode(), id="byte-order-mark"),
        pytest.param(_TEXT.encode("utf-16"), id="utf-16"),
        pytest.param(b"onInputData(" + _TEXT.encode() + b");", id="jsonp"),
        pytest.param(_TEXT.encode()[:-400], id="cut"),
        pytest.param(_TEXT.replace("12.5", "true", 1).encode(), id="odd-type"),
        pytest.param(_TEXT.encode("latin-1", "replace"), id="not-utf-8"),
    ],
)
def test_a_mapped_file_reads_like_a_copied_one(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "capture.har"
    path.write_bytes(data)
    copied = _all_of(path)
    monkeypatch.setattr(inputs, "_MAPPED", 1)
    [inp] = open_inputs([path])
    assert isinstance(inp.view(), mmap.mmap)
    assert _all_of(path) == copied


def test_a_file_that_cannot_be_mapped_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "capture.har"
    path.write_text(_TEXT, encoding="utf-8")
    monkeypatch.setattr(inputs, "_MAPPED", 1)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(mmap, "mmap", refuse)
    [inp] = open_inputs([path])
    assert inp.view() == _TEXT.encode()
