"""Log records in one JSON document become lines, each where it stood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.intake import open_inputs
from analyzer.intake.records import as_lines
from analyzer.intake.sniff import sniff

RECORDS = [{"a": 1, "text": "[}{"}, {"a": 2, "deep": {"b": [1, 2]}}, {"a": 3}]


def read(data: bytes) -> list[object]:
    return [json.loads(line) if line else None for line in as_lines(data).decode().split("\n")[:-1]]


def test_records_of_an_array_are_lines() -> None:
    assert read(json.dumps(RECORDS).encode()) == RECORDS


def test_record_stands_on_the_line_on_which_it_began() -> None:
    text = json.dumps(RECORDS, indent=2)
    numbers = [no for no, line in enumerate(text.split("\n")) if line == "  {"]
    lines = read(text.encode())
    assert [line for line in lines if line] == RECORDS
    assert [no for no, line in enumerate(lines) if line] == numbers


@pytest.mark.parametrize("key", ["records", "Records", "events", "value"])
def test_list_inside_an_object_is_found(key: str) -> None:
    assert read(json.dumps({key: RECORDS, "nextToken": None}).encode()) == RECORDS


def test_batches_one_per_line_are_all_read() -> None:
    batch = json.dumps({"records": RECORDS[:2]}) + "\n" + json.dumps({"records": RECORDS[2:]}) + "\n"
    assert read(batch.encode()) == RECORDS


def test_records_printed_over_several_lines_are_put_together() -> None:
    text = "\n".join(json.dumps(record, indent=2) for record in RECORDS)
    assert [line for line in read(text.encode()) if line] == RECORDS


def test_cut_array_keeps_what_came_before_the_cut() -> None:
    text = json.dumps(RECORDS, indent=2)
    assert [line for line in read(text[: text.index('"a": 3')].encode()) if line] == RECORDS[:2]


def test_single_lines_after_records_on_one_line_never_overlap() -> None:
    assert read(b'[{"a":1},{"a":2},\n{"a":3}]') == [{"a": 1}, {"a": 2}, {"a": 3}]


@pytest.mark.parametrize(
    "document",
    [RECORDS, {"records": RECORDS}],
    ids=["array", "object"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_document_of_records_is_a_log(document: object, indent: int | None) -> None:
    assert sniff(json.dumps(document, indent=indent).encode(), True).kind == "log"


def test_lines_of_which_the_first_is_broken_json_are_a_log() -> None:
    assert sniff(b'{"status":304,"took":,"x":""}\n{"status":200,"took":1.2,"x":""}\n', True).kind == "log"


@pytest.mark.parametrize("text", [b'{"a": {"b": 1}}', b'{\n "a": 1\n}\n'])
def test_one_json_document_of_another_kind_is_no_log(text: bytes) -> None:
    assert sniff(text, True).kind == "unknown"


def test_one_record_as_a_console_shows_it_is_a_log() -> None:
    record = {"insertId": "1", "httpRequest": {"status": 502}, "resource": {"type": "http_load_balancer"}}
    assert sniff(json.dumps(record, indent=2).encode(), True).kind == "log"


def test_pretty_har_and_list_of_entries_stay_hars() -> None:
    har = {"log": {"version": "1.2", "entries": [{"startedDateTime": "x", "request": {"method": "GET"}}]}}
    assert sniff(json.dumps(har, indent=1).encode(), True).kind == "har"
    assert sniff(json.dumps(har["log"]["entries"]).encode(), True).kind == "har"


def test_input_of_records_gives_lines_and_is_not_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "downloaded-logs.json"
    path.write_text(json.dumps(RECORDS, indent=2), "utf-16")
    (found,) = open_inputs([path])
    assert (found.kind, found.plain) == ("log", None)
    assert [json.loads(line) for line in found.open() if line.strip()] == RECORDS


@pytest.mark.parametrize(
    "data", [b"[" * 200_000, b'[{"a":' * 50_000, b"[[" + b"[]," * 50_000, b'{"records":[{' * 9_000]
)
def test_deep_and_unclosed_documents_are_given_up_at_once(data: bytes) -> None:
    assert as_lines(data).strip() == b""
