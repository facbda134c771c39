"""What a run leaves in its folder."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from analyzer.batch.output import write_batch
from analyzer.batch.place import Written
from analyzer.errors import UsageError
from analyzer.model import Report, Summary
from analyzer.report.tables import table_columns
from tests.batch.made import Case, ledger, put, queue, scope, stream
from tests.browser import payloads
from tests.report import build

REPORT = msgspec.json.encode(build.idle_report())
HOSTILE = [
    "../../etc/passwd", "/etc/passwd", "..", ".", "", " ", "a/b", "a\\b", "C:\\x", "con", "NUL.txt", "lpt1", "x\x00y", "x\ny", "-rf",
    "~root", "T-1", "t-1", "$(id)", "a" * 300, "é", "e\u0301", "\u202eabc", "=1+1", ".hidden", "end.", "a b", "<b>", "x-0123456789ab",
]  # fmt: skip


def case(ticket: str, cause: str = "gateway-idle-timeout", **columns: Any) -> Case:
    return Case(ticket, [stream(cause, **columns)], report=REPORT, html=b"<!doctype html><title>own</title>")


@contextmanager
def written(folder: Path, cases: list[Case], **options: Any) -> Iterator[Written]:
    with ledger(cases) as made:
        db = scope(made, cases)
        yield write_batch(folder, db, made.document, version="0.0", **options)
        db.close()


def write(folder: Path, cases: list[Case], **options: Any) -> Written:
    with written(folder, cases, **options) as done:
        return done


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_everything_that_is_promised_is_there_and_private(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = write(
        out, [case("T-1"), case("T-2"), Case("T-3", [], state="unreadable", captures=[("x.png", "an image")])]
    )
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == [
        ".complete", "index.html", "streams.parquet", "summary.json", "tickets.csv", "tickets/.written",
        "tickets/T-1/reply.md", "tickets/T-1/report.html", "tickets/T-2/reply.md", "tickets/T-2/report.html", "tickets/T-3/reply.md",
    ]  # fmt: skip
    assert all(stat.S_IMODE((out / name).stat().st_mode) == 0o600 for name in names)
    assert all(
        stat.S_IMODE(p.stat().st_mode) == 0o700 for p in (out, out / "tickets", out / "tickets" / "T-1")
    )
    assert done.written == 9
    assert (out / "tickets/T-1/report.html").read_bytes() == b"<!doctype html><title>own</title>"


def test_report_is_rendered_where_none_is_stored(tmp_path: Path) -> None:
    write(tmp_path, [Case("T-1", [stream("offline")], report=REPORT)])
    assert b"Content-Security-Policy" in (tmp_path / "tickets/T-1/report.html").read_bytes()


def test_second_run_touches_nothing(tmp_path: Path) -> None:
    cases = [case(f"T-{n}") for n in range(5)]
    write(tmp_path, cases)
    with ledger(cases) as made:
        db = scope(made, cases)
        write_batch(tmp_path, db, made.document, version="0.0")
        before = times(tmp_path)
        done = write_batch(tmp_path, db, lambda *_: pytest.fail("nothing has to be rendered"), version="0.0")
        assert times(tmp_path) == before
        assert (done.written, done.kept, done.removed) == (0, 14, 0)
        assert done.headline.startswith("One problem makes up 100")
        db.close()


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    cases = [case(f"T-{n}") for n in range(5)]
    with ledger(cases) as made:
        db = scope(made, cases)
        write_batch(tmp_path, db, made.document, version="0.0")
        db.close()
        before = times(tmp_path)
        put(made, [case("T-2", "offline")])
        db = scope(made, cases)
        asked: list[str] = []

        def document(ticket: str, kind: str) -> bytes | None:
            asked.append(ticket)
            return made.document(ticket, kind)

        write_batch(tmp_path, db, document, version="0.0")
        assert set(asked) == {"T-2"}
        changed = {Path(name).name for name, at in times(tmp_path).items() if before.get(name) != at}
        assert changed == {
            ".complete",
            ".written",
            "index.html",
            "streams.parquet",
            "summary.json",
            "tickets.csv",
        }
        db.close()


@pytest.mark.parametrize(
    "victim",
    [
        "index.html",
        "tickets.csv",
        "tickets/T-1/report.html",
        "tickets/T-1/reply.md",
        ".complete",
        "tickets/.written",
    ],
)
@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_damaged_file_is_made_again(victim: str, harm: str, tmp_path: Path) -> None:
    cases = [case("T-1"), case("T-2")]
    with ledger(cases) as made:
        db = scope(made, cases)
        write_batch(tmp_path, db, made.document, version="0.0")
        whole = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        if harm == "gone":
            (tmp_path / victim).unlink()
        else:
            (tmp_path / victim).write_bytes(whole[tmp_path / victim][:7])
        write_batch(tmp_path, db, made.document, version="0.0")
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == whole
        db.close()


def test_interrupted_writing_goes_on_where_it_was(tmp_path: Path) -> None:
    cases = [case(f"T-{n}") for n in range(6)]
    with ledger(cases) as made:
        db = scope(made, cases)
        calls = 0

        def failing(ticket: str, kind: str) -> bytes | None:
            nonlocal calls
            calls += 1
            if calls > 5:
                raise KeyboardInterrupt
            return made.document(ticket, kind)

        with pytest.raises(KeyboardInterrupt):
            write_batch(tmp_path / "a", db, failing, version="0.0")
        assert not list((tmp_path / "a").rglob("*.part"))
        assert not (tmp_path / "a" / "index.html").exists()
        write_batch(tmp_path / "a", db, made.document, version="0.0")
        write_batch(tmp_path / "b", db, made.document, version="0.0")
        one, other = (
            {
                str(p.relative_to(tmp_path / n)): p.read_bytes()
                for p in (tmp_path / n).rglob("*")
                if p.is_file()
            }
            for n in "ab"
        )
        assert one == other
        db.close()


def test_forgotten_ticket_takes_its_report_with_it_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, [case("T-1"), case("T-2"), case("T-3")])
    (tmp_path / "tickets/T-2/notes.txt").write_text("mine")
    (tmp_path / "tickets/mine").mkdir()
    done = write(tmp_path, [case("T-1")])
    assert done.removed == 4
    assert sorted(p.name for p in (tmp_path / "tickets").iterdir()) == [".written", "T-1", "T-2", "mine"]
    assert [p.name for p in (tmp_path / "tickets/T-2").iterdir()] == ["notes.txt"]


def test_list_of_what_was_written_cannot_be_made_to_delete_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "reply.md"
    outside.write_text("mine")
    write(tmp_path / "out", [case("T-1")])
    with (tmp_path / "out/tickets/.written").open("a") as file:
        file.write("../.. 0 1/1\n.. 0 1/1\n/tmp 0 1/1\n\u00e9 0 1/1\n")
    (tmp_path / "out/.complete").unlink()
    write(tmp_path / "out", [case("T-1")])
    assert outside.read_text() == "mine"


def test_hostile_ids_get_folders_of_their_own_inside(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, [case(ticket) for ticket in HOSTILE])
    made = [path.name for path in (out / "tickets").iterdir() if path.is_dir()]
    assert len(made) == len({name.lower() for name in made}) == len(HOSTILE)
    for name in made:
        assert name.isascii() and len(name) <= 93 and name[0].isalnum() and not name.endswith(".")
        assert name.split(".")[0].lower() not in {"con", "nul", "lpt1"}
        assert set(os.listdir(out / "tickets" / name)) == {"report.html", "reply.md"}
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert {"T-1", "e", "hidden"} & set(made) == {"T-1"}


def test_names_do_not_depend_on_the_order(tmp_path: Path) -> None:
    write(tmp_path / "a", [case(ticket) for ticket in HOSTILE])
    write(tmp_path / "b", [case(ticket) for ticket in reversed(HOSTILE)])
    assert sorted(os.listdir(tmp_path / "a/tickets")) == sorted(os.listdir(tmp_path / "b/tickets"))


def test_csv_runs_in_no_spreadsheet_and_is_parsed_back(tmp_path: Path) -> None:
    formulas = payloads._FORMULA
    cases = [
        Case(f"{text}#{n}", [stream("offline")], customer=text, tags=(text, "x"))
        for n, text in enumerate(formulas)
    ]
    write(tmp_path, cases)
    with (tmp_path / "tickets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(formulas)
    for row in rows:
        assert not row["ticket"].lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r"))
        assert not row["customer"].lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r"))
        assert (row["cause"], row["streams"], row["failed"], row["state"]) == ("offline", "1", "1", "done")


def test_parquet_has_every_stream_typed_with_its_ticket(tmp_path: Path) -> None:
    cases = queue(50)
    write(tmp_path, cases)
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        path = str(tmp_path / "streams.parquet")
        found = db.execute(f"SELECT ticket, id, cause, duration_ms FROM '{path}'").fetchall()
        types = {name: kind for name, kind, *_ in db.execute(f"DESCRIBE FROM '{path}'").fetchall()}
    assert len(found) == sum(len(item.streams) for item in cases)
    assert found == sorted(found, key=lambda row: (row[0], int(row[1][1:])))
    assert list(types) == ["ticket", *(name for name in table_columns() if name != "ticket")]
    assert (types["duration_ms"], types["status"], types["started_at"], types["handoff"]) == (
        "DOUBLE", "BIGINT", "TIMESTAMP WITH TIME ZONE", "BOOLEAN",
    )  # fmt: skip


def test_summary_json_is_what_the_schema_says(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    write(tmp_path, queue(80))
    schema = json.loads((Path(__file__).parents[2] / "docs/batch-v1.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "summary.json").read_text()), schema)


def test_reply_says_what_happened_what_to_do_and_what_is_missing(tmp_path: Path) -> None:
    cases = [
        case("T-1"),
        Case("T-2", [], state="unreadable", captures=[("shot`x`.png", "it is an image")]),
        Case("T-3", []),
    ]
    cases[0].captures = [("chat.har", None), ("b.har", "it ends in the middle")]
    write(tmp_path, cases)
    first, second, third = ((tmp_path / f"tickets/T-{n}/reply.md").read_text() for n in (1, 2, 3))
    assert first.startswith("Hello,\n") and first.endswith("Kind regards\n")
    assert "10:15 UTC" in first and "\n- Ask again." in first
    assert "We could not read everything" in first and "- `b.har` (it ends in the middle)" in first
    assert "- `shot'x'.png` (it is an image)" in second and "record it once more" in second
    assert "no streamed answer" in third


def test_reply_about_a_healthy_log_says_so(tmp_path: Path) -> None:
    report = msgspec.json.encode(Report(captures=[], streams=[], clusters=[], summary=Summary(streams=900)))
    write(tmp_path, [Case("T", [], counted=900, report=report)])
    said = (tmp_path / "tickets/T/reply.md").read_text()
    assert "900 streamed requests" in said and "none of them failed" in said
    assert "Every stream in a log ended well" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("name", ["_HTML", "_URL"])
def test_reply_holds_no_markup_of_a_capture(name: str, tmp_path: Path) -> None:
    texts = getattr(payloads, name)
    write(tmp_path, [Case("T", [], state="unreadable", captures=[("x", text) for text in texts])])
    said = (tmp_path / "tickets/T/reply.md").read_text()
    assert "<" not in said and "](" not in said and "http://" not in said and "https://" not in said


def test_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError):
        write(tmp_path / "out", [case("T-1")])


def test_nothing_to_report_is_a_page_too(tmp_path: Path) -> None:
    done = write(tmp_path, [])
    assert done.headline == "There is no ticket here."
    assert "There is no ticket here." in (tmp_path / "index.html").read_text()
