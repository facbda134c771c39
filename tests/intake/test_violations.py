"""Every departure from HAR 1.2 that exporters are known to make is read, with its meaning kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.intake.samples import DROP, entry, har, headers, read, read_one


@pytest.mark.parametrize("pages", [DROP, [], [{"id": "p"}], [{"id": "p", "pageTimings": None}]])
def test_pages_may_be_missing_or_untimed(tmp_path: Path, pages) -> None:
    value = har(entry(pageref="p"))
    value["log"]["pages"] = pages
    if pages is DROP:
        del value["log"]["pages"]
    assert len(read(tmp_path, value).entries) == 1


def test_creator_may_be_missing(tmp_path: Path) -> None:
    assert read(tmp_path, har(entry(), creator=None)).info.creator is None


@pytest.mark.parametrize("ref", [DROP, "page_that_is_not_listed", None, 3])
def test_pageref_may_point_nowhere(tmp_path: Path, ref) -> None:
    assert read_one(tmp_path, entry(pageref=ref)).page == (ref if isinstance(ref, str) else None)


def test_header_lists_may_be_pairs(tmp_path: Path) -> None:
    recorded = read_one(tmp_path, entry(request={"headers": [["Accept", "text/event-stream"], ["X", None]]}))
    assert recorded.request_headers == [("accept", "text/event-stream"), ("x", "")]
    assert recorded.exchange.accept == "text/event-stream"


def test_pseudo_headers_are_left_out(tmp_path: Path) -> None:
    recorded = read_one(tmp_path, entry(request={"headers": headers(**{":path": "/x", "B": "1", "a": "2"})}))
    assert recorded.request_headers == [("b", "1"), ("a", "2")]


def test_cookies_may_be_an_object(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(request={"cookies": {"name": "a"}})).exchange.method == "GET"


@pytest.mark.parametrize("cookie", [{"name": "", "value": None}, {"expires": "soon"}])
def test_cookies_may_be_nonsense(tmp_path: Path, cookie) -> None:
    assert read_one(tmp_path, entry(response={"cookies": [cookie]})).exchange.status == 200


def test_post_data_may_have_no_media_type(tmp_path: Path) -> None:
    recorded = read_one(tmp_path, entry(request={"postData": {"mimeType": None, "text": '{"stream":true}'}}))
    assert recorded.request_body() == b'{"stream":true}'


@pytest.mark.parametrize(
    ("status", "expected"),
    [(0, 0), (-1, 0), (-2, 0), (1, None), (DROP, None), (None, None), ("503", 503), (200.0, 200)],
)
def test_status_may_be_no_status(tmp_path: Path, status, expected) -> None:
    assert read_one(tmp_path, entry(response={"status": status})).exchange.status == expected


def test_the_response_may_be_missing(tmp_path: Path) -> None:
    row = read_one(tmp_path, entry(response={}) | {"response": None}).exchange
    assert row.status is None
    assert row.content_type is None


@pytest.mark.parametrize(
    ("error", "net", "text"),
    [
        ("net::ERR_CONNECTION_RESET", "net::ERR_CONNECTION_RESET", None),
        ("", None, None),
        (None, None, None),
        ({"message": "read ECONNRESET", "code": "ECONNRESET"}, "net::ERR_CONNECTION_RESET", None),
        ({"message": "socket hang up", "code": "EPROTO"}, None, "EPROTO"),
        ("something else", None, "something else"),
    ],
)
def test_an_error_may_be_text_null_or_an_object(tmp_path: Path, error, net, text) -> None:
    row = read_one(tmp_path, entry(response={"_error": error})).exchange
    assert (row.net_error, row.failure_text) == (net, text)


def test_content_may_be_an_empty_object(tmp_path: Path) -> None:
    recorded = read_one(tmp_path, entry(response={"content": {}}))
    assert recorded.body() is None
    assert recorded.exchange.body_bytes is None


@pytest.mark.parametrize("size", [-1, 0, DROP, "undefined"])
def test_content_size_may_be_wrong_while_the_text_is_there(tmp_path: Path, size) -> None:
    recorded = read_one(tmp_path, entry(content={"size": size}))
    assert recorded.body() == b"data: x\n\n"
    assert recorded.exchange.body_bytes == 9


@pytest.mark.parametrize("target", [None, DROP, 5])
def test_redirect_url_may_be_null(tmp_path: Path, target) -> None:
    assert (
        read_one(tmp_path, entry(response={"redirectURL": target, "redirectionURL": ""})).exchange.status
        == 200
    )


@pytest.mark.parametrize(
    ("field", "value"), [("bodySize", None), ("headersSize", None), ("headersSize", DROP)]
)
def test_sizes_may_be_null(tmp_path: Path, field, value) -> None:
    assert read_one(tmp_path, entry(response={field: value})).exchange.transfer_bytes == 109


@pytest.mark.parametrize("text", [None, DROP, ""])
def test_status_text_may_be_missing(tmp_path: Path, text) -> None:
    assert read_one(tmp_path, entry(response={"statusText": text})).exchange.status_text is None


def test_timings_may_be_empty(tmp_path: Path) -> None:
    row = read_one(tmp_path, entry(timings={}, time=None)).exchange
    assert (row.ttfb_ms, row.receive_ms, row.duration_ms) == (None, None, None)


def test_timings_may_be_strings(tmp_path: Path) -> None:
    row = read_one(tmp_path, entry(timings={"wait": "200.5", "receive": "soon"})).exchange
    assert (row.ttfb_ms, row.receive_ms) == (200.5, None)


@pytest.mark.parametrize("blocked", [-1, -0.4, None, DROP])
def test_any_negative_time_is_unknown(tmp_path: Path, blocked) -> None:
    made = entry()
    if blocked is DROP:
        del made["timings"]["blocked"]
    else:
        made["timings"]["blocked"] = blocked
    assert read_one(tmp_path, made).exchange.blocked_ms is None


@pytest.mark.parametrize("time", [None, -1, DROP])
def test_time_may_be_missing_and_is_then_the_sum_of_its_parts(tmp_path: Path, time) -> None:
    assert read_one(tmp_path, entry(time=time)).exchange.duration_ms == 1011.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-03-02T12:15:00.250+02:00", datetime(2026, 3, 2, 10, 15, 0, 250000, UTC)),
        ("2026-03-02T15:45:00.2500000+05:30", datetime(2026, 3, 2, 10, 15, 0, 250000, UTC)),
        ("2026-03-02T10:15:00Z", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (1772446500, None),
        (DROP, None),
    ],
)
def test_the_start_may_have_any_offset_or_be_missing(tmp_path: Path, given, expected) -> None:
    row = read_one(tmp_path, entry(startedDateTime=given)).exchange
    assert row.started_at == expected
    assert (row.ended_at is None) == (expected is None)


def test_a_missing_start_is_said_once_for_all(tmp_path: Path) -> None:
    capture = read(tmp_path, har(entry(startedDateTime=""), entry(startedDateTime="")))
    assert capture.info.warnings == [
        "$.log.entries[0] and 1 more: startedDateTime is missing or no date; its clock columns are not recorded"
    ]


@pytest.mark.parametrize(
    ("address", "expected", "private"),
    [
        ("", None, None),
        ("[2606:4700::1]", "2606:4700::1", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("fe80::1%7", "fe80::1", True),
        ("::ffff:192.168.0.1", "::ffff:192.168.0.1", True),
        ("203.0.113.9", "203.0.113.9", False),
        ("not an address", "not an address", None),
        (None, None, None),
    ],
)
def test_addresses_lose_their_brackets(tmp_path: Path, address, expected, private) -> None:
    row = read_one(tmp_path, entry(serverIPAddress=address)).exchange
    assert (row.server_ip, row.server_ip_private) == (expected, private)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", None), ("unknown", None), ("h2", "2"), ("h3", "3"), ("h3-29", "3"), ("http/2.0", "2"), ("HTTP/2", "2"),
        ("http/2+quic/46", "3"), ("HTTP/0.9", None), ("od:", None), ("HTTP/1.0", "1.0"), ("HTTP/1.1", "1.1"),
    ],
)  # fmt: skip
def test_http_versions_have_many_spellings(tmp_path: Path, given, expected) -> None:
    made = entry(request={"httpVersion": given}, response={"httpVersion": given})
    assert read_one(tmp_path, made).exchange.http_version == expected


@pytest.mark.parametrize("cache", [[], {"afterRequest": {"expires": "soon"}}, DROP])
def test_cache_may_be_a_list(tmp_path: Path, cache) -> None:
    assert read_one(tmp_path, entry(cache=cache)).exchange.status == 200


def test_a_body_may_be_absent_while_its_size_is_known(tmp_path: Path) -> None:
    recorded = read_one(tmp_path, entry(content={"text": DROP, "size": 500}))
    assert recorded.body() is None
    assert recorded.exchange.body_bytes == 500
    assert recorded.exchange.body_recorded is False
