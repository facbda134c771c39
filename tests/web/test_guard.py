"""Who may ask for what, and how often."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from analyzer.web.guard import POLICY, Buckets, check_origin, client_of, host_name, token_of
from analyzer.web.problems import Problem
from tests.web.harness import FORM, WAIT, Running, held_workers, serving, settings

TOKEN = "a-long-enough-token"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(settings(tmp_path_factory.mktemp("locked"), token=TOKEN)) as found:
        yield found


# ---------------------------------------------------------------------------------- token


@pytest.mark.parametrize("path", ["/", "/upload", "/api/v1/reports/x", "/metrics", "/api/v1/openapi.json", "/static/icon.svg"])  # fmt: skip
def test_everything_but_health_asks_for_the_token(locked: Running, path: str) -> None:
    answer = locked.client.get(path)
    assert answer.status_code == 401
    assert 'Basic realm="hangup"' in answer.headers["www-authenticate"]
    assert locked.client.get("/healthz").status_code == 200


def test_token_is_taken_as_bearer_and_as_password(locked: Running) -> None:
    assert locked.client.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked.client.get("/", auth=("anybody", TOKEN)).status_code == 200


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    with serving(settings(tmp_path, token=TOKEN)) as found:
        wrong = {"Authorization": "Bearer wrong"}
        answers = [found.client.get("/", headers=wrong).status_code for _ in range(12)]
        assert answers == [401] * 10 + [429] * 2
        # Whoever guesses does not learn that a guess was right.
        assert found.client.get("/", auth=("x", TOKEN)).status_code == 429


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("", None),
        ("Bearer", None),
        ("bearer abc", "abc"),
        ("Basic " + base64.b64encode(b"user:pa:ss").decode(), "pa:ss"),
        ("Basic " + base64.b64encode(b"nocolon").decode(), None),
        ("Basic ???", None),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), None),
        ("Digest abc", None),
    ],
)
def test_token_of_an_authorization_header(header: str, token: str | None) -> None:
    assert token_of(header) == token


# ---------------------------------------------------------------------------------- origin and name


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none", "Origin": "https://evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://[::1"},
        {"Origin": ""},
    ],
)
def test_other_sites_change_nothing(running: Running, headers: dict[str, str]) -> None:
    id = running.upload(name="origin.har")["id"]
    for method, path in (("POST", "/api/v1/reports"), ("DELETE", f"/api/v1/reports/{id}"), ("POST", f"/r/{id}/delete"), ("POST", "/upload")):  # fmt: skip
        answer = running.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:hangup:problem:cross-origin")
    assert running.client.get(f"/api/v1/reports/{id}").status_code == 200


def test_own_pages_and_programs_may() -> None:
    for headers in (
        {},
        {"host": "a.example", "origin": "https://a.example"},
        {"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"},
        {"host": "a.example", "origin": "null", "sec-fetch-site": "same-origin"},
    ):
        check_origin(Headers(headers))
    with pytest.raises(Problem):
        check_origin(Headers({"host": "a.example", "origin": "https://a.example:444"}))


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example"])
def test_unknown_name_is_refused(running: Running, host: str) -> None:
    answer = running.client.get("/", headers={"Host": host})
    assert (answer.status_code, answer.json()["type"]) == (421, "urn:hangup:problem:wrong-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:8765", "192.0.2.7"])
def test_own_names_and_addresses_are_served(running: Running, host: str) -> None:
    assert running.client.get("/", headers={"Host": host}).status_code == 200


def test_host_name_of_damaged_headers() -> None:
    assert host_name("[::1") is None
    assert host_name("a.example:99999") == "a.example"


# ---------------------------------------------------------------------------------- rates


def test_bucket_empties_and_fills_again() -> None:
    bucket = Buckets(60)
    assert all(bucket.take("a", now=0) == 0 for _ in range(60))
    assert bucket.take("a", now=0) == pytest.approx(1)
    assert bucket.empty("a", now=0) and not bucket.empty("b", now=0)
    assert bucket.take("b", now=0) == 0
    assert bucket.take("a", now=1.5) == 0


def test_buckets_remember_a_bounded_number_of_clients() -> None:
    bucket = Buckets(1, most_clients=100)
    for number in range(1000):
        bucket.take(str(number), now=0)
    assert len(bucket._levels) == 100


def test_uploads_and_requests_have_rates_of_their_own(tmp_path: Path) -> None:
    with serving(settings(tmp_path, upload_rate=2, request_rate=8)) as found:
        uploads = [found.client.post("/api/v1/reports", files=FORM) for _ in range(3)]
        assert [answer.status_code for answer in uploads][2] == 429
        assert int(uploads[2].headers["retry-after"]) >= 1
        answers = [found.client.get("/").status_code for _ in range(8)]
        assert answers[0] == 200 and answers[-1] == 429
        assert found.client.get("/healthz").status_code == 200


def test_listeners_are_counted_per_client(tmp_path: Path) -> None:
    with serving(settings(tmp_path, streams_at_once=1, workers=1)) as found, ExitStack() as holding:
        holding.enter_context(held_workers(os.getpid()))
        status = found.client.post("/api/v1/reports", files=FORM).json()
        with found.client.stream("GET", status["links"]["events"]) as events:
            lines = events.iter_lines()
            next(lines)
            second = found.client.get(status["links"]["events"])
            assert second.status_code == 429
            holding.close()
            list(lines)
        assert found.client.get(status["links"]["events"]).status_code == 200


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff::1", 5), "2001:db8:1:2::"),
        (("testclient", 5), "testclient"),
        (None, "local"),
    ],
)
def test_client_is_an_address_or_its_network(client: object, counted: str) -> None:
    assert client_of({"client": client}) == counted


# ---------------------------------------------------------------------------------- headers


def test_every_answer_is_dressed(running: Running, locked: Running) -> None:
    id = running.upload(name="dressed.har")["id"]
    answers = [
        running.client.get("/"),
        running.client.get(f"/r/{id}"),
        running.client.get("/nothing"),
        running.client.get("/r/nothing", headers={"Accept": "text/html"}),
        running.client.get("/static/upload.js"),
        running.client.get(f"/api/v1/reports/{id}"),
        running.client.post("/upload", files=FORM, headers=WAIT),
        running.client.put("/"),
        locked.client.get("/"),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "set-cookie" not in headers and "server" not in headers
    assert all(a.headers["cache-control"] == "no-store" for a in answers if "/static/" not in str(a.url))


def test_policy_has_no_exception() -> None:
    assert "unsafe" not in POLICY and "*" not in POLICY and "http" not in POLICY
