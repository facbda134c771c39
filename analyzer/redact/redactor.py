"""One report's redactor: what may leave the machine, and equal placeholders for equal secrets."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from analyzer.columns import Exchange, columns
from analyzer.patterns import later
from analyzer.redact import headers, jwt
from analyzer.redact.lists import words
from analyzer.redact.shapes import STRONG, address_class, class_of, decoded, hits, may_be_strong
from analyzer.redact.urls import redact_host, redact_query, redact_url
from analyzer.safe import one_line, visible

_LONGEST: Final = 20_000
_WORD: Final = later(r"[\w.:/ @~#=;,+()\[\]{}%|-]{1,200}")
# IPv4 addresses outside every /8 that has a range for special purposes (IANA's registry).
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PUBLIC: Final = later(
    rf"(?!(?:0|10|100|127|169|172|192|198|203|22[4-9]|2[3-5]\d)\.)(?a:{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET})"
)
_KEEP: Final = words("capture where position")
_IDENTIFIERS: Final = words(
    "request_id gateway_request_id connection_id error_type error_code finish_reason model initiator_extension ticket user_agent"
)


class Redactor:
    """Takes secrets out of one report. All methods return text without control characters.

    enabled: False shows everything (control characters still go). counts: how many values were
    replaced, by kind. The numbers in placeholders count the distinct secrets of a kind in the order
    in which they were met; they are no hashes, so nothing can be guessed back from them.
    """

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled
        self.counts: Counter[str] = Counter()
        self._numbers: dict[tuple[str, str], int] = {}
        self._last: Counter[str] = Counter()
        self._cache: dict[tuple[str, str], tuple[str, dict[str, int]]] = {}

    @property
    def redacted(self) -> dict[str, int] | None:
        """The counts for `Report.redacted`; None when redaction is off."""
        return dict(sorted(self.counts.items())) if self.enabled else None

    # ------------------------------------------------------------------ placeholders

    def place(self, kind: str, secret: str) -> str:
        """The placeholder of a secret: `⟨jwt:1 alg=RS256 exp=…⟩`, `⟨ip:2 public⟩`, `⟨token:3⟩`."""
        self.counts[kind] += 1
        note = ""
        if kind == "ip":
            note = address_class(secret)
        elif kind == "jwt":
            note = jwt.summary(secret)
        elif kind in {"quoted", "content", "hex", "base64", "encoded", "private-key"}:
            return f"⟨{kind} {len(secret):,} characters⟩"
        number = self._number(kind, secret)
        return f"⟨{kind}:{number} {note}⟩" if note else f"⟨{kind}:{number}⟩"

    def _number(self, kind: str, secret: str) -> int:
        key = (kind, secret)
        if key not in self._numbers:
            self._last[kind] += 1
            self._numbers[key] = self._last[kind]
        return self._numbers[key]

    def _remember(self, what: str, value: str, compute: Any, times: int = 1) -> str:
        """`compute(value)`, once per value: rows repeat themselves. Counts are taken each time."""
        known = self._cache.get((what, value))
        shown, made = known if known is not None else self._computed(what, value, compute)
        if made:
            for kind, number in made.items():
                self.counts[kind] += number * times
        return shown

    def _computed(self, what: str, value: str, compute: Any) -> tuple[str, dict[str, int]]:
        before = self.counts
        self.counts = Counter()
        shown = cast(str, compute(value))
        made, self.counts = dict(self.counts), before
        if len(self._cache) > 50_000:
            self._cache.clear()
        self._cache[what, value] = (shown, made)
        return shown, made

    # ------------------------------------------------------------------ by place

    def url(self, url: str) -> str:
        """An absolute URL or a request target: skeleton and resource ids stay, values go."""
        if not self.enabled:
            return one_line(url)
        return self._remember("url", url, lambda u: one_line(redact_url(u, self.place), 4000))

    def header(self, name: str, value: str) -> str:
        """The value of header `name` where it is evidence, else a placeholder with its length."""
        if not self.enabled:
            return one_line(value)
        return self._remember(f"header:{name.lower()}", value, lambda v: self._header(name.lower(), v))

    def header_name(self, name: str) -> str:
        """A header's name; one that is no token of HTTP, or looks like a secret, is a length."""
        if not self.enabled:
            return one_line(name)
        if re.fullmatch(r":?[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}", name) and not self._strong(name):
            return name
        self.counts["name"] += 1
        return f"⟨name {len(name):,} characters⟩"

    def text(self, text: str) -> str:
        """Free text (messages, titles, log excerpts) with everything that has a secret's shape replaced."""
        if not self.enabled:
            return visible(text, _LONGEST)
        return self._remember("text", text, self._text)

    def title(self, title: str) -> str:
        """A page's title: its URL where the exporter writes that, else only its length. People's words."""
        if not self.enabled:
            return one_line(title)
        if not title or "://" in title[:40]:
            return self.url(title)
        self.counts["title"] += 1
        return f"⟨title {len(title):,} characters⟩"

    def column(self, name: str, value: Any) -> Any:
        """The value of a column of the exchange table, fit to be shown. Numbers and None pass."""
        if not isinstance(value, str):
            return value
        if not self.enabled or name in _KEEP:
            return one_line(value)
        return self._remember(f"column:{name}", value, lambda v: self._column(name, v))

    def column_of(self, name: str, values: Sequence[str | None]) -> list[str | None]:
        """`column` for a column of text of many rows: each distinct value is looked at once."""
        if not self.enabled or name in _KEEP:
            return [None if value is None else one_line(value) for value in values]
        shown: dict[str | None, str | None] = {None: None}
        for value, times in Counter(values).items():
            if value is None:
                continue
            if name == "client_ip" and _PUBLIC.fullmatch(value):
                # As `_client` would; a log has thousands.
                shown[value] = self._public(value)
                self.counts["ip"] += times
            else:
                shown[value] = self._remember(f"column:{name}", value, lambda v: self._column(name, v), times)
        return [shown[value] for value in values]

    def exchange(self, exchange: Exchange) -> Exchange:
        """The row with every column redacted. The input is not changed."""
        made = {
            name: self.column(name, value)
            for name in exchange.__struct_fields__
            if isinstance(value := getattr(exchange, name), str)
        }
        return msgspec.structs.replace(exchange, **made)

    def entry(self, raw: dict[str, Any]) -> dict[str, Any]:
        """A HAR entry for the evidence drawer: listed fields only, bodies as their lengths.

        Off: the entry as it is. Never raises on what an exporter may have written.
        """
        if not self.enabled:
            return raw
        from analyzer.redact.entry import redact_entry  # for the evidence drawer only

        return redact_entry(raw, self)

    # ------------------------------------------------------------------ how

    def _header(self, name: str, value: str) -> str:
        size = len(value.encode("utf-8", "replace"))
        how = headers.treatment(name)
        if how == "cookie":
            self.counts["cookie"] += 1
            count = value.count(";") + 1 if name == "cookie" else len(value.splitlines()) or 1
            noun = "cookie" if count == 1 else "cookies"
            return f"⟨header:{name} {size:,} B, {count} {noun}⟩"
        if how == "credentials":
            return self._credentials(value)
        if how == "id":
            return self._identifier(value)
        if how == "url":
            return one_line(redact_url(value, self.place), 2000)
        if how == "plain":
            shown = self._identifier(value) if headers.is_version(name) else self._scrub(value)
            return one_line(shown, 1000)
        secret = next((hit for hit in hits(value[:4096]) if hit.kind in {"jwt", "api-key"}), None)
        self.counts["header"] += 1
        if secret:
            return self.place(secret.kind, value[secret.start : secret.end])
        return f"⟨header:{self.header_name(name)} {size:,} B⟩"

    def _credentials(self, value: str) -> str:
        scheme = headers.scheme_of(value)
        secret = value.strip()[len(scheme) :].strip()
        kind = next((hit.kind for hit in hits(secret[:4096]) if hit.kind in {"jwt", "api-key"}), "token")
        shown = self.place(kind, secret)[:-1] + f" {len(secret.encode('utf-8', 'replace')):,} B⟩"
        return f"{scheme} {shown}" if scheme else shown

    def _column(self, name: str, value: str) -> str:
        known = columns().get(name)
        if name in {"url", "path"}:
            return one_line(redact_url(value, self.place), 4000)
        if name == "host":
            return one_line(redact_host(value, self.place), 260)
        if name == "client_ip":
            return ", ".join(self._client(part) for part in value.split(",")[:20])
        if name == "server_ip":
            return self._server(value)
        if name in _IDENTIFIERS:
            return self._identifier(value)
        if known is not None and known.shown:
            return (
                one_line(value, 500)
                if _WORD.fullmatch(value) and not self._strong(value)
                else self._line(value)
            )
        return self._line(value)

    def _line(self, value: str) -> str:
        return one_line(self._text(value), 2000)

    def _client(self, part: str) -> str:
        part = part.strip()
        if _PUBLIC.fullmatch(part):  # as nearly every line of a log has it, and many times faster
            self.counts["ip"] += 1
            return self._public(part)
        try:
            address = ipaddress.ip_address(part.strip("[]"))
        except ValueError:
            return self.place("client", part) if part not in {"", "-"} else part
        if address.is_loopback:
            return part
        self.counts["ip"] += 1
        return f"⟨ip:{self._number('ip', str(address))} {class_of(address)}⟩"

    def _public(self, address: str) -> str:
        return f"⟨ip:{self._number('ip', address)} public⟩"

    def _server(self, value: str) -> str:
        """A server's public address is no secret; a private one shows the inside of a network."""
        try:
            address = ipaddress.ip_address(value.strip().strip("[]"))
        except ValueError:
            return self._line(value)
        if address.is_loopback or address_class(str(address)) == "public":
            return str(address)
        return self.place("ip", str(address))

    def _identifier(self, value: str) -> str:
        """A value that is made to be quoted: only what has a secret's own shape goes."""
        return one_line(self._scrub(value, only=STRONG) if may_be_strong(value) else value, 1000)

    def _strong(self, value: str) -> bool:
        value = value[:_LONGEST]
        return may_be_strong(value) and any(hit.kind in STRONG for hit in hits(value))

    def _text(self, text: str) -> str:
        if len(text) > _LONGEST:
            self.counts["text"] += 1
            return f"{visible(self._scrub(text[:2000]))}… ⟨text {len(text):,} characters⟩"
        return visible(self._scrub(text))

    def _scrub(self, text: str, only: frozenset[str] | None = None) -> str:
        """only: kinds to replace; None is all."""
        parts: list[str] = []
        at = 0
        for hit in hits(text):
            if only is not None and hit.kind not in only:
                continue
            parts.append(text[at : hit.start])
            secret = text[hit.start : hit.end]
            at = hit.end
            if hit.kind == "url":
                bare = secret.rstrip(".,;:!?)]}")
                parts.append(redact_url(bare, self.place) + secret[len(bare) :])
            elif hit.kind == "query":
                parts.append("?" + redact_query(secret[1:], self.place))
            elif hit.kind == "encoded":
                plain = decoded(secret)
                parts.append(self.place("encoded", plain) if decoded(plain) != plain else self._scrub(plain))
            else:
                parts.append(self.place(hit.kind, secret))
        parts.append(text[at:])
        return "".join(parts)
