"""Finding captures: by content, in any wrapping, without trusting a name or a size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import threading
import zipfile
import zlib
from hashlib import sha1
from pathlib import Path

import pytest
import zstandard

from analyzer.errors import CaptureError
from analyzer.intake import Limits, open_inputs, read_har
from tests.intake.samples import as_bytes, entry, har, only_input

HAR = as_bytes(har(entry(), entry()))
LOG = b'203.0.113.7 - - [02/Mar/2026:10:15:06 +0000] "GET / HTTP/1.1" 200 18230\n' * 3
SMALL = Limits(max_bytes=1_000_000, max_stream_bytes=1_000_000, max_ratio=20, ratio_from=1000, max_members=50)


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


COMPRESSED = {
    "gzip": gzip.compress(HAR),
    "gzip in two members": gzip.compress(HAR[:500]) + gzip.compress(HAR[500:]),
    "gzip twice": gzip.compress(gzip.compress(HAR)),
    "zlib": zlib.compress(HAR),
    "zstd": zstandard.ZstdCompressor().compress(HAR),
    "bzip2": bz2.compress(HAR),
    "xz": lzma.compress(HAR),
    "zip": zipped(("x", HAR)),
    "zip of gzip": zipped(("x", gzip.compress(HAR))),
    "zip of zip": zipped(("x", zipped(("y", HAR)))),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compression_is_seen_by_content_and_undone(tmp_path: Path, name: str) -> None:
    found = only_input(tmp_path, COMPRESSED[name], "no-suffix")
    assert found.kind == "har"
    capture = read_har(found)
    assert len(capture.entries) == 2
    assert capture.info.warnings == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(LOG, "log", id="lines"),
        pytest.param(b'{"time":"x","status":200}\n{"time":"y","status":499}\n', "log", id="json lines"),
        pytest.param(b'{"time":"x","status":200}', "log", id="one json line"),
        pytest.param(
            b'{"log":"GET / 200\\n","stream":"stdout","time":"x"}\n' * 2, "log", id="docker's json lines"
        ),
        pytest.param(b'[\n {"httpRequest": {"status": 200}}\n]', "log", id="a json array"),
        pytest.param(
            b"[2026-03-02 10:15:00] upstream timed out\n", "log", id="lines that begin with a bracket"
        ),
        pytest.param(b'{"constants":{"logEventTypes":{}},\n"events": [\n', "netlog", id="netlog"),
        pytest.param(b'{\n "log": {\n  "version": "1.2"', "har", id="har that ends early"),
        pytest.param(b"", "unknown", id="empty"),
        pytest.param(b" \n\n", "unknown", id="white space"),
        pytest.param(b"\0" * 4096, "unknown", id="zeros"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(64), "unknown", id="png"),
        pytest.param(bytes(range(256)) * 20, "unknown", id="bytes"),
        pytest.param(b'{\n "cause": "completed"\n}\n', "unknown", id="some json"),
        pytest.param(b"<!DOCTYPE html><title>Sign in</title>", "unknown", id="html"),
        pytest.param(b"Logging is in progress writing data to: x", "unknown", id="netlog in progress"),
        pytest.param(b"1234:9:websocket;0:~8:response;", "unknown", id="mitmproxy flows"),
        pytest.param(b"PK\x05\x06" + bytes(18), "unknown", id="empty zip"),
        pytest.param(b"PK\x03\x04" + bytes(100), "unknown", id="cut zip"),
    ],
)
def test_the_kind_is_told_by_content(tmp_path: Path, data: bytes, kind: str) -> None:
    found = only_input(tmp_path, data, "capture.har")
    assert found.kind == kind
    assert found.reason


def test_a_huge_file_of_zeros_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "sparse.har"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    (found,) = open_inputs([path])
    assert found.kind == "unknown"


def test_a_directory_gives_its_captures_in_order_and_the_rest_as_information(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b" / "2.har").write_bytes(HAR)
    (tmp_path / "a.log").write_bytes(LOG)
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / ".hidden.har").write_bytes(HAR)
    (tmp_path / ".git" / "x.har").write_bytes(HAR)
    found = list(open_inputs([tmp_path]))
    assert [(Path(inp.path).name, inp.kind, inp.explicit) for inp in found] == [
        ("a.log", "log", False),
        ("c.png", "unknown", False),
        ("2.har", "har", False),
    ]


def test_an_archive_gives_each_capture_under_its_own_name(tmp_path: Path) -> None:
    data = zipped(
        ("b/access.log", LOG), ("../../etc/a.har", HAR), ("x\x1b[31m.har", HAR), ("__MACOSX/a.har", HAR)
    )
    (tmp_path / "tickets.zip").write_bytes(data)
    found = list(open_inputs([tmp_path / "tickets.zip"]))
    assert [inp.path.partition("!")[2] for inp in found] == ["../../etc/a.har", "b/access.log", "x?[31m.har"]
    assert [inp.kind for inp in found] == ["har", "log", "har"]
    assert len(read_har(found[0]).entries) == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "tickets.zip"]


def test_links_and_encrypted_members_of_an_archive_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.har")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    locked = bytearray(zipped(("a.har", HAR)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    for data, word in ((buffer.getvalue(), "link"), (bytes(locked), "encrypted")):
        found = only_input(tmp_path, data)
        assert found.kind == "unknown"
        assert word in found.reason
        with pytest.raises(CaptureError):
            found.data()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(b'{"log":{"entries":[' + b" " * 3_000_000), id="gzip"),
        pytest.param(
            zstandard.ZstdCompressor().compress(b'{"log":{"entries":[' + b" " * 3_000_000), id="zstd"
        ),
        pytest.param(bz2.compress(b'{"log":{"entries":[' + b" " * 3_000_000), id="bzip2"),
        pytest.param(zipped(("a.har", b'{"log":{"entries":[' + b" " * 3_000_000)), id="zip"),
        pytest.param(zipped(*((f"{i}.har", HAR) for i in range(2000))), id="zip of too many"),
    ],
)
def test_bombs_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(data)
    found = list(open_inputs([path], SMALL))
    assert len(found) == 1
    with pytest.raises(CaptureError):
        found[0].data()


def test_archives_inside_archives_end_somewhere(tmp_path: Path) -> None:
    data = HAR
    for _ in range(6):
        data = zipped(("inner", data))
    found = only_input(tmp_path, data)
    assert found.kind == "unknown"
    assert "archive" in found.reason


def test_a_file_larger_than_the_limit_is_refused_with_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(HAR)
    (found,) = open_inputs([path], Limits(max_bytes=100))
    with pytest.raises(CaptureError) as refused:
        found.data()
    assert refused.value.expected == "at most 100 bytes"


@pytest.mark.parametrize("cut", [40, 10])
def test_a_cut_gzip_gives_what_it_has_and_says_so(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(as_bytes(har(*(entry(x=os.urandom(400).hex()) for _ in range(30)))))
    capture = read_har(only_input(tmp_path, data[:-cut]))
    assert 0 < len(capture.entries) <= 30
    assert any("compressed data" in warning for warning in capture.info.warnings)


def test_a_damaged_gzip_gives_what_came_before_the_damage(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(as_bytes(har(*(entry(x=os.urandom(4000).hex()) for _ in range(60))))))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    capture = read_har(only_input(tmp_path, bytes(data)))
    assert 0 < len(capture.entries) < 60
    assert len(capture.info.warnings) >= 2


@pytest.mark.parametrize("data", [HAR, LOG, gzip.compress(HAR)], ids=["har", "log", "gzip"])
def test_stdin_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    (found,) = open_inputs(["-"])
    assert found.path == "-"
    with found.open() as stream:
        assert stream.read() == (LOG if data is LOG else HAR)
    if data is not LOG:
        assert len(read_har(found).entries) == 2


def test_a_named_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(HAR,))
    writer.start()
    (found,) = open_inputs([pipe])
    writer.join()
    assert len(read_har(found).entries) == 2


@pytest.mark.parametrize("name", ["missing.har", "device"])
def test_a_path_that_cannot_be_read_is_an_input_with_a_reason(tmp_path: Path, name: str) -> None:
    path = Path("/dev/null") if name == "device" else tmp_path / name
    (found,) = open_inputs([path])
    assert found.kind == "unknown"
    assert found.explicit
    with pytest.raises(CaptureError):
        found.data()


def test_a_log_streams_without_being_held(tmp_path: Path) -> None:
    found = only_input(tmp_path, gzip.compress(LOG * 1000))
    assert found.kind == "log"
    with found.open() as stream:
        assert sum(1 for _ in stream) == 3000


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_log_in_any_encoding_streams_as_plain_utf8(tmp_path: Path, encoding: str) -> None:
    text = LOG.decode() * 2000 + "é\n"
    found = only_input(tmp_path, text.encode(encoding))
    assert found.kind == "log"
    with found.open() as stream:
        assert stream.read() == text.encode()


BODY = b"data: attached\n\n"
NAME = f"{sha1(BODY).hexdigest()}.dat"
ATTACHED = entry(response={"content": {"size": 16, "mimeType": "text/event-stream", "_file": NAME}})


def test_bodies_beside_the_har_in_an_archive_are_attached(tmp_path: Path) -> None:
    found = only_input(tmp_path, zipped(("har.har", as_bytes(har(ATTACHED))), (NAME, BODY)))
    (recorded,) = read_har(found).entries
    assert recorded.body() == BODY
    assert recorded.exchange.body_recorded is True


def test_bodies_beside_the_har_in_a_directory_are_attached(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(as_bytes(har(ATTACHED)))
    (tmp_path / NAME).write_bytes(BODY)
    (found,) = open_inputs([tmp_path])
    assert read_har(found).entries[0].body() == BODY


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", ".env", "link", "a/b", ""])
def test_an_attachment_cannot_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    found = only_input(folder, as_bytes(har(entry(response={"content": {"size": 1, "_file": name}}))))
    assert read_har(found).entries[0].body() is None
