"""A protocol profile: what one provider or framework promises on top of a framing.

The YAML says it, this module checks and compiles it. See `docs/protocols.md` for what is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from analyzer.protocols.conditions import Step, Test, compile_any, compile_condition, path

_Found = TypeVar("_Found")

#: Everything a profile may say, and the type of its value.
KEYS: Final[dict[str, type | tuple[type, ...]]] = {
    "id": str,
    "title": str,
    "dialect": str,  # set by vendors: the protocol that they speak
    "provider": (str, type(None)),
    "owner": str,
    "framing": list,
    "kind_field": (str, list),
    "recognise": dict,
    "endpoints": list,
    "heartbeat": list,
    "content": list,
    "terminal": dict,
    "soft": list,
    "finish": list,
    "reasons": dict,
    "errors": list,
    "handoff": list,
    "planned": dict,
    "opens": list,
    "operations": dict,
    "unwrap": str,
    "resume": str,
    "needles": list,
    "notes": str,
    "sources": list,
}
RECOGNISE: Final = frozenset(
    {"hosts", "paths", "home_paths", "request_headers", "response_headers", "first", "marks", "comments"}
)
TERMINAL: Final = frozenset(
    {"name", "when", "owed", "withdrawn_by_content", "answers_request", "closed_array"}
)
ENDPOINT: Final = frozenset({"method", "hosts", "path", "query", "streams"})
FINISH: Final = frozenset({"when", "each", "key", "at"})
ERROR: Final = frozenset({"when", "at", "type", "code", "text", "class", "unless_finished", "last"})
PLANNED: Final = frozenset({"when", "after_id"})
OPERATIONS: Final = frozenset({"opens", "closes", "id"})


class FinishRule(msgspec.Struct):
    """Where a finish reason stands. each: a list of choices, told apart by `key`."""

    when: Test | None
    each: tuple[Step, ...] | None
    key: tuple[Step, ...]
    at: list[tuple[Step, ...]]


class ErrorRule(msgspec.Struct):
    """What an in-band error looks like. at: the error object; type, code, text: their own paths.

    unless_finished: it does not count once the answer is complete. last: it counts only when no content
    follows, for conventions that no specification backs.
    """

    when: Test
    at: tuple[Step, ...] | None
    type: tuple[Step, ...] | None
    code: tuple[Step, ...] | None
    text: tuple[Step, ...] | None
    error_class: str | None
    type_from_kind: bool
    unless_finished: bool
    last: bool


class Profile(msgspec.Struct):
    """One profile, compiled. Lists of conditions are single functions here; None: says nothing."""

    id: str
    title: str
    source: dict[str, Any]
    dialect: str | None
    provider: str | None
    owner: str
    framing: tuple[str, ...]
    kind_fields: tuple[str, ...]
    hosts: list[str]
    paths: list[str]
    home_paths: list[str]
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    first: Test | None
    marks: Test | None
    comments: tuple[bytes, ...]
    heartbeat: Test | None
    content: Test | None
    terminal: Test | None
    terminal_name: str | None
    terminal_owed: bool
    terminal_named: bool  # event names alone decide it: it can be judged where data was stripped
    withdrawn_by_content: bool
    answers_request: bool
    closed_array: bool
    soft: Test | None
    finish: list[FinishRule]
    reasons: dict[str, str]
    errors: list[ErrorRule]
    handoff: Test | None
    planned: Test | None
    planned_after_id: bool
    opens: Test | None
    operation_opens: Test | None
    operation_closes: Test | None
    operation_id: tuple[Step, ...]
    unwrap: tuple[Step, ...] | None
    resume: str | None
    needles: list[str] = msgspec.field(default_factory=list)


class ProfileError(ValueError):
    """What is wrong with a profile, and under which key. The loader adds file and line."""

    def __init__(self, message: str, key: str) -> None:
        self.key = key
        super().__init__(message)


def merge(base: dict[str, Any], vendor: dict[str, Any]) -> dict[str, Any]:
    """A vendor's profile on top of the dialect that it speaks: lists grow, other values replace."""
    merged = dict(base)
    for key, value in vendor.items():
        if key in ("recognise", "endpoints", "notes", "sources"):
            merged[key] = value
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        elif isinstance(value, list) and isinstance(merged.get(key), list):
            merged[key] = [*value, *merged[key]]
        else:
            merged[key] = value
    return merged


def build(raw: dict[str, Any]) -> Profile:
    """Check and compile one profile (a vendor's is merged already). Raises ProfileError."""
    _check(raw)
    recognise, terminal, planned = raw.get("recognise", {}), raw.get("terminal", {}), raw.get("planned", {})
    operations = raw.get("operations", {})
    kinds = raw.get("kind_field", "type")
    return Profile(
        id=raw["id"],
        title=raw["title"],
        source=raw,
        dialect=raw.get("dialect"),
        provider=raw.get("provider"),
        owner=raw.get("owner", "provider"),
        framing=tuple(raw["framing"]),
        kind_fields=tuple(kinds) if isinstance(kinds, list) else (kinds,),
        hosts=recognise.get("hosts", []),
        paths=recognise.get("paths", []),
        home_paths=recognise.get("home_paths", []),
        request_headers=recognise.get("request_headers", {}),
        response_headers=recognise.get("response_headers", {}),
        first=_any(recognise.get("first", []), "recognise"),
        marks=_any(recognise.get("marks", []), "recognise"),
        comments=tuple(text.encode() for text in recognise.get("comments", [])),
        heartbeat=_any(raw.get("heartbeat", []), "heartbeat"),
        content=_any(raw.get("content", []), "content"),
        terminal=_any(terminal.get("when", []), "terminal"),
        terminal_name=terminal.get("name"),
        terminal_owed=terminal.get("owed", True) and bool(terminal.get("when")),
        terminal_named=bool(terminal.get("when")) and all(set(c) == {"kind"} for c in terminal["when"]),
        withdrawn_by_content=terminal.get("withdrawn_by_content", False),
        answers_request=terminal.get("answers_request", False),
        closed_array=terminal.get("closed_array", False),
        soft=_any(raw.get("soft", []), "soft"),
        finish=[_finish(rule) for rule in raw.get("finish", [])],
        reasons={str(word).lower(): name for name, words in raw.get("reasons", {}).items() for word in words},
        errors=[_error(rule) for rule in raw.get("errors", [])],
        handoff=_any(raw.get("handoff", []), "handoff"),
        planned=_any(planned.get("when", []), "planned"),
        planned_after_id=planned.get("after_id", False),
        opens=_any(raw.get("opens", []), "opens"),
        operation_opens=_any(operations.get("opens", []), "operations"),
        operation_closes=_any(operations.get("closes", []), "operations"),
        operation_id=path(operations.get("id", "id")),
        unwrap=path(raw["unwrap"]) if "unwrap" in raw else None,
        resume=raw.get("resume"),
        needles=raw.get("needles", []),
    )


def _check(raw: dict[str, Any]) -> None:
    for key, value in raw.items():
        if key not in KEYS:
            raise ProfileError(f"unknown key {key!r}", key)
        if not isinstance(value, KEYS[key]):
            raise ProfileError(f"{key!r} has the wrong type", key)
    for key in ("id", "title", "framing"):
        if key not in raw:
            raise ProfileError(f"{key!r} is missing", "id")
    from analyzer.columns import VALUES

    for name in raw["framing"]:
        if name not in VALUES["framing"]:
            raise ProfileError(f"no such framing: {name!r}", "framing")
    for name in raw.get("reasons", {}):
        if name not in VALUES["finish_class"]:
            raise ProfileError(f"no such finish class: {name!r}", "reasons")
    if raw.get("owner", "provider") not in VALUES["error_owner"]:
        raise ProfileError("no such error owner", "owner")
    for key, allowed in (
        ("recognise", RECOGNISE),
        ("terminal", TERMINAL),
        ("planned", PLANNED),
        ("operations", OPERATIONS),
    ):
        for name in raw.get(key, {}):
            if name not in allowed:
                raise ProfileError(f"unknown key {name!r} in {key!r}", key)
    for key, allowed in (("endpoints", ENDPOINT), ("finish", FINISH), ("errors", ERROR)):
        for rule in raw.get(key, []):
            if not isinstance(rule, dict) or set(rule) - allowed:
                raise ProfileError(f"{key!r} takes mappings with the keys {', '.join(sorted(allowed))}", key)
    for rule in raw.get("errors", []):
        if "class" in rule and rule["class"] not in VALUES["error_class"]:
            raise ProfileError(f"no such error class: {rule['class']!r}", "errors")


def _any(conditions: list[dict[str, Any]], key: str) -> Test | None:
    return _guard(compile_any, conditions, key)


def _guard(function: Callable[[Any], _Found], value: Any, key: str) -> _Found:
    try:
        return function(value)
    except ProfileError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise ProfileError(f"in {key!r}: {error}", key) from error


def _finish(rule: dict[str, Any]) -> FinishRule:
    at = rule.get("at", [])
    return FinishRule(
        when=_guard(compile_condition, rule["when"], "finish") if "when" in rule else None,
        each=path(rule["each"]) if "each" in rule else None,
        key=path(rule.get("key", "index")),
        at=[path(text) for text in (at if isinstance(at, list) else [at])],
    )


def _error(rule: dict[str, Any]) -> ErrorRule:
    if "when" not in rule:
        raise ProfileError("an error needs `when`", "errors")

    def optional(name: str) -> tuple[Step, ...] | None:
        return path(rule[name]) if name in rule and rule[name] != "@kind" else None

    return ErrorRule(
        when=_guard(compile_condition, rule["when"], "errors"),
        at=optional("at"),
        type=optional("type"),
        code=optional("code"),
        text=optional("text"),
        error_class=rule.get("class"),
        type_from_kind=rule.get("type") == "@kind",
        unless_finished=rule.get("unless_finished", False),
        last=rule.get("last", False),
    )
