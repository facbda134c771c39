"""Which exporter wrote the file: by its name if it says so, else by fields that only one writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from analyzer.intake.dialects.base import Dialect
from analyzer.intake.dialects.chrome import Chrome
from analyzer.intake.dialects.firefox import Firefox
from analyzer.intake.shape import Entry, is_set

# How `log.creator.name` begins, lower case.
_CREATORS: Final[tuple[tuple[str, type[Dialect]], ...]] = (
    ("webinspector", Chrome),
    ("firefox", Firefox),
)
_MARKS: Final[tuple[tuple[type[Dialect], Callable[[Entry], bool]], ...]] = (
    (Firefox, lambda entry: is_set(entry.security_state)),
    (Chrome, lambda entry: entry.timings is not None and is_set(entry.timings.queueing)),
)


def choose(creator: str | None, browser: str | None, entries: Sequence[Entry]) -> type[Dialect]:
    """The dialect. creator, browser: `log.creator.name` and `log.browser.name`."""
    name = (creator or "").strip().lower()
    for start, dialect in _CREATORS:
        if name.startswith(start):
            return dialect
    if not name:
        for entry in entries[:50]:
            for dialect, fits in _MARKS:
                if fits(entry):
                    return dialect
    return Dialect
