"""Exports of ticket systems as cases: Zendesk, Jira and Intercom.

Their documented shapes, as far as tickets and attachments go:

Zendesk: a JSON export has one ticket per line, or `{"ticket": …}` or `{"tickets": […]}` as the API
answers; the incremental exports page through the latter, with `users` and `organizations` beside the tickets
when asked for. Attachments belong to comments: `comments[].attachments[]` with `file_name`, `id` and
`content_url`. Events of the incremental export carry them in `child_events[]` of a `ticket_id`.

Jira: REST answers have `{"issues": [{"key", "fields": {"attachment": [{"filename", "id", "content"}]}}]}`; the
XML export is read in `jira_xml`.

Intercom: a conversation has `source.attachments[]` and `conversation_parts.conversation_parts[].attachments[]`
with `name` and `url`; lists are `{"conversations": […]}`. Times are seconds of the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from analyzer.batch.sources.cases import Case, Ref, instant, text, words
from analyzer.batch.sources.names import ISSUE_KEY


class Names(Protocol):
    """What an export says elsewhere of people and organizations, by kind and id."""

    def get(self, key: str) -> str | None: ...


Reader = Callable[[dict[str, Any], Names], Case | str]
SIDE: Final = ("users", "organizations", "contacts", "companies")
_ZENDESK: Final = (
    "requester_id",
    "submitter_id",
    "brand_id",
    "organization_id",
    "requester",
    "via",
    "ticket_form_id",
)


def recognise(record: dict[str, Any], kind: str = "") -> str | None:
    """The system whose record it is, by its keys: zendesk, jira, intercom or None."""
    if isinstance(record.get("fields"), dict) and ISSUE_KEY.fullmatch(str(record.get("key"))):
        return "jira"
    if "conversation_parts" in record or record.get("type") == "conversation":
        return "intercom"
    if kind == "conversations" and isinstance(record.get("source"), dict):
        return "intercom"
    inner = record.get("ticket")
    if isinstance(inner, dict):
        record = inner
    if "id" in record and "created_at" in record and sum(name in record for name in _ZENDESK) >= 1:
        return "zendesk"
    if "ticket_id" in record and isinstance(record.get("child_events"), list):
        return "zendesk"
    return None


def zendesk(record: dict[str, Any], names: Names) -> Case | str:
    """A ticket, or an event of one."""
    inner = record.get("ticket")
    beside = record.get("comments")
    if isinstance(inner, dict):
        record = inner
    id = text(record.get("ticket_id") if "child_events" in record else record.get("id"), 200)
    if id is None:
        return "the ticket has no id"
    case = Case(id=id, keys=[f"ticket-{id}", f"ticket_{id}", f"#{id}"])
    if "child_events" not in record:
        case.at = instant(record.get("created_at"))
        case.tags = words(record.get("tags"))
        case.customer = (
            _person(record.get("organization"))
            or names.get(f"organizations:{record.get('organization_id')}")
            or _person(record.get("requester"))
            or names.get(f"users:{record.get('requester_id')}")
        )
    comments = [
        *_list(record.get("comments")),
        *_list(beside if record.get("comments") is not beside else None),
    ]
    comments += [event for audit in _list(record.get("audits")) for event in _list(audit.get("events"))]
    comments += _list(record.get("child_events"))
    for comment in comments:
        for found in _list(comment.get("attachments")):
            if found.get("deleted") is True:
                case.problems.append(
                    f"{text(found.get('file_name')) or 'an attachment'}: it was deleted in the ticket system"
                )
                continue
            _add(
                case,
                found.get("file_name"),
                found.get("mapped_content_url") or found.get("content_url"),
                found.get("id"),
            )
    return case


def jira(record: dict[str, Any], names: Names) -> Case | str:
    """An issue as the REST API gives it."""
    id = text(record.get("key"), 200)
    if id is None:
        return "the issue has no key"
    given = record.get("fields")
    fields: dict[str, Any] = given if isinstance(given, dict) else {}
    case = Case(id=id, keys=[])
    case.at = instant(fields.get("created"))
    case.tags = words(fields.get("labels"))
    case.customer = _person(fields.get("reporter")) or _person(fields.get("creator"))
    for name, value in fields.items():
        # Jira Service Management keeps the customer's organizations in a field of its own, with any number.
        if name.startswith("customfield_") and isinstance(value, list) and value:
            first = value[0]
            if (
                isinstance(first, dict)
                and "organization" in str(first.get("_links", first.get("self", ""))).lower()
            ):
                case.customer = _person(first) or case.customer
    for found in _list(fields.get("attachment")):
        _add(case, found.get("filename"), found.get("content"), found.get("id"))
    return case


def intercom(record: dict[str, Any], names: Names) -> Case | str:
    """A conversation with its parts."""
    id = text(record.get("id"), 200)
    if id is None:
        return "the conversation has no id"
    case = Case(id=id, keys=[f"conversation-{id}", f"conversation_{id}"])
    case.at = instant(record.get("created_at"))
    tags = record.get("tags")
    case.tags = words(tags.get("tags") if isinstance(tags, dict) else tags)
    source = record.get("source") or record.get("conversation_message")
    people = record.get("contacts")
    contacts = _list(people.get("contacts") if isinstance(people, dict) else people)
    case.customer = next((found for c in contacts if (found := _company(c, names))), None)
    if isinstance(source, dict):
        author = source.get("author")
        if (
            case.customer is None
            and isinstance(author, dict)
            and author.get("type") not in ("admin", "bot", "team")
        ):
            case.customer = _person(author)
    case.customer = case.customer or next((found for c in contacts if (found := _person(c))), None)
    parts = record.get("conversation_parts")
    messages = [
        *_list([source]),
        *_list(parts.get("conversation_parts") if isinstance(parts, dict) else parts),
    ]
    for message in messages:
        for file in _list(message.get("attachments")):
            _add(case, file.get("name"), file.get("url"), file.get("id"))
    return case


READERS: Final[dict[str, Reader]] = {"zendesk": zendesk, "jira": jira, "intercom": intercom}


def person_of(record: dict[str, Any]) -> tuple[str, str] | None:
    """Id and name of a user or an organization that an export brings along."""
    id, name = text(record.get("id"), 100), _person(record)
    return (id, name) if id is not None and name is not None else None


def _add(case: Case, name: Any, url: Any, id: Any) -> None:
    shown = text(name, 300)
    place = url if isinstance(url, str) and url else None
    if shown is None and place is None:
        case.problems.append("an attachment has neither a name nor an address in the export")
        return
    case.refs.append(Ref(shown or "attachment", place, text(id, 100)))


def _company(contact: dict[str, Any], names: Names) -> str | None:
    given = contact.get("companies")
    listed = _list(given.get("companies") or given.get("data") if isinstance(given, dict) else given)
    return next(
        (found for c in listed if (found := _person(c) or names.get(f"companies:{c.get('id')}"))), None
    )


def _person(value: Any) -> str | None:
    """A person or an organization: the name, else the address; None for nobody."""
    if isinstance(value, str):
        return text(value)
    if not isinstance(value, dict):
        return None
    order = ("name", "displayName", "display_name", "email", "emailAddress")
    return next((found for name in order if (found := text(value.get(name)))), None)


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
