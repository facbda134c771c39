"""A worker process, spoken to as the service does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analyzer.web import worker as module
from tests.web.harness import HAR, HEADLINE

MEMORY = 2_000_000_000


def worker(task: dict[str, Any] | None, *, close: bool = False) -> tuple[int, list[dict[str, Any]]]:
    """Start one, give it a task, collect what it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "analyzer.web.worker", str(MEMORY), "60"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    with process:
        if task is not None:
            process.stdin.write(json.dumps(task).encode() + b"\n")
            process.stdin.flush()
        if close:
            process.stdin.close()
        said = [json.loads(line) for line in process.stdout]
    return process.returncode, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "a.har").write_bytes(HAR)
    return tmp_path


def test_worker_tells_its_stages_and_its_outcome(folder: Path) -> None:
    code, said = worker({"folder": str(folder), "names": ["a.har"], "rules": []})
    assert code == 0
    assert [message["stage"] for message in said[:3]] == ["reading", "decoding", "judging"]
    assert said[-1]["outcome"]["done"]["headline"].startswith(HEADLINE)
    assert {path.name for path in (folder / "out").iterdir()} == {
        "fragment",
        "html",
        "json",
        "markdown",
        "report",
    }


def test_worker_says_why_a_capture_cannot_be_read(folder: Path) -> None:
    (folder / "in" / "a.har").write_text("dear diary")
    _, said = worker({"folder": str(folder), "names": ["a.har"], "rules": []})
    assert said[-1]["outcome"]["failed"] == "capture"
    assert said[-1]["outcome"]["where"] == "a.har" and "diary" not in json.dumps(said)


def test_worker_tells_the_place_of_a_mistake_and_not_its_text(folder: Path) -> None:
    _, said = worker({"folder": str(folder / "secret-place"), "names": ["a.har"], "rules": []})
    assert said[-1]["outcome"]["failed"] == "bug"
    assert "secret-place" not in json.dumps(said)


def test_worker_without_a_task_leaves_with_the_service() -> None:
    assert worker(None, close=True) == (0, [])


def test_worker_with_a_task_leaves_with_the_service(folder: Path) -> None:
    har = json.loads(HAR)
    har["log"]["entries"] *= 200
    (folder / "in" / "a.har").write_text(json.dumps(har))
    code, said = worker({"folder": str(folder), "names": ["a.har"], "rules": []}, close=True)
    assert code == 3 and not any("outcome" in message for message in said)


def test_limits_hold(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from analyzer.web.worker import limit; limit(300_000_000, 7);"
        "print([resource.getrlimit(x)[0] for x in (resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_DATA)]);"
        "bytearray(400_000_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[0, 7, 300000000]"
    assert done.returncode == 1 and done.stderr.endswith("MemoryError\n")


def test_limits_never_rise_above_those_that_hold_already() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (3, 3)); from analyzer.web.worker import limit;"
        "limit(300_000_000, 7); print(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(3, 3)\n"


def test_each_stage_is_told_at_once_and_steps_no_faster_than_people_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: moment)
    said: list[tuple[str, int]] = []
    tell = module.NowAndThen(lambda message: said.append((message["stage"], message["done"])))
    tell("reading", 0, None)
    for done in range(1000):
        moment += 0.001
        tell("judging", done, 1000)
    tell("writing", 0, 5)
    assert said[0] == ("reading", 0) and said[1] == ("judging", 0) and said[-1] == ("writing", 0)
    assert 10 <= len(said) <= 13 and said == sorted(
        said, key=lambda step: ("reading judging writing".index(step[0]), step[1])
    )
