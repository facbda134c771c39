"""Log lines without their secrets, in the same format: any parser of the original reads them.

Works on many lines at once with a few linear patterns. Addresses become documentation addresses,
the same one for the same client; query values, user names, cookies, keys and mail addresses become
filler; times, sizes, states, paths and user agents stay.
"""

from __future__ import annotations

import re
from typing import Final

from analyzer.redact.lists import words
from analyzer.redact.masker import Masker, is_filler
from analyzer.redact.shapes import hits
from analyzer.redact.urls import redact_path, redact_query

# A pattern that begins with a class of characters is searched for much faster than one that begins
# with a look-behind, so the look-behinds stand after the first character.
_IPV4: Final = re.compile(r"\d(?<![\w.]\d)(?<![A-Za-z]/\d)\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\w|\.\d)")
_IPV6: Final = re.compile(
    r"[0-9A-Fa-f](?<![\w:.].)[0-9A-Fa-f]{0,3}+:(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{1,34}[0-9A-Fa-f](?![\w:.])"
)
_TARGET: Final = re.compile(r"(?<=[ \"'=\t/:\w])\?(?P<query>[^\s\"'<>\\`|]*+)")
_PATH: Final = re.compile(
    r"(?<![\w/])(?:[a-z]{2,8}://[^\s/\"'?\\]{1,260}+)?(?P<path>/[^\s\"'?<>\\,;|]{11,4096}+)"
)
_SHARP: Final = re.compile(
    r"(?i)[^/]{16,}|@|%40|;|/(?:magic|reset|verify|invite|token|confirm|activate|webhooks?)"
)
_USERINFO: Final = re.compile(r"(?<=://)[^\s/@\"'?\\]{1,256}+@")
_NAME: Final = re.compile(r"[A-Za-z](?<![A-Za-z].)[A-Za-z_-]{2,30}+(?=\\?[\"']?\s{0,2}[:=])")
_NAMES: Final = words(
    "remoteuser user username authuser csusername login email password passwd pwd secret token accesstoken refreshtoken "
    "idtoken apikey authorization proxyauthorization cookie setcookie session sessionid xapikey xauthtoken httpcookie "
    "httpauthorization httpxapikey credentials clientsecret customer account phone"
)
_VALUE: Final = re.compile(
    r"(?P<head>\\?[\"']?\s{0,2}[:=]\s{0,2}\[?\s{0,2}\\?[\"']?)(?P<scheme>(?:[Bb]earer|[Bb]asic|[Tt]oken)\s+)?"
    r"(?P<value>(?<=[\"'])[^\"\\\r\n]*+|[^\s\"'\\,&\]}]++)"
)
_CLF_USER: Final = re.compile(
    r"(?m)^(?P<head>\S{1,64} \S{1,64} )(?P<user>[^\s\[\"]{1,128}) (?=\[\d{1,2}/[A-Z][a-z]{2}/\d{4})"
)
_STRONG: Final = (
    "eyJ", "earer ", "asic ", "sk-", "sk_", "pk_", "rk_", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat", "glpat-",
    "xox", "hf_", "gsk_", "tok_", "whsec_", "tgp_", "AIza", "ya29.", "AKIA", "ASIA", "-----BEGIN", "shpat_", "npm_",
    "xai-", "pplx-", "SG.",
)  # fmt: skip
_EMAIL: Final = re.compile(r"[\w.+-](?<![\w.+-].)[\w.+-]{0,63}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+")
_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|negotiate|digest)\s+$")
_SAFE_VALUES: Final = frozenset({"-", "null", "none", "true", "false", '""', "REDACTED", "[]"})
_KEPT: Final = frozenset({"jwt", "api-key", "email", "cookie", "private-key"})


class LogMasker:
    """Masks one log. Keeps the columns of a W3C log between calls, as they stand in its head."""

    def __init__(self, masker: Masker) -> None:
        self.masker = masker
        self._fields: list[str] = []
        self._addresses: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._queries: dict[str, str] = {}

    def chunk(self, text: str) -> str:
        """Some whole lines; the same lines."""
        if text.startswith("#") or "\n#" in text or self._fields:
            text = "".join(self._w3c(line) for line in text.splitlines(keepends=True))
        text = _USERINFO.sub(self._userinfo, text)
        text = _TARGET.sub(self._query, text)
        text = _PATH.sub(self._path, text)
        text = self._named(text)
        text = _CLF_USER.sub(self._clf_user, text)
        text = _IPV4.sub(self._ip, text)
        text = _IPV6.sub(self._ip, text)
        if "@" in text:
            text = _EMAIL.sub(lambda m: self.masker.value("email", m.group()), text)
        if not _has_strong(text):
            return text
        return "".join(self._strong(line) for line in text.splitlines(keepends=True))

    def _ip(self, match: re.Match[str]) -> str:
        """An address; a clock (`10:15:03`) and a version (`2.0.0.0`) that only look like one stay."""
        text = match.group()
        if text not in self._addresses:
            shown = text if text.endswith(".0.0.0") else self.masker.address(text)
            if len(self._addresses) > 200_000:
                self._addresses.clear()
            self._addresses[text] = shown
        shown = self._addresses[text]
        self.masker.counts["ip"] += shown != text
        return shown

    def _userinfo(self, match: re.Match[str]) -> str:
        self.masker.counts["user info"] += not is_filler(match.group()[:-1])
        return "x" * (len(match.group()) - 1) + "@"

    def _query(self, match: re.Match[str]) -> str:
        query = match["query"]
        if query not in self._queries:
            if len(self._queries) > 50_000:
                self._queries.clear()
            self._queries[query] = redact_query(query, self.masker.value)
        return "?" + self._queries[query]

    def _path(self, match: re.Match[str]) -> str:
        path = match["path"]
        if not _SHARP.search(path):
            return match.group()
        if path not in self._paths:
            if len(self._paths) > 50_000:
                self._paths.clear()
            self._paths[path] = redact_path(path, self.masker.value)
        return match.group()[: match.start("path") - match.start()] + self._paths[path]

    def _named(self, text: str) -> str:
        """Values after names that say what they are: `"cookie":"…"`, `user=dana`, `authorization: Bearer …`."""
        parts: list[str] = []
        at = 0
        for name in _NAME.finditer(text):
            plain = name.group().lower().replace("_", "").replace("-", "")
            if plain not in _NAMES or name.start() < at:
                continue
            match = _VALUE.match(text, name.end())
            if (
                match is None
                or not match["value"]
                or match["value"] in _SAFE_VALUES
                or is_filler(match["value"])
            ):
                continue
            kind = "user" if "user" in plain or plain == "login" else "token"
            parts += [text[at : match.start("value")], self.masker.credential(match["value"], kind)]
            at = match.end()
        return "".join([*parts, text[at:]]) if parts else text

    def _clf_user(self, match: re.Match[str]) -> str:
        user = match["user"]
        return f"{match['head']}{user if user in _SAFE_VALUES else self.masker.value('user', user)} "

    def _strong(self, line: str) -> str:
        if not _has_strong(line):
            return line
        parts: list[str] = []
        at = 0
        for hit in hits(line):
            secret = line[hit.start : hit.end]
            if hit.kind in _KEPT:
                parts += [line[at : hit.start], self.masker.value(hit.kind, secret)]
            elif hit.kind == "token" and _SCHEME.search(line, max(0, hit.start - 12), hit.start):
                parts += [line[at : hit.start], self.masker.credential(secret)]
            elif hit.kind in {"quoted", "url", "content", "token"} and _has_strong(secret):
                # A long quoted part, such as a request line: only what is strong in it goes.
                parts += [line[at : hit.start], self._inside(secret, hit.kind)]
            else:
                continue
            at = hit.end
        parts.append(line[at:])
        return "".join(parts)

    def _inside(self, text: str, kind: str) -> str:
        return (
            self.masker.value("token", text)
            if kind == "token"
            else self.masker.scrub(text)
            if kind == "url"
            else self._pieces(text)
        )

    def _pieces(self, text: str) -> str:
        return " ".join(
            self.masker.scrub(piece) if _has_strong(piece) else piece for piece in text.split(" ")
        )

    def _w3c(self, line: str) -> str:
        """A line of a W3C extended log, whose head names its columns."""
        if line.startswith("#"):
            if line.lower().startswith("#fields:"):
                self._fields = line.split(":", 1)[1].split()
            return line
        separator = "\t" if "\t" in line else " "
        end = line[len(line.rstrip("\r\n")) :]
        values = line[: len(line) - len(end)].split(separator)
        if len(values) != len(self._fields):
            return line
        for index, name in enumerate(self._fields):
            value, lower = values[index], name.lower()
            if value in _SAFE_VALUES or is_filler(value):
                continue
            if "query" in lower:
                values[index] = redact_query(value, self.masker.value)
            elif "cookie" in lower:
                values[index] = self.masker.fill(value, "cookie")
            elif "username" in lower:
                values[index] = self.masker.value("user", value)
            elif "referer" in lower:
                values[index] = self.masker.url(value)
        return separator.join(values) + end


def _has_strong(text: str) -> bool:
    return any(literal in text for literal in _STRONG)
