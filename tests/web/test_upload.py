"""What an upload may not be: each refused with a clear status, and nothing left on the disk."""

from __future__ import annotations

import gzip
import io
import json
import socket
import stat
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.web.config import MB
from tests.web.harness import FORM, HAR, WAIT, Running, serving, settings, wait_for

BOUNDARY = "x-boundary-x"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    chosen = settings(
        tmp_path_factory.mktemp("strict"), max_upload=MB, max_spool=3 * MB, max_files=3, stall_seconds=0.7,
        min_rate=1000,
    )  # fmt: skip
    with serving(chosen) as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_left(strict: Running) -> Iterator[None]:
    yield
    wait_for(lambda: strict.spooled() == [] and strict.service.spool.taken == 0)


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code and document["detail"]
    return answer.status_code, document["type"].rpartition(":")[2]


def part(data: bytes, disposition: str = 'form-data; name="file"; filename="a.har"') -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + data + b"\r\n"


def end() -> bytes:
    return f"--{BOUNDARY}--\r\n".encode()


def post(running: Running, body: bytes) -> Any:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return running.client.post("/api/v1/reports", content=body, headers={"Content-Type": kind})


def head(kind: str, *more: str) -> str:
    return "\n".join(
        [
            "POST /api/v1/reports HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            f"Content-Type: {kind}",
            *more,
        ]
    )


# ---------------------------------------------------------------------------------- sizes


def test_announced_excess_is_refused_before_it_comes(strict: Running) -> None:
    answer = strict.raw(head("application/json", "Content-Length: 999999999999"), b"{")
    assert answer.startswith(b"HTTP/1.1 413 ") and b"upload-too-large" in answer


def test_unannounced_excess_is_refused_as_it_comes(strict: Running) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 50_000

    answer = strict.client.post("/api/v1/reports", content=pieces(), headers={"Content-Type": "text/plain"})
    assert problem(answer) == (413, "upload-too-large")


def test_spool_that_is_full_makes_uploads_wait(strict: Running) -> None:
    strict.service.spool.draft("other")
    strict.service.spool.grow("other", 3 * MB - 100)
    try:
        answer = strict.client.post("/api/v1/reports", files=FORM)
        assert problem(answer) == (503, "service-busy") and answer.headers["retry-after"] == "30"
    finally:
        strict.service.spool.remove("other")


# ---------------------------------------------------------------------------------- parts


def test_ten_thousand_parts_are_refused(strict: Running) -> None:
    files = post(
        strict, b"".join(part(b"x", f'form-data; name="file"; filename="{n}"') for n in range(10_000))
    )
    assert problem(files) == (413, "too-many-parts")
    fields = post(strict, b"".join(part(b"x", f'form-data; name="n{n}"') for n in range(10_000)))
    assert problem(fields) == (413, "too-many-parts")
    empty = post(strict, b"".join(part(b"", 'form-data; name="f"; filename=""') for n in range(10_000)))
    assert problem(empty) == (413, "too-many-parts")


def test_one_file_more_than_allowed_is_refused(strict: Running) -> None:
    body = b"".join(part(HAR[:100] + bytes([n]), f'form-data; name="f"; filename="{n}"') for n in range(4))
    assert problem(post(strict, body + end())) == (413, "too-many-parts")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        part(b"x" * 100)[:-30],
        part(b"x" * 100),
        part(b"x") + b"--" + BOUNDARY.encode() + b"\r\nBad Header\r\n\r\nx\r\n" + end(),
        b"--" + BOUNDARY.encode() + b"\r\nA: " + b"h" * 100_000 + b"\r\n\r\nx\r\n" + end(),
        b"--" + BOUNDARY.encode() + b"\r\n" + b"A: b\r\n" * 1000 + b"\r\nx\r\n" + end(),
        part(b"f" * 2000, 'form-data; name="keep"') + part(HAR) + end(),
        part(b"7d", 'form-data; name="keep"') + end(),
        end(),
    ],
    ids=["empty", "text", "cut", "no-end", "bad-header", "long-header", "many-headers", "long-field", "no-file", "only-end"],
)  # fmt: skip
def test_damaged_form_is_malformed(strict: Running, body: bytes) -> None:
    assert problem(post(strict, body)) == (400, "malformed-request")


def test_empty_picker_beside_a_file_is_no_file(strict: Running) -> None:
    body = (
        part(b"", 'form-data; name="file"; filename=""')
        + part(b"", 'form-data; name="text"')
        + part(HAR)
        + end()
    )
    answer = post(strict, body)
    assert answer.status_code in (201, 202)
    assert [file["name"] for file in answer.json()["files"]] == ["a.har"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\\\..\\\\boot.har", "boot.har"),
        ("C:\\\\x\\\\y.har", "y.har"),
        (".hidden.har", "hidden.har"),
        ("-rf.har", "rf.har"),
        ("-", "capture.har"),
        ("..", "capture.har"),
        ("CON.har", "capture-CON.har"),
        ("a%00b.har", "a_00b.har"),
        ("<script>.har", "script_.har"),
    ],
)
def test_path_names_lose_their_path(strict: Running, name: str, shown: str) -> None:
    answer = post(strict, part(HAR, f'form-data; name="file"; filename="{name}"') + end())
    assert answer.json()["files"][0]["name"] == shown
    strict.client.delete(answer.headers["location"])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/x-www-form-urlencoded", "unsupported-upload"),
        ("multipart/mixed; boundary=x", "unsupported-upload"),
        ("multipart/form-data", "malformed-request"),
        ("multipart/form-data; boundary=" + "x" * 300, "malformed-request"),
    ],
)
def test_other_kinds_of_body_are_refused(strict: Running, kind: str, name: str) -> None:
    answer = strict.client.post("/api/v1/reports", content=b"x", headers={"Content-Type": kind})
    assert problem(answer)[1] == name


# ---------------------------------------------------------------------------------- time and length


def test_silence_ends_an_upload(strict: Running) -> None:
    answer = strict.raw(head("application/json", "Content-Length: 1000"), b"{")
    assert answer.startswith(b"HTTP/1.1 408 ") and b"upload-too-slow" in answer


def test_a_trickle_ends_an_upload(strict: Running) -> None:
    with socket.create_connection(("127.0.0.1", strict.port)) as connection:
        lines = head("application/json", "Content-Length: 1000").replace("\n", "\r\n")
        connection.sendall(lines.encode() + b"\r\n\r\n")
        connection.settimeout(0.1)
        answer = b""
        deadline = time.monotonic() + 20
        while not answer and time.monotonic() < deadline:
            connection.sendall(b"x")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_cancelled_upload_leaves_nothing(strict: Running) -> None:
    before = strict.service.metrics._counts["uploads_cancelled"]
    with socket.create_connection(("127.0.0.1", strict.port)) as connection:
        lines = head("application/json", "Content-Length: 900000").replace("\n", "\r\n")
        connection.sendall(lines.encode() + b"\r\n\r\n" + b"x" * 400_000)
        wait_for(lambda: strict.spooled() != [])
    wait_for(lambda: strict.service.metrics._counts["uploads_cancelled"] == before + 1)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "5, 6", "+5"])
def test_impossible_content_length_is_refused(strict: Running, length: str) -> None:
    assert strict.raw(head("text/plain", f"Content-Length: {length}"), b"hello").startswith(b"HTTP/1.1 400 ")


def test_content_length_and_chunked_together_are_refused_or_chunked(strict: Running) -> None:
    sent = head("text/plain", "Content-Length: 3", "Transfer-Encoding: chunked")
    answer = strict.raw(sent, b"5\r\nhello\r\n0\r\n\r\n")
    assert answer.split(b" ")[1] in (b"202", b"400")


def test_less_than_announced_is_a_cancelled_upload(strict: Running) -> None:
    before = strict.service.metrics._counts["uploads_cancelled"]
    strict.raw(head("text/plain", "Content-Length: 500"), b"hello", finish=True)
    wait_for(lambda: strict.service.metrics._counts["uploads_cancelled"] == before + 1)


def test_more_than_announced_is_no_part_of_the_upload(strict: Running) -> None:
    sent = head("text/plain", "Content-Length: 5")
    answer = strict.raw(sent, b"hello and more\r\n\r\n")
    assert b"HTTP/1.1 202 " in answer and b'"size":5' in answer


# ---------------------------------------------------------------------------------- archives


def zipped(members: dict[str, bytes], **attributes: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, data)
    return out.getvalue()


def analysed(running: Running, data: bytes, name: str) -> Any:
    return running.client.post("/api/v1/reports", files={"file": (name, data)}, headers=WAIT, timeout=90)


def test_zip_of_captures_is_read(strict: Running) -> None:
    answer = analysed(strict, zipped({"folder/a.har": HAR, "../b.har": HAR}), "case.zip")
    assert answer.status_code == 201 and answer.json()["streams"] == 4


def bomb(layers: int = 1) -> bytes:
    data = b"0" * 300_000_000
    for _ in range(layers):
        data = zipped({"bomb.har": data})
    return data


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (bomb(), "bomb.zip"),
        (bomb(2), "nested-bomb.zip"),
        (zipped({"link.har": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16), "link.zip"),
        (zipped({"x.har": HAR})[:-30], "cut.zip"),
        (gzip.compress(b"0" * 300_000_000), "bomb.gz"),
        (zipped({"4.zip": zipped({"3.zip": zipped({"2.zip": zipped({"1.zip": zipped({"a.har": HAR})})})})}), "deep.zip"),
    ],
    ids=["bomb", "nested-bomb", "symlink", "cut", "gzip-bomb", "too-deep"],
)  # fmt: skip
def test_hostile_archive_is_refused_with_a_reason(strict: Running, data: bytes, name: str) -> None:
    assert problem(analysed(strict, data, name)) == (422, "unreadable-capture")


def test_deep_json_is_refused_and_the_service_lives(strict: Running) -> None:
    deep = b'{"log":{"entries":' + b"[" * 400_000 + b"]" * 400_000 + b"}}"
    assert analysed(strict, deep, "deep.har").status_code in (201, 422)
    assert strict.client.get("/healthz").status_code == 200


def test_report_names_no_folder_of_the_service(strict: Running) -> None:
    status = strict.upload(zipped({"inner.har": HAR}), "outer.zip")
    text = strict.client.get(status["links"]["self"]).text
    assert str(strict.data) not in text and "spool" not in text
    assert json.loads(text)["captures"][0]["path"] == "outer.zip!inner.har"
