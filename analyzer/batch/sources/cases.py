"""What a list says of one ticket, before its attachments are looked for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from analyzer.safe import one_line

_EPOCH: Final = re.compile(r"\d{9,13}(?:\.\d{1,9})?")


class Ref(msgspec.Struct, frozen=True):
    """An attachment as a list names it.

    address: a path relative to the list, or an address; None where only its name is told. id: the ticket
    system's own, which attachment folders use. name: for people.
    """

    name: str
    address: str | None = None
    id: str | None = None


class Case(msgspec.Struct, kw_only=True):
    """One record of a list, in the words of all lists. A ticket may have several records."""

    id: str
    customer: str | None = None
    at: str | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    refs: list[Ref] = msgspec.field(default_factory=list)
    problems: list[str] = msgspec.field(default_factory=list)
    keys: list[str] = msgspec.field(default_factory=list)  # what its folder may be called besides its id


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Case)


def packed(case: Case) -> bytes:
    """A record for the spool."""
    return _encoder.encode(case)


def merged(parts: Iterable[bytes]) -> Case:
    """All records of one ticket as one: the first word on each thing counts, lists are put together."""
    found: Case | None = None
    for part in parts:
        case = _decoder.decode(part)
        if found is None:
            found = case
            continue
        found.customer = found.customer or case.customer
        found.at = found.at or case.at
        for name in ("tags", "refs", "problems", "keys"):
            known = getattr(found, name)
            known += [item for item in getattr(case, name) if item not in known]
    assert found is not None, "a group has at least one record"
    return found


def text(value: Any, limit: int = 300) -> str | None:
    """A name or a number as one line of text; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value) if value.is_integer() else value
    return one_line(str(value)[: 4 * limit], limit).strip() or None


def instant(value: Any) -> str | None:
    """A time as ISO 8601 in UTC; None for what is no time.

    Understood are ISO 8601, the dates of mails and feeds, and seconds or milliseconds of the Unix epoch. A
    time without a zone is taken as UTC.
    """
    shown = text(value, 60)
    if shown is None:
        return None
    try:
        if _EPOCH.fullmatch(shown):
            seconds = float(shown)
            found = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        else:
            try:
                found = datetime.fromisoformat(shown.removesuffix(" UTC"))
            except ValueError:
                found = parsedate_to_datetime(shown)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError):
        return None


def words(value: Any) -> list[str]:
    """Tags: a list of texts, a list of objects with a name, or one text with commas, semicolons or bars."""
    if isinstance(value, str):
        value = re.split(r"[,;|\n]", value[:20_000])
    if not isinstance(value, list):
        return []
    found = [text(item.get("name") if isinstance(item, dict) else item, 100) for item in value[:200]]
    return [item for item in found if item]
