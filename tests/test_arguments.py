"""What `arguments` understands means the same to the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from analyzer import cli, command
from analyzer.arguments import understood

_DEFAULTS = {
    "format": None, "output": None, "open_it": False, "rules": [], "fail_on": "failed", "everything": False,
    "limit": 10_000, "stream_path": [], "log_format": None, "no_redact": False,
}  # fmt: skip

UNDERSTOOD = [
    "a.har",
    "-",
    "- -f json",
    "analyze chat.har",
    "analyze chat",
    "analyze analyze",
    "./explain",
    "a.har b/c.har -",
    "a.har --format json",
    "a.har --format=json",
    "a.har -f html -o out.html --open",
    "a.har -o out.json",
    "a.har --output=x=y.json",
    "a.har --all --no-redact --limit 5 --fail-on degraded",
    "a.har --fail-on=never --log-format nginx-combined",
    "a.har --stream-path /api/* --stream-path=/b b.har --rules one --rules two",
    "a.har -f json -f csv",
    "a.har --log-format=",
]
LEFT_ALONE = [
    "",
    "analyze",
    "--help",
    "-h",
    "--version",
    "a.har --help",
    "explain 504",
    "rules list",
    "demo",
    "chat",
    "--format json a.har",
    "a.har --formt json",
    "a.har --form json",
    "a.har -fjson",
    "a.har -f=json",
    "a.har --format yaml",
    "a.har --format",
    "a.har --output --all",
    "a.har --limit 0",
    "a.har --limit -1",
    "a.har --limit x",
    "a.har --limit ²",
    "a.har --fail-on info",
    "a.har --all=yes",
    "a.har -- -b.har",
    "a.har --open-it",
]


def _given(line: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command line hands to the command."""
    seen: list[dict[str, Any]] = []

    def catch(captures: list[str], **options: Any) -> int:
        seen.append({"captures": list(captures), **options})
        return 0

    monkeypatch.setattr(command, "analyze", catch)
    with pytest.raises(SystemExit) as leaving:
        cli.main(line.split())
    assert leaving.value.code == 0
    return seen[0]


@pytest.mark.parametrize("line", UNDERSTOOD)
def test_both_read_the_same(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = understood(line.split())
    assert found is not None
    given = _given(line, monkeypatch)
    given["rules"], given["stream_path"] = list(given["rules"]), list(given["stream_path"])
    assert {**_DEFAULTS, **found} == given


@pytest.mark.parametrize("line", LEFT_ALONE)
def test_what_leaves_a_question_is_left_to_the_command_line(line: str) -> None:
    assert understood(line.split()) is None


def test_every_option_of_analyze_is_known_to_both() -> None:
    group = get_command(cli.app)
    analyze = group.commands["analyze"]  # type: ignore[attr-defined]
    for param in analyze.params:
        for option in param.opts:
            if option.startswith("-") and "--help" not in param.opts:
                words = ["a.har", option] if getattr(param, "is_flag", False) else ["a.har", option, "1"]
                found = understood(words)
                assert found is not None or option in ("--format", "-f", "--fail-on"), option


def test_no_command_has_a_name_that_looks_like_a_path() -> None:
    for name in get_command(cli.app).commands:  # type: ignore[attr-defined]
        assert understood([name, "x"]) is None or name == "analyze"


def test_options_have_the_defaults_of_the_command(tmp_path: Path) -> None:
    import inspect

    own = {
        name: parameter.default
        for name, parameter in inspect.signature(command.analyze).parameters.items()
        if name != "captures"
    }
    assert {name: list(value) if value == () else value for name, value in own.items()} == _DEFAULTS
    assert typer.main.get_command(cli.app) is not None
