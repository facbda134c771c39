"""What secrets look like: one linear scan over text, and how random a word is.

Every pattern either is bounded or, once it has consumed a long stretch, succeeds; quantifiers are
possessive. So a hostile text costs time in proportion to its length, whatever it contains.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from analyzer.patterns import later


class Hit(NamedTuple):
    """A stretch of text that must not be shown: its span and its kind."""

    start: int
    end: int
    kind: str


_UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
UUID: Final = later(_UUID)

# Ids that providers and gateways give to requests and objects: support asks for them, nobody can
# log in with them. What follows the prefix may be as random as it likes, within limits.
_KNOWN_ID: Final = later(
    r"(?:req|request|msg|message|resp|chatcmpl|cmpl|gen|thread|run|step|asst|conv|conversation|call|toolu"
    r"|srvtoolu|fc|rs|item|evt|event|file|batch|proj|org|vs|ft|ftjob|model|chat|room|space|agent|task|job"
    r"|trace|span|cluster|dpl|bld|iad1|deployment)[_-][A-Za-z0-9]{1,64}"
)

# Key formats that vendors document. `*` because error messages show keys half masked.
_KEY: Final = (
    r"(?:sk|pk|rk)[-_][A-Za-z0-9_*.-]{8,}+"
    r"|AIza[A-Za-z0-9_*-]{10,}+|ya29\.[A-Za-z0-9._-]{5,}+|1//0[A-Za-z0-9_-]{16,}+|4/0A[A-Za-z0-9_-]{16,}+"
    r"|gh[oprsu]_[A-Za-z0-9]{10,}+|github_pat_[A-Za-z0-9_]{10,}+|gl(?:pat|ptt|dt|rt|cbt)-[A-Za-z0-9_.-]{10,}+"
    r"|xox[a-z]-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{8,}+|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}+"
    r"|(?:hf|gsk|r8|npm|tok|whsec|shpat|shpss|shpca|fw|key|secret|pat|rpa|dckr_pat|ntn|re|phc|phx|sbp|tgp)"
    r"_[A-Za-z0-9_*-]{8,}+"
    r"|(?:xai|pplx|nvapi|pypi|fal|together|csk|cpk|voyage|jina|dapi|tvly|dop_v1|lin_api|sntrys|sess|secret|token)"
    r"-[A-Za-z0-9_*-]{16,}+"
    r"|SG\.[A-Za-z0-9_.-]{20,}+|ATATT[A-Za-z0-9_=-]{20,}+|CfDJ8[A-Za-z0-9_-]{20,}+|EAA[A-Za-z0-9]{30,}+"
    r"|[0-9]{8,12}:[A-Za-z0-9_-]{30,}+|AGE-SECRET-KEY-[A-Z0-9]{10,}+"
)
_SENSITIVE: Final = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|client[-_ ]?secret|(?:access|refresh|id|auth|csrf|xsrf|bearer|session)?"
    r"[-_ ]?token|api[-_ ]?key|access[-_ ]?key|account[-_ ]?key|private[-_ ]?key|authorization|proxy-authorization"
    r"|session(?:[-_ ]?(?:id|key))?|csrf|xsrf|otp|pin|signature|sig|hmac|credentials?|assertion|samlresponse"
    r"|samlrequest|relaystate|code[-_]?verifier|auth[-_]?code|code|state|nonce|jsessionid|phpsessid|sid|ticket|jwt"
    r"|user(?:name)?|login|email|phone|ssn|iban"
)
_CONTENT: Final = (
    r"(?:system|user|last)?_?prompts?|contents?|text|inputs?|query|question|delta|answer|title|subject|body|(?:full|first|last)?_?name"
    r"|system|instructions?|address|parts"
)
_QUOTE: Final = r"[\"'\\]{0,4}"
# A quoted value ends at its own kind of quote: `\"` inside an escaped string, a bare `"` outside.
_QUOTED_VALUE: Final = (
    r"(?<=\\\")(?:[^\"\\\n]|\\[^\"\n])++|(?<=\")(?:[^\"\\\n]|\\[^\n])++|(?<=')(?:[^'\\\n]|\\[^\n])++"
)

_PATTERNS: Final = (
    ("private-key", r"-----BEGIN [A-Z0-9 ]{1,40}+-----[^-]{0,20000}+(?:-----END [A-Z0-9 ]{1,40}+-----)?"),
    ("jwt", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{5,}+(?:\.[A-Za-z0-9_-]*+){0,4}+"),
    ("url", r"(?i:(?<![a-z])(?:https?|wss?|ftp|postgres(?:ql)?|mysql|redis|mongodb|amqps?)://)[^\s\"'<>\\`⟨⟩]++"),
    ("api-key", rf"(?<![A-Za-z0-9])(?:{_KEY})"),
    ("cookie", r"(?i:(?<![a-z])(?:set-)?cookie)[\"'\\]{0,4}\s{0,3}[:=]\s{0,3}[\"'\\]{0,4}(?P<cookie_v>[^\r\n\"'\\]{1,8192}+)"),
    ("auth", r"(?i:(?<![a-z])(?P<scheme>bearer|basic|negotiate|digest))\s{1,3}(?P<auth_v>[A-Za-z0-9._~+/=*-]{6,}+)"),
    (
        "pair",
        rf"{_QUOTE}(?i:(?<![a-z])(?P<pair_k>{_SENSITIVE}))(?P<pair_s>{_QUOTE}\s{{0,3}}[:=]\s{{0,3}}{_QUOTE})"
        rf"(?P<pair_p>(?i:bearer|basic|token)\s{{1,3}})?(?P<pair_v>{_QUOTED_VALUE}|[^\s\"'\\&,;<>(){{}}\[\]⟨⟩]++){_QUOTE}",
    ),
    (
        "content",
        rf"{_QUOTE}(?i:(?<![a-z_])(?P<content_k>{_CONTENT}))[\"'\\]{{1,4}}\s{{0,3}}:\s{{0,3}}\[?\s{{0,3}}[\"'\\]{{1,4}}"
        rf"(?P<content_v>{_QUOTED_VALUE}){_QUOTE}",
    ),
    ("key", r"\"(?P<key_v>[^\"\n]{1,64}+)\"(?=\s{0,3}:)"),
    ("email", r"(?<![\w.+*-])[\w.+*-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+"),
    ("quoted", r"\"(?P<q1>[^\"\n]*+)\"|“(?P<q2>[^”\n]*+)”|`(?P<q3>[^`\n]*+)`|(?<!\w)'(?P<q4>[^'\n]*+)'(?!\w)"),
    ("uuid", rf"(?<![0-9A-Za-z]){_UUID}(?![0-9A-Za-z])"),
    ("mac", r"(?<![\w:])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:])"),
    ("ipv4", r"(?<![\w.])(?<![A-Za-z]/)(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)"),
    ("ipv4", r"(?i:(?<![a-z])ip-)\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}(?!\w|-)"),
    ("ipv6", r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])"),
    ("iban", r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"),
    ("digits", r"(?<![\w.+-])\+?\(?\d(?:[ ().-]{0,2}\d){8,18}(?!\w|[.-]\d)"),
    ("query", r"(?<=[\w/])\?[\w.~\[\]-]{1,64}=[^\s\"'<>\\]*+"),
    ("word", r"[A-Za-z0-9+/_-]{16,}+={0,2}"),
    ("escaped", r"[^\s\"'<>%\\&]{0,200}+(?:%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2})[^\s\"'<>]*+"),
)  # fmt: skip


_SCAN: Final = later(
    "|".join(f"(?P<{kind.replace('-', '_')}_{i}>{p})" for i, (kind, p) in enumerate(_PATTERNS))
)
_KINDS: Final = {f"{kind.replace('-', '_')}_{i}": kind for i, (kind, _) in enumerate(_PATTERNS)}
#: Kinds that are secrets wherever they stand.
STRONG: Final = frozenset({"private-key", "jwt", "api-key", "email", "card", "iban"})
_STRONG_SCAN: Final = later("|".join(p for kind, p in _PATTERNS if kind in STRONG or kind == "digits"))
_LONG_QUOTE: Final = 40
_ENCODED: Final = later(r"%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}")
_UNICODE: Final = later(r"\\u(00[0-9A-Fa-f]{2})")
_PLAIN_WORD: Final = later(r"[a-z]{1,24}(?:[-_ ][a-z]{1,24}){0,5}")
_ALWAYS: Final = later(r"(?i)pass|pwd|secret|otp|pin|ssn|iban|cookie|saml|assertion|email|phone")
_WEAK: Final = later(r"(?i)(?:code|state|ticket|user(?:name)?|login|nonce|sid|sig|session)$")


def decoded(text: str) -> str:
    """`text` with percent and \\u00XX escapes undone, at most three times over."""
    for _ in range(3):
        if not _ENCODED.search(text):
            break
        text = unquote(_UNICODE.sub(lambda m: chr(int(m.group(1), 16)), text), errors="replace")
    return text


def known_id(word: str) -> bool:
    """An identifier that is made to be quoted: a UUID, or a documented id prefix with its tail."""
    return bool(UUID.fullmatch(word) or _KNOWN_ID.fullmatch(word))


def randomness(word: str) -> float:
    """Share of neighbouring characters that change class (lower, upper, digit): 0.35-0.5 in keys.

    An upper-case letter before a lower-case one starts a camelCase hump and does not count.
    """
    changes = pairs = 0
    last = ""
    for char in word:
        kind = "d" if char.isdigit() else "u" if char.isupper() else "l" if char.isalpha() else ""
        if kind and last:
            pairs += 1
            changes += kind != last and not (last == "u" and kind == "l")
        last = kind
    return changes / pairs if pairs else 0.0


def opaque(word: str) -> str | None:
    """The kind of secret that a long word without spaces looks like, or None if it reads as a name.

    hex: 32 or more hexadecimal digits. base64: decodes to text. token: 20 or more random characters.
    """
    bare = word.rstrip("=")
    if len(bare) < 16 or known_id(word):
        return None
    if len(bare) >= 32 and re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", bare) and not bare.isdigit():
        return "hex"
    if _reads_as_base64(bare):
        return "base64"
    if len(bare) >= 20 and randomness(bare) >= 0.2:
        return "token"
    longest = max((len(part) for part in re.split(r"[^A-Za-z0-9]", bare)), default=0)
    return "token" if longest >= 48 else None


def _reads_as_base64(word: str) -> bool:
    """It decodes to printable text; a word that is no base64 does so once in a million."""
    if len(word) % 4 == 1 or ("-" in word.strip("-") and "/" in word):
        return False
    padded = word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4)
    try:
        data = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return all(32 <= byte < 127 or byte in (9, 10, 13) for byte in data)


def luhn(digits: str) -> bool:
    """The check sum of payment cards (ISO/IEC 7812-1)."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char)
        if index % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def may_be_strong(text: str) -> bool:
    """Whether `hits` can find one of the STRONG kinds: a look that is many times faster. digits can be a card."""
    return _STRONG_SCAN.search(text) is not None


def hits(text: str, depth: int = 0) -> Iterator[Hit]:
    """The stretches of `text` that look like secrets, left to right, never overlapping.

    Kinds: private-key, jwt, api-key, cookie, password, token, content, quoted, email, ip, mac, iban,
    card, phone, hex, base64, url, query, encoded. `url` and `query` spans are for the URL redactor:
    they need not hold anything secret.
    """
    pos = 0
    while pos < len(text):
        match = _SCAN.search(text, pos)
        if match is None:
            return
        kind = _KINDS[match.lastgroup or ""]
        found = list(_judge(match, kind, depth))
        yield from found
        pos = max(match.end(), match.start() + 1)
        if not found and kind in {"quoted", "pair", "content", "key"} and depth < 4:
            # Nothing said about the whole: its inside is read on its own.
            begin, end = _inside(match, kind)
            for hit in hits(text[begin:end], depth + 1):
                yield Hit(begin + hit.start, begin + hit.end, hit.kind)


def _inside(match: re.Match[str], kind: str) -> tuple[int, int]:
    if kind == "quoted":
        return next(match.span(q) for q in ("q1", "q2", "q3", "q4") if match.start(q) >= 0)
    return match.span({"pair": "pair_v", "content": "content_v", "key": "key_v"}[kind])


def _judge(match: re.Match[str], kind: str, depth: int) -> Iterator[Hit]:
    start, end = match.span()
    word = match.group()
    if kind in {"private-key", "jwt", "email", "mac", "url", "query"}:
        yield Hit(start, end, kind)
    elif kind == "api-key":
        if re.search(r"[0-9A-Z*]", word[3:]) or len(word) >= 24:
            yield Hit(start, end, kind)
    elif kind == "cookie":
        yield Hit(*match.span("cookie_v"), "cookie")
    elif kind == "auth":
        if _valuable(match.group("auth_v")):
            yield Hit(*match.span("auth_v"), "token")
    elif kind == "pair":
        yield from _pair(match)
    elif kind == "content":
        if _is_content(match.group("content_k"), match.group("content_v")):
            yield Hit(*match.span("content_v"), "content")
    elif kind == "quoted":
        begin, stop = _inside(match, kind)
        if text_like(match.string[begin:stop]):
            yield Hit(begin, stop, "quoted")
    elif kind in {"ipv4", "ipv6"}:
        yield from _address(start, end, word)
    elif kind == "iban":
        if sum(char.isdigit() for char in word) >= 8:
            yield Hit(start, end, "iban")
    elif kind == "digits":
        found = _digits(word)
        if found:
            yield Hit(start, end, found)
    elif kind == "word":
        yield from _words(start, word)
    elif kind == "escaped" and depth < 3:
        plain = decoded(word)
        if plain != word and any(True for _ in hits(plain, depth + 1)):
            yield Hit(start, end, "encoded")


def _is_content(key: str, value: str) -> bool:
    """Somebody's text. A name may be a program's (`AbortError`, `max_tokens`), a text may not."""
    if key.lower().endswith("name"):
        return not re.fullmatch(r"[\w:-]{1,40}", value) or opaque(value) is not None
    return len(value) > 2


def text_like(quoted: str) -> bool:
    """Prose, such as an echoed prompt, rather than an identifier, a path or a request line."""
    if not quoted.isascii():
        return len(quoted) >= 12
    return len(quoted) >= _LONG_QUOTE and quoted.count(" ") >= 3


def _valuable(value: str) -> bool:
    return len(value) >= 20 or any(char.isdigit() or char in "=*" for char in value)


def _pair(match: re.Match[str]) -> Iterator[Hit]:
    key, value = match.group("pair_k"), match.group("pair_v")
    strict = "=" in match.group("pair_s") or ('"' in match.group("pair_s") and " " in value)
    harmless = value.lower() in {
        "null",
        "none",
        "true",
        "false",
        "-",
        "expired",
        "missing",
        "invalid",
        "required",
    }
    if harmless or value.startswith(("⟨", "$", "%{")):
        return
    if _WEAK.search(key):
        # `code: 429`, `state: open`, `user=alice`: shown unless the value cannot be a word.
        if strict and (len(value) >= 6 and not _PLAIN_WORD.fullmatch(value) and _valuable(value)):
            yield Hit(*match.span("pair_v"), "token")
        elif re.search(r"(?i)user|login", key) and strict and len(value) > 1:
            yield Hit(*match.span("pair_v"), "user")
        return
    if _ALWAYS.search(key):
        yield Hit(*match.span("pair_v"), "password" if re.search(r"(?i)pass|pwd|pin|otp", key) else "secret")
    elif strict or match.group("pair_p") or not _PLAIN_WORD.fullmatch(value):
        yield Hit(*match.span("pair_v"), "token")


def _address(start: int, end: int, word: str) -> Iterator[Hit]:
    bare = word[3:].replace("-", ".") if word[:3].lower() == "ip-" else word
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return
    # A network's own number, such as 2.0.0.0, is no host: it is a version.
    if not (address.is_loopback or address.is_unspecified or bare.endswith(".0.0.0")):
        yield Hit(start, end, "ip")


def _digits(word: str) -> str | None:
    """card, phone, or None for what is a date, a clock, a fraction or a plain count."""
    digits = re.sub(r"\D", "", word)
    if re.match(r"\(?\d{4}-\d{2}-\d{2}|\d{1,10}\.\d+$|\d{2}\.\d{2}\.\d{4}", word):
        return None
    if 13 <= len(digits) <= 19 and luhn(digits) and digits[0] in "23456" and len(set(digits)) > 1:
        return "card"
    if len(digits) > 15:
        return None
    if word.startswith(("+", "(")) or (word.startswith("0") and 10 <= len(digits) <= 13):
        return "phone"
    return "phone" if digits != word and not re.fullmatch(r"\d+-\d+|\d+ \d+", word) else None


def _words(start: int, word: str) -> Iterator[Hit]:
    kind = opaque(word)
    if kind is None or "/" not in word:
        if kind:
            yield Hit(start, start + len(word), kind)
        return
    parts = word.split("/")
    if kind == "base64" or sum(len(part) for part in parts) / len(parts) >= 16:
        yield Hit(start, start + len(word), kind)
        return
    at = start
    for part in parts:  # a path: each segment for itself
        inner = opaque(part)
        if inner:
            yield Hit(at, at + len(part), inner)
        at += len(part) + 1


# RFC 5737 and RFC 3849: set aside for documentation, where they stand for public addresses.
_DOCUMENTATION: Final = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")


def address_class(secret: str) -> str:
    """private or public; private covers loopback, link-local and unique local addresses too.

    The ranges that are set aside for documentation stand for public ones.
    """
    bare = secret[3:].replace("-", ".") if secret[:3].lower() == "ip-" else secret
    try:
        return class_of(ipaddress.ip_address(bare))
    except ValueError:
        return "address"


def class_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """`address_class` of an address that was read already."""
    return "private" if address.is_private and not str(address).startswith(_DOCUMENTATION) else "public"
