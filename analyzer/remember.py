"""What was made from the program's own YAML files, kept between runs: reading it again is ten times faster.

Rules and profiles are many small YAML files, and reading them takes longer than judging a small capture.
What comes of them is kept as JSON in the user's cache folder under a name made from the very bytes of
those files, so that it cannot be stale: another byte is another name. Nothing of a capture is ever kept
here. The folder is `HANGUP_CACHE`, else `hangup` in the system's folder for caches; an empty
`HANGUP_CACHE` turns it off. A cache that cannot be read or written only makes a run slower.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_MOST: Final = 32 * 1024 * 1024
_KEPT: Final = 8  # versions of one thing: installations side by side, a checkout and its branches


def name_for(what: str, files: Iterable[tuple[str, bytes]]) -> str:
    """The name under which what was made from these files is kept.

    what: a word without hyphens. files: name and content of each, in order; the code that reads them
    belongs to them, so that a new version of it begins anew.
    """
    digest = _blake2b(digest_size=20)
    for name, content in files:
        digest.update(f"{len(name)} {name} {len(content)}\n".encode())
        digest.update(content)
    return f"{what}-{digest.hexdigest()}.json"


def _blake2b(digest_size: int) -> Any:
    """`hashlib.blake2b` without `hashlib`, which loads OpenSSL: that takes longer than all there is to hash."""
    try:
        module = import_module("_blake2")
    except ImportError:
        module = import_module("hashlib")
    return module.blake2b(digest_size=digest_size)


def recall(name: str) -> bytes | None:
    """What was kept under this name; None when nothing was, or when others could have written it."""
    folder = _folder()
    if folder is None:
        return None
    try:
        with (folder / name).open("rb") as file:
            state = os.fstat(file.fileno())
            if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o022):
                return None
            return file.read() if state.st_size <= _MOST else None
    except OSError:
        return None


def keep(name: str, data: bytes) -> None:
    """Keep `data` under this name, whole or not at all, readable by its owner only."""
    from analyzer.errors import UsageError
    from analyzer.write import write_output

    folder = _folder()
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_output(data, folder / name)
        same = sorted(folder.glob(f"{name.partition('-')[0]}-*.json"), key=lambda path: path.stat().st_mtime)
        for old in same[:-_KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, UsageError):
        return  # a read-only home, a full disk: the next run reads the files again


def _folder() -> Path | None:
    given = os.environ.get("HANGUP_CACHE")
    if given is not None:
        return Path(given) if given else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")  # noqa: PTH111  Path.home() raises without a home
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base, "hangup") if base and Path(base).is_absolute() else None
