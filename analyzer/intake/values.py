"""JSON values of unknown quality → typed values. None means: not recorded, or not usable."""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from analyzer.moments import LONGEST_MS
from analyzer.patterns import later

_TOKEN = later(r"[\w.+*/ ,;:=\"'-]{1,200}", re.ASCII)
_URL = later(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#\\]*))?([^?#]*)")
_PORT = later(r":(\d{0,5})$")
# ISO 8601 as exporters write it: fractions of any length, Z or an offset with or without a colon.
_WHEN = later(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?\s*(Z|[+-]\d\d:?\d\d)?", re.I)

# RFC 1918, loopback, link-local and IPv6 unique local. `ipaddress.is_private` also counts the
# documentation and benchmark ranges, which are nobody's private network.
_PRIVATE = tuple(
    ipaddress.ip_network(net)
    for net in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


class Url(NamedTuple):
    """The parts of a URL that the table has columns for."""

    scheme: str | None
    host: str | None
    port: int | None
    path: str | None


def number(value: Any) -> float | None:
    """A finite number, also from digits in a string (seen in `timings`); anything else is None."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if type(value) is int:
        return float(value) if abs(value) < 1 << 62 else None
    if type(value) is str and len(value) < 40:
        try:
            found = float(value)
        except ValueError:
            return None
        return found if math.isfinite(found) else None
    return None


def duration(value: Any) -> float | None:
    """A time span in ms. Negative means "does not apply" or "unknown" in every dialect.

    None also from LONGEST_MS on: a recorder that gives such a span has none.
    """
    if value is None or value == -1:
        return None
    if type(value) is float and 0.0 <= value < LONGEST_MS:
        return value
    found = number(value)
    return found if found is not None and 0 <= found < LONGEST_MS else None


def size(value: Any) -> int | None:
    """A byte count. Negative means unknown."""
    if type(value) is int:
        return value if 0 <= value < 1 << 62 else None
    found = number(value)
    return int(found) if found is not None and found >= 0 else None


def integer(value: Any) -> int | None:
    """A whole number, from a number or from digits."""
    found = number(value)
    return int(found) if found is not None else None


def text(value: Any) -> str | None:
    """A string with something in it."""
    return value if type(value) is str and value else None


def token(value: Any) -> str | None:
    """A short word of a header or an enumeration, lower case; None if it is anything longer."""
    if type(value) is not str:
        return None
    return _token(value) if len(value) < 256 else _token.__wrapped__(value)


@lru_cache(maxsize=4096)
def _token(value: str) -> str | None:
    word = value.strip().lower()
    return word if _TOKEN.fullmatch(word) else None


def instant(value: Any) -> datetime | None:
    """An ISO 8601 instant as an aware UTC datetime; without an offset it is taken as UTC."""
    if type(value) is not str:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        match = _WHEN.match(value.strip())
        if match is None:
            return None
        day, clock, fraction, zone = match.groups()
        try:
            found = datetime.fromisoformat(
                f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{(zone or 'Z').upper()}"
            )
        except ValueError:
            return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def epoch_ms(value: datetime) -> float:
    """Milliseconds since the Unix epoch."""
    return value.timestamp() * 1000.0


def http_date(value: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7) as aware UTC."""
    from email.utils import parsedate_to_datetime  # only a Retry-After that is a date needs it

    try:
        found = parsedate_to_datetime(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def url_parts(url: str | None) -> Url:
    """Scheme, host (lower case, no brackets), port and path. Never raises, unlike `urlsplit`."""
    match = _URL.match(url) if url else None
    if match is None:
        return Url(None, None, None, None)
    scheme, authority, path = match.groups()
    if not authority:
        return Url(scheme.lower(), None, None, None)
    place = _place if len(authority) < 256 else _place.__wrapped__
    scheme, host, port = place(scheme, authority)
    return Url(scheme, host, port, path or "/")


@lru_cache(maxsize=4096)
def _place(scheme: str, authority: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: a capture has thousands of URLs of few hosts."""
    scheme = scheme.lower()
    host = authority.rpartition("@")[2].lower()
    found = _PORT.search(host)
    port = (
        int(found[1]) if found and found[1] else {"http": 80, "ws": 80, "https": 443, "wss": 443}.get(scheme)
    )
    host = _PORT.sub("", host).strip("[]")
    return scheme, host or None, port


def origin(url: str | None) -> tuple[str, str, int | None] | None:
    """Scheme, host and port, WebSocket schemes counted as their HTTP kin; None for opaque origins."""
    parts = url_parts(url)
    if parts.host is None or parts.scheme is None:
        return None
    return {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme), parts.host, parts.port


@lru_cache(maxsize=4096)
def ip_address(value: str) -> tuple[str | None, bool | None]:
    """An address without brackets or zone, and whether it is private, loopback or link-local."""
    bare = value.strip().strip("[]").partition("%")[0]
    if not bare:
        return None, None
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return bare, None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return bare, any(found.version == net.version and found in net for net in _PRIVATE)
