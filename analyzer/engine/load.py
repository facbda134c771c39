"""Rule folders into one RuleSet. Everything that is wrong is reported together.

The rules that come with the program are used on every run, so they are kept in a form that is quicker
to read (see `remember`), and their templates and patterns are proved by the tests and by `hangup rules
check`, not again each time; a user's own rules always are.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analyzer.causes import CAUSES
from analyzer.duck import driver
from analyzer.engine.complaints import nearest, raise_all
from analyzer.engine.rule import BASES, Rule, RuleSet
from analyzer.errors import RuleError
from analyzer.resources import folder

if TYPE_CHECKING:
    from analyzer.engine.parse import Parsed

_READERS: Final = ("complaints", "conditions", "load", "operators", "parse", "rule", "stored", "yamlpos")


def load_rules(
    own: Sequence[str | Path] = (), *, builtin: str | Path | None = None, thorough: bool = False
) -> RuleSet:
    """The program's rules and the user's.

    own: folders of `<party>/<id>.yaml`; a rule with a built-in id takes its place, a later folder wins
    over an earlier one. builtin: another folder in place of the program's. thorough: prove the built-in
    templates and patterns too. Raises RuleError, or RuleErrors when there are several complaints.
    """
    errors: list[RuleError] = []
    rules: dict[str, Rule] = {}
    patterns: list[tuple[str, str]] = []
    fresh: list[Rule] = []
    known: set[str] = set()
    folders = [(Path(builtin) if builtin is not None else folder("rules"), True)]
    folders += [(Path(each), False) for each in own]
    for root, ours in folders:
        kept = _Kept(root) if ours and builtin is None and not thorough else None
        if kept is not None and kept.rules:
            rules.update(kept.rules)
            known |= kept.rules.keys()
            continue
        if not root.is_dir():
            raise RuleError("no such folder", where=root, expected="a folder of rules: <party>/<id>.yaml")
        here: dict[str, Rule] = {}
        for path in _files(root):
            parsed = _read(path, root, ours)
            errors += parsed.errors
            if thorough or not ours:
                patterns += parsed.patterns
            rule = parsed.rule
            known |= {parsed.name} if parsed.name else set()
            if rule is None:
                continue
            if rule.id in here:
                errors.append(
                    RuleError(f'the id "{rule.id}" is taken by {here[rule.id].file}', where=rule.place("id"))
                )
                continue
            here[rule.id] = rule
            if thorough or not ours:
                fresh.append(rule)
        rules.update(here)
        if kept is not None and not errors:
            kept.keep(here)
    errors += _names(rules.values(), known)
    errors += _cycles(rules)
    errors += _patterns(patterns)
    errors += _templates(fresh)
    raise_all(errors)
    return RuleSet(rules)


def load_rule_text(text: str, file: str) -> Rule:
    """One rule by itself, fully checked except for the names of other rules. Raises as load_rules."""
    from analyzer.engine.parse import parse

    parsed = parse(text, file, builtin=False)
    errors = parsed.errors + _patterns(parsed.patterns)
    errors += _templates([parsed.rule] if parsed.rule else [])
    raise_all(errors)
    assert parsed.rule is not None
    return parsed.rule


def _files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.yaml"))


def _readers() -> list[Path]:
    """The code that makes a rule of a file: with another version of it, what was kept is void."""
    here = Path(__file__).parent
    return [
        *(here / f"{name}.py" for name in _READERS),
        here.parent / "causes.py",
        here.parent / "columns.py",
    ]


def _names_in(root: Path) -> list[str]:
    """The same files as names below `root`, without a `Path` for each: every run asks."""
    skip = len(str(root)) + 1
    found = [
        f"{folder}/{name}"[skip:]
        for folder, _, names in os.walk(root)
        for name in names
        if name.endswith(".yaml")
    ]
    return sorted(found)


def _bytes(path: str | Path) -> bytes:
    with io.FileIO(path) as file:
        return file.readall()


class _Kept:
    """The program's rules as an earlier run left them. rules: empty when none did."""

    def __init__(self, root: Path) -> None:
        from analyzer.engine import stored
        from analyzer.remember import name_for, recall

        self.rules: dict[str, Rule] = {}
        try:
            files = [(name, _bytes(f"{root}/{name}")) for name in _names_in(root)]
            files += [(path.name, _bytes(path)) for path in _readers() if path.is_file()]
        except OSError:
            files = []
        self._name = name_for(stored.FORM, files) if files else None
        data = recall(self._name) if self._name is not None else None
        if data is not None:
            self.rules = {rule.id: rule for rule in stored.loaded(data) or ()}

    def keep(self, rules: dict[str, Rule]) -> None:
        from analyzer.engine import stored
        from analyzer.remember import keep

        data = stored.dumped(rules.values())
        if self._name is not None and data is not None:
            keep(self._name, data)


def _read(path: Path, root: Path, ours: bool) -> Parsed:
    from analyzer.engine.parse import Parsed, parse  # kept rules need no parser

    name = f"{root.name}/{path.relative_to(root).as_posix()}" if ours else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        broken = Parsed()
        broken.errors.append(
            RuleError(f"unreadable: {type(error).__name__}", where=name, expected="UTF-8 text")
        )
        return broken
    return parse(text, name, builtin=ours)


def _names(rules: Iterable[Rule], known: set[str]) -> list[RuleError]:
    """Names of other rules in `refines` and `confused_with`."""
    errors = []
    for rule in rules:
        for key in ("refines", "confused_with"):
            for i, name in enumerate(getattr(rule, key)):
                selector, colon, wanted = name.partition(":")
                pool: Iterable[str] = known
                what = "a rule"
                if colon and key == "refines":
                    pool = {"cause": CAUSES, "basis": BASES}.get(selector, ())
                    what = f"a {selector}" if pool else 'a rule id, "cause:…" or "basis:…"'
                else:
                    wanted = name
                if wanted not in pool:
                    errors.append(
                        RuleError(
                            f'{key}: unknown name "{name}"',
                            where=rule.place(key, i),
                            expected=nearest(wanted, pool, what=what),
                        )
                    )
                elif name == rule.id:
                    errors.append(RuleError(f"{key}: the rule names itself", where=rule.place(key, i)))
    return errors


def _cycles(rules: dict[str, Rule]) -> list[RuleError]:
    """`refines` by rule id must not lead back to its start: nobody would win."""
    errors: list[RuleError] = []
    state: dict[str, int] = {}  # 1 on the current walk, 2 done

    def walk(rule_id: str, trail: list[str]) -> None:
        state[rule_id] = 1
        for i, other in enumerate(rules[rule_id].refines):
            if other not in rules or other == rule_id:
                continue
            if state.get(other) == 1:
                ring = [*trail[trail.index(other) :], other]
                errors.append(
                    RuleError(
                        f"refines leads in a circle: {' → '.join(ring)}",
                        where=rules[rule_id].place("refines", i),
                    )
                )
            elif other not in state:
                walk(other, [*trail, other])
        state[rule_id] = 2

    for rule_id in rules:
        if rule_id not in state:
            walk(rule_id, [rule_id])
    return errors


def _patterns(patterns: Sequence[tuple[str, str]]) -> list[RuleError]:
    """Whether RE2 takes each pattern: asked of DuckDB itself, all in one query when all is well."""
    if not patterns:
        return []
    from analyzer.engine.db import connection
    from analyzer.engine.operators import literal

    con = connection()

    def ask(some: Sequence[tuple[str, str]]) -> str | None:
        tests = ", ".join(f"regexp_matches('', {literal(pattern)})" for _, pattern in some)
        try:
            con.execute(f"SELECT {tests}").fetchall()
        except driver().Error as error:
            return str(error).partition("\n")[0]
        return None

    if ask(patterns) is None:
        return []
    errors = []
    for pattern in patterns:
        problem = ask([pattern])
        if problem:
            errors.append(
                RuleError(
                    f"RE2 does not take the pattern: {problem.partition(': ')[2] or problem}",
                    where=pattern[0],
                    expected="RE2 syntax: no look-around, no back-references",
                )
            )
    return errors


def _templates(rules: Sequence[Rule]) -> list[RuleError]:
    """Syntax, variables and filters of every template of the rules."""
    if not rules:
        return []
    from analyzer.engine.render import problem_of

    errors = []
    for rule in rules:
        places: list[tuple[tuple[str | int, ...], str]] = [(("say",), rule.say)]
        places += [
            (("fix", audience, i), entry)
            for audience, entries in rule.fix.items()
            for i, entry in enumerate(entries)
        ]
        if rule.settle:
            places.append((("settle",), rule.settle))
        for path, text in places:
            found = problem_of(text)
            if found:
                message, expected = found
                errors.append(RuleError(message, where=rule.place(*path), expected=expected))
    return errors
