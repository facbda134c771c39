"""Lists of tickets, by hand or from a ticket system, as tickets with the files they name.

All records are read before the first ticket comes: a ticket may have several, far apart. They wait in a
temporary file, so a list may be larger than the memory.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.batch import address
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.sources import desks, jira_xml, manifest
from analyzer.batch.sources.cases import Case, Ref, merged, packed
from analyzer.batch.sources.context import LONGEST_NAME, Context, refused
from analyzer.batch.sources.names import is_document
from analyzer.batch.sources.records import Record, csv_records, first_record, json_records
from analyzer.batch.sources.spool import Groups, Lookup
from analyzer.batch.sources.tree import LocalTree, Tree, below
from analyzer.intake import archive, sniff
from analyzer.safe import one_line

_HOLDERS: Final = ("", "attachments/", "files/")  # folders beside a list that hold folders of tickets
TITLES: Final = {
    "manifest": "a list of tickets",
    "zendesk": "an export of Zendesk",
    "jira": "an export of Jira",
    "intercom": "an export of Intercom",
}


class ListFile(NamedTuple):
    """One file of a list. path: a local copy. name: for people. system: manifest, zendesk, jira or intercom."""

    path: Path
    name: str
    system: str


def system_of(path: Path) -> str | None:
    """What list a file is: manifest, zendesk, jira, intercom, or None for none. Never raises for its content."""
    try:
        with path.open("rb") as stream:
            head = stream.read(sniff.HEAD)
    except OSError:
        return None
    if not head or sniff.layer(head) is not None or sniff.is_zip(head):
        return None
    if (
        len(head) == sniff.HEAD
        and b"\n" not in head
        and head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] not in (b"{", b"[", b"<")
    ):
        return None  # one endless line is no table
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] == b"<":
        return "jira" if jira_xml.looks_right(head) else None
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in (b"{", b"["):
        if sniff.sniff(head, len(head) < sniff.HEAD).kind in ("har", "netlog"):
            return None
        record = first_record(path)
        if record is None:
            return None
        return desks.recognise(record, str(record[""])) or (
            "manifest" if manifest.looks_right(list(record)) else None
        )
    first = next(iter(csv_records(path)), None)
    if first is None or first.value is None:
        return None
    return "manifest" if manifest.looks_right(list(first.value)) else None


def listed(tree: Tree, files: Sequence[ListFile], context: Context) -> Iterator[Ticket]:
    """The tickets of one or several lists of one system, with their files from `tree` or from addresses."""
    groups, names = Groups(), Lookup()
    try:
        for file in files:
            for place, case in _cases(file, names):
                if isinstance(case, str):
                    # What is wrong in a list is a ticket of its own: it shows where all others show.
                    yield context.ticket(f"{file.name} {place}", problems=[f"{file.name}, {place}: {case}"])
                else:
                    groups.add(case.id, packed(case))
        for group in groups:
            yield _ticket(tree, merged(group), context)
    finally:
        groups.close()
        names.close()


def _cases(file: ListFile, names: Lookup) -> Iterator[tuple[str, Case | str]]:
    """Each record with its place: a case, or why it is none."""
    if file.system == "jira" and _is_xml(file.path):
        with file.path.open("rb") as stream:
            number = 0
            try:
                for number, found in enumerate(jira_xml.issues(stream), 1):
                    yield f"item {number}", found
            except jira_xml.BadXml as error:
                yield f"after item {number}", str(error)
        return
    for record in _records(file):
        if record.value is None:
            yield record.place, record.why
        elif record.kind in desks.SIDE:
            person = desks.person_of(record.value)
            if person is not None:
                names[f"{record.kind}:{person[0]}"] = person[1]
        elif file.system == "manifest":
            yield record.place, manifest.read(record.value)
        else:
            yield record.place, desks.READERS[file.system](record.value, names)


def _records(file: ListFile) -> Iterator[Record]:
    with file.path.open("rb") as stream:
        head = stream.read(64).lstrip(b"\xef\xbb\xbf\r\n\t ")
    if head[:1] in (b"{", b"["):
        return json_records(file.path, desks.SIDE if file.system != "manifest" else ())
    return csv_records(file.path)


def _is_xml(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(64).lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] == b"<"


# ---------------------------------------------------------------------------------- the files of a case


def _ticket(tree: Tree, case: Case, context: Context) -> Ticket:
    attachments: list[Attachment] = []
    problems = list(case.problems)
    for ref in case.refs:
        if is_document(ref.name):
            continue
        found = _find(tree, case, ref, context)
        if isinstance(found, str):
            problems.append(found)
        else:
            attachments += found
    if not attachments and not problems:
        problems.append("the ticket has no attachment that could be a capture")
    return context.ticket(
        case.id, attachments, customer=case.customer, at=case.at, tags=case.tags, problems=problems
    )


def _find(tree: Tree, case: Case, ref: Ref, context: Context) -> list[Attachment] | str:
    """The file that a list names, or why it cannot be had."""
    name = one_line(ref.name, LONGEST_NAME)
    url = ref.address
    if url is not None and address.is_remote(url):
        for path in _copies(case, ref):
            if tree.is_file(path):
                found = tree.attachment(path)
                return f"{name}: {found}" if isinstance(found, str) else [found]
        if address.allowed(url, context.origins):
            return [Attachment(url=url, name=ref.name)]
        return refused(url, ref.name)
    paths = _copies(case, ref) if url is None else [url]
    for path in paths:
        inner = _inside(tree, path)
        if inner is None:
            return f"{name}: it leads out of the list's folder, so it is not followed"
        for candidate in dict.fromkeys((inner, inner.replace("\\", "/"))):
            taken = _taken(tree, candidate)
            if taken is not None:
                return f"{name}: {taken}" if isinstance(taken, str) else taken
    return (
        f"{name}: it is not there"
        if url is not None
        else f"{name}: it is in the export by name only, and not beside it"
    )


def _taken(tree: Tree, path: str) -> list[Attachment] | str | None:
    """A file, or all files of a folder; None where there is neither."""
    if tree.is_file(path):
        found = tree.attachment(path)
        return found if isinstance(found, str) else [found]
    try:
        inside = [tree.attachment(name) for name in below(tree, path) if not is_document(name)]
    except (OSError, ValueError):
        return None
    return [found for found in inside if not isinstance(found, str)] or None


def _copies(case: Case, ref: Ref) -> list[str]:
    """Where a downloaded attachment may lie beside an export, most certain first."""
    ids = [id for id in (case.id, *case.keys) if archive.is_plain_name(id)]
    names = [ref.name] if archive.is_plain_name(ref.name) else []
    found: list[str] = []
    for holder in _HOLDERS:
        for id in ids:
            if ref.id is not None and archive.is_plain_name(ref.id):
                found += [f"{holder}{id}/{ref.id}_{n}" for n in names]
                found += [f"{holder}{id}/{ref.id}-{n}" for n in names]
                found += [f"{holder}{id}/{ref.id}/{n}" for n in names]
                found.append(f"{holder}{id}/{ref.id}")
            found += [f"{holder}{id}/{n}" for n in names]
            found += [f"{holder}{id}_{n}" for n in names]
            found += [f"{holder}{id}-{n}" for n in names]
        if ref.id is not None and archive.is_plain_name(ref.id) and holder:
            found += [f"{holder}{ref.id}/{n}" for n in names]
            found += [f"{holder}{ref.id}_{n}" for n in names]
            found += [f"{holder}{ref.id}-{n}" for n in names]
            found.append(f"{holder}{ref.id}")
    return found


def _inside(tree: Tree, given: str) -> str | None:
    """A path of a list as a path in the tree; None where it leads out of it."""
    path = str(address.local_path(given))
    if "\0" in path:
        return None
    if Path(path).is_absolute():
        if not isinstance(tree, LocalTree):
            return None
        for root in (tree.root, tree.real):
            if path.startswith(f"{str(root).rstrip('/')}/"):
                path = path[len(str(root).rstrip("/")) + 1 :]
                break
        else:
            return None
    clean = posixpath.normpath(path.replace("\\", "/") if ".." in path else path)
    return None if clean.startswith(("../", "/")) or clean in ("..", ".") else clean
