"""What a page is by its own elements."""

from __future__ import annotations

import pytest

from analyzer.facts.pages import LOGIN_PATH, body_kind, json_challenge, page_kind

LOGIN = b"<html><title>Welcome</title><form method=post><input name=u><input name=p type='password'></form>"
CHALLENGE = b"<html><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/h/b/orchestrate'></script>"
APP = b"<!doctype html><html><body><div id=root></div><script src=/main.js></script></body></html>"
MAINTENANCE = b"<html><h1>503 Service Temporarily Unavailable</h1></html>"


@pytest.mark.parametrize(
    ("page", "status", "kind"),
    [
        (LOGIN, 200, "login"),
        (CHALLENGE, 403, "challenge"),
        (APP, 200, "app"),
        (MAINTENANCE, 503, "gateway-error"),
        (
            b"<html>The page is blocked. Request blocked by the web application firewall.</html>",
            403,
            "block-page",
        ),
        (b"<html><title>Guest Wi-Fi</title>Accept the terms</html>", 200, "captive-portal"),
        (b"<html><p>Hello</p></html>", 200, None),
    ],
)
def test_page_kind(page: bytes, status: int, kind: str | None) -> None:
    assert page_kind(page, status) == kind


def test_a_sign_in_form_with_a_captcha_is_still_a_sign_in_form() -> None:
    assert page_kind(LOGIN + b"<div class=h-captcha></div>", 200) == "login"


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"data: {}\n\n", "text/event-stream", "sse"),
        (b": ping\n\n", None, "sse"),
        (b'{"a": 1}', "application/json", "json"),
        (b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson", "ndjson"),
        (b"\xef\xbb\xbf<!doctype html>", "application/json", "html"),
        (b"", "text/html", "empty"),
        (b"\x00\x01\x02", None, "binary"),
        (b"Bad Gateway", "text/plain", "text"),
    ],
)
def test_body_kind_is_told_by_the_bytes(body: bytes, content_type: str | None, kind: str) -> None:
    assert body_kind(body, content_type) == kind


@pytest.mark.parametrize(
    "path", ["/login", "/users/sign_in", "/oauth2/start", "/saml2/idp", "/auth/login/x", "/adfs/ls"]
)
def test_sign_in_paths_are_recognised(path: str) -> None:
    assert LOGIN_PATH.search(path)


@pytest.mark.parametrize("path", ["/blog/in", "/v1/stream", "/assigned", "/api/authors", "/logins-report"])
def test_other_paths_are_not(path: str) -> None:
    assert not LOGIN_PATH.search(path)


def test_a_bot_check_as_json() -> None:
    assert json_challenge(b'{"appId":"PX1","blockScript":"/1/captcha.js","jsClientSrc":"/1/init.js"}')
    assert not json_challenge(b'{"error":"forbidden","message":"no captcha for you"}')


@pytest.mark.parametrize("title", ["统一身份认证 - 登录", "ログイン | 社内ポータル", "로그인", "Connexion"])
def test_a_sign_in_page_in_another_language_without_a_password_field(title: str) -> None:
    assert page_kind(f"<html><head><title>{title}</title></head></html>".encode(), 200) == "login"
