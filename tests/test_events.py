"""`hangup events`: every event of a stream, what a browser would have handed on, and where it stopped."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.cli import main
from analyzer.errors import UsageError
from analyzer.events import read_events
from analyzer.options import Options
from analyzer.report.events import StreamEvents, events_json, events_terminal
from tests.intake.netlogs import Log, answer, begin, finish
from tests.intake.samples import as_bytes, entry, har

PLAIN = Options(redact=False)
EVENT_KEYS = ["index", "type", "data", "id", "at_ms", "offset"]


def browser(body: str) -> list[tuple[str, str, str]]:
    """What an EventSource dispatches: (type, data, last event id), by the letter of WHATWG HTML 9.2.6."""
    text = body.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found: list[tuple[str, str, str]] = []
    data, kind, last = "", "", ""
    for line in text.split("\n")[:-1] if not text.endswith("\n") else text[:-1].split("\n"):
        if line == "":
            if data:
                found.append((kind or "message", data.removesuffix("\n"), last))
            data, kind = "", ""
            continue
        if line.startswith(":"):
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            last = value
    return found


def stream(tmp_path: Path, body: str | None, options: Options = PLAIN, **changes: Any) -> StreamEvents:
    content = {"text": body, "size": len((body or "").encode())}
    path = tmp_path / "capture.har"
    path.write_bytes(as_bytes(har(entry(content=content, **changes))))
    return read_events(path, None, options)


def decoded(found: StreamEvents) -> dict[str, Any]:
    return json.loads(events_json(found, version="0"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.sampled_from(
            ["data: a", "data:b", "data", "data:  two", "event: x", "event", "id: 7", "id", ": note", "", "", "retry: 9", "other: z"]
        ),
        max_size=14,
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from(["", "\ufeff"]),
)  # fmt: skip
def test_data_strings_are_what_an_event_source_dispatches(
    tmp_path: Path, lines: list[str], end: str, mark: str
) -> None:
    body = mark + "".join(line + end for line in lines) + "data: never ended"
    shown = decoded(stream(tmp_path, body))
    assert [(e["type"], e["data"]) for e in shown["events"]] == [pair[:2] for pair in browser(body)]


def test_lines_without_blank_lines_are_shown_but_not_dispatched(tmp_path: Path) -> None:
    body = 'data: {"a": 1}\ndata: {"a": 2}\ndata: [DONE]\n\n'
    found = stream(tmp_path, body)
    assert [event.data for event in found.events] == ['{"a": 1}', '{"a": 2}', "[DONE]"]
    assert [event["data"] for event in decoded(found)["events"]] == ['{"a": 1}\n{"a": 2}\n[DONE]']


def test_json_has_exactly_the_promised_shape(tmp_path: Path) -> None:
    shown = decoded(stream(tmp_path, ": hi\nretry: 250\n\nid: 9\ndata: x\n\ndata: y"))
    assert list(shown) == ["stream", "events", "comments", "retry_ms", "tail"]
    assert [list(event) for event in shown["events"]] == [EVENT_KEYS]
    assert shown["events"][0] == {
        "index": 0,
        "type": "message",
        "data": "x",
        "id": "9",
        "at_ms": None,
        "offset": 17,
    }
    assert (shown["comments"], shown["retry_ms"]) == (1, 250)
    assert list(shown["tail"]) == ["bytes", "text", "reason"]
    assert shown["tail"]["bytes"] == 7 and shown["tail"]["text"] == "data: y" and shown["tail"]["reason"]
    assert shown["stream"]["id"] == "s1" and shown["stream"]["framing"] == "sse"


def test_a_whole_stream_leaves_and_owes_nothing(tmp_path: Path) -> None:
    shown = decoded(stream(tmp_path, "data: x\n\n"))
    assert shown["tail"] == {"bytes": 0, "text": "", "reason": None}
    assert shown["retry_ms"] is None


def test_an_end_marker_that_never_came_is_owed(tmp_path: Path) -> None:
    chunk = '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}'
    found = stream(
        tmp_path,
        f"data: {chunk}\n\n",
        request={"method": "POST", "url": "https://api.openai.com/v1/chat/completions"},
    )
    assert "[DONE]" in (found.tail.reason or "")
    assert "[DONE]" in events_terminal(found, width=100)


def test_texts_become_lengths_unless_asked_for(tmp_path: Path) -> None:
    body = 'data: {"type":"text-delta","delta":"my password is hunter2","email":"a.person@corp.example"}\n\ndata: plain words of a person\n\ndata: [DONE]\n\n'
    for text in (
        events_json(stream(tmp_path, body, Options()), version="0"),
        events_terminal(stream(tmp_path, body, Options()), width=200),
    ):
        assert "hunter2" not in text and "a.person" not in text and "words" not in text
        assert "text-delta" in text and "⟨22 B⟩" in text and "[DONE]" in text
    assert "hunter2" in events_json(stream(tmp_path, body), version="0")


def test_the_tail_is_redacted_too(tmp_path: Path) -> None:
    found = stream(tmp_path, 'data: x\n\ndata: {"text": "a secret half', Options())
    assert found.tail.bytes == 29 and "secret" not in (found.tail.text or "")


def test_nothing_in_a_capture_moves_the_cursor(tmp_path: Path) -> None:
    found = stream(tmp_path, "event: \x1b[31m\ndata: \x1b]0;title\x07\u202e x\n\n")
    text = events_terminal(found, width=120)
    assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    assert events_terminal(found, unicode=False).isascii()


def test_keep_alives_are_folded_and_silences_told(tmp_path: Path) -> None:
    times = [0.1, 0.2, 0.3, 9.4]
    messages = [
        {"time": 1772446500.0 + at, "eventName": kind, "eventId": "", "data": data}
        for at, kind, data in zip(
            times, ["message", "ping", "ping", "message"], ["a", "{}", "{}", "b"], strict=True
        )
    ]
    path = tmp_path / "capture.har"
    path.write_bytes(as_bytes(har(entry(content={"text": None}, _eventSourceMessages=messages))))
    found = read_events(path, None, PLAIN)
    assert [event.at_ms for event in found.events] == [pytest.approx(at * 1000) for at in times]
    text = events_terminal(found, width=100)
    assert "nothing for 9.1" in text
    assert found.tail.bytes is None


def test_both_directions_of_a_websocket_in_order_of_time(tmp_path: Path) -> None:
    messages = [
        {"type": "send", "time": 1772446500.2, "opcode": 1, "data": "question"},
        {"type": "receive", "time": 1772446500.1, "opcode": 1, "data": "hello"},
        {"type": "receive", "time": 1772446500.3, "opcode": 2, "data": base64.b64encode(b"\0\x01").decode()},
    ]
    path = tmp_path / "capture.har"
    socket = entry(
        request={"url": "wss://api.example/ws"}, response={"status": 101}, _resourceType="websocket",
        _webSocketMessages=messages,
    )  # fmt: skip
    path.write_bytes(as_bytes(har(socket)))
    found = read_events(path, None, PLAIN)
    assert [(event.sent, event.data) for event in found.events] == [
        (False, "hello"), (True, "question"), (False, "base64,AAE="),
    ]  # fmt: skip
    assert [event["data"] for event in decoded(found)["events"]] == ["hello", "base64,AAE="]
    assert "⟨binary 2 B⟩" in events_terminal(read_events(path, None, Options()), width=100)


def test_a_netlog_with_bytes_gives_each_event_its_time(tmp_path: Path) -> None:
    log = answer(begin(Log()), reads=())
    for at, piece in ((1400, b"data: a\n\nda"), (1500, b"ta: b\n\n")):
        given = {"byte_count": len(piece), "bytes": base64.b64encode(piece).decode()}
        log.add(at, "URL_REQUEST-1", "URL_REQUEST_JOB_FILTERED_BYTES_READ", **given)
    path = tmp_path / "netlog.json"
    path.write_text(finish(log, 1600).text())
    found = read_events(path, None, PLAIN)
    assert [(event.data, event.at_ms) for event in found.events] == [("a", 400.0), ("b", 500.0)]


def test_streams_are_numbered_as_in_the_report(tmp_path: Path) -> None:
    healthy = entry(content={"text": "data: fine\n\n", "size": 12})
    broken = entry(
        content={"text": "data: cut\n\ndata: ha", "size": 18}, request={"url": "https://api.example/v1/other"},
        response={"_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING"},
    )  # fmt: skip
    path = tmp_path / "capture.har"
    path.write_bytes(as_bytes(har(healthy, broken)))
    assert read_events(path, None, PLAIN).events[0].data == "cut"
    assert read_events(path, "s2", PLAIN).events[0].data == "fine"
    assert read_events(path, "2", PLAIN).streams == 2
    for wrong in ("0", "3", "s9", "x", "-1"):
        with pytest.raises(UsageError):
            read_events(path, wrong, PLAIN)


def test_a_capture_without_streams_and_a_log_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "capture.har"
    path.write_bytes(
        as_bytes(
            har(
                entry(
                    response={"headers": []},
                    content={"mimeType": "text/css", "text": "a{}"},
                    _resourceType="stylesheet",
                )
            )
        )
    )
    with pytest.raises(UsageError, match="no stream"):
        read_events(path)
    log = tmp_path / "access.log"
    log.write_text('203.0.113.7 - - [02/Mar/2026:10:15:06 +0000] "GET /v1/stream HTTP/1.1" 200 12 "-" "-"\n')
    with pytest.raises(UsageError, match="log"):
        read_events(log)


def test_half_a_surrogate_pair_is_written_as_a_replacement(tmp_path: Path) -> None:
    path = tmp_path / "capture.har"
    path.write_bytes(
        as_bytes(har(entry(content={"text": "TEXT", "size": 20}))).replace(
            b'"TEXT"', rb'"data: \ud83d x\n\n"'
        )
    )
    shown = decoded(read_events(path, None, PLAIN))
    assert shown["events"][0]["data"].endswith(" x")


def test_every_bundled_sample_can_be_read_event_by_event(samples: Path) -> None:
    for path in sorted([*samples.glob("*.har"), *samples.glob("*.zip")]):
        found = read_events(path)
        assert decoded(found)["stream"]["id"] == "s1", path
        assert events_terminal(found).endswith("\n"), path


def test_the_command_prints_json_to_a_pipe(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["events", str(samples / "openai-completed.har"), "--format", "json", "--no-redact"])
    assert ended.value.code == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["events"][-1]["data"] == "[DONE]"
    assert json.loads(shown["events"][0]["data"])["object"] == "chat.completion.chunk"
