"""The package as a library: typed results, DataFrames, notebooks."""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer import Attachment, Batch, Options, Report, Ticket, UsageError, analyze, analyze_many
from analyzer.batch.api import FRAME_COLUMNS
from analyzer.report.notebook import panel, report_html
from analyzer.report.tables import EXCHANGE_COLUMNS, table_columns
from tests.browser import payloads

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_hars"
DTYPES = {
    "text": "string",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "timestamp": "datetime64[us, UTC]",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tickets: one that broke, one that did not, one that cannot be read."""
    root = tmp_path_factory.mktemp("tickets")
    for ticket, sample in (("A-1", "nginx-idle-60s.har"), ("A-2", "openai-completed.har")):
        (root / ticket).mkdir()
        shutil.copy(SAMPLES / sample, root / ticket / sample)
    (root / "A-3").mkdir()
    (root / "A-3" / "broken.har").write_text("{")
    return root


@pytest.fixture(scope="module")
def batch(folder: Path) -> Iterator[Batch]:
    with analyze_many(folder) as made:
        yield made


@pytest.fixture(scope="module")
def report() -> Report:
    return analyze([SAMPLES / "nginx-idle-60s.har"], Options(details=True))


def test_iterating_gives_a_typed_result_per_ticket(batch: Batch) -> None:
    found = {item.ticket: item for item in batch}
    assert len(batch) == len(found) == 3
    assert (found["A-1"].state, found["A-1"].severity, found["A-1"].failed) == ("done", "failed", 1)
    assert (found["A-2"].state, found["A-2"].severity, found["A-2"].cause) == ("done", "ok", "completed")
    assert (found["A-3"].state, found["A-3"].severity, found["A-3"].cause) == ("unreadable", "none", None)
    assert found["A-3"].reason


def test_report_of_a_ticket_is_the_one_that_analyze_gives(batch: Batch, folder: Path) -> None:
    own = analyze([folder / "A-1" / "nginx-idle-60s.har"])
    stored = batch.report("A-1")
    assert stored is not None
    assert [stream.verdict for stream in stored.streams] == [stream.verdict for stream in own.streams]
    assert batch.report("A-3") is None and batch.report("nobody's") is None


def test_summary_counts_what_the_batch_holds(batch: Batch) -> None:
    summary = batch.summary
    assert (summary.tickets, summary.broken, summary.innocent) == (3, 1, 1)
    assert summary.by_state == {"done": 2, "unreadable": 1}


def test_frame_of_tickets_has_the_columns_and_dtypes_that_are_documented(batch: Batch) -> None:
    frame = batch.frame()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: DTYPES[kind] for name, kind in FRAME_COLUMNS.items()
    }
    assert sorted(frame["ticket"]) == ["A-1", "A-2", "A-3"]
    assert frame.set_index("ticket")["cause"].isna().to_dict() == {"A-1": False, "A-2": False, "A-3": True}


def test_frame_of_streams_names_the_ticket_first(batch: Batch) -> None:
    frame = batch.streams_frame()
    assert list(frame.columns) == ["ticket", *(name for name in table_columns() if name != "ticket")]
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: DTYPES[table_columns()[name]] for name in frame.columns
    }
    assert list(frame["ticket"]) == ["A-1", "A-2"]


def test_frames_of_a_report(report: Report) -> None:
    streams, exchanges = report.streams_frame(), report.exchanges_frame()
    assert list(streams.columns) == list(table_columns()) and len(streams) == len(report.streams)
    assert {name: str(kind) for name, kind in exchanges.dtypes.items()} == {
        name: DTYPES[kind] for name, kind in EXCHANGE_COLUMNS.items()
    }
    assert len(exchanges) == sum(info.exchanges for info in report.captures)
    assert set(exchanges["stream_id"].dropna()) == set(streams["id"])


def test_exchanges_that_were_not_kept_are_no_empty_table() -> None:
    with pytest.raises(UsageError, match="does not hold the exchanges"):
        analyze([SAMPLES / "nginx-idle-60s.har"]).exchanges_frame()


def test_tickets_of_ones_own_keep_what_they_say(folder: Path) -> None:
    path = folder / "A-1" / "nginx-idle-60s.har"
    own = Ticket(
        id="mine",
        attachments=(Attachment(url=str(path), name=path.name),),
        customer="Acme",
        at="2026-03-02T10:00:00Z",
        tags=("eu",),
    )
    with analyze_many([own]) as batch:
        found = next(iter(batch))
        assert (found.ticket, found.customer, found.tags) == ("mine", "Acme", ("eu",))
        assert found.at == datetime(2026, 3, 2, 10, tzinfo=UTC)
        assert batch.frame()["customer"][0] == "Acme"


def test_tickets_and_places_do_not_mix(folder: Path) -> None:
    with pytest.raises(UsageError, match="mixed"):
        analyze_many([Ticket(id="x"), folder])


def test_place_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        analyze_many(tmp_path / "nowhere")


def test_no_ticket_at_all_is_an_empty_batch() -> None:
    with analyze_many([]) as batch:
        assert (
            len(batch) == 0
            and list(batch) == []
            and len(batch.frame()) == 0
            and len(batch.streams_frame()) == 0
        )


def test_store_spares_the_second_call_the_work(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    with analyze_many(folder, store=store) as first:
        times = {item.ticket: item.seconds for item in first}
    with analyze_many(folder, store=store, jobs=2) as second:
        assert {item.ticket: item.seconds for item in second} == times


def test_written_results_are_those_of_the_command_line(batch: Batch, tmp_path: Path) -> None:
    done = batch.write(tmp_path / "out")
    assert done.headline == batch.summary.headline
    assert (tmp_path / "out" / "index.html").is_file() and (
        tmp_path / "out" / "tickets" / "A-1" / "report.html"
    ).is_file()


def test_notebook_shows_a_report_and_a_batch(batch: Batch, report: Report) -> None:
    assert report.summary.headline.split(",")[0] in report._repr_html_()
    assert batch.summary.headline in batch._repr_html_()


def test_notebook_view_holds_no_markup_of_a_capture() -> None:
    for text in payloads._HTML + payloads._URL:
        shown = panel(text, text, ("a",), [(text,)], [text])
        assert (
            "<script" not in shown
            and "<img" not in shown
            and "<a " not in shown
            and " on" not in shown.split("<b>")[0]
        )


def test_report_without_streams_can_be_shown() -> None:
    from tests.report import build

    assert "could not be read" in report_html(build.empty_report())


def test_options_of_the_command_line_are_the_same_type() -> None:
    assert analyzer.Options is Options


# ---------------------------------------------------------------------------------- the notebook


def cells() -> list[dict[str, Any]]:
    notebook = json.loads((ROOT / "docs" / "tickets.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"] >= 5) == (4, True)
    found: list[dict[str, Any]] = notebook["cells"]
    return found


def test_notebook_is_kept_without_outputs() -> None:
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert len(code) >= 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in cells()}) == len(cells())


def test_notebook_runs_from_top_to_bottom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "docs")
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells()):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(tree, f"cell {number}", "exec"), names)
            if isinstance(last, ast.Expr):  # as a notebook does it: the last value is what is shown
                shown = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
                if hasattr(shown, "_repr_html_"):
                    assert "<" in shown._repr_html_()


def test_analysing_for_days_keeps_nothing(samples: Path) -> None:
    """What a run leaves behind is what the first one left: caches are full then, and nothing else stays."""
    capture = samples / "anthropic-overloaded.har"

    def kept() -> int:
        for _ in range(3):
            analyze([capture])
        gc.collect()
        return len(gc.get_objects())

    kept()
    before = kept()
    assert kept() - before < 100


@pytest.mark.parametrize("kind", [str, Path])
def test_one_capture_needs_no_list(samples: Path, kind: type[str | Path]) -> None:
    capture = samples / "openai-completed.har"
    assert len(analyze(kind(capture)).streams) == len(analyze([capture]).streams) == 1
