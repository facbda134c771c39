"""The public JSON: every promised name, null for unrecorded, the schema holds, worst first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from analyzer.model import CaptureInfo, Report, Stream
from analyzer.report.json_v1 import to_json
from analyzer.report.schema import schema, schema_text
from tests.report.reports import HOSTILE, many, report, stream

# The names as the design lists them: the contract, not derived from the code under test.
TOP = "version generator captures streams clusters summary"
CAPTURE = "path kind dialect format exchanges streams lines unparsed warnings"
STREAM = (
    "id capture where started_at method url host status net_error http_version framing protocol gateway ttfb_ms "
    "duration_ms idle_before_end_ms events body_bytes ending cause party severity confidence rule title explanation "
    "evidence fix runners_up"
)
CLUSTER = "cause party size members text baseline shared"
SUMMARY = "streams failed degraded info ok by_cause by_party headline"


def parsed(value: Report) -> dict[str, Any]:
    return dict(json.loads(to_json(value, version="9.9")))


def empty_stream() -> Stream:
    """A stream of which nothing optional was recorded."""
    bare = stream()
    exchange = type(bare.exchange)()
    return Stream(id="s1", exchange=exchange, ending=bare.ending, verdict=bare.verdict)


def test_every_promised_name_is_there() -> None:
    shown = parsed(report())
    one = shown["streams"][0]
    assert shown["version"] == 1
    assert shown["generator"] == {"name": "hangup", "version": "9.9"}
    for names, value in (
        (TOP, shown),
        (CAPTURE, shown["captures"][0]),
        (STREAM, one),
        (CLUSTER, shown["clusters"][0]),
        (SUMMARY, shown["summary"]),
        ("by phase announced signal", one["ending"]),
        ("role where column value text", one["evidence"][0]),
        ("user operator developer", one["fix"]),
        ("rule cause why", one["runners_up"][0]),
    ):
        assert set(names.split()) <= set(value), set(names.split()) - set(value)


def test_unrecorded_values_are_null_and_present() -> None:
    value = report()
    value.streams = [empty_stream()]
    one = parsed(value)["streams"][0]
    for name in ("url", "status", "ttfb_ms", "idle_before_end_ms", "events", "body_bytes", "net_error"):
        assert name in one
        assert one[name] is None


def test_not_a_number_is_null() -> None:
    value = report()
    value.streams[0].exchange.ttfb_ms = float("nan")
    value.clusters[0].shared["idle_ms"] = float("inf")
    shown = parsed(value)
    assert shown["streams"][0]["ttfb_ms"] is None
    assert shown["clusters"][0]["shared"]["idle_ms"] is None


def test_streams_come_worst_first_and_equals_keep_their_order() -> None:
    shown = parsed(many(8))["streams"]
    assert [s["severity"] for s in shown] == ["failed"] * 2 + ["degraded"] * 2 + ["info"] * 2 + ["ok"] * 2
    assert [s["id"] for s in shown[:2]] == ["s4", "s8"]


def test_instants_are_rfc3339_in_utc() -> None:
    assert parsed(report())["streams"][0]["started_at"] == "2026-03-02T10:15:01.123Z"


@pytest.mark.parametrize(
    "value", [report(), many(), report([]), report(text=HOSTILE)], ids=["one", "many", "none", "hostile"]
)
def test_reports_satisfy_the_schema(value: Report) -> None:
    jsonschema.Draft202012Validator(schema()).validate(parsed(value))


def test_schema_refuses_a_report_without_a_promised_name() -> None:
    shown = parsed(report())
    del shown["streams"][0]["idle_before_end_ms"]
    assert not jsonschema.Draft202012Validator(schema()).is_valid(shown)


def test_schema_refuses_an_unknown_cause() -> None:
    shown = parsed(report())
    shown["streams"][0]["cause"] = "gremlins"
    assert not jsonschema.Draft202012Validator(schema()).is_valid(shown)


def test_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_schema_file_in_docs_is_current() -> None:
    file = Path(__file__).parents[2] / "docs" / "report-v1.schema.json"
    assert file.read_text(encoding="utf-8") == schema_text()


def test_lone_surrogates_do_not_stop_the_report() -> None:
    value = report(text="\ud800")
    assert "\\ud800" in parsed(value)["streams"][0]["title"]


def test_unreadable_capture_is_listed_with_its_error() -> None:
    value = report([])
    value.captures = [CaptureInfo(path="x.har", error="no JSON")]
    assert parsed(value)["captures"][0]["error"] == "no JSON"


def test_one_line_form_is_one_line() -> None:
    assert to_json(report(), version="1", indent=0).count(b"\n") == 1


@pytest.mark.parametrize("text", ["", HOSTILE, '"streams": []', '"streams":[]'])
@pytest.mark.parametrize("streams", [0, 1, 5])
@pytest.mark.parametrize("indent", [1, 2, 4])
def test_written_piece_by_piece_it_is_the_same_document(indent: int, streams: int, text: str) -> None:
    value = report([stream(number=number, text=text) for number in range(streams)], text=text)
    plain = to_json(value, version="1", indent=0)
    assert to_json(value, version="1", indent=indent) == msgspec.json.format(plain, indent=indent) + b"\n"
    shown = json.loads(plain)
    assert len(shown["streams"]) == streams
    assert plain == msgspec.json.encode(msgspec.json.decode(plain)) + b"\n"
