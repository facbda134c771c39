"""Replacements that keep their shape: same length, plain ASCII, equal for equal secrets.

The redactor of reports puts placeholders for people; a sanitized capture needs values that every
parser still takes: a URL stays a URL, an address an address, a token keeps its expiry.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections import Counter
from typing import Final

from analyzer.redact import headers, jwt
from analyzer.redact.lists import words
from analyzer.redact.shapes import address_class, hits
from analyzer.redact.urls import query_value, redact_query, redact_url

_FILLER: Final = re.compile(r"(?:redacted[0-9]{1,9})?x*|[x1 .:/-]*|0{4,}")
_PERSON: Final = re.compile(r"person\d+@example\.com")
# Ranges that no host has: set aside for measurements (RFC 2544, RFC 5180), so that an address found
# in one of them is known to stand for another. Private ones stay private.
_STANDINS: Final = {
    (4, "public"): ipaddress.ip_network("198.18.0.0/15"),
    (4, "private"): ipaddress.ip_network("10.255.0.0/16"),
    (6, "public"): ipaddress.ip_network("2001:2::/48"),
    (6, "private"): ipaddress.ip_network("fd00:255::/48"),
}
_OURS: Final = (
    "198.18.",
    "198.19.",
    "10.255.",
    "2001:2:",
    "fd00:255:",
    "ip-198-18-",
    "ip-198-19-",
    "ip-10-255-",
)
_NEVER_NUMBERED: Final = words("quoted content encoded text")


class Masker:
    """State of one sanitized file. counts: values that were replaced, by kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._made: dict[tuple[str, str], str] = {}
        self._last: Counter[str] = Counter()
        self._urls: dict[str, str] = {}
        self._headers: dict[tuple[str, str], tuple[str, Counter[str]]] = {}

    # ------------------------------------------------------------------ one value

    def fill(self, text: str, kind: str = "text") -> str:
        """As many `x` as `text` has bytes in UTF-8; what is filler already stays and is not counted."""
        if is_filler(text):
            return text
        self.counts[kind] += 1
        return "x" * len(text.encode("utf-8", "surrogatepass"))

    def value(self, kind: str, secret: str) -> str:
        """The replacement of one secret: numbered, so that equal ones can still be told to be equal."""
        if is_filler(secret) or _PERSON.fullmatch(secret):
            return secret
        key = (kind, secret)
        if key not in self._made:
            self._made[key] = self._make(kind, secret)
        if self._made[key] != secret:
            self.counts[kind] += 1
        return self._made[key]

    def _make(self, kind: str, secret: str) -> str:
        if kind == "jwt" and secret.count(".") == 2:
            return bare_token(secret)
        if kind == "ip":
            return self.address(secret)
        self._last[kind] += 1
        number = self._last[kind]
        if kind == "email":
            return f"person{number}@example.com"
        length = len(secret.encode("utf-8", "surrogatepass"))
        named = f"redacted{number}"
        if kind in _NEVER_NUMBERED or length < len(named):
            return "x" * length
        return named.ljust(length, "x")

    def address(self, text: str) -> str:
        """The stand-in of an address, in a range of the same class; loopback stays, others than addresses too."""
        if text.startswith(_OURS):
            return text
        dashed = text[:3].lower() == "ip-"
        try:
            address = ipaddress.ip_address(text[3:].replace("-", ".") if dashed else text)
        except ValueError:
            return text
        if address.is_loopback or address.is_unspecified:
            return text
        kind = address_class(str(address))
        key = (f"ip-{kind}", str(address))
        if key not in self._made:
            self._last[kind] += 1
            network = _STANDINS[(address.version, kind)]
            self._made[key] = str(network[self._last[kind] % (network.num_addresses - 2) + 1])
        made = self._made[key]
        return f"ip-{made.replace('.', '-')}" if dashed else made

    # ------------------------------------------------------------------ text by its shape

    def scrub(self, text: str) -> str:
        """Free text with what has a secret's shape replaced by the same number of bytes."""
        parts: list[str] = []
        at = 0
        for hit in hits(text):
            secret = text[hit.start : hit.end]
            parts.append(text[at : hit.start])
            at = hit.end
            if hit.kind == "url":
                bare = secret.rstrip(".,;:!?)]}")
                parts.append(self.url(bare) + secret[len(bare) :])
            elif hit.kind == "query":
                parts.append("?" + redact_query(secret[1:], self.value))
            else:
                parts.append(self.value(hit.kind, secret))
        parts.append(text[at:])
        return "".join(parts)

    def url(self, url: str) -> str:
        """The URL with the same path skeleton, and replacements that are legal in a URL."""
        if url not in self._urls:
            scheme = url.partition(":")[0].lower()
            if scheme in {"data", "javascript", "mailto", "tel", "sms"}:
                media = re.match(r"data:[\w.+/-]{0,60}", url)
                shown = f"{media.group()}," if media else f"{scheme}:"
                self.counts["url"] += shown != url
            else:
                shown = redact_url(url, self.value)
                self.counts["fragment or user"] += "#" in url or ("@" in url and "@" not in shown)
            if len(self._urls) > 20_000:
                self._urls.clear()
            self._urls[url] = shown
        return self._urls[url]

    def parameter(self, name: str, value: str) -> str:
        """One query or form parameter as a plain value, not percent-encoded."""
        return query_value(name, value, self.value)

    def header(self, name: str, value: str) -> str:
        """A header's value: evidence stays, everything else becomes filler of the same length."""
        key = (name.lower(), value)
        if key not in self._headers:
            before, self.counts = self.counts, Counter()
            shown = self._header(name, value)
            made, self.counts = self.counts, before
            if len(self._headers) > 20_000:
                self._headers.clear()
            self._headers[key] = (shown, made)
        shown, made = self._headers[key]
        if made:
            self.counts.update(made)
        return shown

    def _header(self, name: str, value: str) -> str:
        how = headers.treatment(name)
        if how == "cookie":
            return self._cookie(name.lower(), value)
        if how == "credentials":
            scheme = headers.scheme_of(value)
            secret = value.strip()[len(scheme) :].strip()
            shown = self.credential(secret)
            return f"{scheme} {shown}" if scheme else shown
        if how == "url":
            return self.url(value)
        if how in {"plain", "id"}:
            whole = how == "id" or headers.is_version(name)
            return self.identifier(value) if whole else self.scrub(value)
        return self.credential(value, "header")

    def identifier(self, value: str) -> str:
        """A request id stays whole unless it has a secret's own shape."""
        strong = any(hit.kind in {"jwt", "api-key", "email"} for hit in hits(value[:4096]))
        return self.scrub(value) if strong else value

    def credential(self, secret: str, kind: str = "token") -> str:
        """A secret as a whole: a JWT keeps its algorithm and times, anything else is filler."""
        token = re.search(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", secret)
        if token and token.group() == secret.strip():
            return self.value("jwt", secret.strip())
        return self.value(kind, secret)

    def _cookie(self, name: str, value: str) -> str:
        """As many cookies as before. Attributes of Set-Cookie go too: they name paths and domains."""
        parts = value.split(";") if name == "cookie" else value.split("\n")
        shown = []
        for part in parts:
            self.counts["cookie"] += not re.fullmatch(r"\s*c=x*", part)
            size = len(part.strip().encode("utf-8", "surrogatepass"))
            shown.append("c=" + "x" * max(0, size - 2))
        return ("; " if name == "cookie" else "\n").join(shown)


def is_filler(text: str) -> bool:
    """`text` is something that a masker wrote, or holds no letter and no digit worth hiding."""
    return bool(_FILLER.fullmatch(text))


def bare_token(token: str) -> str:
    """A JWT of the same algorithm and times, without claims and with filler as its signature."""
    read = jwt.read(token)
    header = {key: read.header[key] for key in ("alg", "typ") if isinstance(read.header.get(key), str)}
    if len(str(header)) > 80:
        header = {}
    claims = {
        key: jwt.seconds(read, key) for key in ("exp", "iat", "nbf") if jwt.seconds(read, key) is not None
    }
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)
    ]
    return f"{parts[0]}.{parts[1]}.{'x' * len(token.rpartition('.')[2])}"
