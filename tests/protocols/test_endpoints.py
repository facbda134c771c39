from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.columns import VALUES
from analyzer.model import StreamInput
from analyzer.protocols import asked_to_stream, endpoint, provider_of_host


@pytest.mark.parametrize(
    ("host", "path", "method", "protocol", "provider", "always"),
    [
        ("api.openai.com", "/v1/chat/completions", "POST", "openai-chat", "openai", False),
        ("api.openai.com", "/v1/responses", "POST", "openai-responses", "openai", False),
        ("gw.example", "/proxy/v1/chat/completions", "POST", "openai-chat", None, False),
        ("api.deepseek.com", "/chat/completions", "POST", "openai-chat", "deepseek", False),
        ("x.openai.azure.com", "/openai/deployments/d/chat/completions", "POST", "openai-chat", "azure", False),
        ("api.anthropic.com", "/v1/messages", "POST", "anthropic-messages", "anthropic", False),
        ("generativelanguage.googleapis.com", "/v1beta/models/m:streamGenerateContent", "POST", "gemini", "google", True),
        ("chatgpt.com", "/backend-api/f/conversation", "POST", "chatgpt", "openai", True),
        ("claude.ai", "/api/organizations/o/chat_conversations/c/completion", "POST", "claude-ai", "anthropic", True),
        ("bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse-stream", "POST", "bedrock-converse", "aws-bedrock", True),
        ("hub.example", "/.well-known/mercure", "GET", "mercure", None, True),
    ],
)  # fmt: skip
def test_endpoint(
    host: str, path: str, method: str, protocol: str, provider: str | None, always: bool
) -> None:
    found = endpoint(host, path, method)
    assert found is not None
    assert (found.protocol, found.provider, found.always) == (protocol, provider, always)


@pytest.mark.parametrize(
    ("host", "path", "method"),
    [
        ("api.openai.com", "/v1/models", "GET"),
        ("api.openai.com", "/v1/chat/completions", "GET"),
        ("claude.ai", "/api/organizations/o/chat_conversations", "POST"),
        ("chatgpt.com", "/backend-api/conversation/abc", "GET"),
        ("app.example", "/backend-api/conversation", "POST"),
        ("app.example", "/api/chat", "POST"),
    ],
)
def test_no_endpoint(host: str, path: str, method: str) -> None:
    assert endpoint(host, path, method) is None


def test_provider_of_host() -> None:
    assert provider_of_host("api.mistral.ai") == "mistral"
    assert provider_of_host("app.example") is None


def asked(**fields: Any) -> tuple[bool | None, str | None]:
    body = fields.pop("body", None)
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    found = asked_to_stream(StreamInput(method=fields.pop("method", "POST"), request_body=raw, **fields))
    assert found[1] is None or found[1] in VALUES["stream_why"]
    return found


def test_the_stream_flag_of_the_body() -> None:
    assert asked(body={"model": "m", "stream": True}) == (True, "body")
    assert asked(body={"model": "m", "stream": False}) == (False, "body")
    assert asked(body={"model": "m"}) == (None, None)


def test_the_words_stream_true_in_a_prompt_ask_for_nothing() -> None:
    assert asked(body={"messages": [{"content": 'set "stream": true please'}]}) == (None, None)


def test_a_cut_body_still_shows_its_flag() -> None:
    assert asked(body=b'{"model":"m","stream": true,"messages":[{"content":"half') == (True, "body")


def test_other_spellings_of_the_flag() -> None:
    assert asked(body={"prompt": "x", "stream": "true"}) == (True, "body")
    assert asked(body={"prompt": "x", "stream": 0}) == (False, "body")
    assert asked(body={"isStream": True}) == (True, "body")
    assert asked(body={"query": "x", "response_mode": "streaming"}) == (True, "body")
    assert asked(body={"query": "x", "response_mode": "blocking"}) == (False, "body")
    assert asked(body=b"prompt=x&stream=true") == (True, "body")
    assert asked(body=b"prompt=x&upstream=true") == (None, None)


def test_the_flag_one_level_down_counts_only_where_the_top_says_nothing() -> None:
    assert asked(body={"prompt": "x", "parameters": {"stream": True}}) == (True, "body")
    assert asked(body={"stream": False, "options": {"stream": True}}) == (False, "body")
    assert asked(body={"data": "the words stream", "stream": {"x": 1}}) == (None, None)


def test_accept_header() -> None:
    assert asked(request_headers={"accept": "text/event-stream"}) == (True, "accept")
    both = {"accept": "application/json, text/event-stream"}
    assert asked(request_headers=both) == (None, None)
    assert asked(request_headers=both, body={"stream": True}) == (True, "body")


def test_endpoints_and_queries_that_always_stream() -> None:
    assert asked(host="h", path="/v1beta/models/m:streamGenerateContent") == (True, "endpoint")
    assert asked(path="/x", query="alt=sse&key=k") == (True, "endpoint")
    assert asked(path="/x", query="salt=sse") == (None, None)


def test_websockets_and_connect() -> None:
    assert asked(method="GET", messages=[]) == (True, "websocket")
    assert asked(request_headers={"content-type": "application/connect+json"}) == (True, "endpoint")
