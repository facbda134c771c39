"""The private folder where uploads wait: one folder per report, gone when its analysis has ended.

    <data>/spool/.part-<id>/   an upload that is still arriving
    <data>/spool/<id>/in/      captures to be read
    <data>/spool/<id>/out/     what the worker has written

Whatever happens to the process, the next start removes what no waiting report owns.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from analyzer.web.problems import Problem

_KEEP_FREE: Final = 64 * 1024 * 1024  # bytes of disk that uploads leave to everything else
_LONGEST: Final = 80
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class Spool:
    """Folders of uploads, and how much they may take together. All methods are quick but touch the disk."""

    def __init__(self, root: Path, most: int) -> None:
        """most: bytes that all uploads may take together."""
        self.root = root
        self._most = most
        self._taken: dict[str, int] = {}
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        root.chmod(0o700)

    @property
    def taken(self) -> int:
        """Bytes of all uploads that are there or arriving."""
        return sum(self._taken.values())

    def draft(self, name: str) -> Path:
        """A new folder for the files of an arriving upload."""
        folder = self.root / f".part-{name}"
        (folder / "in").mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
        self._taken[name] = 0
        return folder

    def grow(self, name: str, size: int) -> None:
        """Reserve room for `size` more bytes. Raises Problem when there is none."""
        if self.taken + size > self._most:
            raise Problem(
                "service-busy",
                "the uploads that wait to be read take all the room that is set aside for them",
                headers={"Retry-After": "30"},
            )
        if shutil.disk_usage(self.root).free < size + _KEEP_FREE:
            raise disk_full()
        self._taken[name] = self._taken.get(name, 0) + size

    def settle(self, name: str, size: int) -> None:
        """The upload has this size after all."""
        self._taken[name] = size

    def keep(self, name: str) -> Path:
        """The upload has arrived: its folder gets its final name."""
        return (self.root / f".part-{name}").rename(self.folder(name))

    def folder(self, name: str) -> Path:
        """The folder of an upload that has arrived."""
        return self.root / name

    def remove(self, name: str) -> None:
        """Delete an upload, arriving or arrived. It need not exist."""
        for folder in (self.root / f".part-{name}", self.folder(name)):
            shutil.rmtree(folder, ignore_errors=True)
        self._taken.pop(name, None)

    def sweep(self, owned: Iterable[str]) -> int:
        """At the start: delete every folder but those of `owned`; how many were deleted."""
        keep = set(owned)
        removed = 0
        for entry in list(self.root.iterdir()):
            if entry.name in keep:
                self._taken[entry.name] = size_of(entry)
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
            removed += 1
        return removed


def size_of(folder: Path) -> int:
    """Bytes of the files under a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def disk_full() -> Problem:
    """The refusal for a full disk."""
    return Problem(
        "disk-full", "the disk of this service is full; nothing of the upload was kept",
        headers={"Retry-After": "300"},
    )  # fmt: skip


def safe_name(given: str, taken: Iterable[str]) -> str:
    """A file name to store and to show for the name that a stranger gave.

    Only the last part of a path survives, without characters that steer terminals, shells or file
    systems; it never begins with a dot or a hyphen, and differs from those in `taken`.
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    base = "".join(char if char.isalnum() or char in " ._-()+@" else "_" for char in base)
    base = re.sub(r"\s+", " ", base).strip(" .")
    stem, dot, suffix = base.rpartition(".")
    if not dot or len(suffix) > 12:
        stem, suffix = base, ""
    while len((stem + suffix).encode()) > _LONGEST:
        stem = stem[:-1]
    base = (f"{stem}.{suffix}" if suffix else stem).lstrip(".-_ ").rstrip(" .")
    if not base or _RESERVED.fullmatch(base):
        base = f"capture-{base}" if base else "capture.har"
    used = {name.lower() for name in taken}
    stem, dot, suffix = base.rpartition(".")
    candidate, number = base, 1
    while candidate.lower() in used:
        number += 1
        candidate = f"{stem} ({number}).{suffix}" if dot else f"{base} ({number})"
    return candidate
