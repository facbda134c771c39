"""Where a report goes: which format, and a file that is either whole or not there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from analyzer.errors import UsageError

FORMATS: Final = ("terminal", "html", "json", "markdown", "csv", "parquet", "junit")
_SUFFIXES: Final = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".parquet": "parquet",
    ".xml": "junit",
    ".txt": "terminal",
}


def format_for(path: str | Path | None, explicit: str | None = None) -> str:
    """The format to write: what was asked for, else by the suffix of `path`, else terminal.

    path: None or `-` is the standard output. Raises UsageError for an unknown format or suffix.
    """
    if explicit is not None:
        if explicit not in FORMATS:
            raise UsageError(f"unknown format {explicit!r}", expected=f"one of {', '.join(FORMATS)}")
        return explicit
    if path is None or str(path) == "-":
        return "terminal"
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(
            f"the suffix {suffix!r} names no format"
            if suffix
            else "the file name has no suffix to tell the format by",
            where=path,
            expected=f"one of {', '.join(_SUFFIXES)}",
            help=f"or say it: --format {'|'.join(FORMATS)}",
        )
    return _SUFFIXES[suffix]


def write_output(content: str | bytes, path: str | Path) -> None:
    """Writes `content` (text as UTF-8) to `path`, atomically and readable by its owner only (0600).

    It is written beside the target under another name and moved there when complete, so a reader
    never sees half a report, and a file that was there before survives a failure. A symbolic link is
    followed. Raises UsageError when the folder is missing or cannot be written to.
    """
    target = Path(os.path.realpath(path))
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if target.is_dir():
        raise UsageError("this is a folder", where=path, expected="the name of a file to write")
    temporary = None
    try:
        import tempfile

        handle, temporary = tempfile.mkstemp(
            prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent
        )
        with os.fdopen(handle, "wb") as file:  # mkstemp makes the file 0600
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"cannot be written: {reason}", where=path, help="choose another place with -o"
        ) from error
