"""Fiddler session archives, built as Fiddler writes them. Nothing here is from a real capture."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import datetime, timedelta, timezone
from typing import Any

START = datetime(2026, 3, 2, 10, 15, 0, tzinfo=timezone(timedelta(hours=2)))
NEVER = "0001-01-01T00:00:00"
_ORDER = (
    "ClientConnected", "ClientBeginRequest", "GotRequestHeaders", "ClientDoneRequest", "FiddlerBeginRequest",
    "ServerGotRequest", "ServerBeginResponse", "GotResponseHeaders", "ServerDoneResponse",
    "ClientBeginResponse", "ClientDoneResponse",
)  # fmt: skip
_AT = (0, 5, 6, 7, 60, 62, 262, 262, 1262, 263, 1265)


def stamp(ms: float | None) -> str:
    """A .NET round-trip stamp, seven digits of fraction; None: never reached."""
    if ms is None:
        return NEVER
    at = START + timedelta(milliseconds=ms)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}0+02:00"


def meta(flags: dict[str, str] | None = None, **at: float | None) -> str:
    """`NN_m.xml`. at: marks in ms since the connection, over an ordinary exchange's."""
    marks = {**dict(zip(_ORDER, _AT, strict=True)), **at}
    timers = " ".join(f'{name}="{stamp(ms)}"' for name, ms in marks.items())
    listed = "".join(f'<SessionFlag N="{name}" V="{value}" />' for name, value in (flags or {}).items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<Session SID="1" BitFlags="25">\r\n  <SessionTimers '
        f'{timers} GatewayTime="0" DNSTime="12" TCPConnectTime="20" HTTPSHandshakeTime="15" />\r\n'
        f"  <PipeInfo />\r\n  <SessionFlags>{listed}</SessionFlags>\r\n</Session>"
    )


def chunked(*pieces: bytes, last: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return body + (b"0\r\n\r\n" if last else b"")


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """`NN_s.txt`; underscores in header names are dashes."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def request(
    url: str = "https://api.example/v1/stream", method: str = "GET", body: bytes = b"", **headers: str
) -> bytes:
    """`NN_c.txt`."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{method} {url} HTTP/1.1\r\nHost: api.example\r\n{lines}\r\n".encode() + body


def frame(opcode: int, payload: bytes, key: bytes = b"", packed: bool = False) -> bytes:
    """A WebSocket frame (RFC 6455, 5.2); with a key it is masked, as a client's must be."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
    if key:
        payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        length = bytes([length[0] | 0x80]) + length[1:]
    return bytes([0x80 | (0x40 if packed else 0) | opcode]) + length + key + payload


def frames(*items: tuple[str, bytes, float]) -> bytes:
    """`NN_w.txt`: (Request or Response, frame, ms since the connection)."""
    parts = [b"\r\n"]
    for way, data, ms in items:
        head = f"{way}-Length: {len(data)}\r\nID: 1\r\nBitFlags: 0\r\nDoneRead: {stamp(ms)}\r\n\r\n"
        parts.append(head.encode() + data + b"\r\n")
    return b"".join(parts)


def saz(*sessions: dict[str, bytes | str]) -> bytes:
    """An archive. Each session: its parts by letter (c, s, m, w)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("_index.htm", "<html><body>sessions</body></html>")
        for number, parts in enumerate(sessions, 1):
            for kind, data in parts.items():
                made.writestr(f"raw/{number:02}_{kind}.{'xml' if kind == 'm' else 'txt'}", data)
    return out.getvalue()


def of_har(log: dict[str, Any]) -> bytes:
    """The same exchanges as an archive: what a HAR's entries say, as raw messages."""
    sessions: list[dict[str, bytes | str]] = []
    for entry in log["log"]["entries"]:
        asked, got = entry["request"], entry["response"]
        sent = (asked.get("postData") or {}).get("text") or ""
        body = (got.get("content") or {}).get("text") or ""
        sessions.append(
            {
                "c": _raw(f"{asked['method']} {asked['url']} HTTP/1.1", asked["headers"], sent),
                "s": _raw(f"HTTP/1.1 {got['status']} {got.get('statusText', '')}", got["headers"], body),
                "m": meta({"x-hostip": entry.get("serverIPAddress") or ""}),
                "w": frames(
                    *(
                        ("Request", frame(1, (item.get("data") or "").encode(), key=b"abcd"), 300.0)
                        for item in entry.get("_webSocketMessages") or []
                    )
                ),
            }
        )
    return saz(*sessions)


def _raw(first: str, headers: list[dict[str, str]], body: str) -> bytes:
    skipped = ("content-encoding", "transfer-encoding", "content-length")
    lines = [f"{h['name']}: {h['value']}" for h in headers if h["name"].lower() not in skipped]
    return "\r\n".join([first, *lines, "", body]).encode("utf-8", "replace")
