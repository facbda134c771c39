"""Fiddler's session archives: what the raw messages say that a HAR of the same program has lost."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.intake import open_inputs
from analyzer.intake.chunked import unchunked
from analyzer.intake.limits import Limits
from analyzer.intake.sazframes import messages
from analyzer.model import Capture, Recorded
from analyzer.pipeline import analyze
from analyzer.redact.sanitize import sanitize
from tests.intake.samples import only_input
from tests.intake.sazs import answer, chunked, frame, frames, meta, request, saz

SSE = {"Content_Type": "text/event-stream", "Transfer_Encoding": "chunked"}


def read(tmp_path: Path, data: bytes) -> Capture:
    from analyzer.intake import read_har

    found = only_input(tmp_path, data, "session.saz")
    assert found.kind == "har", found.reason
    return read_har(found)


def one(tmp_path: Path, body: bytes, about: str | None = None, **headers: str) -> Recorded:
    parts = {"c": request(Accept="text/event-stream"), "s": answer(body, **(headers or SSE))}
    return read(tmp_path, saz({**parts, "m": meta() if about is None else about})).entries[0]


def test_a_session_becomes_an_exchange_with_its_times(tmp_path: Path) -> None:
    found = one(tmp_path, chunked(b"data: a\n\n", b"data: b\n\n"))
    row = found.exchange
    assert (row.dialect, row.where, row.status, row.method) == ("fiddler-saz", "raw/1_s.txt", 200, "GET")
    assert row.url == "https://api.example/v1/stream"
    assert (row.duration_ms, row.ttfb_ms, row.receive_ms) == (1260.0, 200.0, 1000.0)
    assert (row.dns_ms, row.connect_ms, row.tls_ms) == (12.0, 35.0, 15.0)
    assert row.started_at is not None and row.started_at.isoformat() == "2026-03-02T08:15:00.005000+00:00"
    assert found.body() == b"data: a\n\ndata: b\n\n"
    assert row.errors_recorded is True and row.net_error is None


def test_chunks_without_the_last_one_are_a_broken_transport(tmp_path: Path) -> None:
    found = one(tmp_path, chunked(b"data: a\n\n", last=False))
    assert found.exchange.net_error == "net::ERR_INCOMPLETE_CHUNKED_ENCODING"
    assert found.body() == b"data: a\n\n"


def test_fewer_bytes_than_declared_are_a_broken_transport(tmp_path: Path) -> None:
    found = one(tmp_path, b"data: a\n\n", Content_Type="text/event-stream", Content_Length="40")
    assert found.exchange.net_error == "net::ERR_CONTENT_LENGTH_MISMATCH"


@pytest.mark.parametrize(
    ("body", "headers", "flags"),
    [
        (b"data: a\n\n", {"Content_Type": "text/event-stream"}, {}),
        (b"", SSE, {}),
        (b"data: a\n\n", SSE, {}),
        (b"", {"Content_Type": "text/event-stream", "Content_Length": "9"}, {}),
        (chunked(b"data: a\n\n", last=False), SSE, {"log-drop-response-body": "true"}),
    ],
    ids=["no length", "nothing kept", "decoded already", "nothing kept of a length", "dropped on purpose"],
)
def test_what_the_archive_does_not_hold_is_no_break(tmp_path: Path, body, headers, flags) -> None:
    assert one(tmp_path, body, meta(flags), **headers).exchange.net_error is None


def test_a_client_that_was_gone_is_an_abort(tmp_path: Path) -> None:
    found = one(tmp_path, chunked(b"data: a\n\n"), meta({"x-aborted-when": "SendingResponse"}))
    assert found.exchange.net_error == "net::ERR_ABORTED"


def test_what_was_given_up_in_another_state_names_no_culprit(tmp_path: Path) -> None:
    row = one(tmp_path, chunked(b"data: a\n\n"), meta({"X-Aborted-When": "ReadingResponse"})).exchange
    assert row.net_error is None
    assert row.failure_text == "aborted by Fiddler in state ReadingResponse"


def test_marks_that_were_never_reached_are_unknown(tmp_path: Path) -> None:
    about = meta(ServerDoneResponse=None, ClientDoneResponse=None, ClientBeginResponse=None)
    row = one(tmp_path, chunked(b"data: a\n\n", last=True), about).exchange
    assert (row.duration_ms, row.receive_ms, row.end_recorded) == (None, None, False)


def test_gzip_under_chunks_is_undone(tmp_path: Path) -> None:
    machine = zlib.compressobj(wbits=31)
    packed = machine.compress(b"data: a\n\n") + machine.flush()
    found = one(tmp_path, chunked(packed), Content_Encoding="gzip", **SSE)
    assert found.body() == b"data: a\n\n"


def test_a_body_that_cannot_be_decoded_is_not_recorded(tmp_path: Path) -> None:
    found = one(tmp_path, chunked(b"\x8b\x01\x80"), Content_Encoding="br", **SSE)
    assert found.body() is None and not found.exchange.body_recorded


def test_addresses_and_ports_come_from_the_flags(tmp_path: Path) -> None:
    flags = {"x-hostip": "203.0.113.9", "x-egressport": "19742", "x-clientport": "19719"}
    row = one(tmp_path, chunked(b""), meta(flags)).exchange
    assert (row.server_ip, row.connection_id) == ("203.0.113.9", "19742")


def test_a_target_without_a_host_is_put_together(tmp_path: Path) -> None:
    parts = {"c": request("/v1/stream?q=1"), "m": meta({"https-client-version": "Tls12"})}
    row = read(tmp_path, saz({**parts, "s": answer(b"")})).entries[0].exchange
    assert row.url == "https://api.example/v1/stream?q=1"


def test_a_session_without_an_answer_is_status_zero(tmp_path: Path) -> None:
    row = read(tmp_path, saz({"c": request()})).entries[0].exchange
    assert (row.status, row.started_at, row.duration_ms) == (0, None, None)


def test_sessions_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    sessions = [{"c": request(f"https://api.example/{n}"), "s": answer(b"")} for n in range(12)]
    urls = [found.exchange.path for found in read(tmp_path, saz(*sessions)).entries]
    assert urls == [f"/{n}" for n in range(12)]


def test_messages_of_a_web_socket_are_read_with_times_and_close_code(tmp_path: Path) -> None:
    w = frames(
        ("Request", frame(1, b'{"ask":1}', key=b"\x01\x02\x03\x04"), 300),
        ("Response", frame(1, "größer".encode()), 400),
        ("Response", frame(2, b"\x00\x01"), 500),
        ("Response", frame(8, b"\x03\xf3restart"), 900),
    )
    parts = {
        "c": request("https://api.example/ws"),
        "s": answer(b"", "101 Switching Protocols"),
        "m": meta(),
        "w": w,
    }
    path = tmp_path / "ws.saz"
    path.write_bytes(saz(parts))
    found = read(tmp_path, saz(parts)).entries[0]
    assert found.messages is not None
    assert [(m.direction, m.opcode, m.data, m.at_ms) for m in found.messages] == [
        ("send", 1, '{"ask":1}', 295.0),
        ("receive", 1, "größer", 395.0),
        ("receive", 2, "AAE=", 495.0),
        ("receive", 8, "A/NyZXN0YXJ0", 895.0),
    ]
    (stream,) = analyze([path]).streams
    assert stream.exchange.close_code == 1011
    assert stream.verdict.cause == "server-error"


def test_fragments_are_put_together_and_compression_is_undone() -> None:
    machine = zlib.compressobj(wbits=-15)
    packed = machine.compress(b"hello hello hello") + machine.flush(zlib.Z_SYNC_FLUSH)
    raw = frames(
        ("Response", b"\x01\x03one", 1),
        ("Response", b"\x80\x03two", 2),
        ("Response", frame(1, packed.removesuffix(b"\x00\x00\xff\xff"), packed=True), 3),
    )
    assert [message["data"] for message in messages(raw)] == ["onetwo", "hello hello hello"]


def test_verdict_and_sanitized_verdict_agree(tmp_path: Path) -> None:
    source, target = tmp_path / "a.saz", tmp_path / "a.har"
    body = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"CanarySaz"}}]}\n\n'
    parts = {
        "c": request("https://api.openai.com/v1/chat/completions", "POST", b'{"stream":true}'),
        "m": meta(),
    }
    source.write_bytes(saz({**parts, "s": answer(chunked(body, last=False), **SSE)}))
    done = sanitize(source, target)
    assert done.kind == "har" and any("SAZ" in text for text in done.warnings)
    assert "CanarySaz" not in target.read_text() and json.loads(target.read_text())["log"]["entries"]
    before, after = analyze([source]).streams[0], analyze([target]).streams[0]
    assert before.verdict.cause == after.verdict.cause == "connection-cut"
    assert before.exchange.where == after.exchange.where == "raw/1_s.txt"


def test_an_archive_inside_a_zip_is_read_too(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "ticket.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("fiddler/one.saz", saz({"c": request(), "s": answer(chunked(b"data: a\n\n"), **SSE)}))
    (found,) = open_inputs([path])
    assert (found.kind, found.converted) == ("har", True)


def test_more_than_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.saz"
    path.write_bytes(saz({"c": request(), "s": answer(b"x" * 5000)}))
    (found,) = open_inputs([path], Limits(max_bytes=4096))
    with pytest.raises(Exception, match=r"more than is read|too large"):
        found.data()


@settings(max_examples=40)
@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=200))
def test_any_bytes_in_any_part_are_read_or_refused(c: bytes, s: bytes, m: bytes, w: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.saz"
        path.write_bytes(
            saz(
                {"c": request(), "s": b"HTTP/1.1 200 OK\r\n" + s, "m": m, "w": frames() + w}, {"c": c, "s": s}
            )
        )
        assert analyze([path]).captures[0].dialect == "fiddler-saz"


@pytest.mark.parametrize(
    ("raw", "data", "complete"),
    [
        (b"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", b"Wikipedia", True),
        (b"4;ext=1\r\nWiki\r\n0\r\nTrailer: x\r\n\r\n", b"Wiki", True),
        (b"4\r\nWiki\r\n", b"Wiki", False),
        (b"4\r\nWi", b"Wi", False),
        (b"4\r\nWikiXX0\r\n\r\n", b"Wiki", False),
    ],
)
def test_chunks_are_read_as_rfc_9112_writes_them(raw: bytes, data: bytes, complete: bool) -> None:
    assert unchunked(raw) == (data, complete)


def test_what_begins_with_no_chunk_is_not_chunked() -> None:
    assert unchunked(b"data: a\n\n") is None
