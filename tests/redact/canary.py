"""A capture with a marked secret in every place where one can hide, and the search for them.

All secrets are made up. Each has a marker of its own, so that a failing test names the leak.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from typing import Any
from urllib.parse import quote, unquote

_CLAIMS = {
    "sub": "user-canaryclaim",
    "email": "canary.claim@example.org",
    "exp": 1893456000,
    "iat": 1893452400,
}


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{_part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'canary-kid-9'})}.{_part(_CLAIMS)}.c2lnbmF0dXJlQ0FOQVJZc2lnbmF0dXJl"

SECRETS: dict[str, str] = {
    "cookie": "CanaryCookie7f3a9c1e5b",
    "set-cookie": "CanarySetCookie2b8d4f6a",
    "bearer": "canaryBearer0a1B2c3D4e5F6g7H8i9J",
    "basic": base64.b64encode(b"canary.user:CanaryBasicPw").decode(),
    "api key in header": "sk-proj-CanaryHeader0a1B2c3D4e5F6g7H8",
    "custom header": "CanaryCustomHeaderValue",
    "api key in query": "AIzaSyCanaryQuery0123456789abcdefghijk",
    "token in query": "CanaryQueryToken5f4dcc3b5aa765d6",
    "oauth code": "4/0AX4CanaryOAuthCode-abcdefghijklmnop",
    "state": "CanaryState9x8y7z6w5v",
    "jwt": JWT,
    "jwt signature": JWT.rpartition(".")[2],
    "jwt subject": "user-canaryclaim",
    "password in json": "Canary pass word json",
    "password in form": "CanaryFormPassword!1",
    "saml": base64.b64encode(b"<samlp:Response>CanarySaml</samlp:Response>").decode(),
    "prompt": "Tell my CanaryPrompt daughter Ilka about the tides",
    "answer": "CanaryAnswer",
    "split token": "sk-ant-CanarySplit",
    "percent": "canary.percent@example.net",
    "base64": "canary.base64@example.net",
    "json in json": "CanaryInnerSecretValue",
    "websocket": "CanaryWebSocketText",
    "websocket binary": "CanaryBinaryMessage",
    "e-mail": "canary.mail@example.com",
    "e-mail in path": "canary.path@example.com",
    "address": "203.0.113.77",
    "private address": "10.42.7.18",
    "address 6": "2001:db8:77::1234",
    "file name": "canary-contract-smith.pdf",
    "page title": "Canary Title of Mr Smith",
    "user info": "canaryuser:CanaryUrlPw",
    "fragment": "CanaryFragment",
    "magic link": "9f8CanaryMagic7e6d5c",
    "referer": "CanaryRefererToken1234",
    "in an error": "canary.error@example.com",
    "phone": "+49 151 23456789",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "comment": "CanaryComment by Mr Smith",
    "unknown field": "CanaryUnknownFieldValue",
    "initiator": "CanaryInitiatorToken99",
    "server timing": "canary.timing@example.com",
}


def _sse(*events: tuple[str, Any]) -> str:
    lines = []
    for name, data in events:
        lines.append(f"event: {name}\ndata: {data if isinstance(data, str) else json.dumps(data)}\n\n")
    return "".join(lines)


def stream_events() -> list[tuple[str, Any]]:
    """An Anthropic-like stream: deltas with a token split in two, an error with a mail address."""
    half = len(SECRETS["split token"]) // 2

    def delta(text: str) -> tuple[str, Any]:
        return (
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        )

    return [
        (
            "message_start",
            {
                "type": "message_start",
                "message": {"id": "msg_01ABC", "model": "claude-x", "role": "assistant"},
            },
        ),
        delta(SECRETS["answer"]),
        delta(SECRETS["split token"][:half]),
        delta(SECRETS["split token"][half:]),
        delta(json.dumps({"inner": SECRETS["json in json"]})),
        (
            "error",
            {
                "type": "error",
                "error": {"type": "overloaded_error", "message": f"Overloaded, {SECRETS['in an error']}"},
            },
        ),
        (
            "message_delta",
            {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 17}},
        ),
        ("message_stop", {"type": "message_stop"}),
    ]


def entry() -> dict[str, Any]:
    """The entry. Its verdict rests on the event names, the error type and the stop reason."""
    s = SECRETS
    url = (
        f"https://{s['user info']}@api.example.com/v1/users/{s['e-mail in path']}/magic/{s['magic link']}"
        f"/conversations/0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b/completion"
        f"?stream=true&since=0&key={s['api key in query']}&token={s['token in query']}&code={quote(s['oauth code'])}"
        f"&state={s['state']}&mail={quote(s['percent'], safe='')}&q={quote(s['prompt'])}&jwt={JWT}#{s['fragment']}"
    )
    request_headers = {
        ":path": url.split("api.example.com", 1)[1],
        "Cookie": f"session={s['cookie']}; theme=dark",
        "Authorization": f"Bearer {s['bearer']}",
        "Proxy-Authorization": f"Basic {s['basic']}",
        "x-api-key": s["api key in header"],
        "X-Customer": s["custom header"],
        "X-Auth": JWT,
        "Referer": f"https://app.example.com/chat?ref={s['referer']}",
        "X-Forwarded-For": s["address"],
        "Forwarded": f'for="[{s["address 6"]}]"',
        "Accept": "text/event-stream",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0",
    }
    response_headers = {
        "Set-Cookie": f"id={s['set-cookie']}; Path=/; HttpOnly",
        "Server": "nginx/1.22.1",
        "Content-Type": "text/event-stream",
        "cf-ray": "a1b2c3d4e5f60718-FRA",
        "x-request-id": "req_011CSHoEeqs5C35K2UUqR7Fy",
        "Retry-After": "30",
        "X-Accel-Buffering": "no",
        "Server-Timing": f'db;desc="{s["server timing"]}"',
        "Location": f"https://login.example.com/sso?SAMLResponse={quote(s['saml'])}&RelayState={s['state']}",
    }
    body = {
        "model": "claude-x",
        "stream": True,
        "messages": [{"role": "user", "content": s["prompt"]}],
        "password": s["password in json"],
        "email": s["e-mail"],
        "encoded": base64.b64encode(s["base64"].encode()).decode(),
        "tool": json.dumps({"secret": s["json in json"]}),
        "phone": s["phone"],
        "card": s["card"],
        "iban": s["iban"],
        "attachment": {"file_name": s["file name"]},
        s["e-mail"]: 1,
    }
    form = f"user=canary&password={quote(s['password in form'])}&SAMLResponse={quote(s['saml'])}"
    events = stream_events()
    return {
        "startedDateTime": "2026-03-02T10:15:00.000Z",
        "time": 1234.5,
        "pageref": "page_1",
        "connection": "443",
        "comment": s["comment"],
        "serverIPAddress": s["private address"],
        "_resourceType": "fetch",
        "_customField": {"note": s["unknown field"], "list": [s["unknown field"]]},
        "_initiator": {"type": "script", "url": f"https://app.example.com/a.js?t={s['initiator']}"},
        "request": {
            "method": "POST",
            "url": url,
            "httpVersion": "h2",
            "headers": [{"name": k, "value": v} for k, v in request_headers.items()],
            "cookies": [{"name": "session", "value": s["cookie"], "httpOnly": True}],
            "queryString": [
                {"name": "key", "value": s["api key in query"]},
                {"name": "token", "value": s["token in query"]},
                {"name": "q", "value": s["prompt"]},
                {"name": "since", "value": "0"},
            ],
            "headersSize": 900,
            "bodySize": 321,
            "postData": {
                "mimeType": "application/json",
                "text": json.dumps(body),
                "params": [{"name": "password", "value": s["password in form"], "fileName": s["file name"]}],
                "comment": form,
            },
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "h2",
            "headers": [{"name": k, "value": v} for k, v in response_headers.items()],
            "cookies": [{"name": "id", "value": s["set-cookie"]}],
            "content": {"size": 4098, "mimeType": "text/event-stream", "text": _sse(*events)},
            "redirectURL": response_headers["Location"],
            "headersSize": 300,
            "bodySize": 4098,
            "_transferSize": 4400,
            "_error": None,
        },
        "cache": {},
        "timings": {"blocked": 1.5, "dns": -1, "connect": -1, "send": 0.1, "wait": 200, "receive": 1000},
        "_eventSourceMessages": [
            {"time": 1795364355.6, "eventName": name, "eventId": "", "data": json.dumps(data)}
            for name, data in events
        ],
        "_webSocketMessages": [
            {"type": "send", "time": 1795365086.6, "opcode": 1, "data": json.dumps({"text": s["websocket"]})},
            {"type": "receive", "time": 1795365086.7, "opcode": 1, "data": s["websocket"]},
            {
                "type": "receive",
                "time": 1795365086.8,
                "opcode": 2,
                "data": base64.b64encode(b"\x08\x01" + s["websocket binary"].encode()).decode(),
            },
        ],
    }


def form_entry() -> dict[str, Any]:
    """A sign-in: a form as its body, an HTML page as its answer."""
    made = entry()
    made["request"]["postData"] = {
        "mimeType": "application/x-www-form-urlencoded",
        "text": f"user=canary&password={quote(SECRETS['password in form'])}&SAMLResponse={quote(SECRETS['saml'])}",
    }
    made["response"]["content"] = {
        "size": 500,
        "mimeType": "text/html",
        "text": f'<html><title>Sign in</title><p>{SECRETS["prompt"]}</p><input type="password" value="{SECRETS["cookie"]}">'
        f"<script>var t = '{JWT}'</script><a href=\"/x?{SECRETS['token in query']}\">{SECRETS['e-mail']}</a></html>",
    }
    return made


def har() -> dict[str, Any]:
    """A document with both entries."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "WebInspector", "version": "537.36"},
            "pages": [
                {
                    "id": "page_1",
                    "title": SECRETS["page title"],
                    "startedDateTime": "2026-03-02T10:15:00.000Z",
                }
            ],
            "entries": [entry(), form_entry()],
        }
    }


def readings(text: str) -> list[str]:
    """`text` as a reader with tools would read it: unescaped, deltas joined, percent-decoded, base64 decoded."""
    joined = "".join(re.findall(r'"text": ?"([^"]*)"', text.replace("\\", "")))
    found = [text, joined, unquote(text), html.unescape(text), text.replace("\\", "")]
    for word in re.findall(r"[A-Za-z0-9+/_=-]{12,}", text):
        padded = word.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            found.append(base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("latin-1"))
        except (binascii.Error, ValueError):
            continue
    return found


def leaks(text: str) -> list[str]:
    """Names of the secrets that can be read in `text`, in any of its readings."""
    everything = "\n".join(readings(text))
    squeezed = re.sub(r"[^\w@.+-]", "", everything)
    return [
        name
        for name, secret in SECRETS.items()
        if secret in everything or (len(secret) > 12 and re.sub(r"[^\w@.+-]", "", secret) in squeezed)
    ]
