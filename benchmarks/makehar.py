"""A HAR of any size as Chrome's DevTools exports it: made from a seed, written entry by entry.

What a long working day in an assistant's web client leaves behind: documents, scripts, styles, images,
API calls, beacons and preflights, and a few long streams of completion chunks, each recorded twice as
Chrome does (the body, and `_eventSourceMessages` with arrival times). One stream in six is cut. Bodies
are ASCII by default: wider characters would make Python's `str` of the whole file two to four times
larger and flatter the comparison.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

_START: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/145.0.0.0 Safari/537.36"
)
_APP: Final = "https://chat.example.com"
_API: Final = "https://api.example.com"
_CDN: Final = "https://cdn.example.net"

# (kind, share of the entries, smallest and largest body in bytes)
_MIX: Final = (
    ("script", 16, 4_000, 240_000),
    ("stylesheet", 5, 1_000, 80_000),
    ("image", 25, 400, 60_000),
    ("font", 2, 15_000, 60_000),
    ("document", 2, 3_000, 60_000),
    ("json", 32, 80, 40_000),
    ("beacon", 10, 0, 0),
    ("preflight", 7, 0, 0),
    ("stream", 1, 200, 2_400),  # in events
)


def write_har(path: Path, megabytes: float, *, seed: int = 1, wide: bool = False) -> int:
    """Write a HAR of about `megabytes` (10^6 bytes) and return its number of entries.

    The same arguments give the same bytes. wide: sprinkle bodies with characters outside Latin-1.
    """
    maker = _Maker(seed, wide=wide)
    written = 0
    with path.open("w", encoding="utf-8") as out:
        out.write('{\n  "log": {\n    "version": "1.2",\n    "creator": ')
        out.write('{\n      "name": "WebInspector",\n      "version": "537.36"\n    },\n    "pages": [')
        out.write(_indented(_page(), 6).lstrip(" ").join(("\n      ", "\n    ],\n    ")))
        out.write('"entries": [\n')
        for number, entry in enumerate(maker.entries()):
            text = (",\n" if number else "") + _indented(entry, 6)
            out.write(text)
            written += len(text)
            if written >= megabytes * 1e6:
                break
        out.write("\n    ]\n  }\n}\n")
    return number + 1


def _indented(value: Any, by: int) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return " " * by + text.replace("\n", "\n" + " " * by)


def _page() -> dict[str, Any]:
    return {
        "startedDateTime": _stamp(_START),
        "id": "page_1",
        "title": f"{_APP}/c/new",
        "pageTimings": {"onContentLoad": 812.6649999, "onLoad": 1467.1030000001},
    }


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Maker:
    """Makes entries. Bodies are slices of a few large texts: cheap to make, each one different."""

    def __init__(self, seed: int, *, wide: bool) -> None:
        self.random = random.Random(seed)
        self.at = _START
        self.words = [self._word() for _ in range(800)]
        if wide:
            self.words += ["café", "naïve", "東京", "привет", "🙂"]
        self.code = self._code(1_500_000)
        self.noise = base64.b64encode(self.random.randbytes(400_000)).decode("ascii")

    def entries(self) -> Iterator[dict[str, Any]]:
        kinds = [kind for kind, *_ in _MIX]
        shares = [share for _, share, *_ in _MIX]
        sizes = {kind: (least, most) for kind, _, least, most in _MIX}
        yield self.plain("document", 20_000)
        yield self.stream(700)
        while True:
            kind = self.random.choices(kinds, shares)[0]
            least, most = sizes[kind]
            # most bodies are small, a few are large
            size = least + int((most - least) * self.random.random() ** 3)
            yield self.stream(size) if kind == "stream" else self.plain(kind, size)

    # -- one exchange

    def plain(self, kind: str, size: int) -> dict[str, Any]:
        of = self.random
        name = f"{of.getrandbits(48):012x}"
        method, url, mime, text, encoding = "GET", "", "", None, None
        match kind:
            case "script":
                url, mime = f"{_CDN}/assets/{of.choice(self.words)}-{name}.js", "application/javascript"
                text = self._slice(self.code, size)
            case "stylesheet":
                url, mime = f"{_CDN}/assets/{of.choice(self.words)}-{name}.css", "text/css"
                text = self._slice(self.code, size)
            case "image":
                url, mime = f"{_CDN}/img/{name}.webp", "image/webp"
                text, encoding = self._slice(self.noise, size // 3 * 4), "base64"
            case "font":
                url, mime = f"{_CDN}/fonts/{name}.woff2", "font/woff2"
                text, encoding = self._slice(self.noise, size // 3 * 4), "base64"
            case "document":
                url, mime = f"{_APP}/c/{name}", "text/html"
                text = "<!doctype html><html><body>" + self._slice(self.code, size) + "</body></html>"
            case "beacon":
                method, url, mime = "POST", f"{_API}/v1/events", "text/plain"
            case "preflight":
                method, url, mime = "OPTIONS", f"{_API}/v1/chat/completions", "text/plain"
            case _:
                url, mime = f"{_API}/v1/{of.choice(self.words)}?cursor={name}&limit=50", "application/json"
                text = self._json(size)
        status = 204 if kind in ("beacon", "preflight") else of.choices((200, 304, 404), (93, 6, 1))[0]
        if status == 304:
            text = None
        length = len(text or "") * (3 if encoding else 4) // 4 if encoding else len(text or "")
        spent = 4.0 + of.expovariate(1 / 90)
        entry = self._entry(kind, method, url, mime, status, length, spent)
        if text is not None:
            entry["response"]["content"]["text"] = text
        if encoding:
            entry["response"]["content"]["encoding"] = encoding
        if method == "POST":
            sent = self._json(600)
            entry["request"]["postData"] = {"mimeType": "application/json", "text": sent}
            entry["request"]["bodySize"] = len(sent)
        return entry

    def stream(self, events: int) -> dict[str, Any]:
        of = self.random
        cut = of.random() < 1 / 6
        ident = f"chatcmpl-{of.getrandbits(96):024x}"
        chunks = [self._chunk(ident, {"role": "assistant", "content": ""})]
        chunks += [self._chunk(ident, {"content": " " + of.choice(self.words)}) for _ in range(events)]
        if not cut:
            chunks += [self._chunk(ident, {}, finish="stop"), "[DONE]"]
        seconds = self.at.timestamp() + 0.7
        messages = []
        for chunk in chunks:
            seconds += of.expovariate(1 / 0.03)
            messages.append({"time": round(seconds, 6), "eventName": "message", "eventId": "", "data": chunk})
        spent = (seconds - self.at.timestamp()) * 1000 + (60_000.0 if cut else 2.0)
        body = "".join(f"data: {chunk}\n\n" for chunk in chunks)
        url = f"{_API}/v1/chat/completions"
        entry = self._entry("fetch", "POST", url, "text/event-stream", 200, len(body), spent)
        asked = json.dumps(
            {
                "model": "example-large-2",
                "stream": True,
                "messages": [{"role": "user", "content": " ".join(of.choices(self.words, k=400))}],
            }
        )
        entry["request"]["postData"] = {"mimeType": "application/json", "text": asked}
        entry["request"]["bodySize"] = len(asked)
        if cut:  # Chrome has no body then, only the messages
            entry["response"]["_error"] = "net::ERR_HTTP2_PROTOCOL_ERROR"
        else:
            entry["response"]["content"]["text"] = body
        entry["_eventSourceMessages"] = messages
        return entry

    def _entry(
        self, kind: str, method: str, url: str, mime: str, status: int, size: int, spent: float
    ) -> dict[str, Any]:
        of = self.random
        started = self.at
        self.at += timedelta(milliseconds=of.expovariate(1 / 400))
        host, _, path = url.removeprefix("https://").partition("/")
        blocked, wait = of.random() * 9, spent * 0.4
        return {
            "_initiator": self._initiator(kind),
            "_priority": "High" if kind in ("fetch", "json", "document") else "Low",
            "_resourceType": "fetch" if kind in ("json", "beacon") else kind,
            "cache": {},
            "connection": "443",
            "request": {
                "method": method,
                "url": url,
                "httpVersion": "h2",
                "headers": self._request_headers(kind, method, host, "/" + path),
                "queryString": [{"name": "limit", "value": "50"}] if "?" in url else [],
                "cookies": [],
                "headersSize": -1,
                "bodySize": 0,
            },
            "response": {
                "status": status,
                "statusText": "",
                "httpVersion": "h2",
                "headers": self._response_headers(mime, size, started),
                "cookies": [],
                "content": {"size": size, "mimeType": mime},
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": -1,
                "_transferSize": 300 + size // 3,
                "_error": None,
                "_fetchedViaServiceWorker": False,
            },
            "serverIPAddress": f"203.0.113.{len(host)}",
            "startedDateTime": _stamp(started),
            "time": spent,
            "timings": {
                "blocked": blocked,
                "dns": -1,
                "ssl": -1,
                "connect": -1,
                "send": 0.3100000000000005,
                "wait": wait,
                "receive": max(0.0, spent - blocked - wait - 0.31),
                "_blocked_queueing": blocked / 2,
                "_workerStart": -1,
                "_workerReady": -1,
                "_workerFetchStart": -1,
                "_workerRespondWithSettled": -1,
            },
            "_connectionId": str(100 + len(host)),
            "pageref": "page_1",
        }

    def _initiator(self, kind: str) -> dict[str, Any]:
        if kind == "document":
            return {"type": "other"}
        if kind in ("script", "stylesheet"):
            return {"type": "parser", "url": f"{_APP}/c/new", "lineNumber": 12}
        frames = [
            {
                "functionName": self.random.choice(self.words),
                "scriptId": str(self.random.randrange(200)),
                "url": f"{_CDN}/assets/main.js",
                "lineNumber": self.random.randrange(60),
                "columnNumber": self.random.randrange(90_000),
            }
            for _ in range(self.random.randrange(2, 9))
        ]
        return {"type": "script", "stack": {"callFrames": frames}}

    def _request_headers(self, kind: str, method: str, host: str, path: str) -> list[dict[str, str]]:
        pairs = {
            ":authority": host,
            ":method": method,
            ":path": path,
            ":scheme": "https",
            "accept": "*/*" if kind != "document" else "text/html,application/xhtml+xml,*/*;q=0.8",
            "accept-encoding": "gzip, deflate, br, zstd",
            "accept-language": "en-US,en;q=0.9",
            "origin": _APP,
            "priority": "u=1, i",
            "referer": f"{_APP}/",
            "sec-ch-ua": '"Not:A-Brand";v="8", "Chromium";v="145", "Google Chrome";v="145"',
            "sec-ch-ua-mobile": "?0",
            "sec-ch-ua-platform": '"Windows"',
            "sec-fetch-dest": "document" if kind == "document" else "empty",
            "sec-fetch-mode": "cors",
            "sec-fetch-site": "same-site",
            "user-agent": _AGENT,
        }
        if method == "POST":
            pairs["content-type"] = "application/json"
        return [{"name": name, "value": value} for name, value in pairs.items()]

    def _response_headers(self, mime: str, size: int, at: datetime) -> list[dict[str, str]]:
        pairs = {
            "access-control-allow-origin": _APP,
            "alt-svc": 'h3=":443"; ma=86400',
            "cache-control": "no-cache",
            "content-encoding": "br",
            "content-type": f"{mime}; charset=utf-8",
            "date": f"{at:%a, %d %b %Y %H:%M:%S} GMT",
            "server": "cloudflare",
            "cf-ray": f"{self.random.getrandbits(64):016x}-FRA",
            "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
            "vary": "Accept-Encoding, Origin",
            "x-content-type-options": "nosniff",
            "x-request-id": f"req_{self.random.getrandbits(128):032x}",
        }
        if mime != "text/event-stream":
            pairs["content-length"] = str(size // 3)
        return [{"name": name, "value": value} for name, value in pairs.items()]

    # -- bodies

    def _word(self) -> str:
        return "".join(self.random.choices("aaabcdeeefghiiiklmnooprsttuvwy", k=self.random.randrange(2, 11)))

    def _code(self, size: int) -> str:
        """Something like minified JavaScript: quotes, backslashes, newlines, tabs, a few entities."""
        of, words, parts, length = self.random, self.words, [], 0
        forms = (
            'const {a}=({b},{c})=>{{return "{a}/"+{b}.{c}("{c}")}};\n',
            "function {a}({b}){{\n\tif(!{b}.{c})throw new Error('{a} \\u2014 {b}');\n}}\n",
            'e.exports={{{a}:"{b}",{c}:/^\\d+{a}$/,"{b}-{c}":`<div class="{a}">${{{b}}}</div>`}};',
            '.{a}>{b}[{c}="{a}"]{{content:"\\201C";margin:0 0 .{a}rem}}\n',
        )
        while length < size:
            form = of.choice(forms)
            parts.append(form.format(a=of.choice(words), b=of.choice(words), c=of.choice(words)))
            length += len(parts[-1])
        return "".join(parts)

    def _slice(self, text: str, size: int) -> str:
        start = self.random.randrange(max(1, len(text) - size))
        return text[start : start + size]

    def _json(self, size: int) -> str:
        of, items, length = self.random, [], 0
        while length < size:
            item = {
                "id": f"{of.getrandbits(64):016x}",
                "title": " ".join(of.choices(self.words, k=6)),
                "update_time": _START.timestamp() + of.randrange(10**6),
                "is_archived": of.random() < 0.1,
                "text": '"' + " ".join(of.choices(self.words, k=20)) + '"\n',
            }
            items.append(item)
            length += 300
        return json.dumps({"items": items, "has_more": True}, ensure_ascii=False)

    def _chunk(self, ident: str, delta: dict[str, str], finish: str | None = None) -> str:
        return json.dumps(
            {
                "id": ident,
                "object": "chat.completion.chunk",
                "created": 1772438400,
                "model": "example-large-2-2026-01-15",
                "system_fingerprint": "fp_44709d6fcb",
                "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
            },
            ensure_ascii=False,
        )


def write_series(path: Path, streams: int, *, seed: int = 1) -> None:
    """Write a HAR of one page whose EventSource reconnects `streams` times to the same URL.

    Every third one is cut by the network, the others are closed by the server, so that what follows a
    stream, what died with it and what else was open all have to be looked up among all the others.
    """
    maker = _Maker(seed, wide=False)
    with path.open("w", encoding="utf-8") as out:
        out.write('{"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"},')
        out.write(f'"pages": [{json.dumps(_page())}], "entries": [\n')
        for number in range(streams):
            body = f"id: {number}\nevent: update\ndata: {{}}\n\n"
            entry = maker._entry(
                "eventsource", "GET", f"{_API}/events", "text/event-stream", 200, len(body), 900.0
            )
            if number % 3 == 0:
                entry["response"]["_error"] = "net::ERR_CONNECTION_RESET"
            else:
                entry["response"]["content"]["text"] = body
            out.write((",\n" if number else "") + json.dumps(entry))
        out.write("\n]}}\n")
