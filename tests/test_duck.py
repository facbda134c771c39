"""The database is opened once, on the side or when it is asked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from analyzer import duck


@pytest.fixture(autouse=True)
def _nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duck, "_held", {})
    monkeypatch.setattr(duck, "_begun", [])


def test_what_was_prepared_is_what_is_used() -> None:
    duck.prepare()
    first = duck.cursor()
    base = duck._held[os.getpid()]
    second = duck.cursor()
    assert duck._held == {os.getpid(): base}
    assert first.execute("SELECT 1").fetchone() == second.execute("SELECT 1").fetchone() == (1,)


def test_a_database_that_cannot_be_opened_is_an_error_of_who_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = duck.driver()

    def connect(*_: object, **__: object) -> object:
        raise real.Error("no memory")

    monkeypatch.setattr(duck, "driver", lambda: SimpleNamespace(connect=connect, Error=real.Error))
    duck.prepare()
    with pytest.raises(real.Error, match="no memory"):
        duck.cursor()


def test_what_was_begun_is_what_is_opened_next_as_it_was_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    duck.begin()
    con = duck.opened({"memory_limit": "512MB", "temp_directory": str(folder)})
    assert not duck._begun
    asked = "SELECT current_setting('temp_directory')"
    assert con.execute(asked).fetchone() == (str(folder),)
    assert duck.opened({"threads": 1}).execute(asked).fetchone() != (str(folder),)


def test_the_shared_database_is_closed_to_the_outside_even_when_it_was_begun() -> None:
    duck.begin()
    con = duck.cursor()
    assert con.execute("SELECT current_setting('threads')").fetchone() == (1,)
    with pytest.raises(duck.driver().Error, match="disabled"):
        con.execute(f"SELECT * FROM read_text('{Path(__file__).as_posix()}')")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_it_opens_leaves_no_lock_behind() -> None:
    code = (
        "import os\n"
        "from analyzer import duck\n"
        "duck._lock.acquire()\n"  # as the thread of `prepare` has it
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(0 if duck.cursor().execute('SELECT 1').fetchone() == (1,) else 3)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_no_connection_draws_a_bar_on_stdout() -> None:
    script = (
        "from analyzer import duck\n"
        "plain, asked = duck.driver().connect(), \"SELECT current_setting('enable_progress_bar')\"\n"
        "duck.begin()\n"
        "cons = plain, duck.opened({}), duck.opened({'threads': 1}), duck.cursor()\n"
        "print(*(con.execute(asked).fetchone()[0] for con in cons))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", "False", "False", "False"], "a process without a script gets a bar"


@pytest.mark.parametrize("path", sorted(Path(duck.__file__).parent.rglob("*.py")), ids=lambda path: path.name)
def test_every_connection_is_quiet(path: Path) -> None:
    opened = [
        line
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"(duckdb|driver\(\))\.connect\(", line)
    ]
    assert all("quiet(" in line for line in opened), opened
