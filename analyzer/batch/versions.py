"""With what a ticket was read, and with what it was judged: two hashes that decide what a run must do again.

*Reading* is everything between a file and a row of facts; when it changes, captures are read again.
*Judging* is rules, engine and templates; when only that changes, what is stored is judged again and the
captures are left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from analyzer.resources import folder

_PACKAGE: Final = Path(__file__).resolve().parent.parent
# Rooms and modules of the package, by what their change means. Those in neither list change no result.
_READING: Final = (
    "intake", "decode", "protocols", "facts", "redact", "columns.py", "model.py", "options.py", "duck.py",
    "safe.py", "pipeline.py", "pipeline_logs.py", "batch/ticket.py",
)  # fmt: skip
_JUDGING: Final = ("engine", "causes.py", "plain.py", "report", "batch/again.py")
_CODE: Final = (".py", ".yaml", ".yml", ".json")
_RULES: Final = (".yaml", ".yml")
_TEMPLATES: Final = (".j2", ".css", ".js", ".html", ".svg")


def reading_version(stream_paths: Sequence[str] = (), log_format: str | None = None) -> str:
    """The version of everything that turns captures into facts, with the options that take part in it."""
    digest = hashlib.sha256(_own(_READING).encode())
    digest.update(repr((sorted(stream_paths), log_format)).encode())
    return digest.hexdigest()[:32]


def judging_version(rules: Sequence[Path] = ()) -> str:
    """The version of everything that turns facts into verdicts and reports.

    rules: folders of one's own, as for `analyze`. The order counts: a later folder wins.
    """
    digest = hashlib.sha256(_own(_JUDGING).encode())
    for root in (folder("rules"), *rules):
        _digest(digest, root, _files(root, _RULES))
    templates = folder("templates")
    _digest(digest, templates, _files(templates, _TEMPLATES))
    return digest.hexdigest()[:32]


@cache
def _own(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = _PACKAGE / name
        _digest(digest, _PACKAGE, [path] if path.is_file() else _files(path, _CODE))
    return digest.hexdigest()


def _files(root: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.suffix in suffixes and path.is_file())


def _digest(digest: Any, root: Path, paths: Iterator[Path] | list[Path]) -> None:
    for path in paths:
        data = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
