"""Reading whole files: whatever their state, entries out + entries warned about = entries in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import CaptureError
from analyzer.intake import open_inputs, read_har
from tests.intake.samples import as_bytes, entry, har, read

URLS = [f"https://api.example/{i}" for i in range(4)]
FOUR = har(*(entry(request={"url": url}) for url in URLS))


def urls(capture) -> list[str | None]:
    return [recorded.exchange.url for recorded in capture.entries]


def test_every_entry_becomes_an_exchange(tmp_path: Path) -> None:
    capture = read(tmp_path, FOUR)
    assert urls(capture) == URLS
    assert capture.info.exchanges == 4
    assert capture.info.creator == "WebInspector"
    assert capture.info.warnings == []
    assert [r.exchange.where for r in capture.entries] == [f"$.log.entries[{i}]" for i in range(4)]
    assert [r.exchange.position for r in capture.entries] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda b: b"\xef\xbb\xbf" + b, id="utf-8 byte order mark"),
        pytest.param(lambda b: b.decode().encode("utf-16"), id="utf-16 with a mark"),
        pytest.param(lambda b: b.decode().encode("utf-16-be"), id="utf-16 without one"),
        pytest.param(lambda b: b.decode().encode("utf-32"), id="utf-32"),
        pytest.param(lambda b: b"onInputData(" + b + b");\n", id="jsonp"),
        pytest.param(lambda b: b"\n  " + b + b"\n\n", id="white space around"),
    ],
)
def test_encodings_and_wrappers_cost_nothing(tmp_path: Path, wrap) -> None:
    capture = read(tmp_path, wrap(as_bytes(FOUR)))
    assert urls(capture) == URLS
    assert capture.info.warnings == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"test_response": FOUR}, id="one level down"),
        pytest.param({"log": [FOUR["log"]]}, id="log is a list"),
        pytest.param([FOUR], id="root is a list"),
        pytest.param(FOUR["log"], id="no root object"),
        pytest.param(FOUR["log"]["entries"], id="nothing but entries"),
    ],
)
def test_a_misplaced_log_is_found_and_said(tmp_path: Path, value) -> None:
    capture = read(tmp_path, value)
    assert urls(capture) == URLS
    assert len(capture.info.warnings) == 1


def test_a_log_without_entries_is_empty_and_said(tmp_path: Path) -> None:
    capture = read(tmp_path, {"log": {"version": "1.2", "creator": {"name": "Firebug"}, "pages": []}})
    assert capture.entries == []
    assert "$.log.entries" in capture.info.warnings[0]


def test_entries_that_are_no_objects_are_counted_in_a_warning(tmp_path: Path) -> None:
    capture = read(tmp_path, {"log": {"version": "1.2", "entries": [None, entry(), 3, "x", []]}})
    assert len(capture.entries) == 1
    assert capture.entries[0].exchange.where == "$.log.entries[1]"
    assert capture.info.warnings == ["$.log.entries[0] and 3 more: it is no object; the exchange is left out"]


def test_one_odd_entry_does_not_cost_the_others(tmp_path: Path) -> None:
    odd = entry()
    odd["request"]["headers"] = 5
    capture = read(tmp_path, har(entry(), odd, entry()))
    assert len(capture.entries) == 3
    assert [len(r.request_headers) for r in capture.entries] == [1, 0, 1]
    assert len(capture.info.warnings) == 1
    assert capture.info.warnings[0].startswith("$.log.entries[1]: a field is of an unexpected type")


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        pytest.param(b'"time": 1011.0', b'"time": NaN', 4, id="NaN"),
        pytest.param(b'"time": 1011.0', b'"time": -Infinity', 4, id="infinity"),
        pytest.param(b'"time": 1011.0', b'"time": 1e999', 4, id="a number past a double"),
        pytest.param(b'"time": 1011.0', b'"time": ' + b"9" * 6000, 4, id="a number of 6000 digits"),
        pytest.param(b'"time": 1011.0', b'"time": 1, "time": 2', 4, id="a key twice"),
        pytest.param(b"text/event-stream; ", b"text/event-stream\x01\n; ", 4, id="control characters"),
        pytest.param(b"charset=utf-8", b"charset=\\ud800", 4, id="a lone surrogate"),
        pytest.param(b"charset=utf-8", b"charset=\xff\xfe", 4, id="bytes that are no text"),
        pytest.param(b'"cache": {}', b'"cache": ' + b"[" * 100_000 + b"]" * 100_000, 3, id="100,000 deep"),
    ],
)
def test_what_json_forbids_is_read(tmp_path: Path, old: bytes, new: bytes, left: int) -> None:
    data = as_bytes(FOUR)
    assert old in data
    capture = read(tmp_path, data.replace(old, new, 1))
    assert len(capture.entries) == left
    for recorded in capture.entries:
        json.dumps(recorded.raw()).encode()
        for _, value in recorded.response_headers:
            value.encode()  # nothing comes out that cannot be written again


def test_bytes_that_are_no_text_inside_a_body_are_replaced_and_said(tmp_path: Path) -> None:
    capture = read(tmp_path, as_bytes(FOUR).replace(b"data: x", b"data: \xff", 1))
    assert capture.entries[0].body() == b"data: \xef\xbf\xbd\n\n"
    assert any("not UTF-8" in warning for warning in capture.info.warnings)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, len(as_bytes(FOUR)) - 1), indent=st.booleans())
def test_a_file_cut_anywhere_gives_a_prefix_of_its_entries(tmp_path: Path, cut: int, indent: bool) -> None:
    data = (json.dumps(FOUR, indent=2).encode() if indent else as_bytes(FOUR))[:cut]
    path = tmp_path / "cut.har"
    path.write_bytes(data)
    (inp,) = open_inputs([path])
    if inp.kind != "har":
        assert cut < 40
        return
    try:
        capture = read_har(inp)
    except CaptureError:
        assert data.count(b'"_connectionId"') <= 1
        return
    assert urls(capture) == URLS[: len(capture.entries)]
    assert capture.info.warnings
    assert len(capture.entries) >= data.count(b'"_connectionId"') - 1


def test_a_cut_file_says_how_many_bytes_are_lost(tmp_path: Path) -> None:
    data = as_bytes(FOUR)
    third = data.index(b'"_initiator"', data.index(URLS[1].encode()))
    capture = read(tmp_path, data[: third + 50])
    assert urls(capture) == URLS[:2]
    assert capture.info.warnings[0].endswith("the last 53 bytes could not be read")


def test_reading_goes_on_after_a_stretch_broken_by_hand(tmp_path: Path) -> None:
    capture = read(tmp_path, as_bytes(FOUR).replace(b"api.example/1", b'api.ex"ample/1'))
    assert urls(capture) == [URLS[0], URLS[2], URLS[3]]
    assert "are damaged" in capture.info.warnings[0]


def test_bytes_after_the_end_of_the_document_are_said(tmp_path: Path) -> None:
    capture = read(tmp_path, as_bytes(FOUR) + as_bytes(FOUR))
    assert urls(capture) == URLS
    assert any("another list of entries" in warning for warning in capture.info.warnings)


@pytest.mark.parametrize(
    "data",
    [b'{"log":{"version":"1.2","ent', b'{"log":{"entries":[{"a":"' + b"\\" * 100_000, b'{"log":' * 50_000],
)
def test_a_file_without_a_whole_entry_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CaptureError) as refused:
        read(tmp_path, data)
    assert refused.value.help


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300) | st.binary(max_size=200).map(lambda b: b'{"log":{"entries":[' + b + b"]}}")
)
def test_arbitrary_bytes_raise_nothing_but_capture_errors(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.har"
    path.write_bytes(data)
    for inp in open_inputs([path]):
        try:
            if inp.kind == "har":
                read_har(inp)
            else:
                inp.open().close()
        except CaptureError:
            pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {*entry(), "pageref", "_eventSourceMessages", "_webSocketMessages", "_webSocketClose", "_chunks"}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outer=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3),
    part=st.sampled_from(("request", "response", "timings")),
    inner=st.dictionaries(
        st.sampled_from(("status", "headers", "content", "url", "method", "wait", "receive", "postData", "_error")),
        json_values,
        max_size=3,
    ),
    creator=st.sampled_from(
        ("WebInspector", "Firefox", "WebKit Web Inspector", "Playwright", "mitmproxy", "Charles Proxy", "Fiddler",
         "HTTP Toolkit", "chrome-har", "WebPagetest", "BrowserUp Proxy", "Splash", "capture-har", None)
    ),
)  # fmt: skip
def test_any_value_in_any_field_is_read_in_every_dialect(tmp_path: Path, outer, part, inner, creator) -> None:
    made = entry()
    made[part].update(inner)
    made.update(outer)
    capture = read(tmp_path, har(made, creator=creator))
    assert len(capture.entries) == 1
    recorded = capture.entries[0]
    recorded.body()
    recorded.request_body()
    recorded.raw()


def test_pages_keep_their_times(tmp_path: Path) -> None:
    capture = read(
        tmp_path,
        har(
            entry(pageref="page_1"),
            pages=[
                {"id": "page_1", "title": "Chat", "startedDateTime": "1970-01-01T00:00:01.500Z",
                 "pageTimings": {"onContentLoad": 12.5, "onLoad": -1}},
                {"id": "page_2"},
                7,
            ],
        ),
    )  # fmt: skip
    first, second = capture.pages
    assert (first.id, first.title, first.started_ms) == ("page_1", "Chat", 1500.0)
    assert (first.on_content_load_ms, first.on_load_ms) == (12.5, None)
    assert (second.started_ms, second.on_load_ms) == (None, None)
    assert capture.entries[0].page == "page_1"


def test_the_raw_entry_has_what_the_exporter_wrote(tmp_path: Path) -> None:
    made = entry(_custom={"x": [1, 2]})
    assert read(tmp_path, har(entry(), made)).entries[1].raw() == made
