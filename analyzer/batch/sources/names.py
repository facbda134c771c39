"""What names say: which ticket a loose file belongs to, which folder is a ticket, what is no capture.

Names are a hint of people, so the rules are few and careful. Two files are only put together when their
names begin with the same ticket number, or differ in nothing but their suffixes.
"""

from __future__ import annotations

import re
from typing import Final

# What a capture's name ends in; several may follow each other: chat.netlog.json.gz.
_SUFFIX: Final = re.compile(
    r"\.(?:z?har|json|jsonl|ndjson|netlog|log|txt|csv|tsv|access|error|stdout|stderr|gz|gzip|zst|xz|bz2|zip|\d{1,3})$",
    re.IGNORECASE,
)
# A key as Jira and its kin make them: PROJ-123.
ISSUE_KEY: Final = re.compile(r"[A-Z][A-Z0-9_]{1,30}-[1-9]\d{0,9}(?![A-Za-z0-9])")
# INC0012345, CS0001234: a short prefix and a number of fixed width.
_RECORD: Final = re.compile(r"(?:INC|REQ|RITM|TASK|CS|CHG|PRB|SR|CASE|TKT)\d{4,12}(?![A-Za-z0-9])")
_NUMBER: Final = re.compile(
    r"(?:(?:ticket|case|issue|request|conversation|conv|incident|zd|#)[ _#.-]{0,3})?(\d{3,18})(?=$|[ _.()-])",
    re.IGNORECASE,
)
# 2026-03-02, 20260302, 2026_03, and seconds or milliseconds of the Unix epoch.
_DATE: Final = re.compile(
    r"(?:19|20)\d\d(?:[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?(?:[T_-]?\d{2,6})?)(?=$|[ _.()T-])"
    r"|1[5-9]\d{8}(?:\d{3})?(?=$|[ _.()-])"
)
_PARTS: Final = frozenset(
    ["attachments", "files", "captures", "har", "hars", "netlog", "netlogs", "log", "logs", "client", "server",
     "browser", "proxy", "nginx", "haproxy", "envoy", "frontend", "backend", "screenshots", "images", "comments"]
)  # fmt: skip
_DOCUMENTS: Final = frozenset(
    ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic", "svg", "ico", "mp4", "mov", "webm", "mkv", "avi",
     "mp3", "wav", "m4a", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "eml", "msg", "vcf",
     "ics", "html", "htm", "css", "js", "md", "ini", "exe", "dmg", "p7s", "asc", "sig"]
)  # fmt: skip

# A file that is called like a list of tickets.
_LIKELY: Final = re.compile(
    r"(?i)(?:ticket|manifest|issue|conversation|zendesk|jira|intercom|queue|export|cases|index).*"
    r"\.(?:json|jsonl|ndjson|csv|tsv|xml)$"
)


def hidden(name: str) -> bool:
    """Files and folders that no person put there."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def is_document(name: str) -> bool:
    """A picture, a film, a letter: what people attach beside captures, by the end of its name."""
    stem, _, suffix = name.rpartition(".")
    return suffix.lower() in _DOCUMENTS or stem.lower() == "readme" or name.lower() == "readme"


def is_part(name: str) -> bool:
    """A folder inside a ticket, by its name: it sorts captures by kind and is no ticket of its own."""
    return name.lower() in _PARTS


def stem(name: str) -> str:
    """A name without the suffixes that captures have."""
    while (shorter := _SUFFIX.sub("", name)) != name and shorter:
        name = shorter
    return name


def ticket_of(name: str) -> str:
    """The ticket that a loose file belongs to: the number or key that its name begins with, or its stem.

    A date is no number of a ticket.
    """
    for pattern in (ISSUE_KEY, _RECORD):
        match = pattern.match(name)
        if match is not None:
            return match[0]
    number = _NUMBER.match(name)
    if number is not None and _DATE.match(name, number.start(1)) is None:
        return number[1]
    return stem(name)


def id_of_folder(path: str) -> str:
    """The id of a ticket's folder: an issue key by itself, else its path below the folder that was named."""
    last = path.rpartition("/")[2]
    match = ISSUE_KEY.fullmatch(last)
    return last if match is not None else path


def is_likely(name: str) -> bool:
    """Whether a file in a folder is worth a look: it is called like a list of tickets."""
    return _LIKELY.search(name) is not None


def is_number(name: str) -> bool:
    """Whether a name begins with a ticket's number or key, so that the folder is a ticket's."""
    number = _NUMBER.match(name)
    return (
        ISSUE_KEY.match(name) is not None
        or _RECORD.match(name) is not None
        or (number is not None and _DATE.match(name, number.start(1)) is None)
    )
