"""A list that somebody wrote by hand or with a script: one row or record per ticket, or per attachment."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from analyzer.batch import address
from analyzer.batch.sources.cases import Case, Ref, instant, text, words

# Names of columns, lower case, everything else than letters and digits as `_`. Of several the first with a
# value counts; attachments are taken from all.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "id": (
        "ticket", "ticket_id", "ticketid", "ticket_number", "case", "case_id", "case_number", "issue_key", "key", "issue",
        "issue_id", "conversation_id", "conversation", "request_id", "incident", "number", "id",
    ),
    "customer": (
        "customer", "customer_name", "company", "company_name", "organization", "organisation", "organization_name",
        "account", "account_name", "tenant", "requester", "requester_name", "requester_email", "reporter", "contact",
        "email", "user",
    ),
    "at": (
        "at", "time", "created_at", "created", "opened_at", "opened", "date", "timestamp", "created_date", "creation_date",
        "reported_at",
    ),
    "tags": ("tags", "tag", "labels", "label", "topics"),
    "attachments": (
        "attachments", "attachment", "attachment_paths", "attachment_path", "attachment_urls", "attachment_url",
        "files", "file", "filename", "file_name", "paths", "path", "urls", "url", "captures", "capture", "har", "hars",
        "netlog", "log", "logs",
    ),
}  # fmt: skip
_ADDRESS_KEYS: Final = (
    "path",
    "url",
    "file",
    "href",
    "content_url",
    "content",
    "location",
    "name",
    "filename",
)


def looks_right(names: list[str]) -> bool:
    """Whether columns or keys are those of a list of tickets: an id, and somewhere to find attachments."""
    known = {plain(name) for name in names}
    return bool(known & set(COLUMNS["id"])) and bool(known & set(COLUMNS["attachments"]))


def plain(name: str) -> str:
    """A column's name as `COLUMNS` spells it."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def read(value: dict[str, Any]) -> Case | str:
    """One row or record, or what is wrong with it."""
    given = {plain(name): item for name, item in value.items() if item not in (None, "", [])}
    id = next((found for name in COLUMNS["id"] if (found := text(given.get(name), 200))), None)
    if id is None:
        return "it names no ticket"
    case = Case(id=id, keys=[id])
    case.customer = next(
        (found for name in COLUMNS["customer"] if (found := _customer(given.get(name)))), None
    )
    for name in COLUMNS["at"]:
        if name in given:
            case.at = instant(given[name])
            if case.at is None:
                case.problems.append(f"the list's {name} is no time that is understood")
            break
    case.tags = next((tags for name in COLUMNS["tags"] if (tags := words(given.get(name)))), [])
    for name in COLUMNS["attachments"]:
        if name in given:
            case.refs += _refs(given[name])
    if not case.refs:
        case.problems.append("the list names no attachment of it")
    return case


def _customer(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((found for name in ("name", "email", "id") if (found := text(value.get(name)))), None)
    return text(value)


def _refs(value: Any) -> list[Ref]:
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                value = msgspec.json.decode(value)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                value = [value]
        else:
            value = re.split(r"[\n|;]", value)
    if isinstance(value, dict):
        value = [value]
    found: list[Ref] = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            place = next(
                (item[k] for k in _ADDRESS_KEYS if isinstance(item.get(k), str) and item[k].strip()), None
            )
            name = item.get("name") or item.get("filename") or item.get("file_name")
        else:
            place, name = item, None
        if isinstance(place, str) and place.strip():
            place = place.strip()
            found.append(Ref(name if isinstance(name, str) else address.name_of(place), place))
    return found
