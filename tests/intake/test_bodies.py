"""Bodies as the application saw them."""

from __future__ import annotations

import base64
import gzip
import zlib
from pathlib import Path

import pytest
import zstandard

from tests.intake.samples import DROP, as_bytes, entry, har, headers, read, read_one

TEXT = 'data: {"x":"é\\u2028\U0001f600"}\n\n'


def test_text_is_unescaped_to_utf8(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(content={"text": TEXT})).body() == TEXT.encode()


def test_base64_is_decoded(tmp_path: Path) -> None:
    made = entry(content={"text": base64.b64encode(b"\0\xff").decode().rstrip("="), "encoding": "base64"})
    assert read_one(tmp_path, made).body() == b"\0\xff"


def test_base64_that_is_none_gives_no_body(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(content={"text": "a", "encoding": "base64"})).body() is None


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.ZstdCompressor().compress)],
)
def test_a_body_stored_encoded_is_decoded(tmp_path: Path, coding, compress) -> None:
    made = entry(
        response={"headers": headers(content_encoding=coding)},
        content={"text": base64.b64encode(compress(b"data: x\n\n")).decode(), "encoding": "base64"},
    )
    assert read_one(tmp_path, made, creator="Charles Proxy").body() == b"data: x\n\n"


def test_a_body_that_was_decoded_already_stays_as_it_is(tmp_path: Path) -> None:
    made = entry(response={"headers": headers(content_encoding="gzip")})
    assert read_one(tmp_path, made).body() == b"data: x\n\n"


def test_a_damaged_encoding_leaves_the_recorded_bytes(tmp_path: Path) -> None:
    damaged = gzip.compress(b"x")[:10] + b"\x07" * 20  # block type 3 does not exist
    made = entry(
        response={"headers": headers(content_encoding="gzip")},
        content={"text": base64.b64encode(damaged).decode(), "encoding": "base64"},
    )
    assert read_one(tmp_path, made).body() == damaged


def test_a_lone_surrogate_becomes_a_replacement_character(tmp_path: Path) -> None:
    data = as_bytes(har(entry(content={"text": "MARK"}))).replace(b"MARK", b"a\\ud83dz")
    assert read(tmp_path, data).entries[0].body() == "a\ufffdz".encode()


def test_no_text_is_no_body_unless_nothing_was_sent(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(content={"text": DROP, "size": 5})).body() is None
    empty = read_one(tmp_path, entry(content={"text": DROP, "size": 0}))
    assert empty.body() == b""
    assert empty.exchange.body_recorded is True


def test_a_request_body_may_be_missing(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry()).request_body() is None
    assert read_one(tmp_path, entry(request={"postData": {"mimeType": "x"}})).request_body() is None
