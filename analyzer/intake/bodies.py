"""Bodies, unescaped when asked for: raw JSON slices → the bytes that the application saw."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable
from typing import Any

from msgspec import Raw

from analyzer.intake.shape import Content, PostData, plain, present

Attachment = Callable[[str], bytes | None]

# No stream is this long; a body that inflates further is a bomb and stays as it was recorded.
_MOST = 512 * 1024 * 1024


def string(raw: Raw) -> str | None:
    """A JSON string; None if it is missing, null, damaged, or no string."""
    if not present(raw):
        return None
    try:
        value = plain(raw)
    except (ValueError, RecursionError):
        return None
    return value if type(value) is str else None


def response_body(
    content: Content, empty_is_true: bool, coding: str | None, attached: Attachment
) -> bytes | None:
    """The body as the application saw it; None where the capture has none.

    empty_is_true: the exporter leaves an empty body out because it was empty.
    coding: Content-Encoding, undone where the exporter stored the encoded bytes.
    """
    body: bytes | None
    if content.file is not None:
        body = attached(content.file)
    else:
        text = string(content.text)
        if text is None:
            return b"" if empty_is_true and content.size == 0 else None
        body = _unbase64(text) if (content.encoding or "").lower() == "base64" else text.encode()
    return decoded(body, coding) if body and coding else body


def request_body(data: PostData | None, attached: Attachment) -> bytes | None:
    """The request's body; None where the capture has none."""
    if data is None:
        return None
    if data.file is not None:
        return attached(data.file)
    text = string(data.text)
    if text is None:
        return None
    return _unbase64(text) if (data.encoding or "").lower() == "base64" else text.encode()


def decoded(body: bytes, coding: str) -> bytes:
    """Undo a content encoding if the bytes still have it; most exporters store them decoded."""
    try:
        if coding in ("gzip", "x-gzip") and body[:2] == b"\x1f\x8b":
            return _inflate(body, 31)
        if coding == "deflate" and body[:1] == b"\x78":
            return _inflate(body, 15)
        if coding == "zstd" and body[:4] == b"\x28\xb5\x2f\xfd":
            import io

            import zstandard

            reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True)
            found = reader.read(_MOST + 1)
            return body if len(found) > _MOST else found
    except (zlib.error, ValueError, MemoryError, ImportError) as error:
        # An encoding that cannot be undone leaves the recorded bytes: the decoders call them damage.
        del error
    return body


def _inflate(body: bytes, wbits: int) -> bytes:
    machine = zlib.decompressobj(wbits)
    found = machine.decompress(body, _MOST)
    return body if machine.unconsumed_tail else found


def _unbase64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=False)
    except (binascii.Error, ValueError):
        return None


def any_list(raw: Raw) -> list[Any]:
    """A JSON list, or an empty one where there is no list to be had."""
    if not present(raw):
        return []
    try:
        value = plain(raw)
    except (ValueError, RecursionError):
        return []
    return value if type(value) is list else []
