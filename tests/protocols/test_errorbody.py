"""Error bodies as the providers, frameworks and gateways write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.protocols import classify_error
from analyzer.protocols.errorbody import error_facts

OPENAI = ("api.openai.com", "/v1/chat/completions")
APP = ("app.example.com", "/api/chat")
JSON = "application/json"


def told(
    status: int | None, body: Any, where: tuple[str, str] = APP, content_type: str = JSON
) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    facts = classify_error(status, content_type, raw, {}, *where)
    return {name: getattr(facts, name) for name in facts.__slots__}


@pytest.mark.parametrize(
    ("status", "body", "where", "kind", "owner"),
    [
        (429, {"error": {"message": "m", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}, OPENAI, "rate-limit", "provider"),
        (429, {"error": {"message": "m", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}, OPENAI, "quota", "provider"),
        (400, {"error": {"message": "m", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}, OPENAI, "rejected", "provider"),
        (401, {"error": {"message": "m", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}}, OPENAI, "auth", "provider"),
        (503, {"error": {"message": "That model is currently overloaded", "type": "server_error", "param": None, "code": None}}, OPENAI, "overloaded", "provider"),
        (500, {"error": {"message": "m", "type": "server_error", "param": None, "code": None}}, OPENAI, "server", "provider"),
        (400, {"error": {"code": "content_filter", "message": "m", "param": "prompt", "type": None}}, ("r.openai.azure.com", "/openai/deployments/d/chat/completions"), "filtered", "provider"),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, ("api.anthropic.com", "/v1/messages"), "overloaded", "provider"),
        (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "m"}}, ("api.anthropic.com", "/v1/messages"), "rate-limit", "provider"),
        (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "m", "details": {"error_code": "enforced_spend_limit_reached"}}}, ("api.anthropic.com", "/v1/messages"), "quota", "provider"),
        (413, {"type": "error", "error": {"type": "request_too_large", "message": "m"}}, ("api.anthropic.com", "/v1/messages"), "rejected", "provider"),
        (402, {"type": "error", "error": {"type": "billing_error", "message": "m"}}, ("api.anthropic.com", "/v1/messages"), "quota", "provider"),
        (504, {"type": "error", "error": {"type": "timeout_error", "message": "m"}}, ("api.anthropic.com", "/v1/messages"), "timeout", "provider"),
        (503, {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}, APP, "overloaded", "provider"),
        (503, {"error": {"code": 503, "message": "down", "status": "UNAVAILABLE"}}, APP, "unavailable", "provider"),
        (429, [{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}], APP, "rate-limit", "provider"),
        (504, {"error": {"code": 504, "message": "m", "status": "DEADLINE_EXCEEDED"}}, APP, "timeout", "provider"),
        (402, {"error": {"code": 402, "message": "Insufficient credits", "metadata": {}}}, ("openrouter.ai", "/api/v1/chat/completions"), "quota", "provider"),
        (502, {"error": {"code": 502, "message": "Provider returned error"}}, ("openrouter.ai", "/api/v1/chat/completions"), "server", "provider"),
        (429, {"message": "Too many tokens, please wait before trying again."}, ("bedrock-runtime.eu-central-1.amazonaws.com", "/model/m/converse-stream"), "rate-limit", "provider"),
        (404, {"error": "model 'x' not found"}, APP, "rejected", "application"),
        (422, {"detail": [{"loc": ["body"], "msg": "Field required", "type": "missing"}]}, APP, "rejected", "framework"),
        (401, {"detail": "Not authenticated"}, APP, "auth", "application"),
        (503, {"type": "about:blank", "title": "Service Unavailable", "status": 503}, APP, "unavailable", "application"),
        (504, {"message": "Endpoint request timed out"}, APP, "timeout", "gateway"),
        (403, {"error": "forbidden"}, APP, "forbidden", "application"),
        (401, {"error": "invalid_token", "error_description": "The access token expired"}, APP, "auth", "application"),
        (200, {"error_code": 18, "error_msg": "Open api qps request limit reached"}, APP, "rate-limit", "provider"),
        (200, {"error_code": 111, "error_msg": "Access token expired"}, APP, "auth", "application"),
        (200, {"errcode": 45009, "errmsg": "api freq out of limit"}, APP, "unknown", "application"),
        (200, {"code": 401, "msg": "token已失效", "data": None}, APP, "auth", "application"),
        (200, {"success": False, "message": "Le service est indisponible"}, APP, "unavailable", "application"),
        (200, {"data": None, "errors": [{"message": "Not authorized", "extensions": {"code": "UNAUTHENTICATED"}}]}, APP, "auth", "application"),
        (200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, APP, "quota", "provider"),
    ],
)  # fmt: skip
def test_error_body(status: int, body: Any, where: tuple[str, str], kind: str, owner: str) -> None:
    found = told(status, body, where)
    assert (found["error_class"], found["error_owner"]) == (kind, owner)


def test_provider_is_named_by_its_host_or_by_a_shape_that_only_it_writes() -> None:
    assert told(429, {"error": {"type": "x", "message": "m"}}, OPENAI)["provider"] == "openai"
    anthropic = {"type": "error", "error": {"type": "api_error", "message": "m"}}
    assert told(500, anthropic)["provider"] == "anthropic"
    assert told(500, {"error": {"type": "x", "message": "m"}})["provider"] is None


def test_claude_ai_puts_the_limit_into_the_message() -> None:
    inner = json.dumps({"type": "exceeded_limit", "resetsAt": 1})
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": inner}}
    assert told(429, body)["error_type"] == "exceeded_limit"


def test_text_of_a_gateway() -> None:
    found = told(504, b"upstream request timeout", content_type="text/plain")
    assert (found["error_class"], found["error_owner"]) == ("timeout", "gateway")


def test_html_page_is_left_to_others() -> None:
    found = told(502, b"<html><body>502 Bad Gateway</body></html>", content_type="text/html")
    assert (found["error_class"], found["error_owner"], found["error_text"]) == ("server", None, None)


def test_no_body_leaves_the_status_to_speak() -> None:
    assert classify_error(401, None, None, {}, *APP).error_class == "auth"


def test_an_event_stream_that_is_one_error() -> None:
    body = b'data: {"error":{"message":"slow down","type":"rate_limit_error"}}\n\n'
    assert told(429, body, content_type="text/event-stream")["error_type"] == "rate_limit_error"


def test_a_healthy_json_answer_is_no_error() -> None:
    assert told(200, {"id": "x", "error": None})["error_class"] is None
    assert told(200, {"error": {"message": "m", "type": "server_error"}})["error_class"] == "server"


@pytest.mark.parametrize(
    "value", [None, 5, [], {}, [[[[[[1]]]]]], {"error": {"error": {"error": {"error": {"error": {}}}}}}]
)
def test_any_shape_is_survived(value: Any) -> None:
    assert error_facts(value).error_class == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "ok", "data": {}},
        {"code": 200, "message": "success"},
        {"code": 404, "msg": "", "data": None},
        {"code": 500, "message": "rows read", "data": [1]},
        {"error_code": 0, "error_msg": "SUCCESS"},
        {"errcode": "0", "errmsg": "ok"},
        {"base_resp": {"status_code": 0, "status_msg": ""}},
        {"error_code": 7},
        {"error_code": "SUCCESS", "error_msg": "success", "data": {"t": 1}},
        {"errorCode": "0000", "message": "done"},
        {"code": 404, "message": "What a 404 means", "answer": "It means that nothing is there."},
        {"success": False},
        {"success": True, "message": "done"},
        {"data": {"x": 1}, "errors": [{"message": "one field of many"}]},
        {"message": "hello"},
    ],
)
def test_a_document_of_success_is_no_error(body: dict[str, Any]) -> None:
    assert told(200, body)["error_class"] is None


def test_aws_names_the_error_in_a_header() -> None:
    headers = {"x-amzn-errortype": "ExpiredTokenException:http://internal.example/coral/"}
    facts = classify_error(403, JSON, b'{"message":"The security token is not good"}', headers, *APP)
    assert (facts.error_type, facts.error_class) == ("ExpiredTokenException", "auth")


@pytest.mark.parametrize(
    ("status", "page", "kind"),
    [
        (503, "<html><h1>Error 503 first byte timeout</h1><p>Varnish cache server</p></html>", "timeout"),
        (500, "<html><h2>500 - The request timed out.</h2></html>", "timeout"),
        (503, "<html><h1>Error 503 Backend fetch failed</h1></html>", "unavailable"),
        (503, "<html>Connection timed out: the upstream timed out while connecting</html>", "unavailable"),
        (404, "<html>The request timed out.</html>", "rejected"),
    ],
)
def test_a_page_that_speaks_of_time(status: int, page: str, kind: str) -> None:
    assert told(status, page.encode(), content_type="text/html")["error_class"] == kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Internal Server Error", "server"),
        ("502 Bad Gateway\n", "server"),
        ("upstream connect error or disconnect/reset before headers. reset reason: overflow", "server"),
        ("error code: 1015", "rate-limit"),
        ("Forbidden is the forest in that tale.", None),
        ("Internal Server Errors are counted in column three", None),
    ],
)
def test_a_line_that_is_all_of_a_successful_answer(line: str, kind: str | None) -> None:
    found = told(200, line.encode(), content_type="text/plain")["error_class"]
    assert (found is None) == (kind is None)


_NAMES = st.sampled_from(
    [
        "error", "errors", "error_code", "errorCode", "errcode", "error_msg", "errmsg", "message", "msg", "code",
        "status", "status_code", "statusCode", "status_msg", "base_resp", "success", "data", "result", "details",
        "detail", "extensions", "type", "title", "reason", "metadata",
    ]
)  # fmt: skip
_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "²", "٤٢٩", "429", "ok", "x"]), st.text(max_size=4),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(
    body=st.dictionaries(_NAMES, _VALUES, max_size=6) | _VALUES, status=st.sampled_from([None, 200, 429, 500])
)
def test_no_document_brings_the_reader_down(body: Any, status: int | None) -> None:
    told(status, body)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Internal error"}, "errors": []},
        {"error": "Internal error", "errors": [None]},
        {"errors": [{"message": "Internal error"}], "data": None},
    ],
)
def test_an_error_beside_other_errors_is_read(body: Any) -> None:
    assert told(200, body)["error_text"] == "Internal error"


@pytest.mark.parametrize("body", [{"code": "²²²", "message": "m"}, {"base_resp": {"status_code": "²"}}])
def test_digits_of_other_kinds_are_no_code(body: Any) -> None:
    assert told(200, body).get("error_class") is None
