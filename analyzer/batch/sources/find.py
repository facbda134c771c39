"""find_tickets(): recognises how tickets are laid out, and says so."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from analyzer.batch import address
from analyzer.batch.model import Ticket
from analyzer.batch.sources import lists
from analyzer.batch.sources.context import Context, gather
from analyzer.batch.sources.folders import below_as_ticket, container, folder, loose
from analyzer.batch.sources.lists import ListFile
from analyzer.batch.sources.names import hidden, id_of_folder, is_likely, ticket_of
from analyzer.batch.sources.spool import ordered
from analyzer.batch.sources.tree import Listing, LocalTree, RemoteTree, Tree, ZipTree
from analyzer.errors import UsageError
from analyzer.intake import archive, sniff

LAYOUTS: Final = ("folders", "files", "manifest", "zendesk", "jira", "intercom")
_LONGEST_LIST: Final = 8 * 1024 * 1024 * 1024
_STEP: Final = 1024 * 1024


def find_tickets(
    what: Sequence[str | Path],
    *,
    layout: str | None = None,
    manifest: str | Path | None = None,
    fetch: Sequence[str] = (),
    tell: Callable[[str], None] | None = None,
) -> Iterator[Ticket]:
    """The tickets behind `what`, one at a time, in the same order every time, each with an id of its own.

    what: folders, files, ZIPs, lists of tickets, patterns (`tickets/**/*.har`), and addresses that fsspec
    opens. layout: one of LAYOUTS; None recognises it by content. manifest: a list of tickets whose paths are
    relative to it, or to the one folder in `what`. fetch: places (`https://desk.example.com`, `s3://bucket`)
    whose addresses a list may name; the list's own place always may. tell: takes sentences for people, such as
    the layout that was recognised and ids that clash.

    What is wrong with one ticket, or with one row of a list, is in its `problems`. Memory does not grow with
    the number of tickets. Raises UsageError: at once for wrong arguments, while iterating for a place
    that cannot be opened.
    """
    if layout is not None and layout not in LAYOUTS:
        raise UsageError(f"unknown layout {layout!r}", expected=f"one of {', '.join(LAYOUTS)}")
    given = [str(item) for item in what]
    for item in given:
        if not address.is_remote(item) and not _is_pattern(item) and not address.local_path(item).exists():
            raise UsageError("there is no such file or folder", where=item)
    origins = set()
    for place in fetch:
        if not address.allowed(place, (address.origin(place),)) or address.origin(place).endswith("://"):
            raise UsageError(
                "this is no place to fetch from", where=address.shown(place), expected="scheme://host"
            )
        origins.add(address.origin(place))
    if manifest is not None and (len(given) > 1 or any(_is_pattern(item) for item in given)):
        raise UsageError("with a list of tickets, name at most the one folder that its paths are relative to")
    if manifest is None and not given:
        raise UsageError(
            "there is nothing to read", expected="folders, files, ZIPs, lists of tickets or addresses"
        )
    context = Context(tell or _silent, frozenset(origins))
    return _find(given, layout, None if manifest is None else str(manifest), context)


def _silent(sentence: str) -> None:
    """Nobody asked."""


def _find(what: list[str], layout: str | None, manifest: str | None, context: Context) -> Iterator[Ticket]:
    try:
        if manifest is not None:
            yield from _by_list(manifest, what[0] if what else None, layout, context)
            return
        files: list[str] = []
        for item in what:
            if not address.is_remote(item) and not _is_pattern(item) and address.local_path(item).is_file():
                files.append(item)
                continue
            yield from _files(files, layout, context)
            files = []
            yield from _one(item, layout, context)
        yield from _files(files, layout, context)
    finally:
        context.ids.close()


def _one(item: str, layout: str | None, context: Context) -> Iterator[Ticket]:
    """A folder, a pattern or an address."""
    if _is_pattern(item):
        yield from _matches(item, context)
    elif not address.is_remote(item):
        yield from _tree(LocalTree(address.local_path(item)), layout, context)
    else:
        yield from _remote(item, layout, context)


def _tree(tree: Tree, layout: str | None, context: Context) -> Iterator[Ticket]:
    """A folder: the lists in it, or else folders and loose files."""
    with _room(tree) as room:
        if layout not in ("folders", "files"):
            found = _lists_in(tree, layout, room)
            if found:
                system = found[0].system
                names = ", ".join(file.name for file in found[:3]) + (", …" if len(found) > 3 else "")
                context.tell(
                    f"{tree.title}: {lists.TITLES[system]} ({names}); what it names is read, and nothing else"
                )
                yield from lists.listed(tree, found, context)
                return
            if layout is not None:
                raise UsageError(
                    f"no {lists.TITLES[layout].partition(' ')[2]} is in this folder", where=tree.title
                )
    if layout == "files":
        context.tell(f"{tree.title}: every file is a ticket, those of one ticket number together")
        yield from loose(tree, _listing(tree).files, context)
        return
    listing = _listing(tree)
    has_folders = next(listing.folders, None) is not None
    has_files = next(listing.files, None) is not None
    if has_folders:
        beside = (
            "; files beside them are tickets too, those of one ticket number together" if has_files else ""
        )
        context.tell(f"{tree.title}: a folder per ticket{beside}")
    else:
        context.tell(f"{tree.title}: every file is a ticket, those of one ticket number together")
    yield from folder(tree, context)


def _listing(tree: Tree) -> Listing:
    try:
        return tree.list()
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"it cannot be listed: {address.why(error)}", where=tree.title) from error


def _lists_in(tree: Tree, layout: str | None, room: Path) -> list[ListFile]:
    """The lists at the top of a folder: all those of one system, by name."""
    found: list[ListFile] = []
    for name in _listing(tree).files:
        if not is_likely(name):
            continue
        path = _local_copy(tree, name, room)
        system = lists.system_of(path) if path is not None else None
        if (
            path is not None
            and system is not None
            and system == (layout or (found[0].system if found else system))
        ):
            found.append(ListFile(path, name, system))
    return found


@contextmanager
def _room(tree: Tree) -> Iterator[Path]:
    """Where copies of lists go; made only where there will be some."""
    if isinstance(tree, LocalTree):
        yield tree.root
        return
    with tempfile.TemporaryDirectory(prefix="hangup-lists-") as room:
        yield Path(room)


def _local_copy(tree: Tree, name: str, room: Path) -> Path | None:
    """A file of a tree on this machine: itself, or a copy in `room`. None where it cannot be read."""
    if isinstance(tree, LocalTree):
        return tree.root / name
    target = room / f"{len(list(room.iterdir()))}{Path(name).suffix}"
    try:
        with tree.open(name) as stream, target.open("wb") as file:
            left = _LONGEST_LIST
            while left > 0 and (piece := stream.read(_STEP)):
                file.write(piece)
                left -= len(piece)
    except Exception as error:
        raise UsageError(f"it cannot be read: {address.why(error)}", where=f"{tree.title}/{name}") from error
    return target


def _by_list(manifest: str, base: str | None, layout: str | None, context: Context) -> Iterator[Ticket]:
    """The one list that was named, with paths relative to it or to `base`."""
    parent, _, name = manifest.replace(os.sep, "/").rpartition("/")
    if address.is_remote(manifest):
        holder: Tree = RemoteTree(parent)
    else:
        if not address.local_path(manifest).is_file():
            raise UsageError("there is no such list of tickets", where=manifest)
        holder = LocalTree(address.local_path(manifest).parent)
        name = address.local_path(manifest).name
    tree = holder if base is None else (RemoteTree(base) if address.is_remote(base) else LocalTree(base))
    context.origins |= {address.origin(item) for item in (manifest, base or "") if address.is_remote(item)}
    with _room(holder) as room:
        path = _local_copy(holder, name, room)
        system = layout if layout in lists.TITLES else (lists.system_of(path) if path is not None else None)
        if path is None or system is None:
            raise UsageError(
                "this is no list of tickets",
                where=address.shown(manifest),
                expected="CSV, JSON or JSON lines with a ticket's id and its attachments, or an export of Zendesk, Jira or Intercom",
                help="docs/batch-input.md has the names of columns",
            )
        context.tell(f"{address.shown(manifest)}: {lists.TITLES[system]}")
        yield from lists.listed(tree, [ListFile(path, name, system)], context)


def _files(items: list[str], layout: str | None, context: Context) -> Iterator[Ticket]:
    """Files that were named one by one: lists, ZIPs with many tickets, and captures."""
    captures: list[tuple[str, ...]] = []
    for item in items:
        path = address.local_path(item).absolute()
        system = lists.system_of(path) if layout not in ("folders", "files") else None
        if system is not None and layout in (None, system):
            yield from _by_list(item, None, system, context)
            continue
        inside = _many_in(str(path), item)
        if inside is not None:
            yield from _tree(inside, layout, context)
        else:
            captures.append((str(path.parent), path.name))
    names: list[str] = []
    parent = ""
    for folder_name, name in ordered(captures):
        if names and folder_name != parent:
            yield from loose(LocalTree(parent), names, context)
            names = []
        parent = folder_name
        names.append(name)
    if names:
        yield from loose(LocalTree(parent), names, context)


def _many_in(url: str, title: str) -> ZipTree | None:
    """A ZIP that was named and holds many tickets; None for one ticket and for no ZIP."""
    try:
        with address.open_remote(url) if address.is_remote(url) else Path(url).open("rb") as stream:
            if not sniff.is_zip(stream.read(4)):
                return None
        return container(url, (), title)
    except archive.Broken:
        return None  # the analysis says what is wrong with it
    except OSError as error:
        raise UsageError(f"it cannot be read: {address.why(error)}", where=address.shown(title)) from error


def _remote(url: str, layout: str | None, context: Context) -> Iterator[Ticket]:
    """A folder, a file or a ZIP at an address."""
    tree = RemoteTree(url)
    context.origins |= {address.origin(url)}
    try:
        single = not url.endswith("/") and tree.is_itself_a_file()
    except Exception as error:
        raise UsageError(f"it cannot be opened: {address.why(error)}", where=address.shown(url)) from error
    if not single:
        yield from _tree(tree, layout, context)
        return
    name = address.name_of(url)
    if is_likely(name):
        yield from _by_list(url, None, layout, context)
        return
    inside = _many_in(url, address.shown(url))
    if inside is not None:
        yield from _tree(inside, layout, context)
        return
    found = tree.attachment("")
    if not isinstance(found, str):
        yield context.ticket(ticket_of(name), [found])


def _matches(pattern: str, context: Context) -> Iterator[Ticket]:
    """What a pattern matches: folders are tickets, files belong to the folder that holds them.

    Files right where the pattern's fixed part ends have no such folder; their names decide.
    """
    base, tree = _base(pattern)
    context.tell(f"{address.shown(pattern)}: the files of one folder are one ticket")
    found = ordered(
        (path.rpartition("/")[0], path.rpartition("/")[2]) for path in _matching(pattern, base, tree)
    )
    parent, names, matched = "", list[str](), False
    for where, name in found:
        matched = True
        if names and where != parent:
            yield from _matched(tree, parent, names, context)
            names = []
        parent = where
        names.append(name)
    if names:
        yield from _matched(tree, parent, names, context)
    if not matched:
        raise UsageError("nothing matches this pattern", where=address.shown(pattern))


def _matched(tree: Tree, parent: str, names: list[str], context: Context) -> Iterator[Ticket]:
    files = [name for name in names if tree.is_file(f"{parent}/{name}" if parent else name)]
    for name in names:
        if name not in files:
            yield from below_as_ticket(tree, f"{parent}/{name}" if parent else name, context)
    if not parent:
        yield from loose(tree, files, context)
    elif files:
        attachments, problems = gather(tree, (f"{parent}/{name}" for name in files))
        yield context.ticket(id_of_folder(parent), attachments, problems=problems)


def _base(pattern: str) -> tuple[str, Tree]:
    """The part of a pattern before its first wildcard, as a folder."""
    parts = pattern.replace(os.sep, "/").split("/")
    fixed = parts[: next(i for i, part in enumerate(parts) if glob.has_magic(part))]
    base = "/".join(fixed)
    if address.is_remote(pattern):
        return base, RemoteTree(base)
    return base, LocalTree(base or ("/" if pattern.startswith("/") else "."))


def _matching(pattern: str, base: str, tree: Tree) -> Iterator[str]:
    """Paths in the tree that the pattern matches."""
    if isinstance(tree, RemoteTree):
        yield from tree.glob(pattern)
        return
    root = (
        address.local_path(base).absolute()
        if base
        else Path("/" if pattern.startswith("/") else ".").absolute()
    )
    rest = pattern.replace(os.sep, "/")[len(base) :].lstrip("/")
    for path in glob.iglob(rest, root_dir=root, recursive=True):  # noqa: PTH207 - Path.glob knows no root_dir
        clean = path.replace(os.sep, "/").rstrip("/")
        if clean and not any(hidden(part) for part in clean.split("/")):
            yield clean


def _is_pattern(item: str) -> bool:
    """Whether it has wildcards. A file that is really called so is none."""
    if address.is_remote(item):
        return any(char in item.partition("://")[2].partition("?")[0] for char in "*[") or "*" in item
    return glob.has_magic(item) and not address.local_path(item).exists()
