"""Fiddler's session archives (`.saz`): a ZIP of raw requests and answers → the HAR that says the same.

`raw/12_c.txt` is what the client sent, `raw/12_s.txt` what came back, both as on the wire,
`raw/12_m.xml` when, `raw/12_w.txt` the frames of a WebSocket. An answer is kept with its transfer
encoding, so that a chunked body without its last chunk shows that the transport broke: a HAR from the
same program has lost that. Sources: Fiddler documentation, session archives; FiddlerCore, `Session`,
`SessionTimers`, `WebSocket`.
"""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import datetime
from typing import Any, Final

from analyzer.errors import CaptureError
from analyzer.intake.archive import Archive, Member
from analyzer.intake.chunked import unchunked
from analyzer.intake.sazframes import messages
from analyzer.intake.values import epoch_ms, instant

CREATOR: Final = "Fiddler SAZ"
_PART: Final = re.compile(r"raw[/\\](\d{1,9})_([csmw])\.(?:txt|xml)", re.ASCII | re.I)
_TIMERS: Final = re.compile(r"<SessionTimers\b([^>]{0,4000})>")
_FLAG: Final = re.compile(r"<SessionFlag\s+N=\"([^\"]{1,100})\"\s+V=\"([^\"]{0,2000})\"")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z]{1,40})\s*=\s*[\"']([^\"']{0,100})[\"']")
_STATUS: Final = re.compile(rb"(HTTP/[\d.]{1,5}) +(\d{3})\b *([^\r\n]{0,200})")
_REQUEST: Final = re.compile(rb"([A-Za-z-]{1,30}) +(\S{1,65536})(?: +(HTTP/[\d.]{1,5}))?")
_NO_BODY: Final = (204, 304)
_HEAD: Final = 256 * 1024  # a header block is shorter
# Fiddler sets this to the state that it left when it gave a session up.
_ABORTED: Final = "x-aborted-when"

Json = dict[str, Any]


def is_saz(members: list[Member]) -> bool:
    """Whether a ZIP is a session archive: by the names of its members, as Fiddler itself decides."""
    return any(_PART.fullmatch(member.name) for member in members)


def as_har(archive: Archive, members: list[Member], most: int) -> bytes:
    """All sessions of an archive as one HAR, in order of their numbers.

    most: largest sum of expanded sizes in bytes. Raises CaptureError beyond it, or when every member is
    encrypted or damaged.
    """
    sessions: dict[int, dict[str, Member]] = {}
    refused = None
    for member in members:
        named = _PART.fullmatch(member.name)
        if named is None:
            continue
        refused = refused or member.refused
        sessions.setdefault(int(named[1]), {})[named[2].lower()] = member
    if sum(member.size for parts in sessions.values() for member in parts.values()) > most:
        raise CaptureError("its sessions expand to more than is read", where="raw/")
    entries = []
    for number in sorted(sessions):
        parts = {kind: archive.small(member) for kind, member in sessions[number].items()}
        entry = _entry(number, parts)
        if entry is not None:
            entries.append(entry)
    if not entries:
        raise CaptureError(refused or "no session in it can be read", where="raw/")
    log = {"version": "1.2", "creator": {"name": CREATOR, "version": "1"}, "entries": entries}
    return json.dumps({"log": log}).encode("ascii")


def _entry(number: int, parts: dict[str, bytes | None]) -> Json | None:
    """One session; None where not even its request line can be read."""
    sent, received = parts.get("c") or b"", parts.get("s") or b""
    first, request_headers, request_body = _message(sent)
    asked = _REQUEST.match(first)
    if asked is None:
        return None
    about = (parts.get("m") or b"").decode("utf-8", "replace")
    flags = {name.lower(): html.unescape(value) for name, value in _FLAG.findall(about)}
    timers = _TIMERS.search(about)
    at = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(timers[1] if timers else "")}
    url = _url(asked[2].decode("latin-1"), request_headers, flags)
    request: Json = {
        "method": asked[1].decode("ascii"),
        "url": url,
        "httpVersion": (asked[3] or b"").decode("ascii"),
        "headers": request_headers,
        "bodySize": len(request_body),
    }
    if request_body:
        request["postData"] = {
            "mimeType": _value(request_headers, "content-type"),
            "text": base64.b64encode(request_body).decode("ascii"),
            "encoding": "base64",
        }
    entry: Json = {
        "_sazSession": number,
        "startedDateTime": _date(at.get("ClientBeginRequest")),
        "request": request,
        "response": _response(received, request["method"], flags),
        "connection": f"ClientPort:{flags.get('x-clientport', '0')};EgressPort:{flags.get('x-egressport', '0')}",
        "serverIPAddress": flags.get("x-hostip"),
        **_timings(at),
    }
    if entry["response"]["status"] == 101 or "w" in parts:
        entry["_resourceType"] = "websocket"
        entry["_webSocketMessages"] = messages(parts.get("w") or b"")
    return entry


def _message(raw: bytes) -> tuple[bytes, list[Json], bytes]:
    """First line, headers and body of a stored message."""
    head, _, body = raw[:_HEAD].partition(b"\r\n\r\n")
    if len(raw) > _HEAD and len(head) < _HEAD:
        body = raw[len(head) + 4 :]
    first, *lines = head.split(b"\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon and name:
            headers.append({"name": name, "value": value.strip()})
    return first, headers, body


def _response(raw: bytes, method: str, flags: dict[str, str]) -> Json:
    first, headers, body = _message(raw)
    answered = _STATUS.match(first)
    status = int(answered[2]) if answered else 0
    media = _value(headers, "content-type")
    response: Json = {
        "status": status,
        "statusText": answered[3].decode("latin-1") if answered else "",
        "httpVersion": answered[1].decode("ascii") if answered else "",
        "headers": headers,
        "bodySize": len(body),
        "content": {"size": -1, "mimeType": media},
    }
    dropped = "log-drop-response-body" in flags
    error = None
    if answered and not dropped and method != "HEAD" and status not in _NO_BODY and status >= 200:
        body, error = _body(body, headers)
        coding = _value(headers, "content-encoding").lower()
        content = response["content"]
        if coding in ("", "identity", "gzip", "x-gzip", "deflate", "zstd"):
            content["text"] = base64.b64encode(body).decode("ascii")
            content["encoding"] = "base64"
            if coding in ("", "identity"):
                content["size"] = len(body)
        response["_wholeKnown"] = error is not None or _tells_its_end(headers)
    aborted = flags.get(_ABORTED)
    if error is None and aborted:
        # Writing to the client failed: it was gone. In any other state the flag does not say who it was.
        sending = aborted.lower() == "sendingresponse"
        error = "net::ERR_ABORTED" if sending else f"aborted by Fiddler in state {aborted[:40]}"
    if error is not None:
        response["_error"] = error
    return response


def _body(body: bytes, headers: list[Json]) -> tuple[bytes, str | None]:
    """The body without its transfer encoding, and what its framing says about the transport."""
    if "chunked" in _value(headers, "transfer-encoding").lower():
        if not body:
            return body, None  # nothing was kept of it
        plain = unchunked(body)
        if plain is None:
            return body, None  # decoded already: the rest cannot be told
        return plain.data, None if plain.complete else "net::ERR_INCOMPLETE_CHUNKED_ENCODING"
    length = _value(headers, "content-length")
    if body and length.isascii() and length.isdigit() and len(length) < 19 and len(body) < int(length):
        return body, "net::ERR_CONTENT_LENGTH_MISMATCH"
    return body, None


def _tells_its_end(headers: list[Json]) -> bool:
    return "chunked" in _value(headers, "transfer-encoding").lower() or bool(
        _value(headers, "content-length")
    )


def _timings(at: dict[str, str]) -> Json:
    """HAR's times from Fiddler's marks. A mark in the year 1 was never reached."""
    marks = {name: _epoch(value) for name, value in at.items()}
    begin, done = marks.get("ClientBeginRequest"), marks.get("ClientDoneResponse")
    done = done if done is not None else marks.get("ServerDoneResponse")
    sent, got = marks.get("ServerGotRequest"), marks.get("ServerBeginResponse")
    tls, tcp, dns = (_number(at.get(name)) for name in ("HTTPSHandshakeTime", "TCPConnectTime", "DNSTime"))
    connect = None if tcp is None and tls is None else (tcp or 0.0) + (tls or 0.0)
    return {
        "time": -1 if begin is None or done is None else round(max(done - begin, 0.0), 3),
        "timings": {
            "dns": _or(dns),
            "connect": _or(connect),
            "ssl": _or(tls),
            "send": _between(marks.get("FiddlerBeginRequest"), sent),
            "wait": _between(sent, got),
            "receive": _between(got, marks.get("ServerDoneResponse")),
        },
    }


def _between(start: float | None, end: float | None) -> float:
    return -1 if start is None or end is None or end < start else round(end - start, 3)


def _or(value: float | None) -> float:
    return value or -1


def _epoch(text: str | None) -> float | None:
    found = _moment(text)
    return epoch_ms(found) if found is not None else None


def _moment(text: str | None) -> datetime | None:
    found = instant(text) if text else None
    return found if found is not None and found.year > 1970 else None


def _date(text: str | None) -> str | None:
    found = _moment(text)
    return found.isoformat() if found is not None else None


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _url(target: str, headers: list[Json], flags: dict[str, str]) -> str:
    """The address: absolute as Fiddler stores it, else put together from the Host header."""
    if re.match(r"(?:https?|wss?|ftp)://", target, re.I) or not target.startswith("/"):
        return target
    secure = "https-client-version" in flags or "x-https" in flags
    return f"{'https' if secure else 'http'}://{_value(headers, 'host')}{target}"


def _value(headers: list[Json], name: str) -> str:
    return next((str(item["value"]) for item in headers if item["name"].lower() == name), "")
