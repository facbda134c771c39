"""Which parts of a URL may be shown: the skeleton that finds the line in a log, and no value.

Resource ids in paths stay (a conversation's UUID, `thread_abc123`): they identify, they do not
authorise. Keys, JWTs, one-time links, e-mail addresses and long random words go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from analyzer.patterns import later
from analyzer.redact.lists import words
from analyzer.redact.shapes import UUID, decoded, hits, known_id, opaque

# Query names whose short values are settings of the protocol, not of a person.
_SETTINGS: Final = words(
    "alt stream streaming format output v ver version api-version api_version apiversion anthropic-version lang "
    "locale hl transport eio encoding mode type protocol protocolversion channel_type model deployment engine "
    "include stream_mode response_format accept kind negotiateversion clientprotocol $alt alt_sse sse "
    "content_type order sort region location intent language"
)
_COUNTERS: Final = words(
    "since limit offset page size page_size pagesize per_page from to start end after before starting_after seq "
    "sequence cursor last last_event_id lasteventid last-event-id index count n t _ ts timeout wait attempt retry "
    "resume first cb rid poll interval h w width height"
)
_SENSITIVE_NAME: Final = later(
    r"(?i)pass|pwd|secret|token|key|auth|sig|otp|^pin$|cv[vc]|code|credential|session|cookie|jwt|ssn|phone|mail|user|saml|assert"
)
# After these path segments comes what a one-time link proves its holder with.
_PROVES: Final = later(
    r"(?i)(?:magic(?:[-_]?links?)?|reset(?:[-_]?password)?|password[-_]?resets?|verify(?:[-_]?email)?|verification"
    r"|confirm(?:ation)?|invit(?:e|es|ation|ations)|activat(?:e|ion)|unsubscribe|tokens?|auth|login|signin|sso|callback"
    r"|webhooks?|secret|key|otp|one[-_]?time|share[-_]?link|recover(?:y)?|signed|session|sessions)"
)
_ASSET: Final = later(
    r"(?i)\.(?:m?js|css|map|woff2?|ttf|png|jpe?g|gif|svg|webp|avif|ico|wasm|m4s|ts|mp4|html?)$"
)
# `rpc`: the request id of a WebChannel's hanging request.
_FLAG: Final = later(r"(?i)(?:true|false|yes|no|on|off|null|none|rpc|\d{1,3})?")
_ENUM: Final = later(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,47}")
_NAME: Final = later(r"[\w.$~:\[\]-]{1,64}")
_BOT: Final = later(r"bot\d{6,}:[\w-]{10,}")

Place = Callable[[str, str], str]
"""place(kind, secret) -> placeholder."""


def redact_url(url: str, place: Place) -> str:
    """The URL fit to be shown: no user info, no fragment, query values and secret segments replaced.

    Takes absolute URLs, request targets (`/path?query`, `host:443`, `*`) and `data:`, `blob:` and
    `javascript:` URLs, whose content becomes its length. Never raises.
    """
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):", url)
    scheme = match.group(1) if match else ""
    if scheme.lower() in {"data", "javascript", "mailto", "tel", "sms", "view-source", "about"}:
        return _opaque_url(scheme, url[len(scheme) + 1 :])
    if scheme.lower() == "blob":
        return f"blob:{redact_url(url[5:], place)}"
    rest = url.split("#", 1)[0]
    authority = ""
    if scheme and rest.startswith("//", len(scheme) + 1):
        begin = len(scheme) + 3
    elif rest.startswith("//"):
        begin, scheme = 2, ""
    else:
        begin = -1
    if begin >= 0:
        stop = re.compile(r"[/?\\]").search(rest, begin)
        cut = stop.start() if stop else len(rest)
        authority = rest[:begin] + redact_host(rest[begin:cut].rpartition("@")[2], place)
        rest = rest[cut:]
    path, mark, query = rest.partition("?")
    shown = authority + redact_path(path, place)
    return f"{shown}?{redact_query(query, place)}" if mark else shown


def _opaque_url(scheme: str, rest: str) -> str:
    if scheme.lower() == "about":
        return f"about:{rest[:40]}" if re.fullmatch(r"[a-z-]{0,40}", rest[:41]) else "about:⟨text⟩"
    if scheme.lower() != "data":
        return f"{scheme}:⟨{len(rest):,} characters⟩"
    head, _, content = rest.partition(",")
    media = re.match(r"[\w.+/-]{0,60}", head)
    return f"{scheme}:{media.group() if media else ''},⟨{len(content):,} characters⟩"


def redact_host(host: str, place: Place) -> str:
    """Host names stay, also where they are addresses; a label that is a key or a token goes."""
    if len(host) > 260:
        return place("host", host)
    return ".".join(place(kind, label) if (kind := _label(label)) else label for label in host.split("."))


def _label(label: str) -> str | None:
    if len(label) < 20 or re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*(?::\d+)?", label):
        return None  # cloud platforms make long host names of words, numbers and short hashes
    return next((hit.kind for hit in hits(label) if hit.kind in {"jwt", "api-key", "base64"}), None)


def redact_path(path: str, place: Place) -> str:
    """Structural segments and resource ids stay; segments that look like secrets are replaced."""
    if len(path) > 8192:
        return path[:0] + place("path", path)
    shown: list[str] = []
    before = ""
    for segment in path.split("/"):
        shown.append(_segment(segment, before, place))
        before = segment
    return "/".join(shown)


def _segment(segment: str, before: str, place: Place) -> str:
    if len(segment) < 5 or UUID.fullmatch(segment):
        return segment
    if ";" in segment and "=" in segment:
        head, *params = segment.split(";")
        return ";".join([_segment(head, before, place), *(redact_query(p, place) for p in params)])
    plain = decoded(segment)
    kind = segment_kind(plain, unquote(before))
    return place(kind, plain) if kind else segment


def segment_kind(plain: str, before: str = "") -> str | None:
    """The kind of secret that a decoded path segment is, or None for one that may be shown."""
    if _BOT.match(plain):
        return "api-key"
    if known_id(plain):
        return None
    if _PROVES.fullmatch(before) and len(plain) >= 8 and any(c.isdigit() for c in plain):
        return "token"
    if plain.startswith("{") or ("=" in plain and len(plain) > 24):
        return "value"
    if _ASSET.search(plain) and len(plain) <= 120:
        plain_stem = _ASSET.sub("", plain)
        return next((hit.kind for hit in hits(plain_stem) if hit.kind in {"jwt", "api-key", "email"}), None)
    named = next((hit.kind for hit in hits(plain) if hit.kind in {"jwt", "api-key", "email"}), None)
    if named:
        return named
    for piece in re.split(r"[.:,~@!()* ]", plain):
        if not known_id(piece) and (kind := opaque(piece)):
            return kind
    return next((hit.kind for hit in hits(plain) if hit.kind not in {"query", "url"}), None)


def redact_query(query: str, place: Place) -> str:
    """Names stay, values go, except flags, short numbers and documented settings."""
    if not query:
        return query
    return "&".join(_parameter(part, place) for part in query.split("&", 400)[:400])


def _parameter(part: str, place: Place) -> str:
    name, mark, value = part.partition("=")
    plain = unquote(name)
    if not mark:
        return (
            name
            if _FLAG.fullmatch(plain) or plain.lower() in _SETTINGS | _COUNTERS
            else place("value", plain)
        )
    if not _NAME.fullmatch(plain) or opaque(plain) or any(True for _ in hits(plain)):
        name = place("name", plain)
    return f"{name}={query_value(plain, value, place)}"


def query_value(name: str, value: str, place: Place) -> str:
    """The value of one query parameter, or its placeholder. `value` as written, percent-encoded."""
    key = name.lower()
    if not value:
        return value
    plain = decoded(value)
    settled = key in _SETTINGS or key in _COUNTERS
    if _FLAG.fullmatch(plain) and not (_SENSITIVE_NAME.search(key) and plain.isdigit()):
        return value
    if key in _COUNTERS and re.fullmatch(r"\d{1,13}(?:\.\d{1,6})?", plain):
        return value
    if (
        settled
        and key in _SETTINGS
        and _ENUM.fullmatch(plain)
        and not (opaque(plain) or any(True for _ in hits(plain)))
    ):
        return value
    return place(value_kind(plain, name), plain)


def value_kind(plain: str, name: str = "") -> str:
    """What a placeholder calls a value: by its shape first, by its name else."""
    for hit in hits(plain[:4096]):
        if hit.kind in {"jwt", "api-key", "email", "ip"} and hit.end - hit.start > len(plain) // 2:
            return hit.kind
    return "token" if _SENSITIVE_NAME.search(name) else "value"
