"""Who issued a certificate: the name that tells a public authority from an inspecting proxy.

Only the issuer is read, from the PEM that the log holds (RFC 5280, 4.1; X.690 for the encoding). Nothing
is verified: the browser has done that.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,60000})-----END CERTIFICATE-----")
_SEQUENCE, _VERSION = 0x30, 0xA0
_NAMES: Final = {b"\x55\x04\x0a": "O", b"\x55\x04\x03": "CN"}  # organizationName, commonName
_LONGEST: Final = 200


def issuer(pem: object) -> str | None:
    """`O=Example Trust, CN=Example CA 1`; None where it cannot be read or names neither.

    pem: one certificate as the log has it, any value is allowed.
    """
    found = _PEM.search(pem) if type(pem) is str else None
    if found is None:
        return None
    try:
        data = base64.b64decode("".join(found[1].split()), validate=True)
        return _issuer(data)
    except (binascii.Error, ValueError, IndexError):
        return None


def _issuer(data: bytes) -> str | None:
    _, begin, _ = _element(data, 0)  # Certificate
    _, at, _ = _element(data, begin)  # tbsCertificate
    tag, _, end = _element(data, at)
    if tag == _VERSION:
        at = end
    for _ in range(2):  # serial number, algorithm
        _, _, at = _element(data, at)
    tag, at, end = _element(data, at)
    if tag != _SEQUENCE:
        return None
    parts: dict[str, str] = {}
    while at < end:
        _, inner, at = _element(data, at)  # a set of one attribute
        _, kind, _ = _element(data, inner)
        _, name_from, name_to = _element(data, kind)
        _, text_from, text_to = _element(data, name_to)
        label = _NAMES.get(data[name_from:name_to])
        if label is not None:
            parts[label] = data[text_from:text_to].decode("utf-8", "replace")[:_LONGEST]
    return ", ".join(f"{label}={parts[label]}" for label in ("O", "CN") if parts.get(label)) or None


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, first byte of the content, and the byte after it. Raises ValueError beyond the data."""
    tag, size, begin = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 3:
            raise ValueError("length")
        size, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    if begin + size > len(data):
        raise ValueError("length")
    return tag, begin, begin + size
