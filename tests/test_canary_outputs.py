"""Marked secrets in every place of a capture survive in no output of the whole program."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from analyzer.batch.api import analyze_many
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.redact.sanitize import sanitize
from analyzer.report.render import render
from tests.intake.sazs import of_har
from tests.redact.canary import SECRETS, har, leaks

LOG = (
    '203.0.113.77 - canaryuser:CanaryUrlPw [02/Mar/2026:10:15:06 +0000] "GET /v1/stream?token=CanaryQueryToken5f4dcc3b5aa765d6'
    '&email=canary.mail@example.com HTTP/1.1" 504 562 "https://a.test/?t=CanaryRefererToken1234" "Mozilla/5.0"\n'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("captures")
    (place / "a.har").write_text(json.dumps(har()), encoding="utf-8")
    (place / "b.saz").write_bytes(of_har(har()))
    (place / "access.log").write_text(LOG * 3, encoding="utf-8")
    return place


@pytest.mark.parametrize("chosen", ["terminal", "html", "json", "markdown", "csv", "junit"])
def test_no_secret_survives_in_an_output(chosen: str, folder: Path) -> None:
    report = analyze([folder], Options(details=True, everything=True))
    assert report.streams
    text = render(report, chosen, version="0")
    assert isinstance(text, str)
    assert leaks(text) == []


def test_no_secret_survives_in_parquet(folder: Path, tmp_path: Path) -> None:
    data = render(analyze([folder], Options(everything=True)), "parquet", version="0")
    assert isinstance(data, bytes)
    path = tmp_path / "streams.parquet"
    path.write_bytes(data)
    rows = duckdb.sql(f"SELECT to_json(t) FROM '{path}' t").fetchall()
    out = io.StringIO()
    print(rows, file=out)
    assert leaks(out.getvalue()) == []


def test_no_secret_survives_in_messages_of_the_program(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.har").write_bytes((folder / "a.har").read_bytes()[:-400])
    (tmp_path / "broken.har").write_bytes(b'{"log": {"entries": [' + json.dumps(SECRETS).encode())
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", str(tmp_path), str(folder)], capture_output=True, text=True
    )
    assert leaks(done.stderr) == []
    assert leaks(done.stdout) == []


def test_no_secret_survives_in_a_sanitized_archive_of_fiddler(folder: Path, tmp_path: Path) -> None:
    sanitize(folder / "b.saz", tmp_path / "b.har")
    text = (tmp_path / "b.har").read_text(encoding="utf-8")
    assert '"_sazSession"' in text and leaks(text) == []


def test_what_the_verdict_needs_is_still_there(folder: Path) -> None:
    text = render(analyze([folder / "a.har"]), "json", version="0")
    stream = json.loads(text)["streams"][0]
    assert stream["status"] is not None
    assert stream["cause"] and stream["rule"]
    assert stream["evidence"]


def test_no_secret_survives_in_the_results_of_many_tickets(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    with analyze_many(folder, store=store) as batch:
        assert sum(item.streams for item in batch) > 0
        batch.write(tmp_path / "out", xlsx=True)
        shown = batch._repr_html_() + batch.frame().to_csv() + batch.streams_frame().to_csv()
    assert leaks(shown) == []
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) > 8
    for path in written:
        if path.suffix == ".parquet":
            text = str(duckdb.execute(f"SELECT to_json(t) FROM '{path}' t").fetchall())
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                text = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
        else:
            text = path.read_text(encoding="utf-8")
        assert leaks(text) == [], path.name
    assert leaks(store.read_bytes().decode("latin-1")) == []
