"""One rule file into one Rule, or into every complaint there is about it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Final, cast

from analyzer.causes import CAUSES, CONFIDENCES, Confidence
from analyzer.columns import columns
from analyzer.engine.complaints import nearest
from analyzer.engine.conditions import Reader, texts
from analyzer.engine.rule import AUDIENCES, BASES, KINDS, Basis, Group, Quiet, Rule
from analyzer.engine.yamlpos import read
from analyzer.errors import RuleError

_REQUIRED: Final = (
    "id", "cause", "title", "basis", "when", "confidence", "evidence", "say", "fix", "sources", "examples",
)  # fmt: skip
_OPTIONAL: Final = (
    "refines", "kinds", "certain_when", "likely_when", "possible_when", "settle", "confused_with", "since",
)  # fmt: skip
KEYS: Final = _REQUIRED + _OPTIONAL


class Parsed:
    """What came of one file. rule: None when anything is wrong with it. patterns: (place, RE2 pattern).

    name: the id, also of a damaged rule, so that others may name it without a second complaint.
    """

    def __init__(self) -> None:
        self.rule: Rule | None = None
        self.name: str | None = None
        self.errors: list[RuleError] = []
        self.patterns: list[tuple[str, str]] = []


def parse(text: str, file: str, *, builtin: bool = True) -> Parsed:
    """Read one rule. `file` is the name that complaints carry; its stem and folder are checked too."""
    result = Parsed()
    try:
        document, marks = read(text, file)
    except RuleError as error:
        result.errors.append(error)
        return result
    reader = Reader(file, marks, result.errors)
    if not isinstance(document, dict):
        reader.complain((), "a rule is a mapping", "id, cause, title, …")
        return result
    for key in document:
        if key not in KEYS:
            reader.complain((key,), f'unknown key "{key}"', nearest(key, KEYS, what="a key of a rule"))
    for key in _REQUIRED:
        if key not in document:
            reader.complain((), f'"{key}" is missing', _WHY[key])
    fields = _Fields(reader, document)
    rule = fields.rule(file, builtin)
    result.name = rule.id or None
    result.errors.sort(key=_place)
    result.patterns = reader.patterns
    if not result.errors:
        result.rule = rule
    return result


def _place(error: RuleError) -> tuple[int, int]:
    """Line and column of a complaint, for file order."""
    line, column = (error.where or "0:0").rsplit(":", 2)[-2:]
    return int(line), int(column)


_WHY: Final = {
    "id": "the file's name without .yaml",
    "cause": "an id from the list of causes",
    "title": "one line that a reader of the report understands",
    "basis": f"one of {', '.join(BASES)}",
    "when": "the condition: all, any, none",
    "confidence": f"one of {', '.join(CONFIDENCES)}",
    "evidence": "columns that prove it, the decisive one first",
    "say": "the explanation, as a template",
    "fix": "what user, operator and developer can do",
    "sources": "at least one: where this is documented or was seen",
    "examples": "fires: rows that must fire; quiet: near misses that must not",
}


class _Fields:
    def __init__(self, reader: Reader, document: dict[str, Any]) -> None:
        self.reader = reader
        self.doc = document

    def text(self, key: str) -> str:
        value = self.doc.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return (value or "").strip()
        self.reader.complain((key,), f"{key} is text", _WHY.get(key))
        return ""

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        value = self.doc.get(key)
        if key in self.doc and value not in known:
            self.reader.complain((key,), f'unknown {key} "{value}"', nearest(value, known, what=f"a {key}"))
        return value if value in known else known[-1]

    def names(
        self, key: str, known: dict[str, Any] | tuple[str, ...] | None = None, what: str = ""
    ) -> tuple[str, ...]:
        value = self.doc.get(key)
        if value is None and key not in self.doc:
            return ()
        if not texts(value):
            self.reader.complain((key,), f"{key} is a list of text", f"{key}: [one, another]")
            return ()
        for i, name in enumerate(value):
            if known is not None and name not in known:
                self.reader.complain(
                    (key, i), f'unknown {what} "{name}"', nearest(name, known, what=f"a {what}")
                )
        return tuple(value)

    def group(self, key: str) -> Group | None:
        return self.reader.condition(self.doc[key], (key,)) if key in self.doc else None

    def fix(self) -> dict[str, tuple[str, ...]]:
        value = self.doc.get("fix")
        if value is None and "fix" not in self.doc:
            return {}
        if not isinstance(value, dict):
            self.reader.complain(
                ("fix",), "fix is a mapping", "user, operator, developer: each a list of text"
            )
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for audience, entries in value.items():
            path = ("fix", audience)
            if audience not in AUDIENCES:
                self.reader.complain(
                    path, f'unknown reader "{audience}"', nearest(audience, AUDIENCES, what="one of")
                )
            elif isinstance(entries, str) and entries.strip():
                found[audience] = (entries.rstrip(),)
            elif texts(entries):
                found[audience] = tuple(entry.rstrip() for entry in entries)
            else:
                self.reader.complain(path, f"fix.{audience} is a list of text", "- what to do")
        return found

    def examples(self) -> tuple[tuple[dict[str, Any], ...], tuple[Quiet, ...]]:
        value = self.doc.get("examples")
        if value is None and "examples" not in self.doc:
            return (), ()
        reader = self.reader
        if not isinstance(value, dict) or set(value) - {"fires", "quiet"}:
            reader.complain(("examples",), "examples are two lists", "fires and quiet")
            return (), ()
        parts = {}
        for key in ("fires", "quiet"):
            items = value.get(key)
            if not isinstance(items, list) or not items:
                reader.complain(
                    ("examples", key),
                    f"examples.{key} is missing",
                    f"at least one row that must {'fire' if key == 'fires' else 'not fire'}",
                )
                items = []
            parts[key] = items
        fires = tuple(reader.row(row, ("examples", "fires", i)) for i, row in enumerate(parts["fires"]))
        quiet = []
        for i, item in enumerate(parts["quiet"]):
            path = ("examples", "quiet", i)
            if not isinstance(item, dict) or set(item) != {"row", "because"}:
                # In {row: …, because: one, two} the comma ends the text.
                split = isinstance(item, dict) and None in item.values()
                reader.complain(
                    path,
                    "a near miss has two parts",
                    "{row: {…}, because: what differs}",
                    "put text that has a comma in quotes" if split else None,
                )
            elif not isinstance(item["because"], str):
                reader.complain((*path, "because"), "because is text", "what differs from a row that fires")
            else:
                quiet.append(Quiet(reader.row(item["row"], (*path, "row")), item["because"]))
        return fires, tuple(quiet)

    def rule(self, file: str, builtin: bool) -> Rule:
        fires, quiet = self.examples()
        confidence = self.choice("confidence", CONFIDENCES)
        evidence = self.names("evidence", columns(), "column")
        if "evidence" in self.doc and not evidence:
            self.reader.complain(("evidence",), "evidence is empty", _WHY["evidence"])
        sources = self.names("sources")
        if "sources" in self.doc and not sources:
            self.reader.complain(("sources",), "sources is empty", _WHY["sources"])
        rule = Rule(
            id=self.text("id"),
            cause=self.choice("cause", tuple(CAUSES)),
            title=self.text("title"),
            basis=cast(Basis, self.choice("basis", BASES)),
            when=self.group("when") or Group(),
            confidence=cast(Confidence, confidence),
            evidence=evidence,
            say=self.text("say"),
            fix=self.fix(),
            sources=sources,
            fires=fires,
            quiet=quiet,
            refines=self.names("refines"),
            kinds=self.names("kinds", KINDS, "capture kind"),
            certain_when=self.group("certain_when"),
            likely_when=self.group("likely_when"),
            possible_when=self.group("possible_when"),
            settle=self.text("settle") or None,
            confused_with=self.names("confused_with"),
            since=self.text("since") or None,
            file=file,
            builtin=builtin,
        ).located(self.reader.marks)
        self.name_and_folder(rule)
        return rule

    def name_and_folder(self, rule: Rule) -> None:
        path = PurePath(rule.file)
        if rule.id and path.stem != rule.id:
            self.reader.complain(
                ("id",), f'the id is "{rule.id}" and the file is "{path.name}"', f"{rule.id}.yaml"
            )
        if self.doc.get("cause") in CAUSES and path.parent.name != rule.party:
            self.reader.complain(
                ("cause",),
                f'{rule.cause} belongs to the party "{rule.party}" and the folder is "{path.parent.name}"',
                f"{rule.party}/{path.name}",
            )
