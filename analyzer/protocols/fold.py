"""Reading the events of one stream in order: end markers, errors, finish reasons, content.

The order of judgement is *in-band error, then finish reason, then end marker*, because servers write an
end marker after an error as well; but what comes after the end marker is not the stream's any more.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from analyzer.decode.api import NOT_JSON
from analyzer.protocols.conditions import View, first, values
from analyzer.protocols.errorbody import ErrorFacts, error_facts
from analyzer.protocols.profile import ErrorRule, FinishRule, Profile

#: Which of several finish reasons speaks for the stream: the most serious one.
_SERIOUS: Final = ("error", "overloaded", "rate-limit", "filtered", "limit", "cancelled", "unknown", "ok")
#: What the name of an event that is an error says.
_SPOKEN: Final = ("error", "fatal", "exception", "fail")
#: No request asks for more; a hostile body can hold more.
_CHOICES: Final = 128
_FAILED: Final = {"error": "unknown", "overloaded": "overloaded", "rate-limit": "rate-limit"}


class Fold(msgspec.Struct):
    """What has been seen so far. Positions count the views taken, from 0; None: not seen."""

    profile: Profile
    asked_ids: frozenset[Any] = frozenset()
    taken: int = 0
    content: int = 0
    heartbeats: int = 0
    stripped: int = 0
    named: int = 0
    terminal_at: int | None = None
    after_terminal: bool = False
    finished_at: int | None = None
    soft_at: int | None = None
    error_at: int | None = None
    error: ErrorFacts | None = None
    error_is_weak: bool = False
    error_is_named: bool = False  # the event itself is called an error, not only its payload
    handoff: bool = False
    planned: bool = False
    finish_repeats: int = 0
    choices: dict[Any, str | None] = msgspec.field(default_factory=dict)
    reason: str | None = None
    open_operations: set[str] = msgspec.field(default_factory=set)
    closed_operations: int = 0

    def take(self, view: View) -> None:
        """Read the next event."""
        profile, here = self.profile, self.taken
        self.taken += 1
        if view.event.data is None:
            self.stripped += 1
        if view.event.type != "message":
            self.named += 1
        if profile.opens is not None and profile.opens(view) and self.terminal_at is not None:
            self.terminal_at = self.finished_at = self.soft_at = None
        if profile.heartbeat is not None and profile.heartbeat(view):
            self.heartbeats += 1
            return
        has_content = self._content(view)
        finished = self._finish(view, here)
        if has_content:
            self._took_content(finished)
        self._operations(view)
        if profile.soft is not None and profile.soft(view):
            self.soft_at = here
        if profile.handoff is not None and profile.handoff(view):
            self.handoff = True
        if profile.planned is not None and profile.planned(view):
            self.planned = True
        if self.terminal_at is None:
            self._errors(view, here)
            if profile.terminal is not None and profile.terminal(view) and self._answers(view):
                self.terminal_at = here

    def _content(self, view: View) -> bool:
        """Whether the event has part of the answer. Without a rule: any that is no end and no error."""
        profile = self.profile
        if view.event.data is None and profile.content is None:
            return True
        if profile.content is not None:
            return profile.content(view)
        if profile.terminal is not None and profile.terminal(view):
            return False
        if any(rule.when(view) for rule in profile.errors):
            return False
        return bool(view.text)

    def _took_content(self, finished: bool) -> None:
        self.content += 1
        if self.error_is_weak:
            self.error = self.error_at = None
            self.error_is_weak = False
        if self.terminal_at is not None:
            if self.profile.withdrawn_by_content:
                self.finish_repeats += 1
                self.terminal_at = None
                if not finished:
                    self.finished_at = None
            else:
                self.after_terminal = True

    def _answers(self, view: View) -> bool:
        """JSON-RPC: a response to another request ends nothing. Unknown ids are believed."""
        if not self.profile.answers_request or not self.asked_ids:
            return True
        found = view.json.get("id") if isinstance(view.json, dict) else None
        return found in self.asked_ids if isinstance(found, (str, int)) else False

    # -- finish reasons

    def _finish(self, view: View, here: int) -> bool:
        if view.json is NOT_JSON:
            return False
        seen = False
        for rule in self.profile.finish:
            if rule.when is not None and not rule.when(view):
                continue
            if rule.each is not None:
                seen |= self._finish_choices(rule, view.json)
            else:
                reason = _word(rule, view.json)
                if reason is not None:
                    self.reason = reason
                    seen = True
        if seen and (not self.choices or all(self.choices.values())):
            self.finished_at = here
        return seen

    def _finish_choices(self, rule: FinishRule, json: Any) -> bool:
        seen = False
        for place, choice in enumerate(values(json, rule.each or ())):
            for index, one in enumerate(choice[:_CHOICES] if isinstance(choice, list) else [choice]):
                key = first(one, rule.key)
                key = key if isinstance(key, (str, int)) else place + index
                reason = _word(rule, one)
                if reason is not None:
                    if key in self.choices or len(self.choices) < _CHOICES:
                        self.choices[key] = reason
                    seen = True
                elif len(self.choices) < _CHOICES:
                    self.choices.setdefault(key, None)
        return seen

    def finish(self) -> tuple[str | None, str | None]:
        """The finish reason that speaks for the stream, and its class."""
        reasons = [reason for reason in [*self.choices.values(), self.reason] if reason]
        if not reasons:
            return None, None
        classed = [(self.profile.reasons.get(reason.lower(), "unknown"), reason) for reason in reasons]
        kind, reason = min(classed, key=lambda pair: _SERIOUS.index(pair[0]))
        return reason, kind

    # -- errors

    def _errors(self, view: View, here: int) -> None:
        for rule in self.profile.errors:
            if rule.unless_finished and (self.finished_at is not None or self.soft_at is not None):
                continue
            if rule.when(view):
                if self.error is None or self.error.error_class == "unknown":
                    self.error = _told(rule, view, self.profile)
                self.error_at = here
                self.error_is_weak = rule.last
                self.error_is_named = any(word in view.event.type.lower() for word in _SPOKEN)
                return

    def failed_finish(self) -> ErrorFacts | None:
        """An error that is told by the finish reason alone."""
        reason, kind = self.finish()
        if reason is None or kind not in _FAILED:
            return None
        return ErrorFacts(
            error_code=reason,
            error_class=_FAILED[kind],
            error_owner=self.profile.owner,
            provider=self.profile.provider,
        )

    # -- operations that share one connection

    def _operations(self, view: View) -> None:
        profile = self.profile
        if profile.operation_opens is None:
            return
        name = str(first(view.json, profile.operation_id)) if view.json is not NOT_JSON else ""
        if profile.operation_closes is not None and profile.operation_closes(view):
            self.open_operations.discard(name)
            self.closed_operations += 1
        elif profile.operation_opens(view) and len(self.open_operations) < 4096:
            self.open_operations.add(name)


def _word(rule: FinishRule, json: Any) -> str | None:
    """The first reason that stands at one of the rule's paths."""
    for steps in rule.at:
        for found in values(json, steps):
            if isinstance(found, str) and found and found != "null":  # some vendors write the word
                return found[:200]
    return None


def _told(rule: ErrorRule, view: View, profile: Profile) -> ErrorFacts:
    """What an error event says, by the rule's paths first and by convention else."""
    json = view.json if view.json is not NOT_JSON else view.text.decode("utf-8", "replace")[:2000]
    told = first(json, rule.at) if rule.at is not None else json
    facts = error_facts(told if told is not None else json, owner=profile.owner, provider=profile.provider)
    if rule.type_from_kind:
        facts = facts.with_words(type=view.kind.rpartition("/")[2])
    facts = facts.with_words(
        type=_text(json, rule.type), code=_text(json, rule.code), text=_text(json, rule.text)
    )
    if rule.error_class is not None:
        facts = facts.with_class(rule.error_class)
    return facts


def _text(json: Any, steps: tuple[Any, ...] | None) -> str | None:
    found = first(json, steps) if steps is not None else None
    return str(found)[:2000] if isinstance(found, (str, int)) and not isinstance(found, bool) else None
