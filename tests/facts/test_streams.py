"""What is a stream, and why."""

from __future__ import annotations

from analyzer.columns import Exchange
from analyzer.facts import streams
from analyzer.facts.build import Settings, build
from analyzer.model import Recorded


def recorded(
    response: list[tuple[str, str]] | None = None,
    body: bytes | None = None,
    sent: bytes | None = None,
    **row: object,
) -> Recorded:
    base: dict[str, object] = {
        "method": "POST",
        "url": "https://a.test/x",
        "scheme": "https",
        "host": "a.test",
        "path": "/x",
        "status": 200,
        "position": 0,
    }
    exchange = Exchange(**{**base, **row})  # type: ignore[arg-type]
    headers = [("accept", exchange.accept)] if exchange.accept else []
    return Recorded(
        exchange,
        request_headers=headers,
        response_headers=response or [],
        body=lambda: body,
        request_body=lambda: sent,
    )


def why(*entries: Recorded, **settings: tuple[str, ...]) -> list[str | None]:
    build(entries, Settings(**settings))
    return [entry.exchange.stream_why for entry in entries]


def test_an_event_stream_is_one() -> None:
    assert why(recorded(content_type="text/event-stream", body=b"data: 1\n\n")) == ["content-type"]


def test_ordinary_traffic_is_none() -> None:
    assert why(
        recorded(method="GET", content_type="text/html", resource_type="document"),
        recorded(content_type="application/json", body=b"{}", sent=b'{"q": 1}'),
        recorded(method="GET", content_type="video/mp2t", net_error="net::ERR_ABORTED"),
    ) == [None, None, None]


def test_a_request_that_asked_for_a_stream_and_failed_is_one() -> None:
    assert why(
        recorded(status=401, content_type="application/json", body=b"{}", sent=b'{"stream": true}')
    ) == ["body"]


def test_a_client_that_takes_json_or_a_stream_and_gets_json_has_none() -> None:
    accept = "application/json, text/event-stream"
    assert why(recorded(accept=accept, content_type="application/json", body=b'{"jsonrpc": "2.0"}')) == [None]
    assert why(recorded(accept=accept, status=502, content_type="text/html", body=b"<html>")) == ["accept"]


def test_the_same_address_streaming_elsewhere_makes_a_failure_a_stream() -> None:
    ok = recorded(content_type="text/event-stream", body=b"data: 1\n\n")
    failed = recorded(status=504, content_type="text/html", body=b"<html>", position=1)
    assert why(ok, failed) == ["content-type", "same-url"]


def test_a_preflight_and_a_stop_call_are_none() -> None:
    assert why(
        recorded(content_type="text/event-stream", body=b"data: 1\n\n"),
        recorded(method="OPTIONS", status=403),
        recorded(path="/x/stop_response", status=500, sent=b'{"stream": true}'),
    ) == ["content-type", None, None]


def test_stream_path_is_the_users_word() -> None:
    assert why(
        recorded(method="GET", content_type="application/json", body=b"[]"), stream_paths=("/x*",)
    ) == ["stream-path"]


def test_a_redirect_counts_only_when_it_leads_to_a_sign_in() -> None:
    login = recorded([("location", "https://id.test/login?next=/x")], status=302, sent=b'{"stream": true}')
    moved = recorded([("location", "https://b.test/x")], status=307, sent=b'{"stream": true}')
    assert why(login) == ["body"]
    assert why(moved) == [None]


def test_a_server_that_offers_no_stream_of_its_own_says_so_in_json_rpc() -> None:
    refusal = b'{"jsonrpc":"2.0","error":{"code":-32000,"message":"Method not allowed."},"id":null}'
    asked = {"method": "GET", "accept": "text/event-stream", "content_type": "application/json"}
    assert why(recorded(status=405, body=refusal, **asked)) == [None]
    assert why(recorded(status=405, body=b'{"detail":"Method Not Allowed"}', **asked)) == ["accept"]


def broken(**changes: object) -> Recorded:
    row: dict[str, object] = {
        "resource_type": "fetch",
        "content_type": "text/plain",
        "net_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
        "receive_ms": 12_000.0,
        "body_bytes": 900,
    }
    return recorded(**{**row, **changes})


def test_what_broke_while_it_came_piece_by_piece_is_one() -> None:
    assert (
        why(
            broken(),
            broken(content_type="application/json", net_error="net::ERR_HTTP2_PROTOCOL_ERROR"),
            broken(content_type="audio/mpeg", body_bytes=300_000),
        )
        == ["behaviour"] * 3
    )


def test_what_was_given_up_or_fast_or_of_known_length_is_none() -> None:
    assert (
        why(
            broken(net_error="net::ERR_ABORTED"),
            broken(net_error=None),
            broken(receive_ms=300.0),
            broken(body_bytes=90_000_000),
            broken(content_length=5_000_000),
            broken(content_type="application/pdf"),
            broken(resource_type="media", content_type="audio/mpeg"),
        )
        == [None] * 7
    )


def test_a_failure_at_a_streaming_endpoint_whose_request_is_not_in_the_capture_counts() -> None:
    where = {"host": "api.openai.com", "path": "/v1/chat/completions", "status": 429, "request_bytes": 300}
    assert why(recorded(body=b"{}", **where)) == ["endpoint"]
    assert why(recorded(body=b"{}", sent=b'{"model":"m"}', **where)) == [None]


def test_calls_that_stop_a_stream() -> None:
    def control(path: str, method: str = "POST") -> bool:
        return streams.is_control_call(Exchange(method=method, path=path))

    assert control("/api/chat/stop_response") and control("/threads/7/runs/r1/cancel")
    assert control("/api/tasks/stop/7f3a") and control("/api/agents/chat/abort")
    assert not control("/api/tasks/stop/7f3a", "GET")
    assert not control("/shop/cancel-policy/terms") and not control("/non-stop/7")


def parts(tail: bytes, accept: str = "multipart/mixed;deferSpec=20220824, application/json") -> Recorded:
    part = b'\r\n---\r\nContent-Type: application/json\r\n\r\n{"hasNext":true}'
    return recorded(
        content_type="multipart/mixed", accept=accept, body=part * 2 + tail, resource_type="fetch"
    )


def test_incremental_graphql_is_one_and_ends_with_its_closing_boundary() -> None:
    whole, cut = parts(b"\r\n-----\r\n"), parts(b"")
    assert why(whole, cut) == ["content-type", "content-type"]
    assert (whole.exchange.terminal_marker, cut.exchange.terminal_marker) == ("seen", "missing")


def test_a_batch_of_answers_is_none() -> None:
    assert why(parts(b"\r\n-----\r\n", accept="*/*")) == [None]
