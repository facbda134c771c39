"""Bodies made of text: the protocol stays, every word that somebody wrote becomes filler.

Works on the raw text, not on a parsed tree: sizes, white space, framing and the place where a body
was cut stay exactly as they were, also when the JSON in it is broken.
"""

from __future__ import annotations

import json
import re
from typing import Final

from analyzer.decode.webchannel import WebChannelDecoder, looks_like_webchannel
from analyzer.model import Event
from analyzer.redact import vocabulary
from analyzer.redact.masker import Masker
from analyzer.redact.maskpage import mask_page
from analyzer.redact.shapes import known_id

_TOKEN: Final = re.compile(
    r'(?P<string>"(?P<raw>(?:[^"\\\n]|\\.)*+)(?P<close>"?))(?P<colon>\s*+:)?'
    r"|(?P<open>[{\[])|(?P<shut>[}\]])|(?P<number>-?\d[\d.eE+-]*+)(?![A-Za-z_])|(?P<word>[^\s\"{}\[\],:]+)",
    re.DOTALL,
)
_ERRORISH: Final = re.compile(
    r'"(?:type|event|object|status|kind|code|name|level)"\s*+:\s*+"[^"\n]{0,60}(?:error|fail|exception)',
    re.IGNORECASE,
)
_URL_KEY: Final = re.compile(r"(?i)(?:url|uri|href|link|endpoint|origin|referr?er|location)$")
_TIME_KEY: Final = re.compile(
    r"(?i)(?:created|time|timestamp|_at|at|expires|exp|iat|tokens?|usage|duration|ns|ms)$"
)
_SSE_LINE: Final = re.compile(r"(?P<field>data|event|id|retry)(?P<sep>: ?)(?P<value>.*)", re.DOTALL)


def mask_json(text: str, masker: Masker, *, erring: bool = False) -> str:
    """JSON, or a piece of it, or text with JSON in it: same bytes, same structure, filler for texts.

    erring: it describes an error, whose messages are scrubbed by shape instead of replaced.
    """
    parts: list[str] = []
    stack: list[tuple[str, bool]] = []  # (key under which the container hangs, it is in an error)
    key, error = "", erring or bool(_ERRORISH.search(text))
    at = 0
    for match in _TOKEN.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        if match["string"] is not None:
            if match["colon"] is not None:
                key = _plain(match["raw"])
                parts.append(f'"{_name(match["raw"], key, masker)}"{match["colon"]}')
            else:
                parts.append(f'"{_string(match["raw"], key, error, masker)}{match["close"]}')
        elif match["open"] is not None:
            stack.append((key, error))
            error = error or (bool(key) and vocabulary.opens_error(key))
            parts.append(match.group())
        elif match["shut"] is not None:
            key, error = stack.pop() if stack else ("", error)
            parts.append(match.group())
        elif match["number"] is not None:
            parts.append(_number(match["number"], key, masker))
        else:
            parts.append(_word(match["word"], masker))
    parts.append(text[at:])
    return "".join(parts)


def _plain(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def _name(raw: str, key: str, masker: Masker) -> str:
    return (
        raw
        if re.fullmatch(r"[\w$.@/ -]{1,48}", key) and vocabulary.is_word(key)
        else masker.fill(raw, "name")
    )


def _string(raw: str, key: str, error: bool, masker: Masker) -> str:
    if not raw or not raw.strip():
        return raw
    value = _plain(raw)
    if vocabulary.keeps(key, value):
        return raw
    if value.lstrip()[:1] in "{[" and len(value) > 2:
        return _escaped(mask_json(value, masker, erring=error), raw)
    if (error and (vocabulary.is_message_key(key) or not key)) or vocabulary.opens_error(key):
        return _escaped(masker.scrub(value), raw)
    if _URL_KEY.search(key) and re.match(r"https?://|wss?://|/", value):
        return _escaped(masker.url(value), raw)
    if value.startswith("eyJ") and value.count(".") == 2:
        return masker.credential(value)
    return masker.fill(raw)


def _escaped(value: str, raw: str) -> str:
    """`value` as the inside of a JSON string, escaped as `raw` was."""
    return json.dumps(value, ensure_ascii="\\u" in raw)[1:-1]


def _number(text: str, key: str, masker: Masker) -> str:
    """Counts, codes and times stay; a long whole number may be a phone, an account, a card."""
    digits = text.lstrip("-")
    if not digits.isdigit() or len(digits) < 7 or _TIME_KEY.search(key) or set(digits) <= {"1"}:
        return text
    masker.counts["number"] += 1
    return text[: len(text) - len(digits)] + "1" * len(digits)


def _word(text: str, masker: Masker) -> str:
    """A word outside of strings: JSON's own, protocol, a short prefix of a line; else filler."""
    if len(text) <= 2 or not any(char.isalnum() for char in text) or vocabulary.common(text):
        return text
    return masker.fill(text)


def mask_sse(text: str, masker: Masker) -> str:
    """An event stream (WHATWG): field names, event names and framing stay, data is masked as JSON."""
    shown: list[str] = []
    erring = False
    for line in re.split(r"(\r\n|\n|\r)", text):
        if line in ("\r\n", "\n", "\r"):
            shown.append(line)
            continue
        if not line:
            erring = False
            shown.append(line)
            continue
        match = _SSE_LINE.fullmatch(line)
        if match is None:
            shown.append(_comment(line, masker))
            continue
        field, value = match["field"], match["value"]
        if field == "event":
            erring = vocabulary.is_error_type(value)
        shown.append(f"{field}{match['sep']}{sse_value(field, value, masker, erring=erring)}")
    return "".join(shown)


def sse_value(field: str, value: str, masker: Masker, *, erring: bool = False) -> str:
    """The value of one SSE field."""
    if field == "retry":
        return value
    if field == "event":
        return value if vocabulary.is_word(value) else masker.fill(value)
    if field == "id":
        return value if re.fullmatch(r"[\d:./-]{0,24}", value) or known_id(value) else masker.fill(value)
    return mask_data(value, masker, erring=erring)


def mask_data(value: str, masker: Masker, *, erring: bool = False) -> str:
    """The data of an event or a message."""
    if vocabulary.common(value.strip()):
        return value
    if erring and value.lstrip()[:1] not in ("{", "[", '"'):
        return masker.scrub(value)
    return mask_json(value, masker, erring=erring)


def _comment(line: str, masker: Masker) -> str:
    """`: ping` and lines that are no field of the format."""
    if line.startswith(":") and re.fullmatch(r":\s?[A-Za-z_-]{0,20}(?: [A-Za-z_-]{1,20}){0,3}", line):
        return line
    return mask_json(line, masker)


def mask_lines(text: str, masker: Masker) -> str:
    """NDJSON and its kin: each line for itself."""
    return "".join(mask_json(line, masker) for line in text.splitlines(keepends=True))


def mask_channel(text: str, masker: Masker) -> str:
    """A WebChannel: each chunk for itself, with the length that it has after masking."""
    shown: list[str] = []
    rest = text.encode("utf-8", "surrogatepass")
    decoder = WebChannelDecoder()
    at = 0
    for item in decoder.feed(rest):
        if not isinstance(item, Event):
            break
        chunk = rest[item.offset : item.end].decode("utf-8", "replace").partition("\n")[2]
        masked = mask_json(chunk, masker)
        shown.append(f"{len(masked.encode('utf-16-le', 'surrogatepass')) // 2}\n{masked}")
        at = item.end
    return "".join(shown) + mask_json(rest[at:].decode("utf-8", "replace"), masker)


def mask_form(text: str, masker: Masker) -> str:
    """application/x-www-form-urlencoded: names stay, values are filler."""
    pairs = []
    for part in text.split("&"):
        name, mark, value = part.partition("=")
        pairs.append(
            f"{name}{mark}{masker.fill(value, 'form value')}" if mark else masker.fill(part, "form value")
        )
    return "&".join(pairs)


def mask_multipart(text: str, masker: Masker) -> str:
    """multipart/form-data: boundaries and part headers stay, file names and contents are filler."""
    shown = []
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        if bare.startswith("--"):
            shown.append(line)
        elif re.match(r"(?i)content-(?:disposition|type|transfer-encoding):", bare):
            shown.append(
                re.sub(r'(filename\*?=")([^"]*)', lambda m: m[1] + masker.fill(m[2], "file name"), line)
            )
        else:
            shown.append(masker.fill(bare, "form value") + line[len(bare) :])
    return "".join(shown)


def mask_body(text: str, media_type: str, masker: Masker, *, status: int | None = None) -> str:
    """A body by its media type; for an unknown one by how it begins."""
    kind = media_type.split(";")[0].strip().lower()
    head = text[:200].lstrip("\ufeff \t\r\n")
    erring = status is not None and status >= 400
    if kind == "application/x-www-form-urlencoded":
        return mask_form(text, masker)
    if kind.startswith("multipart/"):
        return mask_multipart(text, masker)
    if kind == "text/event-stream" or re.match(r"(?:data|event|id|retry): ?|:", head):
        return mask_sse(text, masker)
    if head[:1] in ("{", "[", '"') or "json" in kind:
        multiline = "ndjson" in kind or "jsonl" in kind
        return mask_lines(text, masker) if multiline else mask_json(text, masker, erring=erring)
    if looks_like_webchannel(head.encode("utf-8", "replace")):
        return mask_channel(text, masker)
    if re.match(r"[0-9a-z]:[\"{\[]", head):
        return mask_lines(text, masker)  # the AI SDK's data stream: a code before each line's JSON
    if head[:1] == "<" or erring or "html" in kind or "xml" in kind:
        return mask_page(text, masker)
    return mask_json(text, masker)
