"""A HAR entry for the evidence drawer: the listed fields, and of bodies only their protocol."""

from __future__ import annotations

import json
import re
from typing import Any, Final, Protocol

from analyzer.redact import vocabulary
from analyzer.redact.lists import words

_MOST_HEADERS: Final = 200
_MOST_EVENTS: Final = 60
_DEPTH: Final = 12
_LARGEST_JSON: Final = 200_000
_PASS_NUMBERS: Final = words(
    "status headersSize bodySize _transferSize _bodySize size compression time opcode lineNumber columnNumber "
    "_requestTime _responseTime _wallTime _chunkCount"
)
_PASS_WORDS: Final = (
    "startedDateTime", "pageref", "connection", "_connectionId", "_priority", "_resourceType", "_fromCache", "_fetchType",
    "_charlesStatus", "_serviceWorkerResponseSource",
)  # fmt: skip
_REQUEST_SETTINGS: Final = words(
    "stream model max_tokens max_completion_tokens max_output_tokens temperature stream_options n background store"
)


class Rules(Protocol):
    """What the entry needs of the redactor."""

    counts: Any

    def url(self, url: str) -> str: ...
    def header(self, name: str, value: str) -> str: ...
    def header_name(self, name: str) -> str: ...
    def text(self, text: str) -> str: ...
    def column(self, name: str, value: Any) -> Any: ...


def redact_entry(raw: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """See `Redactor.entry`. Unlisted fields are left out; what has the wrong type too."""
    shown: dict[str, Any] = {}
    for key in _PASS_WORDS:
        if isinstance(raw.get(key), str):
            shown[key] = rules.column("connection_id", raw[key])
    if _number(raw.get("time")):
        shown["time"] = raw["time"]
    if isinstance(raw.get("serverIPAddress"), str):
        shown["serverIPAddress"] = rules.column("server_ip", raw["serverIPAddress"])
    initiator = raw.get("_initiator")
    if isinstance(initiator, dict) and isinstance(initiator.get("type"), str):
        shown["_initiator"] = {"type": rules.column("initiator", initiator["type"])}
    close = raw.get("_webSocketClose")
    if isinstance(close, dict) and _number(close.get("code")):
        shown["_webSocketClose"] = {"code": close["code"]}
    if isinstance(raw.get("timings"), dict):
        shown["timings"] = {str(k)[:40]: v for k, v in list(raw["timings"].items())[:30] if _number(v)}
    if isinstance(raw.get("cache"), dict) and raw["cache"]:
        shown["cache"] = f"⟨{len(raw['cache'])} fields⟩"
    if isinstance(raw.get("request"), dict):
        shown["request"] = _request(raw["request"], rules)
    if isinstance(raw.get("response"), dict):
        shown["response"] = _response(raw["response"], rules)
    for key, of in (("_eventSourceMessages", _event), ("_webSocketMessages", _message), ("_chunks", _chunk)):
        if isinstance(raw.get(key), list):
            shown[key] = _ends(raw[key], of, rules)
    return shown


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _request(request: dict[str, Any], rules: Rules) -> dict[str, Any]:
    shown = _message_head(request, rules, ("method", "httpVersion"))
    if isinstance(request.get("url"), str):
        shown["url"] = rules.url(request["url"])
    if isinstance(request.get("queryString"), list):
        shown["queryString"] = f"⟨{len(request['queryString'])} parameters, see url⟩"
    post = request.get("postData")
    if isinstance(post, dict):
        shown["postData"] = _body(post, rules)
        settings = _settings(post.get("text"))
        if settings:
            shown["postData"]["settings"] = {
                key: rules.column("model", value) if isinstance(value, str) else value
                for key, value in settings.items()
            }
    return shown


def _settings(text: Any) -> dict[str, Any]:
    """What the request's body asks for, without what it says: `stream`, `model`, limits."""
    value = parsed(text)
    if not isinstance(value, dict):
        return {}
    return {
        key: value[key]
        for key in _REQUEST_SETTINGS & value.keys()
        if isinstance(value[key], str | int | float)
    }


def _response(response: dict[str, Any], rules: Rules) -> dict[str, Any]:
    shown = _message_head(response, rules, ("httpVersion",))
    for key in ("statusText", "_error", "_failureText"):
        if isinstance(response.get(key), str):
            shown[key] = rules.text(response[key])
    if isinstance(response.get("redirectURL"), str):
        shown["redirectURL"] = rules.url(response["redirectURL"])
    for key in ("_fetchedViaServiceWorker", "_fromCache", "_fromServiceWorker"):
        if isinstance(response.get(key), bool):
            shown[key] = response[key]
    content = response.get("content")
    if isinstance(content, dict):
        shown["content"] = _body(content, rules)
    return shown


def _message_head(part: dict[str, Any], rules: Rules, words: tuple[str, ...]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key in words:
        if isinstance(part.get(key), str):
            shown[key] = rules.column("method", part[key])
    if isinstance(part.get("headers"), list):
        shown["headers"] = _headers(part["headers"], rules)
    if isinstance(part.get("cookies"), list):
        shown["cookies"] = f"⟨{len(part['cookies'])} cookies⟩"
    shown.update({key: part[key] for key in _PASS_NUMBERS & part.keys() if _number(part[key])})
    return shown


def _headers(headers: list[Any], rules: Rules) -> list[dict[str, str]]:
    shown = []
    for header in headers[:_MOST_HEADERS]:
        if not isinstance(header, dict):
            continue
        name, value = header.get("name"), header.get("value")
        if isinstance(name, str) and isinstance(value, str):
            shown.append({"name": rules.header_name(name), "value": rules.header(name, value)})
    return shown


def _body(body: dict[str, Any], rules: Rules) -> dict[str, Any]:
    shown: dict[str, Any] = {key: body[key] for key in ("size", "compression") if _number(body.get(key))}
    for key in ("mimeType", "encoding"):
        if isinstance(body.get(key), str):
            shown[key] = rules.header("content-type", body[key])
    text = body.get("text")
    if isinstance(text, str) and text:
        value = parsed(text) if text.lstrip()[:1] == "{" and '"error"' in text[:5000] else None
        shown["text"] = skeleton(value, rules) if isinstance(value, dict) else _length(text, rules)
    if isinstance(body.get("params"), list):
        shown["params"] = f"⟨{len(body['params'])} fields⟩"
    return shown


def _length(text: str, rules: Rules) -> str:
    rules.counts["text"] += 1
    return f"⟨text {len(text.encode('utf-8', 'surrogatepass')):,} B⟩"


def parsed(text: Any) -> Any:
    """`text` as JSON, None when it is none, too large or too deep."""
    if not isinstance(text, str) or len(text) > _LARGEST_JSON or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def skeleton(value: Any, rules: Rules, key: str = "", erring: bool = False, depth: int = 0) -> Any:
    """A JSON value with its structure and protocol words, its texts as lengths.

    erring: it is inside an error, whose message stays, scrubbed by shape.
    """
    if depth > _DEPTH:
        return "⟨…⟩"
    if isinstance(value, dict):
        erring = erring or vocabulary.opens_error(key, value)
        return {
            _key(name, rules): skeleton(item, rules, str(name), erring, depth + 1)
            for name, item in list(value.items())[:60]
        }
    if isinstance(value, list):
        return [skeleton(item, rules, key, erring, depth + 1) for item in value[:20]]
    if isinstance(value, str):
        if vocabulary.keeps(key, value):
            return value
        if not value:
            return ""
        inner = parsed(value)
        if inner is not None:
            return skeleton(inner, rules, key, erring, depth + 1)
        if (erring and vocabulary.is_message_key(key)) or vocabulary.opens_error(key):
            return rules.text(value)
        return _length(value, rules)
    if _number(value) and abs(value) >= 1_000_000:
        return f"⟨number {len(str(int(value))) if abs(value) < 1e300 else 300} digits⟩"
    return value


def _key(name: str, rules: Rules) -> str:
    if re.fullmatch(r"[\w$.@/-]{1,48}", name) and vocabulary.is_word(name):
        return name
    return f"⟨name {len(name):,} characters⟩"


def _data(data: Any, rules: Rules, event: str = "") -> Any:
    if not isinstance(data, str):
        return None
    value = parsed(data)
    if value is not None:
        return skeleton(value, rules, erring=vocabulary.is_error_type(event))
    if vocabulary.keeps("", data.strip()):
        return data.strip()
    if vocabulary.is_error_type(event):
        return rules.text(data)
    return _length(data, rules) if data else data


def _event(item: dict[str, Any], rules: Rules) -> dict[str, Any]:
    shown: dict[str, Any] = {"time": item["time"]} if _number(item.get("time")) else {}
    name = item.get("eventName")
    event = name if isinstance(name, str) else ""
    if event:
        shown["eventName"] = event if vocabulary.is_word(event) else _length(event, rules)
    if isinstance(item.get("eventId"), str) and item["eventId"]:
        shown["eventId"] = rules.column("request_id", item["eventId"])
    if "data" in item:
        shown["data"] = _data(item["data"], rules, event)
    return shown


def _message(item: dict[str, Any], rules: Rules) -> dict[str, Any]:
    shown: dict[str, Any] = {key: item[key] for key in ("time", "opcode") if _number(item.get(key))}
    if isinstance(item.get("type"), str):
        shown["type"] = item["type"] if item["type"] in ("send", "receive", "error") else "⟨type⟩"
    if "data" in item:
        shown["data"] = _data(item["data"], rules, "error" if item.get("type") == "error" else "")
    return shown


def _chunk(item: dict[str, Any], rules: Rules) -> dict[str, Any]:
    return {str(key)[:20]: value for key, value in list(item.items())[:8] if _number(value)}


def _ends(items: list[Any], of: Any, rules: Rules) -> list[Any]:
    """The first and the last of many: how it began and how it ended."""
    usable = [item for item in items if isinstance(item, dict)]
    if len(usable) <= _MOST_EVENTS:
        return [of(item, rules) for item in usable]
    half = _MOST_EVENTS // 2
    left_out = f"⟨{len(usable) - 2 * half:,} more⟩"
    return [*(of(i, rules) for i in usable[:half]), left_out, *(of(i, rules) for i in usable[-half:])]
