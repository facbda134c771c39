"""Two reports beside each other, as HTML: what `web/comparison.html.j2` receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from analyzer.causes import CAUSES
from analyzer.report import glossary
from analyzer.report.compare import Call, Comparison, Side
from analyzer.report.html import environment
from analyzer.report.numbers import plural
from analyzer.report.prose import prose
from analyzer.safe import one_line

_WORDS: Final = {
    "gone": ("Gone", "ok"), "rarer": ("Rarer", "degraded"), "still": ("Still failing", "failed"),
    "changed": ("Fails otherwise", "failed"), "more-often": ("More often", "failed"), "new": ("New", "failed"),
    "fine": ("Fine", "ok"), "untested": ("Not put to the test", "degraded"),
    "not-comparable": ("Not comparable", "degraded"), "no-streams": ("No streams", "none"),
}  # fmt: skip
_SURE: Final = {
    "certain": "We are certain: chance does not explain it.",
    "likely": "This is likely: chance hardly explains it.",
    "possible": "This is possible: it may as well be luck.",
}
_NO_QUESTION: Final = frozenset({"not-comparable", "untested", "no-streams"})  # nothing to be sure of
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class SideView:
    """What one report has of a call. causes: (title, tone) and how many streams."""

    streams: str
    failed: str
    causes: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class CallView:
    """One call in both reports."""

    name: str
    word: str
    tone: str
    why: Markup
    before: SideView
    after: SideView
    differences: list[str]


@dataclass(frozen=True, slots=True)
class Words:
    """The words that the page links, as `report/glossary.html.j2` takes them."""

    glossary: list[glossary.Term]
    meanings: tuple[()] = ()


def render_comparison(found: Comparison) -> str:
    """HTML of everything below the page's header."""
    word, tone = _WORDS.get(found.outcome, (found.outcome, "none"))
    seen: set[str] = set()
    explanation = prose(found.explanation, seen)
    calls = [_call(call, seen) for call in found.calls[:_MOST]]
    return (
        environment()
        .get_template("web/comparison.html.j2")
        .render(
            word=word,
            tone=tone,
            title=one_line(found.title, 300),
            explanation=explanation,
            sure=None if found.outcome in _NO_QUESTION else _SURE[found.confidence],
            before=_side(found.before),
            after=_side(found.after),
            before_paths=[one_line(path, 200) for path in found.before_paths[:20]],
            after_paths=[one_line(path, 200) for path in found.after_paths[:20]],
            calls=calls,
            more=max(0, len(found.calls) - _MOST),
            differences=[one_line(difference.text, 400) for difference in found.differences],
            only_before=[one_line(name, 200) for name in found.only_before[:50]],
            only_after=[one_line(name, 200) for name in found.only_after[:50]],
            warnings=[one_line(text, 400) for text in found.warnings],
            view=Words([glossary.by_slug()[slug] for slug in sorted(seen)]),
        )
    )


def _side(side: Side) -> SideView:
    causes: list[tuple[str, str, str]] = [
        (CAUSES[cause].title, CAUSES[cause].severity, f"{number:,}") for cause, number in side.causes.items()
    ]
    return SideView(plural(side.streams, "stream"), f"{side.failed:,}", causes)


def _call(call: Call, seen: set[str]) -> CallView:
    word, tone = _WORDS.get(call.outcome, (call.outcome, "none"))
    return CallView(
        name=one_line(f"{call.method or '?'} {call.host or ''}{call.path}", 200),
        word=word,
        tone=tone,
        why=prose(call.why, seen),
        before=_side(call.before),
        after=_side(call.after),
        differences=[one_line(difference.text, 400) for difference in call.differences],
    )
