"""The server around the application."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from analyzer.web import server
from analyzer.web.config import Settings
from tests.web.harness import Running, read_all, serving, settings


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(server, "_HEADERS_SECONDS", 0.3)
    return settings(tmp_path)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local"])
def test_connection_without_a_request_is_closed(impatient: Settings, sent: bytes) -> None:
    with serving(impatient) as found, socket.create_connection(("127.0.0.1", found.port), 20) as connection:
        connection.sendall(sent)
        assert read_all(connection) == b""


def test_connection_with_a_request_is_not(impatient: Settings) -> None:
    with serving(impatient) as found:
        status = found.client.post("/api/v1/reports", content=b"nothing", headers={"Prefer": "wait=30"})
        assert status.status_code == 422


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"\0\0\0\0\r\n\r\n"],
    ids=["version", "tls", "long", "nul"],
)  # fmt: skip
def test_what_is_no_http_is_refused(running: Running, request_line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), 20) as connection:
        connection.sendall(request_line)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 421")
    assert running.client.get("/healthz").status_code == 200
