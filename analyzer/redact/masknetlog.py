"""A Chromium NetLog without its secrets. By the names of the parameters that its events carry."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from analyzer.redact import vocabulary
from analyzer.redact.masker import Masker
from analyzer.redact.masktext import mask_body, mask_sse

_KEEP: Final = re.compile(
    r"(?i)(?:method|error|net_error|os_error|state|type|phase|version|alpn|protocol|priority|quic_\w+)$"
)


def mask_netlog(document: Any, masker: Masker) -> dict[str, Any]:
    """The whole log. Constants stay; of the polled data (DNS cache, cookies, proxies) nothing does."""
    if not isinstance(document, dict):
        return {}
    shown: dict[str, Any] = {}
    for key, value in document.items():
        if key == "constants":
            shown[key] = _constants(value, masker)
        elif key == "events" and isinstance(value, list):
            shown[key] = [_event(item, masker) for item in value]
        else:
            masker.counts["polled data"] += bool(value)
    return shown


def _constants(value: Any, masker: Masker) -> Any:
    """Numbers and their names; the client's own description (command line, system) goes."""
    if not isinstance(value, dict):
        return {}
    shown = {key: item for key, item in value.items() if key != "clientInfo"}
    client = value.get("clientInfo")
    if isinstance(client, dict):
        masker.counts["client info"] += bool(client.keys() - {"name", "version"})
        shown["clientInfo"] = {
            key: client[key] for key in ("name", "version") if isinstance(client.get(key), str)
        }
    return shown


def _event(event: Any, masker: Masker) -> Any:
    if not isinstance(event, dict) or "params" not in event:
        return event
    return {**event, "params": _value(event["params"], "", masker, 0)}


def _value(value: Any, key: str, masker: Masker, depth: int) -> Any:
    if depth > 40:
        return None
    if isinstance(value, dict):
        return {name: _value(item, str(name), masker, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        if "header" in key.lower():
            return [_header(item, masker) if isinstance(item, str) else item for item in value]
        return [_value(item, key, masker, depth + 1) for item in value]
    return _leaf(value, key, masker) if isinstance(value, str) else value


def _header(line: str, masker: Masker) -> str:
    """`name: value`, or a request or status line."""
    match = re.match(r"(:?[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}): ?", line)
    if match is None:
        return masker.scrub(line)
    return f"{match.group()}{masker.header(match[1], line[match.end() :])}"


def _bytes(value: str, masker: Masker) -> str:
    """What went over a socket or out of a filter, as base64: text is masked, anything else is filler."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        size = len(value) // 4 * 3 - value.count("=")
        masker.counts["bytes"] += value != base64.b64encode(b"x" * size).decode("ascii")
        return base64.b64encode(b"x" * size).decode("ascii")
    sse = re.search(r"(?m)^(?:data|event|id):", text)
    shown = mask_sse(text, masker) if sse else mask_body(text, "", masker)
    return base64.b64encode(shown.encode("utf-8", "surrogatepass")).decode("ascii")


def _leaf(value: str, key: str, masker: Masker) -> str:
    lower = key.lower()
    if lower == "bytes":
        return _bytes(value, masker)
    if lower in ("hex_encoded_bytes", "data", "cookie", "cookies"):
        return masker.fill(value, "bytes")
    if "://" in value[:40] or lower in ("url", "uri", "path", "line"):
        return masker.scrub(value) if lower == "line" else masker.url(value)
    if "address" in lower or lower in (
        "host",
        "host_and_port",
        "hostname",
        "group_id",
        "group_name",
        "server",
    ):
        return masker.scrub(value)
    if _KEEP.search(lower) and vocabulary.is_word(value):
        return value
    return value if vocabulary.is_word(value) and " " not in value else masker.scrub(value)
