"""The usual ways to call `hangup analyze`, understood without loading a command line library.

That library takes longer to load than a capture takes to judge. Only arguments that leave no question
are understood here; whatever does not (help, a misspelt option, another command, an abbreviation)
is left to the command line, which also words all complaints. A test compares both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from analyzer.write import FORMATS

# option -> (parameter of `command.analyze`, what it takes)
_OPTIONS: Final[dict[str, tuple[str, str]]] = {
    "--format": ("format", "format"),
    "-f": ("format", "format"),
    "--output": ("output", "path"),
    "-o": ("output", "path"),
    "--open": ("open_it", "nothing"),
    "--rules": ("rules", "paths"),
    "--fail-on": ("fail_on", "severity"),
    "--all": ("everything", "nothing"),
    "--limit": ("limit", "count"),
    "--stream-path": ("stream_path", "texts"),
    "--log-format": ("log_format", "text"),
    "--no-redact": ("no_redact", "nothing"),
}
_FAIL_ON: Final = ("failed", "degraded", "never")


def understood(arguments: list[str]) -> dict[str, Any] | None:
    """The arguments of `command.analyze`; None where the command line has to look at them."""
    rest = list(arguments)
    named = bool(rest) and rest[0] == "analyze"
    if named:
        del rest[0]
    elif not rest or not (rest[0] == "-" or _is_path(rest[0])):
        return None  # the name of a command, or an option before it
    found: dict[str, Any] = {"captures": []}
    rest.reverse()
    while rest:
        word = rest.pop()
        if word == "-" or not word.startswith("-"):
            found["captures"].append(word)
            continue
        option, equals, value = word.partition("=")
        if option not in _OPTIONS or (equals and not option.startswith("--")):
            return None
        name, takes = _OPTIONS[option]
        if takes == "nothing":
            if equals:
                return None
            found[name] = True
            continue
        if not equals:
            if not rest or rest[-1].startswith("-"):
                return None
            value = rest.pop()
        if not _take(found, name, takes, value):
            return None
    return found if found["captures"] else None


def _is_path(word: str) -> bool:
    """Whether a word is a path and no command: no command has a dot or a slash in its name."""
    return not word.startswith("-") and any(mark in word for mark in "./\\")


def _take(found: dict[str, Any], name: str, takes: str, value: str) -> bool:
    """Store the value of an option; False where it is not certain to be a good one."""
    if takes in ("paths", "texts"):
        found.setdefault(name, []).append(Path(value) if takes == "paths" else value)
        return True
    if takes == "count":
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and int(value) >= 1):
            return False
        found[name] = int(value)
    elif takes == "path":
        found[name] = Path(value)
    elif takes == "text" or value in (FORMATS if takes == "format" else _FAIL_ON):
        found[name] = value
    else:
        return False
    return True
