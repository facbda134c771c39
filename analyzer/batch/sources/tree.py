"""Folders of this machine, of a server and of a ZIP, looked at in the same way. Paths in them use `/`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

from analyzer.batch import address
from analyzer.batch.holders import Holder, holder
from analyzer.batch.model import Attachment
from analyzer.batch.sources.names import hidden
from analyzer.batch.sources.spool import ordered
from analyzer.intake import archive


class Listing(NamedTuple):
    """What is in one folder, each in order of its names. Hidden entries are left out."""

    folders: Iterator[str]
    files: Iterator[str]


class Tree(Protocol):
    """A folder with everything below it. `""` is the folder itself. title: for people, without secrets.

    cheap: looking into its files costs no network.
    """

    title: str
    cheap: bool

    def list(self, path: str = "") -> Listing:
        """Names in a folder; empty for one that cannot be read. Raises what the place raises for `""`."""

    def is_file(self, path: str) -> bool: ...

    def open(self, path: str) -> BinaryIO: ...

    def attachment(self, path: str) -> Attachment | str:
        """The file as an attachment, or why it is not taken."""


class LocalTree:
    """A folder of this machine. Links that lead out of it are not followed."""

    cheap = True

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self.title = str(root)
        self.real = os.path.realpath(self.root)

    def list(self, path: str = "") -> Listing:
        folder = self.root / path
        if path and not self._within(folder):
            return Listing(iter(()), iter(()))
        return Listing(_names(self._scan(folder, True)), _names(self._scan(folder, False)))

    def _scan(self, folder: Path, folders: bool) -> Iterator[tuple[str]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                # A link to a folder is neither: it could lead in circles.
                if not hidden(entry.name) and entry.is_dir(follow_symlinks=not folders) == folders:
                    yield (entry.name,)

    def is_file(self, path: str) -> bool:
        try:
            return stat.S_ISREG((self.root / path).stat().st_mode)
        except (OSError, ValueError):
            return False

    def open(self, path: str) -> BinaryIO:
        if not self._within(self.root / path):
            raise FileNotFoundError(path)
        return (self.root / path).open("rb")

    def attachment(self, path: str) -> Attachment | str:
        full = self.root / path
        if not self._within(full):
            return "it leads out of the folder, so it is not followed"
        return Attachment(url=str(full), name=path.rpartition("/")[2])

    def _within(self, path: Path) -> bool:
        real = os.path.realpath(path)
        return real == self.real or real.startswith(self.real.rstrip(os.sep) + os.sep)


class RemoteTree:
    """A folder that fsspec lists."""

    cheap = False

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.title = address.shown(url)
        self._system, root = address.filesystem(url)
        self._root = root.rstrip("/")

    def list(self, path: str = "") -> Listing:
        folder = f"{self._root}/{path}" if path else self._root
        try:
            entries: list[dict[str, Any]] = self._system.ls(folder, detail=True)
        except FileNotFoundError:
            if path:
                return Listing(iter(()), iter(()))
            raise
        found: dict[bool, list[tuple[str]]] = {True: [], False: []}
        for entry in entries:
            name = str(entry["name"]).rstrip("/").rpartition("/")[2]
            if name and not hidden(name) and str(entry["name"]).rstrip("/") != folder.rstrip("/"):
                found[entry.get("type") == "directory"].append((name,))
        return Listing(_names(iter(found[True])), _names(iter(found[False])))

    def is_file(self, path: str) -> bool:
        try:
            return bool(self._system.isfile(f"{self._root}/{path}"))
        except OSError:
            return False

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, self._system.open(f"{self._root}/{path}" if path else self._root, "rb"))

    def is_itself_a_file(self) -> bool:
        """Whether the address is one file and no folder."""
        return bool(self._system.isfile(self._root))

    def glob(self, pattern: str) -> Iterator[str]:
        """Paths below the folder that a pattern, an address too, matches."""
        _, wanted = address.filesystem(pattern)
        start = len(self._root) + 1
        for found in self._system.glob(wanted):
            path = str(found).rstrip("/")
            if path.startswith(f"{self._root}/") and not any(
                hidden(part) for part in path[start:].split("/")
            ):
                yield path[start:]

    def attachment(self, path: str) -> Attachment | str:
        return Attachment(
            url=f"{self.url}/{path}" if path else self.url, name=address.name_of(path or self.url)
        )


class ZipTree:
    """The inside of a ZIP, from `base` on. Members that are not read keep their reason."""

    def __init__(self, url: str, members: tuple[str, ...], title: str, base: str = "") -> None:
        self.url, self.members, self.title, self.base = url, members, title, base
        self.cheap = True
        self._holder: Holder = holder(url, members)

    def list(self, path: str = "") -> Listing:
        prefix = "/".join(part for part in (self.base, path) if part)
        prefix = f"{prefix}/" if prefix else ""
        folders: set[str] = set()
        files: list[str] = []
        for name in self._holder.below(prefix):
            rest = name[len(prefix) :]
            head, slash, _ = rest.partition("/")
            if not head or hidden(head):
                continue
            if slash:
                folders.add(head)
            else:
                files.append(head)
        return Listing(iter(sorted(folders)), iter(files))

    def is_file(self, path: str) -> bool:
        return self._holder.member(self._full(path)) is not None

    def open(self, path: str) -> BinaryIO:
        member = self._holder.member(self._full(path))
        if member is None or member.refused is not None:
            raise archive.Broken(member.refused if member and member.refused else "it is not there")
        return self._holder.archive.open(member)

    def attachment(self, path: str) -> Attachment | str:
        member = self._holder.member(self._full(path))
        if member is None:
            return "it is not in the archive"
        if member.refused is not None:
            return member.refused
        return Attachment(
            url=self.url, name=member.shown.rpartition("/")[2], members=(*self.members, member.name)
        )

    def _full(self, path: str) -> str:
        return f"{self.base}/{path}" if self.base else path


def below(tree: Tree, path: str) -> Iterator[str]:
    """All files under a folder of a tree, in order of their paths, folders after files."""
    found = tree.list(path)
    for name in found.files:
        yield f"{path}/{name}" if path else name
    for name in found.folders:
        yield from below(tree, f"{path}/{name}" if path else name)


def _names(found: Iterator[tuple[str]]) -> Iterator[str]:
    return (item[0] for item in ordered(found))
