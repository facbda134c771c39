"""Folders as people keep them: one per ticket, loose files, ZIPs, and all of these inside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.sources import desks, manifest
from analyzer.batch.sources.cases import Case
from analyzer.batch.sources.context import Context, gather
from analyzer.batch.sources.names import (
    id_of_folder,
    is_document,
    is_likely,
    is_number,
    is_part,
    stem,
    ticket_of,
)
from analyzer.batch.sources.spool import ordered
from analyzer.batch.sources.tree import Tree, ZipTree, below
from analyzer.errors import HangupError
from analyzer.intake import archive, sniff

_DEEPEST: Final = 8  # folders that only group others
# What scripts that export a ticket system put into each ticket's folder.
_RECORDS: Final = ("ticket.json", "issue.json", "conversation.json")
_LONGEST_RECORD: Final = 64 * 1024 * 1024


def loose(tree: Tree, names: Iterable[str], context: Context, prefix: str = "") -> Iterator[Ticket]:
    """Loose files: those with one ticket number, or one stem, are one ticket. A ZIP is looked into."""
    captures = ((ticket_of(name), name) for name in names if not is_document(name))
    group: list[str] = []
    current = ""
    for id, name in ordered(captures):
        if group and id != current:
            yield from _group(tree, current, group, context, prefix)
            group = []
        current = id
        group.append(name)
    if group:
        yield from _group(tree, current, group, context, prefix)


def folder(tree: Tree, context: Context, path: str = "", depth: int = 0) -> Iterator[Ticket]:
    """Every folder below `path` that is a ticket, and the loose files beside them."""
    found = tree.list(path)
    prefix = f"{path}/" if path else ""
    yield from loose(tree, found.files, context, prefix)
    for name in found.folders:
        yield from _below(tree, prefix + name, context, depth)


def is_ticket(tree: Tree, path: str) -> bool:
    """Whether a folder is one ticket with everything below it.

    It is when it holds a file itself, or nothing at all, or when its folders only sort the captures by
    kind. Otherwise it groups the tickets below it.
    """
    found = tree.list(path)
    if any(not is_document(name) for name in found.files):
        return True
    parts = [is_part(name) for name in found.folders]
    return all(parts)


def container(url: str, members: tuple[str, ...], title: str, depth: int = 0) -> ZipTree | None:
    """A ZIP as a tree if it holds many tickets; None if it is one ticket. Raises archive.Broken."""
    tree = ZipTree(url, members, title)
    while True:
        found = tree.list()
        folders = list(found.folders)
        files = [name for name in found.files if not is_document(name)]
        if len(folders) == 1 and not files and not is_part(folders[0]):
            # The folder that was packed, around everything.
            tree = ZipTree(url, members, title, f"{tree.base}/{folders[0]}" if tree.base else folders[0])
            continue
        break
    if sum(is_number(name) for name in folders) > 1:
        return tree
    # Loose captures make it one ticket; ZIPs and lists beside folders do not.
    loose_captures = [name for name in files if not name.lower().endswith(".zip") and not is_likely(name)]
    if loose_captures or (all(is_part(name) for name in folders) and len(files) < 2):
        return None
    return tree


def _below(tree: Tree, path: str, context: Context, depth: int) -> Iterator[Ticket]:
    try:
        groups = depth < _DEEPEST and not is_ticket(tree, path)
    except OSError as error:
        yield _unreadable(path, error, context)
        return
    if groups:
        yield from folder(tree, context, path, depth + 1)
    else:
        yield from below_as_ticket(tree, path, context)


def below_as_ticket(tree: Tree, path: str, context: Context) -> Iterator[Ticket]:
    """A folder as one ticket with everything below it."""
    try:
        attachments, problems = gather(tree, below(tree, path))
    except OSError as error:
        yield _unreadable(path, error, context)
        return
    about = _about(tree, path, attachments)
    if not attachments and not problems:
        problems = ["the folder holds no capture"]
    yield context.ticket(
        id_of_folder(path), attachments, problems=problems,
        customer=about.customer if about else None, at=about.at if about else None, tags=about.tags if about else (),
    )  # fmt: skip


def _about(tree: Tree, path: str, attachments: list[Attachment]) -> Case | None:
    """What the ticket system's own record in the folder says; it is taken out of the attachments."""
    for name in _RECORDS:
        inner = f"{path}/{name}"
        if not any(a.name == name for a in attachments) or not tree.is_file(inner):
            continue
        case = _case(tree, inner)
        if case is not None:
            own = tree.attachment(inner)
            attachments[:] = [attachment for attachment in attachments if attachment != own]
            return case
    return None


def _case(tree: Tree, path: str) -> Case | None:
    try:
        with tree.open(path) as stream:
            value = msgspec.json.decode(stream.read(_LONGEST_RECORD))
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError, archive.Broken):
        return None  # it stays an attachment, and the analysis says what it is
    if not isinstance(value, dict):
        return None
    system = desks.recognise(value)
    found = desks.READERS[system](value, _Nobody()) if system else manifest.read(value)
    return found if isinstance(found, Case) else None


class _Nobody:
    """A single record brings no names of people along."""

    def get(self, key: str) -> str | None:
        return None


def _unreadable(path: str, error: OSError, context: Context) -> Ticket:
    why = error.strerror.lower() if error.strerror else "no access"
    return context.ticket(id_of_folder(path), problems=[f"the folder cannot be read ({why})"])


def _group(tree: Tree, id: str, names: list[str], context: Context, prefix: str) -> Iterator[Ticket]:
    if len(names) == 1 and names[0].lower().endswith(".zip") and tree.cheap:
        inner = _container_in(tree, prefix + names[0])
        if inner is not None:
            yield from folder(inner, context)
            return
    attachments, problems = gather(tree, (prefix + name for name in names))
    yield context.ticket(f"{prefix}{id}", attachments, problems=problems)


def _container_in(tree: Tree, path: str) -> ZipTree | None:
    """A ZIP in a folder that holds many tickets; None for one ticket, and for what cannot be opened."""
    try:
        with tree.open(path) as stream:
            if not sniff.is_zip(stream.read(4)):
                return None
        found = tree.attachment(path)
        if isinstance(found, str):
            return None
        return container(found.url, found.members, stem(path))
    except (OSError, ValueError, archive.Broken, HangupError):
        return None  # the analysis of the ticket says what is wrong with it
