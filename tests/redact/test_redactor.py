"""URLs, headers, text and columns: secrets go, evidence stays, equal secrets look equal."""

from __future__ import annotations

import ipaddress

import pytest

from analyzer.columns import Exchange
from analyzer.redact import Redactor
from tests.redact.canary import JWT, SECRETS, leaks

KEPT_URLS = [
    "https://claude.ai/api/organizations/0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b/chat_conversations/6742c0de-1234-8008-9abc-def012345678/completion",
    "https://api.openai.com/v1/threads/thread_abc123DEF456ghi789JKL012/runs",
    "https://app.example.com/v1/stream?since=0",
    "https://app.example.com/events?resume=1",
    "https://europe-west4-aiplatform.googleapis.com/v1/projects/cb/locations/europe-west4/publishers/google/models/gemini-3-pro:streamGenerateContent?alt=sse",
    "https://bedrock-runtime.eu-central-1.amazonaws.com/model/eu.anthropic.claude-opus-5-v1%3A0/converse-stream",
    "https://x.services.ai.azure.com/openai/deployments/DeepSeek-V4/chat/completions?api-version=2026-05-01",
    "https://api.together.xyz/v1/models/meta-llama/Llama-3.3-70B-Instruct-Turbo-FP8",
    "https://app.example.com/_next/static/chunks/main-905afd74d1c1b2e3.js",
    "wss://ws.example.com/socket?EIO=4&transport=websocket",
    "/backend-api/f/conversation",
    "/v1/responses/resp_0123456789abcdef0123456789abcdef?stream=true&starting_after=17",
    "proxy.example.com:443",
    "*",
    "http://nas.lan:8765/api/chat",
    "http://127.0.0.1:11434/api/generate",
    "https://[2001:db8::1]:8443/sse",
    "about:blank",
    "",
]


@pytest.mark.parametrize("url", KEPT_URLS)
def test_a_url_without_secrets_stays_as_it_is(url: str) -> None:
    redactor = Redactor()
    assert redactor.url(url) == url
    assert not redactor.counts


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            f"/api/events?token={JWT}&first=1",
            "/api/events?token=⟨jwt:1 alg=RS256 exp=2030-01-01T00:00:00Z⟩&first=1",
        ),
        ("https://user:pw@host.example/a#frag", "https://host.example/a"),
        ("https://h.example/u/dana%40example.com/x", "https://h.example/u/⟨email:1⟩/x"),
        ("https://h.example/k/sk-proj-LABFAKE0a1B2c3D4e5F6", "https://h.example/k/⟨api-key:1⟩"),
        ("https://h.example/magic-link/9f8e7d6c5b4a", "https://h.example/magic-link/⟨token:1⟩"),
        ("https://h.example/bot123456789:AAF-abcdefghijk/send", "https://h.example/⟨api-key:1⟩/send"),
        ("https://h.example/s/5f4dcc3b5aa765d61d8327deb882cf99", "https://h.example/s/⟨hex 32 characters⟩"),
        ("https://h.example/a;jsessionid=ABC123DEF/b", "https://h.example/a;jsessionid=⟨token:1⟩/b"),
        ("https://h.example/?q=hello%20world", "https://h.example/?q=⟨value:1⟩"),
        ("https://h.example/?pin=123&page=2", "https://h.example/?pin=⟨token:1⟩&page=2"),
        ("data:text/html,<b>secret</b>", "data:text/html,⟨13 characters⟩"),
        ("mailto:dana@example.com", "mailto:⟨16 characters⟩"),
    ],
)
def test_secrets_in_a_url_are_replaced_by_their_kind(url: str, expected: str) -> None:
    assert Redactor().url(url) == expected


def test_equal_secrets_get_equal_placeholders_and_different_ones_do_not() -> None:
    redactor = Redactor()
    first = redactor.url("https://h.example/?token=abcdef123456")
    again = redactor.text("the token=abcdef123456 was refused")
    other = redactor.url("https://h.example/?token=zzzzzz999999")
    assert "⟨token:1⟩" in first
    assert "⟨token:1⟩" in again
    assert "⟨token:2⟩" in other


def test_the_same_secret_percent_encoded_has_the_same_placeholder() -> None:
    redactor = Redactor()
    redactor.text("mail canary@example.org")
    assert "⟨email:1⟩" in redactor.url("https://h.example/canary%40example.org")


def test_counts_are_by_kind_and_off_means_none() -> None:
    redactor = Redactor()
    redactor.url("https://h.example/?token=abcdef123456")
    redactor.url("https://h.example/?token=abcdef123456")
    assert redactor.redacted == {"token": 2}
    assert Redactor(enabled=False).redacted is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Server", "nginx/1.22.1"),
        ("Via", "1.1 varnish (Varnish/7.1), 1.1 google"),
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("CF-Ray", "a1b2c3d4e5f60718-FRA"),
        ("x-request-id", "req_011CSHoEeqs5C35K2UUqR7Fy"),
        ("X-Amzn-Trace-Id", "Root=1-6afd7724-e8ad4468a4bd3bb9cb833965"),
        ("Retry-After", "Sun, 22 Nov 2026 16:29:32 GMT"),
        ("X-Accel-Buffering", "no"),
        ("Cache-Control", "no-cache, no-transform"),
        ("anthropic-ratelimit-tokens-remaining", "0"),
        ("x-ratelimit-reset-requests", "1m12s"),
        ("x-vercel-id", "fra1::iad1::yhGLE-1795340000000-0a1b2c3d"),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
        ),
        ("sec-ch-ua-full-version", '"156.0.7412.3"'),
        ("Date", "Sun, 22 Nov 2026 16:29:32 GMT"),
        ("Access-Control-Allow-Origin", "https://app.example.com"),
        ("grpc-status", "14"),
    ],
)
def test_headers_that_are_evidence_keep_their_value(name: str, value: str) -> None:
    assert Redactor().header(name, value) == value


def test_other_headers_keep_their_name_and_length_only() -> None:
    assert Redactor().header("X-Internal-User", "Dana Smith") == "⟨header:x-internal-user 10 B⟩"


def test_a_bearer_jwt_keeps_its_algorithm_and_expiry_only() -> None:
    text = Redactor().header("Authorization", f"Bearer {JWT}")
    assert text.startswith("Bearer ⟨jwt:1 alg=RS256 exp=2030-01-01T00:00:00Z ")
    assert leaks(text) == []


def test_an_encrypted_jwt_has_no_expiry_to_show() -> None:
    token = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv0123456.ciphertext0123456789.tag"
    assert Redactor().header("Authorization", f"Bearer {token}").startswith("Bearer ⟨jwt:1 alg=dir ")


def test_a_damaged_jwt_is_still_a_jwt() -> None:
    assert Redactor().text("eyJhbGciOi!") == "⟨jwt:1⟩!"


@pytest.mark.parametrize(
    "name", [name for name in SECRETS if name not in ("jwt subject", "jwt signature", "fragment", "state")]
)
def test_a_secret_in_free_text_with_its_usual_words_around_it_goes(name: str) -> None:
    secret = SECRETS[name]
    around = {
        "cookie": f"Cookie: session={secret}",
        "set-cookie": f"Set-Cookie: id={secret}; Path=/",
        "bearer": f"Authorization: Bearer {secret}",
        "basic": f"Authorization: Basic {secret}",
        "custom header": f'"secret": "{secret}"',
        "token in query": f"GET /x?token={secret} HTTP/1.1",
        "oauth code": f"https://h.example/cb?code={secret}",
        "password in json": f'{{"password": "{secret}"}}',
        "password in form": f"password={secret}&x=1",
        "prompt": f'Invalid prompt: "{secret}"',
        "answer": f'{{"text": "{secret}"}}',
        "json in json": f'{{\\"secret\\": \\"{secret}\\"}}',
        "websocket": f'{{"content":"{secret}"}}',
        "websocket binary": f'{{"data": 1, "text": "{secret}"}}',
        "file name": f'"name": "{secret}"',
        "page title": f'"title": "{secret}"',
        "user info": f"https://{secret}@h.example/x",
        "magic link": f"https://h.example/magic/{secret}",
        "referer": f"https://h.example/?r={secret}",
        "comment": f'{{"content": "{secret}"}}',
        "unknown field": f'{{"token": "{secret}"}}',
        "initiator": f"https://h.example/a.js?t={secret}",
        "base64": f"payload {__import__('base64').b64encode(secret.encode()).decode()}",
        "percent": f"mail={secret.replace('@', '%40')}",
        "split token": f"key {secret}0a1b2c",
    }.get(name, f"value {secret} was refused")
    assert name not in leaks(Redactor().text(around)), Redactor().text(around)


@pytest.mark.parametrize(
    "text",
    [
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130212 tokens.",
        "Rate limit reached for gpt-5 in organization org-AbC123xyz on tokens per min (TPM): Limit 30000, Used 29500.",
        "upstream timed out (110: Connection timed out) while reading response header from upstream",
        "error code: 524, code=context_length_exceeded, type: overloaded_error",
        "token expired; Bearer token missing; Basic authentication required",
        "2026-11-22 16:29:30.123 took 60.004 s, 18230 bytes, id req_011CSHoEeqs5C35K2UUqR7Fy",
        "net::ERR_HTTP2_PROTOCOL_ERROR at $.log.entries[17].response, access.log:1234",
        "connect() failed (111: Connection refused) while connecting to 127.0.0.1:8080",
        "The server had an error while processing your request. Sorry about that!",
        "Expecting value: line 1 column 1 (char 0)",
        "models/gemini-3-pro is not found for API version v1beta",
        "stream error: stream ID 17; INTERNAL_ERROR; received from peer",
        "max_tokens: 4096 > 4095, which is the maximum allowed for claude-sonnet-4-5-20250929",
        "Sun, 22 Nov 2026 16:29:32 GMT",
    ],
)
def test_messages_that_help_stay_as_they_are(text: str) -> None:
    assert Redactor().text(text) == text


def test_addresses_keep_their_class() -> None:
    assert Redactor().text("client: 203.0.113.9, server: _") == "client: ⟨ip:1 public⟩, server: _"
    assert (
        Redactor().text("from 192.168.1.20 to fe80::1ff:fe23:4567:890a")
        == "from ⟨ip:1 private⟩ to ⟨ip:2 private⟩"
    )


def test_control_characters_become_visible_everywhere() -> None:
    redactor = Redactor()
    for shown in (
        redactor.text("a\x1b[31mb\x00\u202e"),
        redactor.url("https://h.example/\x1b[2J"),
        redactor.header("server", "x\x1b]8;;evil\x07"),
        redactor.column("gateway", "ng\x1binx"),
        Redactor(enabled=False).text("a\x1bb"),
        Redactor(enabled=False).column("url", "a\x1bb"),
    ):
        assert "\x1b" not in shown
        assert "\x00" not in shown


def test_columns_are_redacted_by_what_they_hold() -> None:
    redactor = Redactor()
    assert redactor.column("status", 524) == 524
    assert redactor.column("url", None) is None
    assert redactor.column("gateway", "cloudflare") == "cloudflare"
    assert redactor.column("net_error", "net::ERR_TIMED_OUT") == "net::ERR_TIMED_OUT"
    assert redactor.column("capture", "Smith GmbH/capture.har") == "Smith GmbH/capture.har"
    assert redactor.column("host", "app.example.com") == "app.example.com"
    assert redactor.column("client_ip", "198.51.100.23") == "⟨ip:1 public⟩"
    assert redactor.column("server_ip", "203.0.113.121") == "203.0.113.121"
    assert redactor.column("server_ip", "10.0.0.7") == "⟨ip:2 private⟩"
    assert (
        redactor.column("upstream", "http://app:8080/x?token=abcdef1234")
        == "http://app:8080/x?token=⟨token:1⟩"
    )
    assert redactor.column("error_code", "context_length_exceeded") == "context_length_exceeded"
    assert redactor.column("finish_reason", "MAX_TOKENS") == "MAX_TOKENS"
    assert redactor.column("error_text", "mail canary@example.org") == "mail ⟨email:1⟩"
    assert redactor.column("cache_control", "x canary@example.org") == "x ⟨email:1⟩"


def test_a_row_is_redacted_without_changing_the_original() -> None:
    row = Exchange(url="https://h.example/?token=abcdef123456", status=200, client_ip="198.51.100.7")
    made = Redactor().exchange(row)
    assert made.url == "https://h.example/?token=⟨token:1⟩"
    assert made.status == 200
    assert row.url == "https://h.example/?token=abcdef123456"


def test_a_page_title_is_its_url_or_its_length() -> None:
    redactor = Redactor()
    assert (
        redactor.title("https://h.example/chat?token=abcdef123456")
        == "https://h.example/chat?token=⟨token:1⟩"
    )
    assert redactor.title("My divorce, part two") == "⟨title 20 characters⟩"
    assert Redactor(enabled=False).title("My divorce") == "My divorce"


def test_hostile_header_names_are_not_shown() -> None:
    assert Redactor().header_name("x\r\nSet-Cookie: a") == "⟨name 16 characters⟩"
    assert Redactor().header_name("X-Request-Id") == "X-Request-Id"


def test_very_long_text_is_cut_and_says_so() -> None:
    shown = Redactor().text("word " * 10_000)
    assert len(shown) < 3000
    assert shown.endswith("⟨text 50,000 characters⟩")


COLUMNS = [
    ("client_ip", ["8.8.8.8", None, "10.0.0.1", "8.8.8.8", "192.0.2.7", "127.0.0.1", "100.64.0.1", "1.2.3.256", "01.2.3.4"]),
    ("url", ["/v1/chat?key=abcdef0123456789", None, "/v1/chat", "/v1/chat?key=abcdef0123456789", ""]),
    ("where", ["access.log:1", "access.log:2\x1b"]),
    ("status", [None, None]),
]  # fmt: skip


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize(("name", "values"), COLUMNS)
def test_many_rows_of_a_column_are_redacted_as_one_by_one(
    name: str, values: list[str | None], enabled: bool
) -> None:
    together, alone = Redactor(enabled), Redactor(enabled)
    assert together.column_of(name, values) == [alone.column(name, value) for value in values]
    assert together.counts == alone.counts


def test_every_range_of_private_addresses_is_called_private() -> None:
    for first, second in ((a, b) for a in range(256) for b in (0, 16, 64, 100, 127, 168, 254)):
        address = ipaddress.ip_address(f"{first}.{second}.7.9")
        shown = str(Redactor().column("client_ip", str(address)))
        if address.is_loopback:
            assert shown == str(address)
        else:
            assert shown == f"⟨ip:1 {'private' if address.is_private else 'public'}⟩", address
