"""Error bodies and error events: who wrote them, and what they say.

The shapes of OpenAI, Anthropic, Gemini, OpenRouter, Azure and Ollama, of FastAPI, problem details and
GraphQL, and of gateways that answer for a dead upstream, all come out as the same six facts.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from analyzer.decode.api import NOT_JSON, parse_json
from analyzer.patterns import later
from analyzer.protocols.errorwords import class_of_text, classify

_TEXT_LIMIT: Final = 2000
_BODY_LIMIT: Final = 1 << 20
_GATEWAY_TEXT: Final = later(
    rb"\A\s*(?:upstream (?:request timeout|connect error)|no healthy upstream|error code: \d{3,4}\s*\Z"
    rb"|default backend - 404|(?:bad gateway|gateway time-?out|service unavailable)\.?\s*\Z"
    rb"|DNS cache overflow|stream timeout|rbac: access denied|local_rate_limited|backend fetch failed)",
    re.IGNORECASE,
)
_NO_ERROR: Final = ("", "ok", "success", "none", "no_error")
# All that a body says, where a framework or a gateway wrote it in place of an answer.
_ERROR_LINE: Final = later(
    rb"\A\s*(?:(?:error:? ?)?(?:\d{3} )?(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out"
    rb"|unauthorized|forbidden|not found|too many requests|bad request|request time-?out)|upstream connect error[^\r\n]{0,200}"
    rb"|upstream request timeout|no healthy upstream|error code: \d{3,4})[.!]?\s*\Z",
    re.IGNORECASE,
)
# A page or a line that says why: the server took too long. Not: no connection came about in time.
_TIMED_OUT: Final = later(
    rb"first byte timeout|between bytes timeout|\brequest timed out|did(?: no|n.)t respond in time"
    rb"|failed to respond within the specified time|(?:server|gateway|upstream|backend|function) timed out"
    rb"|task timed out|inactivity timeout|execution timed out",
    re.IGNORECASE,
)
_CONNECTING: Final = later(
    rb"connect(?:ion|ing)? time(?:d )?-?out|timed out (?:while )?connecting", re.IGNORECASE
)
_GATEWAY_MESSAGES: Final = frozenset(
    {
        "endpoint request timed out",
        "service unavailable",
        "internal server error",
        "too many requests",
        "limit exceeded",
        "missing authentication token",
        "the upstream server is timing out",
        "an invalid response was received from the upstream server",
        "failure to get a peer from the ring-balancer",
        "api rate limit exceeded",
        "no route matched with those values",
    }
)


class ErrorFacts(msgspec.Struct, frozen=True):
    """What an error says. Words are the provider's own; class and owner are from `VALUES`."""

    error_type: str | None = None
    error_code: str | None = None
    error_class: str | None = None
    error_owner: str | None = None
    error_text: str | None = None
    provider: str | None = None

    def with_words(
        self, type: str | None = None, code: str | None = None, text: str | None = None
    ) -> ErrorFacts:
        """The same with better words; the class follows them. None keeps what was there."""
        if type is None and code is None and text is None:
            return self
        new = (type or self.error_type, code or self.error_code, text or self.error_text)
        return msgspec.structs.replace(
            self, error_type=new[0], error_code=new[1], error_text=new[2], error_class=classify(*new)
        )

    def with_class(self, name: str) -> ErrorFacts:
        """The same with its class settled."""
        return msgspec.structs.replace(self, error_class=name)


def error_facts(
    value: Any, *, owner: str | None = None, provider: str | None = None, status: int | None = None
) -> ErrorFacts:
    """The facts of one error value: an object in any of the usual shapes, or its message alone."""
    kind, code, text = _words(value, 0)
    if text is not None and text[:1] == "{":
        # claude.ai and some gateways put the real error into the message, as JSON.
        inner = parse_json(text.encode())
        if isinstance(inner, dict):
            deeper = _words(inner, 1)
            kind, code, message = deeper[0] or kind, deeper[1] or code, deeper[2]
            text = text if message is None else message
    said = class_of_text(text)
    if owner in ("framework", "application") and said in ("overloaded", "rate-limit", "quota"):
        owner = "provider"  # what a framework passes on in these words, a model's provider has said
    return ErrorFacts(
        error_type=kind,
        error_code=code,
        error_class=classify(kind, code, text, status),
        error_owner=owner,
        error_text=text,
        provider=provider,
    )


def _words(value: Any, depth: int) -> tuple[str | None, str | None, str | None]:
    """Type, code and message of an error value."""
    if isinstance(value, str):
        return None, None, value[:_TEXT_LIMIT] or None
    if isinstance(value, list):
        return _words(value[0], depth + 1) if value and depth < 4 else (None, None, None)
    if not isinstance(value, dict) or depth > 4:
        return None, None, None
    inner = value.get("error")
    if isinstance(inner, (dict, list)) and inner:
        found = _words(inner, depth + 1)
        return found[0], found[1] or _code(value), found[2] or _message(value)
    kind = _first(value, "type", "error_type", "__type", "status", "name", "title", "exception")
    if kind in ("error", "about:blank", "None", "none", "null"):
        kind = None
    code = _code(value)
    details = value.get("details") or value.get("extensions")  # GraphQL puts its code there
    if isinstance(details, dict):
        code = _first(details, "error_code", "code") or code
    message = _message(value)
    if isinstance(inner, str):
        message = message or inner[:_TEXT_LIMIT]
        if kind is None and " " not in inner:
            kind = inner[:200]  # {"error": "invalid_token", "error_description": "…"}
    return kind, code, message


def _code(value: dict[str, Any]) -> str | None:
    return _first(
        value,
        "code",
        "error_code",
        "errorCode",
        "errcode",
        "http_status_code",
        "status_code",
        "statusCode",
        numbers=True,
    )


def _message(value: dict[str, Any]) -> str | None:
    text = _first(
        value, "message", "errorText", "error_description", "detail", "msg", "Message", "reason", "title",
        "error_msg", "errorMsg", "errmsg", "errorMessage", "status_msg",
    )  # fmt: skip
    if text is not None:
        return text[:_TEXT_LIMIT]
    detail = value.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return _first(detail[0], "msg", "message")  # FastAPI's validation errors
    if isinstance(detail, dict):
        return _words(detail, 3)[2]
    return None


def _first(value: dict[str, Any], *names: str, numbers: bool = False) -> str | None:
    for name in names:
        found = value.get(name)
        if isinstance(found, str) and found.strip():
            return found[:_TEXT_LIMIT]
        if numbers and isinstance(found, int) and not isinstance(found, bool):
            return str(found)
    return None


def classify_error(
    status: int | None,
    content_type: str | None,
    body: bytes | None,
    headers: dict[str, str],
    host: str,
    path: str,
) -> ErrorFacts:
    """The facts of an error answer that is no stream. All None when nothing says that it is an error.

    headers: lower-case names. body: decoded; None where the capture has none: then status and host speak.
    """
    from analyzer.protocols.endpoints import endpoint

    known = endpoint(host, path, "POST") or endpoint(host, path, "GET")
    provider = known.provider if known is not None else None
    json = _json_of(body, content_type)
    failed = status is not None and status >= 400
    if json is NOT_JSON:
        if not failed and not _ERROR_LINE.match((body or b"")[:400]):
            return ErrorFacts()
        return _bare(status, body, provider, content_type)
    value = json[0] if isinstance(json, list) and json else json
    if not failed and not _says_error(value):
        return ErrorFacts()
    if isinstance(value, dict) and not failed and not value.get("error"):
        value = _first_of_errors(value) or value
    if isinstance(value, dict) and isinstance(value.get("base_resp"), dict):
        value = {"code": value["base_resp"].get("status_code"), "msg": value["base_resp"].get("status_msg")}
    owner, shaped = _owner(value, content_type, at_provider=known is not None and known.at_home)
    facts = error_facts(value, owner=owner, provider=provider or shaped, status=status if failed else None)
    if facts.error_type is None and "x-amzn-errortype" in headers:
        # Smithy's JSON protocols name the error in a header: `ThrottlingException:http://…`.
        facts = facts.with_words(type=headers["x-amzn-errortype"].split(":", 1)[0].strip()[:200] or None)
    return facts


def _says_error(value: Any) -> bool:
    """Whether a document that came with a success status says that the request failed.

    By an `error`, by `success: false` or by GraphQL's `errors` without data; by an error's own code beside its
    own message (`error_code` and `error_msg`, `errcode` and `errmsg`, MiniMax's `base_resp`); or by a `code` that
    is an HTTP error status, with a message and no result.
    """
    if not isinstance(value, dict):
        return False
    if value.get("error") or (value.get("success") is False and _message(value)):
        return True
    told = _first_of_errors(value)
    if told is not None and not value.get("data"):
        return _message(told) is not None  # GraphQL: nothing but errors
    base = value.get("base_resp")
    if isinstance(base, dict) and _number(base.get("status_code")) not in (None, 0):
        return True
    own = next((value[name] for name in ("error_code", "errorCode", "errcode") if name in value), None)
    if _message(value) is None:
        return False
    if own not in (None, False, 0) and str(own).strip("0").lower() not in _NO_ERROR:
        return True
    status = _number(value.get("code", value.get("status_code", value.get("statusCode"))))
    empty = all(
        not value.get(name)
        for name in ("data", "result", "results", "choices", "output", "content", "answer", "text")
    )
    return status is not None and 400 <= status <= 599 and empty


def _first_of_errors(value: dict[str, Any]) -> dict[str, Any] | None:
    """The first of GraphQL's `errors`; None where there are none."""
    told = value.get("errors")
    return told[0] if isinstance(told, list) and told and isinstance(told[0], dict) else None


def _number(value: Any) -> int | None:
    """A code as a number, written as one or as digits; None where it is neither."""
    if isinstance(value, str) and len(value) < 8 and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _bare(
    status: int | None, body: bytes | None, provider: str | None, content_type: str | None
) -> ErrorFacts:
    """An error without a JSON body: text, HTML or nothing."""
    head = (body or b"")[:4096]
    html = "html" in (content_type or "") or head.lstrip()[:1] == b"<"
    text = None if html or not head.strip() else head.decode("utf-8", "replace")[:500].strip()
    owner = "gateway" if not html and _GATEWAY_TEXT.match(head) else None
    kind = classify(None, None, text, status)
    if status in (500, 502, 503) and _TIMED_OUT.search(head) and not _CONNECTING.search(head):
        kind = "timeout"
    return ErrorFacts(error_class=kind, error_owner=owner, error_text=text, provider=provider)


def _json_of(body: bytes | None, content_type: str | None) -> Any:
    """The body's JSON; of an event stream or JSON lines, the first record's."""
    if not body or len(body) > _BODY_LIMIT:
        return NOT_JSON
    json = parse_json(body.strip())
    if json is not NOT_JSON:
        return json if isinstance(json, (dict, list)) else NOT_JSON
    for line in body[:65536].splitlines()[:50]:
        found = parse_json(line.removeprefix(b"data:").strip())
        if isinstance(found, dict):
            return found
    return NOT_JSON


def _owner(value: Any, content_type: str | None, *, at_provider: bool) -> tuple[str | None, str | None]:
    """Who wrote an error body, by its shape; and the provider, where only one writes that shape."""
    if not isinstance(value, dict):
        return None, None
    inner = value.get("error")
    if isinstance(inner, dict):
        if value.get("type") == "error" and isinstance(inner.get("type"), str):
            return "provider", "anthropic"
        if isinstance(inner.get("status"), str) and isinstance(inner.get("code"), int):
            return "provider", "google"
        if "param" in inner or (isinstance(inner.get("type"), str) and isinstance(inner.get("message"), str)):
            return "provider", None
        return ("provider" if at_provider or "metadata" in inner else "application"), None
    if at_provider:
        return "provider", None
    message = value.get("message")
    if isinstance(message, str) and set(value) <= {"message", "request_id", "Message", "requestId"}:
        if message.strip().rstrip(".").lower() in _GATEWAY_MESSAGES:
            return "gateway", None
        return "application", None
    if isinstance(value.get("detail"), list):
        return "framework", None
    return "application", None
