"""What is read without Typer is what Typer reads."""

from __future__ import annotations

import inspect
import shlex
from typing import Any

import pytest

from analyzer import cli, command, usual


def by_typer(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of `command.analyze` as the program's own command line gives them."""
    seen: dict[str, Any] = {}

    def analyze(captures: list[str], **given: Any) -> int:
        seen.update(given, captures=captures)
        return 0

    monkeypatch.setattr(command, "analyze", analyze)
    with pytest.raises(SystemExit) as leaving:
        cli.main(arguments)
    assert leaving.value.code == 0
    return seen


@pytest.mark.parametrize(
    "line",
    [
        "a.har",
        "./a b/c",
        "analyze a.har",
        "analyze demo",
        "analyze 'with space.har' b.har --format json",
        "a.har -f html -o out.html --open",
        "analyze --all -f junit a.har --fail-on degraded",
        "a.har --no-redact --output x.md",
        "captures/ --fail-on never --format terminal",
        "analyze ''",
    ],
)
def test_the_usual_line_means_what_typer_makes_of_it(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = shlex.split(line)
    found = usual.read(arguments)
    assert found is not None
    captures, given = found
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(command.analyze).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    ours = {"captures": captures, **defaults, **given}
    typers = by_typer(arguments, monkeypatch)
    as_lists = {
        name: list(value) if isinstance(value, (tuple, list)) else value for name, value in ours.items()
    }
    assert as_lists == typers


@pytest.mark.parametrize(
    "line",
    [
        "",
        "analyze",
        "demo",
        "demo a.har",
        "-",
        "analyze -",
        "--help",
        "analyze --help",
        "a.har --version",
        "a.har -h",
        "a.har --format=json",
        "a.har -fjson",
        "a.har -f xml",
        "a.har -f",
        "a.har -o -",
        "a.har -f json -f html",
        "a.har --rules mine",
        "a.har -- -x",
        "sanitize a.har -o b.har",
        "rules list",
        "a.har --fail-on always",
    ],
)
def test_anything_else_is_left_to_typer(line: str) -> None:
    assert usual.read(shlex.split(line)) is None


def test_formats_and_severities_are_those_of_the_command_line() -> None:
    assert {
        "format": tuple(one.value for one in cli.Format),
        "fail_on": tuple(one.value for one in cli.FailOn),
    } == usual._CHOICES
