"""The command line that nearly every run has, read without Typer: to load that takes a tenth of a run.

`hangup [analyze] CAPTURE... [-f FORMAT] [-o FILE] [--open] [--all] [--no-redact] [--fail-on SEVERITY]`,
options and their values as words of their own. Anything else, mistakes among them, is Typer's: what is
read here means the same there, which a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_FLAGS: Final = {"--open": "open_it", "--all": "everything", "--no-redact": "no_redact"}
_VALUES: Final = {
    "--format": "format",
    "-f": "format",
    "--output": "output",
    "-o": "output",
    "--fail-on": "fail_on",
}
_CHOICES: Final = {
    "format": ("terminal", "html", "json", "markdown", "csv", "parquet", "junit"),
    "fail_on": ("failed", "degraded", "never"),
}


def read(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]] | None:
    """The captures and the keywords for `command.analyze`; None: not the usual, ask Typer.

    A first word that could be the name of a command is taken for a capture only after `analyze`.
    """
    words = list(arguments)
    if words[:1] == ["analyze"]:
        words = words[1:]
    elif not words or words[0].startswith("-") or not ("." in words[0] or "/" in words[0]):
        return None
    captures: list[str] = []
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            captures.append(word)
            continue
        name = _FLAGS.get(word) or _VALUES.get(word)
        if name is None or name in given:
            return None
        if word in _FLAGS:
            given[name] = True
            continue
        value = next(rest, "-")
        if value.startswith("-") or value not in _CHOICES.get(name, (value,)):
            return None
        given[name] = Path(value) if name == "output" else value
    return (captures, given) if captures else None
