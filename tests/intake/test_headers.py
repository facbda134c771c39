"""Header lists → columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.samples import entry, headers, read_one


def answered(tmp_path: Path, **response: str):
    return read_one(tmp_path, entry(response={"headers": headers(**response)})).exchange


def asked(tmp_path: Path, url: str = "https://api.example/x", **request: str):
    made = entry(request={"headers": headers(**request), "url": url})
    return read_one(tmp_path, made, creator="Firefox").exchange


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Retry_After": "30"}, 30_000.0),
        ({"retry_after_ms": "1500", "retry_after": "2"}, 1500.0),
        ({"Retry_After": "1.5"}, 1500.0),
        ({"Retry_After": "Mon, 02 Mar 2026 10:16:00 GMT", "Date": "Mon, 02 Mar 2026 10:15:00 GMT"}, 60_000.0),
        ({"Retry_After": "Mon, 02 Mar 2026 10:14:00 GMT", "Date": "Mon, 02 Mar 2026 10:15:00 GMT"}, 0.0),
        ({"Retry_After": "Mon, 02 Mar 2026 10:15:10 GMT"}, 10_000.0),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_a_date_or_milliseconds(tmp_path: Path, given, expected) -> None:
    assert answered(tmp_path, X="1", **given).retry_after_ms == expected


def test_response_headers_fill_their_columns(tmp_path: Path) -> None:
    row = answered(
        tmp_path, content_type="Text/Event-Stream; charset=utf-8", content_encoding="GZIP", content_length="12",
        transfer_encoding="chunked", cache_control="no-cache, no-transform", age="3", server="cloudflare",
        via="1.1 google", x_accel_buffering="No", cf_mitigated="challenge", www_authenticate='Bearer realm="x"',
        access_control_allow_origin="*",
    )  # fmt: skip
    assert row.content_type == "text/event-stream"
    assert (row.content_encoding, row.content_length, row.transfer_encoding) == ("gzip", 12, "chunked")
    assert (row.cache_control, row.age_s, row.server) == ("no-cache, no-transform", 3.0, "cloudflare")
    assert (row.via, row.accel_buffering, row.mitigated) == ("1.1 google", "no", "challenge")
    assert (row.www_authenticate, row.cors_allowed) == ("bearer", True)


def test_without_a_response_nothing_is_claimed_of_its_headers(tmp_path: Path) -> None:
    row = read_one(
        tmp_path, entry(response={"headers": [], "status": 0}, content={"mimeType": "x-unknown"})
    ).exchange
    assert (row.content_type, row.cors_allowed, row.server) == (None, None, None)


def test_the_media_type_of_the_content_stands_in_for_a_lost_header(tmp_path: Path) -> None:
    assert answered(tmp_path, X="1").content_type == "text/event-stream"


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "api-key", "x-goog-api-key"])
def test_keys_count_as_credentials(tmp_path: Path, name: str) -> None:
    assert asked(tmp_path, **{name: "k"}).auth_sent is True


def test_cookies_do_not_count_as_credentials(tmp_path: Path) -> None:
    assert asked(tmp_path, cookie="a=b").auth_sent is False


def test_last_event_id_says_that_it_resumes(tmp_path: Path) -> None:
    assert asked(tmp_path, last_event_id="42").resumed is True
    assert asked(tmp_path, accept="*/*").resumed is False


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sec_fetch_site": "cross-site"}, True),
        ({"sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "none"}, None),
        ({"origin": "https://app.example"}, True),
        ({"origin": "https://api.example"}, False),
        ({"origin": "https://api.example:444"}, True),
        ({"origin": "null"}, True),
        ({"referer": "https://api.example/page"}, False),
        ({}, None),
    ],
)
def test_cross_origin_is_told_by_the_request(tmp_path: Path, given, expected) -> None:
    assert asked(tmp_path, X="1", **given).cross_origin is expected


@pytest.mark.parametrize(
    ("agent", "hints", "expected"),
    [
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "", ("chrome", "156")),
        ("Mozilla/5.0 AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 Edg/156.0.3.1", "", ("edge", "156")),
        ("", '"Chromium";v="120", "Microsoft Edge";v="120"', ("edge", "120")),
        ("", '"Not A;Brand";v="8", "Google Chrome";v="121"', ("chrome", "121")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "", ("firefox", "153")),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "",
         ("safari", "17")),
        ("Mozilla/5.0 Chrome/120.0 Safari/537.36 OPR/106.0", "", ("other", "106")),
        ("python-requests/2.31", "", ("other", None)),
    ],
)  # fmt: skip
def test_the_browser_is_told_by_its_headers(tmp_path: Path, agent, hints, expected) -> None:
    row = asked(tmp_path, user_agent=agent, sec_ch_ua=hints)
    assert (row.browser, row.browser_version) == expected


def test_the_declared_browser_stands_in_for_missing_headers(tmp_path: Path) -> None:
    made = entry(request={"headers": []})
    row = read_one(
        tmp_path, made, creator="Playwright", browser={"name": "webkit", "version": "26.5"}
    ).exchange
    assert (row.browser, row.browser_version) == ("safari", "26")


def test_header_text_of_unknown_shape_stays_out_of_open_columns(tmp_path: Path) -> None:
    row = answered(
        tmp_path, cache_control="\x1b[31m" + "x" * 500, content_type="<script>", x_accel_buffering="=cmd()\n"
    )
    assert (row.cache_control, row.accel_buffering) == (None, None)
    assert row.content_type == "text/event-stream"
