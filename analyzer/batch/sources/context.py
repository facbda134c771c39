"""What all layouts share while tickets are being found: unique ids, permissions, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from analyzer.batch import address
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.sources.spool import Unique
from analyzer.batch.sources.tree import Tree
from analyzer.safe import one_line

LONGEST_ID = 200
LONGEST_NAME = 200


@dataclass(slots=True)
class Context:
    """tell: takes sentences for people, about the whole batch. origins: places whose addresses a list may name."""

    tell: Callable[[str], None]
    origins: frozenset[str] = frozenset()
    ids: Unique = field(default_factory=Unique)

    def ticket(
        self,
        id: str,
        attachments: Iterable[Attachment] = (),
        *,
        customer: str | None = None,
        at: str | None = None,
        tags: Iterable[str] = (),
        problems: Iterable[str] = (),
    ) -> Ticket:
        """A ticket whose id nobody else has; a clash is told."""
        wanted = one_line(id, LONGEST_ID).strip() or "ticket"
        name = self.ids.take(wanted)
        if name != wanted:
            self.tell(f"two tickets are called {wanted}; the later one is {name} here")
        return Ticket(
            id=name,
            attachments=tuple(dict.fromkeys(attachments)),
            customer=customer,
            at=at,
            tags=tuple(dict.fromkeys(tags)),
            problems=tuple(dict.fromkeys(problems)),
        )


def gather(tree: Tree, paths: Iterable[str]) -> tuple[list[Attachment], list[str]]:
    """Files of one ticket as attachments; what is not taken, with the reason. Documents are left out."""
    from analyzer.batch.sources.names import is_document

    attachments: list[Attachment] = []
    problems: list[str] = []
    for path in paths:
        name = path.rpartition("/")[2]
        if is_document(name):
            continue
        found = tree.attachment(path)
        if isinstance(found, str):
            problems.append(f"{one_line(name, LONGEST_NAME)}: {found}")
        else:
            attachments.append(found)
    return attachments, problems


def refused(url: str, name: str) -> str:
    """The sentence for an address in a list that the user has not allowed."""
    place = address.origin(url) if "://" in url and "::" not in url else "an address of that kind"
    what = one_line(name, LONGEST_NAME)
    if "://" in place and address.allowed(url, (place,)):
        return f"{what}: it is at {one_line(place, 200)}, which only you can allow: --fetch {one_line(place, 200)}"
    return f"{what}: {one_line(place, 200)} is not followed from a list"
