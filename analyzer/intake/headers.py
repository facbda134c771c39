"""Header lists → the direct columns of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, overload

from msgspec import Raw

from analyzer.columns import Exchange
from analyzer.intake import shape, values
from analyzer.intake.shape import Header
from analyzer.patterns import later

Pairs = list[tuple[str, str]]

# Headers that carry a key or token of the caller. Cookies are a browser's doing and do not count.
_KEYS: Final = frozenset(
    (
        "authorization", "x-api-key", "api-key", "x-goog-api-key", "x-auth-token", "x-access-token",
        "x-amz-security-token", "ocp-apim-subscription-key", "x-functions-key", "apikey", "x-apikey",
    )
)  # fmt: skip
# What a bot defence says of itself: as a word, or by being there beside a refusal.
_CHALLENGED: Final = frozenset(("x-kpsdk-ct", "x-kpsdk-r", "x-px-block", "x-datadome-cid", "x-dd-b"))
_CHALLENGES: Final = (403, 405, 429)
_MITIGATED: Final = ("cf-mitigated", "x-vercel-mitigated", "x-amzn-waf-action")
_BOT_DEFENCES: Final = _CHALLENGED | set(_MITIGATED)
_PSEUDO: Final = frozenset(
    (":authority", ":method", ":path", ":scheme", ":status", ":protocol", ":host", ":version")
)
_MANY: Final = 4096  # names of headers that are remembered
_MEDIA = later(r"[\w.+*-]{1,80}(?:/[\w.+*-]{1,100})?", re.ASCII)
_SCHEME = later(r"[A-Za-z][\w-]{0,40}", re.ASCII)


class _Names(dict[str, str]):
    """Header names in lower case. The same few occur in every entry."""

    def __missing__(self, name: str) -> str:
        found = name.lower()
        if len(self) < _MANY and len(name) < 200:
            self[name] = found
        return found


_names: Final = _Names()


class Recalled(Sequence[tuple[str, str]]):
    """A message's headers as `Recorded` has them, read again from the file whenever they are asked for.

    A capture has a hundred thousand headers, and only those of its streams are looked at twice.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(pairs(shape.headers(self._raw)[0]))

    def __reversed__(self) -> Iterator[tuple[str, str]]:
        return reversed(pairs(shape.headers(self._raw)[0]))

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...

    @overload
    def __getitem__(self, index: slice) -> Pairs: ...

    def __getitem__(self, index: int | slice) -> tuple[str, str] | Pairs:
        return pairs(shape.headers(self._raw)[0])[index]

    def __len__(self) -> int:
        return len(pairs(shape.headers(self._raw)[0]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def pairs(listed: list[Header]) -> Pairs:
    """Headers in recorded order, duplicates kept. Names in lower case, no pseudo-headers."""
    names = _names
    return [(names[header.name], header.value) for header in listed if header.name[:1] != ":"]


def by_name(listed: list[Header]) -> dict[str, str]:
    """Headers by name, the last one winning. Names in lower case, no pseudo-headers."""
    names = _names
    got = {names[header.name]: header.value for header in listed}
    if not _PSEUDO.isdisjoint(got):
        for name in _PSEUDO:
            got.pop(name, None)
    return got


def media_type(value: str | None) -> str | None:
    """`text/event-stream; charset=utf-8` → `text/event-stream`; exporters' `x-unknown` is None."""
    if not value:
        return None
    return _media_type(value) if len(value) < 200 else _media_type.__wrapped__(value)


@lru_cache(maxsize=1024)
def _media_type(value: str) -> str | None:
    word = value.partition(";")[0].strip().lower()
    if not _MEDIA.fullmatch(word) or word in ("x-unknown", "application/x-unknown", "undefined", "null"):
        return None
    return word


def fill_request(row: Exchange, got: dict[str, str]) -> None:
    """Set the columns that request headers give. got: by name."""
    row.accept = got.get("accept")
    row.user_agent = got.get("user-agent")
    row.resumed = "last-event-id" in got if got else None
    if not _KEYS.isdisjoint(got):
        row.auth_sent = True
    elif got:
        row.auth_sent = False


def fill_response(
    row: Exchange, vias: Sequence[str], got: dict[str, str], mime: str | None, at: datetime | None
) -> None:
    """Set the columns that response headers give. vias: every `via`, in order; got: all headers, by name.

    mime: `content.mimeType`, for exporters that lose the header. at: when the answer came, for a
    Retry-After that is a date.
    """
    get = got.get
    row.content_type = media_type(get("content-type")) or media_type(mime)
    if not got:
        return
    # Most headers are not there: asking first is cheaper than reading nothing.
    if (coding := get("content-encoding")) is not None:
        row.content_encoding = values.token(coding)
    if (coding := get("transfer-encoding")) is not None:
        row.transfer_encoding = values.token(coding)
    if (length := get("content-length")) is not None:
        length = length.partition(",")[0].strip()
        row.content_length = int(length) if length.isdecimal() and len(length) < 19 else None
    if (caching := get("cache-control")) is not None:
        row.cache_control = values.token(caching)
    if (age := get("age")) is not None:
        row.age_s = values.duration(age)
    row.server = get("server")
    if vias:
        row.via = ", ".join(vias)
    if (buffering := get("x-accel-buffering")) is not None:
        row.accel_buffering = values.token(buffering)
    if not got.keys().isdisjoint(_BOT_DEFENCES):
        row.mitigated = next((word for name in _MITIGATED if (word := values.token(get(name)))), None)
        if row.mitigated is None and not got.keys().isdisjoint(_CHALLENGED):
            row.mitigated = "challenge" if (row.status or 0) in _CHALLENGES else None
    if "www-authenticate" in got:
        scheme = _SCHEME.match(got["www-authenticate"].strip())
        row.www_authenticate = scheme[0].lower() if scheme else None
    row.cors_allowed = "access-control-allow-origin" in got
    if "retry-after" in got or "retry-after-ms" in got:
        row.retry_after_ms = _retry_after(got, at)


def _retry_after(got: dict[str, str], at: datetime | None) -> float | None:
    exact = values.duration(got.get("retry-after-ms"))
    if exact is not None:
        return exact
    given = got.get("retry-after", "").strip()
    seconds = values.duration(given)
    if seconds is not None:
        return seconds * 1000.0
    until = values.http_date(given)
    now = values.http_date(got["date"]) if "date" in got else at
    if until is None or now is None:
        return None
    return max((until - now).total_seconds() * 1000.0, 0.0)


def cross_origin(url: str | None, got: dict[str, str], resource_type: str | None) -> bool | None:
    """The page and the URL have different origins, as the request's own headers say.

    A navigation has no page of its own; a same-site request to another host is cross-origin.
    """
    site = got.get("sec-fetch-site")
    if site in ("cross-site", "same-site"):
        return True
    if site == "same-origin":
        return False
    if resource_type == "document" or site == "none":
        return None
    page = got.get("origin")
    if page == "null":
        return True
    page = page or got.get("referer")
    source = values.origin(page) if page else None
    target = values.origin(url) if source is not None else None
    return None if target is None else target != source
