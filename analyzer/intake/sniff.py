"""What a file is, by its first bytes: HAR, NetLog, a log, or nothing that belongs here.

The name of a file is never looked at: people rename, mail programs and ticket systems too.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, Literal, NamedTuple

import msgspec

from analyzer.intake.records import WRAPPED, several
from analyzer.intake.text import wide_encoding
from analyzer.patterns import later

Kind = Literal["har", "netlog", "log", "unknown"]
Layer = Literal["gzip", "zlib", "zstd", "bzip2", "xz"]

HEAD = 64 * 1024
# How far a large JSON document is searched for its list of entries when the head is not enough.
FAR = 8 * 1024 * 1024

_MAGIC: Final = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF media file"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture (pcap)"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture (pcap)"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture (pcapng)"),
    (b"bplist00", "a binary property list"),
    (b"\xac\xed\x00\x05", "serialized Java, as Charles sessions are: export it as HAR"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
)
_FLOWS = later(rb"\d{2,9}:\d{1,7}:(?:websocket|request|response|version|type|error|client_conn);")
_IN_PROGRESS = later(rb"\s*Logging is in progress writing data to", re.I)
_MARKUP = later(rb"\s*<(?:!doctype|html|\?xml|svg|head|body)\b", re.I)
_JSON = later(rb"\s*+(?:(?:/\*\*/)?\s*+[A-Za-z_$][\w.$]{0,80}\s*+\(\s*+)?(?:\{|\[\s*+[\[{\"\]])")
_NETLOG = later(rb'"constants"\s*+:\s*+\{|"logEventTypes"\s*+:\s*+\{')
_HAR = later(
    rb'"log"\s*+:\s*+(?:\[\s*+)?\{\s*+"(?:version|creator|browser|pages|entries|comment|_\w+)"|"entries"\s*+:\s*+\['
)
_HAR_START = later(rb'\s*+(?:[\w.$]{1,80}\()?\s*+\{\s*+"log"\s*+:\s*+(?:[\[{]|\Z)')
_BARE = (re.compile(rb'"startedDateTime"\s*+:'), re.compile(rb'"request"\s*+:\s*+\{'))
_CHARLES: Final = (re.compile(rb'"protocolVersion"\s*+:'), re.compile(rb'"durations"\s*+:\s*+\{'))
_RECORD_KEYS: Final = frozenset(
    (
        "ts",
        "t",
        "status",
        "level",
        "lvl",
        "severity",
        "msg",
        "message",
        "request",
        "httprequest",
        "uri",
        "method",
    )
)


RECORDS: Final = "records of a JSON document"


class Sniffed(NamedTuple):
    """kind, and why: for `unknown` what it is instead, as far as that shows."""

    kind: Kind
    reason: str


def layer(head: bytes) -> Layer | None:
    """The compression around the file, if any."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
        return "bzip2"
    # RFC 1950: method 8, a window of at most 32 KiB, and a checksum over both bytes.
    if len(head) > 5 and head[0] == 0x78 and head[1] in (0x01, 0x5E, 0x9C, 0xDA):
        return "zlib"
    return None


def is_zip(head: bytes) -> bool:
    """A ZIP archive, an empty one included."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def sniff(head: bytes, whole: bool) -> Sniffed:
    """Kind of an uncompressed file. head: its first bytes; whole: they are all of it."""
    if not head:
        return Sniffed("unknown", "the file is empty")
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return Sniffed("unknown", f"it is {what}")
    if head[257:262] == b"ustar":
        return Sniffed("unknown", "it is a tar archive: unpack it first")
    wide = wide_encoding(head)
    if wide is not None:
        head = head[: len(head) // 4 * 4].decode(wide, "replace").encode("utf-8", "replace")
    head = head.removeprefix(codecs.BOM_UTF8)
    if not head.strip(b"\0"):
        return Sniffed("unknown", "it has nothing but zero bytes")
    if not head.strip():
        return Sniffed("unknown", "it has nothing but white space")
    if whole:
        head = head.rstrip(b"\0")  # what a crash leaves after the last write
    if _FLOWS.match(head):
        return Sniffed("unknown", "it is a mitmproxy flow file: save it as HAR (save.har, hardump)")
    if _is_binary(head):
        return Sniffed("unknown", "it is binary data of no known kind")
    if _IN_PROGRESS.match(head):
        return Sniffed(
            "unknown", "it is a NetLog that was still being written: stop the logging and save it again"
        )
    if _MARKUP.match(head):
        return Sniffed("unknown", "it is HTML or XML")
    if _JSON.match(head):
        return _json(head, whole)
    return Sniffed("log", "lines of text")


def _json(head: bytes, whole: bool) -> Sniffed:
    record = _first_record(head, whole)
    if record is not None:
        if _is_har(record):
            return Sniffed("har", "JSON with a log of entries")
        if "constants" in record and "events" in record:
            return Sniffed("netlog", "JSON with NetLog constants")
        if {"request", "response", "isSSL"} <= record.keys():
            return Sniffed("unknown", "it is a session of Proxyman, in a form of its own: export it as HAR")
        if WRAPPED.match(head):
            return Sniffed("log", RECORDS)
        single = whole and b"\n" not in head.strip()
        if not single or any(key.lower() in _RECORD_KEYS or "time" in key.lower() for key in record):
            return Sniffed("log", "one JSON object per line")
    if _NETLOG.search(head, 0, 4096) and not _HAR_START.match(head):
        return Sniffed("netlog", "JSON with NetLog constants")
    is_list = head.lstrip().startswith(b"[")
    if _HAR.search(head) or _HAR_START.match(head):
        return Sniffed("har", "JSON with a log of entries")
    if is_list and all(pattern.search(head) for pattern in _BARE):
        return Sniffed("har", "JSON with entries, without the log around them")
    if is_list and all(pattern.search(head) for pattern in _CHARLES):
        return Sniffed("unknown", "it is a session of Charles as JSON: export it as HAR")
    if is_list:
        return Sniffed("log", RECORDS)
    if WRAPPED.match(head) or several(head):
        return Sniffed("log", RECORDS)
    if whole and _is_record(head):
        return Sniffed("log", RECORDS)
    first, _, following = head.strip().partition(b"\n")
    if first.rstrip().endswith(b"}") and following.startswith(b"{"):
        return Sniffed(
            "log", "one JSON object per line"
        )  # broken ones, as an unquoted empty variable makes them
    if whole:
        return Sniffed("unknown", "it is JSON, but neither a HAR nor a NetLog")
    return Sniffed("unknown", "it is JSON, and no list of entries was found in its first part")


def _first_record(head: bytes, whole: bool) -> dict[str, object] | None:
    """The first line if it is a JSON object of its own, as in JSON lines."""
    body = head.lstrip()
    line, newline, rest = body.partition(b"\n")
    if not newline and not whole:
        return None
    line = line.strip()
    if not line.startswith(b"{") or not line.endswith(b"}"):
        return None
    following = rest.lstrip()[:1]
    if following not in (b"", b"{"):
        return None
    try:
        found = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return dict(found)


def _is_record(head: bytes) -> bool:
    """One log record, printed over several lines as a console shows it."""
    try:
        keys = {key.lower() for key in msgspec.json.decode(head, type=dict[str, msgspec.Raw])}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return not keys.isdisjoint(_RECORD_KEYS) and "response" not in keys


def _is_har(record: dict[str, object]) -> bool:
    if "entries" in record:
        return True
    log = record.get("log")
    if not isinstance(log, msgspec.Raw):
        return any(
            isinstance(value, msgspec.Raw) and _HAR.search(memoryview(value)) is not None
            for value in record.values()
        )
    return (
        bytes(memoryview(log)[:1]) == b"["
        or _HAR.search(b'"log":' + bytes(memoryview(log)[:65536])) is not None
    )


def _is_binary(head: bytes) -> bool:
    """More than one byte in fifty that no text file has: control characters, or bytes past UTF-8."""
    sample = head[:8192]
    control = len(sample.translate(None, bytes(range(0x09, 0x0E)) + b"\x1b" + bytes(range(0x20, 0x100))))
    if control * 50 > len(sample):
        return True
    if sample.isascii():
        return False
    lost = sample.decode("utf-8", "replace").count("\ufffd")
    return lost * 5 > len(sample)
