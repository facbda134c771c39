"""How the program leaves when its reader goes or its user has enough: the same with and without Typer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parent.parent / "sample_hars" / "nginx-504.har"
# The second line is one that `analyzer.usual` leaves to Typer.
LINES = [["analyze"], ["analyze", "--limit", "5"]]
# A shell that starts its tests in the background has them ignore Ctrl-C, and so would their children.
_RUN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from analyzer.__main__ import run
run()
"""


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, *arguments, "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=["usual", "Typer"])
def test_a_reader_that_goes_is_no_failure(line: list[str]) -> None:
    child = start([*line, str(SAMPLE)])
    assert child.stdout is not None
    child.stdout.close()
    child.stdout = None
    _, said = child.communicate(timeout=60)
    assert child.returncode in (0, 1)  # 1: the verdict, where the reader went only after it was taken
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
@pytest.mark.parametrize("line", LINES, ids=["usual", "Typer"])
def test_ctrl_c_ends_without_a_traceback(line: list[str], tmp_path: Path) -> None:
    pipe = tmp_path / "capture.har"
    os.mkfifo(pipe)
    child = start([*line, str(pipe)])
    with pipe.open("wb"):  # returns when the program has begun to read
        child.send_signal(signal.SIGINT)
        out, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert out == b""
    assert b"Traceback" not in said


def test_what_is_hidden_while_msgspec_loads_is_there_again() -> None:
    code = (
        "import sys; from analyzer.__main__ import _load_msgspec; _load_msgspec(); import msgspec;"
        " assert 'typing_extensions' not in sys.modules and 'inspect' not in sys.modules;"
        " import typing_extensions; assert typing_extensions.TypedDict"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_capture_that_is_refused_at_once_ends_with_its_code(tmp_path: Path) -> None:
    """The database may still be opening then. One run in four used to crash, so there are twelve."""
    cut = tmp_path / "cut.har"
    cut.write_bytes(SAMPLE.read_bytes()[:5000])
    for _ in range(12):
        child = start(["analyze", str(cut)])
        _, said = child.communicate(timeout=60)
        assert (child.returncode, said[:6]) == (3, b"error:")
