"""Any input at all: a clear short error and exit 3 within seconds, never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def run(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "analyzer", *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, errors="replace",
    )  # fmt: skip


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("a.har", "w", force_zip64=True) as member,
    ):
        for _ in range(600):
            member.write(bytes(1 << 20))
    return out.getvalue()


def har_bomb() -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as file:
        file.write(b'{"log":{"version":"1.2","entries":[{"request":{"url":"')
        for _ in range(600):
            file.write(b" " * (1 << 20))
        file.write(b'"}}]}}')
    return out.getvalue()


INPUTS = {
    "empty": b"",
    "png": PNG,
    "random": random.Random(7).randbytes(200_000),
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep-har": b'{"log":{"entries":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "deep-entry": b'{"log":{"entries":[' + b'{"request":' * 100_000 + b"1" + b"}" * 100_000 + b"]}}",
    "not-a-har": b'{"hello": "world"}',
    "html": b"<!doctype html><title>no</title>",
    "zip-bomb": None,
    "gzip-bomb": None,
}


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_no_capture_is_refused_in_one_short_error(name: str, tmp_path: Path) -> None:
    data = INPUTS[name]
    if data is None:
        data = zip_bomb() if name == "zip-bomb" else har_bomb()
    path = tmp_path / name
    path.write_bytes(data)
    done = run(path)
    assert done.returncode == 3, done.stderr + done.stdout
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 800


def test_a_sparse_file_of_two_gigabytes_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "sparse.har"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    done = run(path, timeout=30)
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = run(tmp_path / "no.har")
    assert done.returncode == 3
    assert "no.har" in done.stderr


def entry(index: int) -> dict[str, object]:
    return {
        "startedDateTime": "2026-03-02T10:00:00.000Z", "time": 5,
        "request": {"method": "GET", "url": f"https://app.example.com/{index}", "httpVersion": "h2", "headers": [], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
        "response": {"status": 200, "statusText": "", "httpVersion": "h2", "headers": [], "cookies": [], "content": {"size": 2, "mimeType": "text/plain", "text": "ok"}, "redirectURL": "", "headersSize": -1, "bodySize": 2},
        "cache": {}, "timings": {"send": 1, "wait": 2, "receive": 2},
    }  # fmt: skip


def test_a_hundred_thousand_entries_are_simply_read(tmp_path: Path) -> None:
    path = tmp_path / "many.har"
    path.write_text(
        json.dumps(
            {
                "log": {
                    "version": "1.2",
                    "creator": {"name": "WebInspector", "version": "537.36"},
                    "entries": [entry(i) for i in range(100_000)],
                }
            }
        )
    )
    done = run(path, "--format", "json", timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["captures"][0]["exchanges"] == 100_000


def test_one_bad_file_in_a_folder_is_a_row_with_a_reason(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "a.har").write_bytes((samples / "openai-completed.har").read_bytes())
    (tmp_path / "b.har").write_bytes(b'{"log": nonsense')
    done = run(tmp_path, "--format", "json")
    report = json.loads(done.stdout)
    assert [bool(c.get("error")) for c in report["captures"]] == [False, True]
    assert len(report["streams"]) == 1
    assert "Traceback" not in done.stderr
