"""What people type and paste finds what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.explain.entries import entries
from analyzer.explain.lookup import fold, lookup, suggest


def keys(query: str) -> list[str]:
    return [entry.key for entry in lookup(query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("net::ERR_CONNECTION_RESET", "net/net::ERR_CONNECTION_RESET"),
        ("ERR_CONNECTION_RESET", "net/net::ERR_CONNECTION_RESET"),
        ("err_connection_reset", "net/net::ERR_CONNECTION_RESET"),
        ("CONNECTION_RESET", "net/net::ERR_CONNECTION_RESET"),
        ("connection reset", "net/net::ERR_CONNECTION_RESET"),
        ("ECONNRESET", "net/net::ERR_CONNECTION_RESET"),
        ("-101", "net/net::ERR_CONNECTION_RESET"),
        ("net -101", "net/net::ERR_CONNECTION_RESET"),
        (" `net::ERR_ABORTED` ", "net/net::ERR_ABORTED"),
        ("HTTP 504", "http/504"),
        ("http/504", "http/504"),
        ("HTTP504", "http/504"),
        ("status 529", "http/529"),
        ("nginx 499", "http/499"),
        ("cloudflare 524", "http/524"),
        ("Gateway Timeout", "http/504"),
        ("haproxy sD", "haproxy/sD"),
        ("HAProxy: sD", "haproxy/sD"),
        ("sD", "haproxy/sD"),
        ("SD", "haproxy/SD"),
        ("sD--", "haproxy/sD"),
        ("haproxy sD--", "haproxy/sD"),
        ("CDVN", "haproxy/CD"),
        ("envoy UC", "envoy/UC"),
        ("istio uc", "envoy/UC"),
        ("UpstreamConnectionTermination", "envoy/UC"),
        ("ws 1006", "websocket/1006"),
        ("WebSocket 1006", "websocket/1006"),
        ("close code 1006", "websocket/1006"),
        ("grpc 14", "grpc/14"),
        ("grpc-status: 14", "grpc/14"),
        ("grpc unavailable", "grpc/14"),
        ("h2 8", "http2/CANCEL"),
        ("http2 cancel", "http2/CANCEL"),
        ("0x8", "http2/CANCEL"),
        ("NS_ERROR_NET_PARTIAL_TRANSFER", "firefox/NS_ERROR_NET_PARTIAL_TRANSFER"),
        ("The network connection was lost", "webkit/The network connection was lost."),
        ("-1005", "webkit/The network connection was lost."),
        ("Error in message stream", "page/Error in message stream"),
        ("network error", "page/TypeError: network error"),
        ("BodyStreamBuffer was aborted", "page/AbortError: BodyStreamBuffer was aborted"),
        ("H12", "heroku/H12"),
        ("max_tokens", "finish/max_tokens"),
        ("overloaded_error", "inband/overloaded_error"),
        ("[DONE]", "marker/[DONE]"),
        ("gateway-idle-timeout", "cause/gateway-idle-timeout"),
        ("proxy_read_timeout", "limit/nginx proxy_read_timeout"),
        ("nginx proxy_read_timeout", "limit/nginx proxy_read_timeout"),
        ("curl 18", "client/curl 18"),
        ("client_disconnected_after_partial_response", "gcp/client_disconnected_after_partial_response"),
        ("AH01110", "apache/AH01110"),
        ("TCP_MISS_ABORTED/000", "squid/TCP_MISS_ABORTED"),
    ],
)
def test_term_is_found_however_it_is_spelled(query: str, expected: str) -> None:
    assert keys(query)[0] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("LR", {"envoy/LR", "haproxy/LR"}),
        ("LH", {"envoy/LH", "haproxy/LH"}),
        ("IH", {"envoy/IH", "haproxy/IH"}),
        ("1011", {"websocket/1011", "cloudflare/1011"}),
        ("1006", {"websocket/1006", "cloudflare/1006"}),
        ("504", {"http/504", "alb/504 after 10 s", "alb/504 after the idle timeout"}),
        ("8", {"grpc/8", "http2/CANCEL"}),
        ("sd", {"haproxy/sD", "haproxy/SD"}),
        ("UF,URX", {"envoy/UF", "envoy/URX"}),
    ],
)
def test_ambiguous_term_returns_all_its_meanings(query: str, expected: set[str]) -> None:
    assert expected <= set(keys(query))


def test_prefix_narrows_an_ambiguous_term() -> None:
    assert keys("haproxy LR") == ["haproxy/LR"]
    assert keys("envoy LR") == ["envoy/LR"]


def test_case_separates_haproxy_states() -> None:
    assert keys("cD") == ["haproxy/cD"]
    assert keys("CD") == ["haproxy/CD"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "2026/11/22 10:15:04 [error] 6#6: *1 upstream timed out (110: Connection timed out) while reading upstream, client: 192.0.2.1, server: example.com",
            "nginx/upstream timed out while reading upstream",
        ),
        (
            "upstream prematurely closed connection while reading response header from upstream, client: 192.0.2.1",
            "nginx/upstream prematurely closed connection while reading response header from upstream",
        ),
        ("POST /v1/messages net::ERR_HTTP2_PROTOCOL_ERROR 200", "net/net::ERR_HTTP2_PROTOCOL_ERROR"),
        ("Uncaught (in promise) TypeError: network error", "page/TypeError: network error"),
        ("[CRITICAL] WORKER TIMEOUT (pid:25)", "appserver/WORKER TIMEOUT"),
    ],
    ids=["nginx mid-stream", "nginx before headers", "console", "promise", "gunicorn"],
)
def test_pasted_line_finds_the_name_in_it(line: str, expected: str) -> None:
    assert keys(line)[0] == expected


def test_time_finds_the_limits_with_that_default() -> None:
    found = keys("60 s")
    assert "limit/nginx proxy_read_timeout" in found
    assert "limit/Envoy stream_idle_timeout" not in found
    assert "limit/Envoy stream_idle_timeout" in keys("5min")


def test_every_word_finds_entries_when_nothing_else_does() -> None:
    assert keys("httpx read timeout")[0] == "limit/HTTPX read timeout"


@pytest.mark.parametrize("entry", list(entries()), ids=lambda entry: entry.key)
def test_every_entry_is_found_by_its_own_name(entry: object) -> None:
    from analyzer.explain.entries import Entry

    assert isinstance(entry, Entry)
    assert entry.key in keys(entry.key)
    assert entry.key in keys(entry.term)


@pytest.mark.parametrize(
    ("typo", "expected"),
    [
        ("ERR_CONNECTON_RESET", "net::ERR_CONNECTION_RESET"),
        ("overloaded_eror", "overloaded_error"),
        ("NS_EROR_NET_RESET", "NS_ERROR_NET_RESET"),
        ("gateway-idle-timout", "gateway-idle-timeout"),
    ],
)
def test_unknown_term_suggests_the_nearest_names(typo: str, expected: str) -> None:
    assert lookup(typo) == []
    assert expected in suggest(typo)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("haproxy", "group/haproxy"),
        ("causes", "group/cause"),
        ("websocket", "group/websocket"),
        ("HTTP statuses", "group/http"),
        ("ws", "group/websocket"),
        ("timeouts and limits", "group/limit"),
    ],
)
def test_a_groups_name_lists_its_terms(query: str, expected: str) -> None:
    (entry,) = lookup(query)
    assert entry.key == expected
    assert len(entry.means.splitlines()) > 10


def test_nonsense_finds_and_suggests_nothing() -> None:
    assert lookup("qzxqzxqzx") == []
    assert suggest("qzxqzxqzx") == []


@pytest.mark.parametrize("empty", ["", "  ", '""', "``"])
def test_empty_query_finds_nothing(empty: str) -> None:
    assert lookup(empty) == []


def test_rules_are_found_beside_terms() -> None:
    rules = [("nginx-idle", "nginx cut it", "Text."), ("504", "A rule like a status", "Text.")]
    assert [entry.key for entry in lookup("nginx-idle", rules)] == ["rule/nginx-idle"]
    assert [entry.key for entry in lookup("504", rules)][-1] == "rule/504"
    assert "nginx-idle" in suggest("nginx-idel", rules)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_answered(query: str) -> None:
    assert isinstance(lookup(query), list)
    assert len(suggest(query)) <= 5


def test_a_huge_paste_is_answered() -> None:
    assert isinstance(lookup("a b " * 100_000), list)


def test_fold_joins_what_two_spellings_share() -> None:
    assert fold("net::ERR_FAILED") == fold("net err failed") == "net err failed"
