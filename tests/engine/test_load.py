"""Rule files in, rules or complaints out: each complaint with its place and what was expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.engine.complaints import RuleErrors
from analyzer.engine.load import load_rule_text, load_rules
from analyzer.engine.rule import Clause, RuleSet
from analyzer.errors import RuleError
from tests.engine.making import RULE_TEXT

FILE = "rules/gateway/a-rule.yaml"


def complaint(text: str, file: str = FILE) -> RuleError:
    with pytest.raises(RuleError) as caught:
        load_rule_text(text, file)
    assert not isinstance(caught.value, RuleErrors), caught.value.render()
    return caught.value


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


def test_fixture_rules_load(ruleset: RuleSet) -> None:
    assert set(ruleset.rules) == {
        "end-marker-seen",
        "status-504",
        "acme-504",
        "origin-500",
        "reset",
        "aborted",
    }
    rule = ruleset["acme-504"]
    assert rule.party == "gateway"
    assert rule.refines == ("status-504",)
    assert next(rule.when.clauses()).text == "status: 504"
    assert rule.fix["user"] == ("Ask again later.",)
    assert rule.clause_count == 3
    assert rule.columns == {"status", "gateway", "body_kind"}


def test_sound_text_loads() -> None:
    rule = load_rule_text(RULE_TEXT, FILE)
    assert rule.when.all == (Clause("status", "equals", 504, rule.when.all[0].mark),)  # type: ignore[union-attr]


CASES: list[tuple[str, str, str, str]] = [
    # what stands there, what is put in its place, message, expected
    ("- status: 504", "- statsu: 504", 'unknown column "statsu"', 'nearest is "status"'),
    ("- status: 504", "- status|greater: 504", 'unknown operator "greater"', "an operator"),
    ("- status: 504", "- status|gtee: 504", 'unknown operator "gtee"', 'nearest is "gte"'),
    ("- status: 504", '- status: "504"', "wrong value for status|equals", "status is a number"),
    ("- status: 504", "- status: 504.5", "wrong value for status|equals", "whole number"),
    ("- status: 504", "- status: true", "wrong value for status|equals", "a number"),
    ("- status: 504", "- status: null", "wrong value for status|equals", "one value"),
    ("- status: 504", "- status: []", "wrong value for status|equals", "at least one value"),
    ("- status: 504", "- status|gt: [1]", "wrong value for status|gt", "a number"),
    ("- status: 504", "- status|gt: .nan", "wrong value for status|gt", "a number"),
    ("- status: 504", "- status|contains: a", '"contains" does not fit status', "gte"),
    ("- status: 504", "- status|between: [5, 4]", "wrong value for status|between", "lower number first"),
    ("- status: 504", "- status|between: 5", "wrong value for status|between", "two numbers"),
    ("- status: 504", "- status|near: 5", "wrong value for status|near", "{value: …, within: …}"),
    ("- status: 504", "- status|near: {value: 5, within: -1}", "wrong value for status|near", "at least 0"),
    ("- status: 504", "- status|exists: 1", "wrong value for status|exists", "true or false"),
    ("- status: 504", "- status|gt_column: evnts", 'unknown column "evnts"', 'nearest is "events"'),
    ("- status: 504", "- status|gt_column: gateway", "gateway is text", "another integer column"),
    ("- status: 504", "- started_at: '2026-01-01'", '"equals" does not fit started_at', "exists"),
    ("- status: 504", "- http_version: 1.1", "wrong value for http_version|equals", "write '1.1' in quotes"),
    ("- status: 504", "- http_version: '1.2'", 'http_version is never "1.2"', "a value of http_version"),
    ("- status: 504", "- closed_why: idle-timout", 'closed_why is never "idle-timout"', 'nearest is "idle-timeout"'),
    ("- status: 504", "- closed_why|not: [timeout, x-y]", 'closed_why is never "x-y"', "a value of closed_why"),
    ("- status: 504", "- closed_why|unless: timeoutt", 'closed_why is never "timeoutt"', 'nearest is "timeout"'),
    ("- status: 504", "- server_ip|cidr: 10.0.0.1/8", "wrong value for server_ip|cidr", "no bits set"),
    ("- status: 504", "- gateway|re: 'a(?=b)'", "RE2 does not take the pattern", "no look-around"),
    ("- status: 504", "- gateway|re: '('", "RE2 does not take the pattern", "RE2 syntax"),
    ("- status: 504", "- {status: 504, events: 1}", "exactly one entry", "one list item"),
    ("- status: 504", "- status", "a mapping with one entry", "column|operator: value"),
    ("- status: 504", "- any: status", "any holds a list", "any: ["),
    ("  all:\n    - status: 504", "  status: 504", '"status" is no part of a condition', "a list: all"),
    ("  all:\n", "  al:\n", '"al" is no part of a condition', 'nearest is "all"'),
    ("  all:\n", "  none:\n", "nothing here can make the rule fire", "under all or any"),
    ("cause: gateway-timeout", "cause: gateway-timeot", 'unknown cause "gateway-timeot"', 'nearest is "gateway-timeout"'),
    ("cause: gateway-timeout", "cause: offline", 'belongs to the party "network"', "network/a-rule.yaml"),
    ("id: a-rule", "id: b-rule", 'the file is "a-rule.yaml"', "b-rule.yaml"),
    ("basis: response", "basis: guess", 'unknown basis "guess"', "protocol, response"),
    ("confidence: certain", "confidence: sure", 'unknown confidence "sure"', "certain, likely, possible"),
    ("evidence: [status]", "evidence: [statis]", 'unknown column "statis"', 'nearest is "status"'),
    ("evidence: [status]", "evidence: []", "evidence is empty", "the decisive one first"),
    ("sources: [a page]", "sources: []", "sources is empty", "at least one"),
    ("sources: [a page]\n", "", '"sources" is missing', "at least one"),
    ("title: A title\n", "", '"title" is missing', "one line"),
    ("title: A title", "titel: A title\ntitle: x", 'unknown key "titel"', 'nearest is "title"'),
    ("title: A title", "title: 5", "title is text", ""),
    ("fix:\n  user: [Ask again.]", "fix:\n  users: [Ask again.]", 'unknown reader "users"', 'nearest is "user"'),
    ("fix:\n  user: [Ask again.]", "fix:\n  user: [1]", "fix.user is a list of text", ""),
    ("| duration", "| durashun", 'unknown filter "durashun"', 'nearest is "duration"'),
    ("{{ ttfb_ms", "{{ tfb_ms", 'unknown variable "tfb_ms"', 'nearest is "ttfb_ms"'),
    ("{{ ttfb_ms | duration }}", "{{ ttfb_ms | duration", "template:", ""),
    ("{{ ttfb_ms | duration }}", "{% for x in url %}x{% endfor %}", "may not contain loops", "text,"),
    ("{{ ttfb_ms | duration }}", "{{ url.upper() }}", "may not contain calls", "text,"),
    ("{{ ttfb_ms | duration }}", "{{ 'a' * 999999999 }}", "may not contain multiplication", "text,"),
    ("{{ ttfb_ms | duration }}", "{{ ttfb_ms | duration(1, 2) }}", "fails with TypeError", "arguments"),
    ("- {status: 504}\n", "- {statsu: 504}\n", 'unknown column "statsu"', 'nearest is "status"'),
    ("- {status: 504}\n", '- {status: "504"}\n', "wrong value for status", "status is a number"),
    ("- {status: 504}\n", "- {started_at: noon}\n", "not an instant", "ISO 8601"),
    ("- {status: 504}\n", "- 5\n", "an example is a row", "{column: value"),
    ("because: another status", "because: another, status", "a near miss has two parts", "because"),
    ("  fires:\n    - {status: 504}\n", "  fires: []\n", "examples.fires is missing", "at least one row"),
    ("  quiet:\n    - {row: {status: 502}, because: another status}\n", "", "examples.quiet is missing", "at least one"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message", "expected"), CASES, ids=[f"{c[1].strip()[:40]}" for c in CASES]
)
def test_mistake_is_reported_with_its_place_and_what_was_expected(
    old: str, new: str, message: str, expected: str
) -> None:
    assert old in RULE_TEXT
    text = RULE_TEXT.replace(old, new, 1)
    error = complaint(text)
    assert message in error.message
    assert expected in (error.expected or "")
    assert error.where is not None
    file, line, column = error.where.rsplit(":", 2)
    assert file == FILE
    assert 1 <= int(line) <= text.count("\n") + 1
    assert int(column) >= 1


def test_place_is_the_line_of_the_mistake() -> None:
    text = RULE_TEXT.replace("- status: 504", "- events: 1\n    - statsu: 504", 1)
    assert complaint(text).where == f"{FILE}:{line_of(text, '- statsu')}:7"


def test_text_with_a_comma_hints_at_quotes() -> None:
    error = complaint(RULE_TEXT.replace("because: another status", "because: another, status"))
    assert "quotes" in (error.help or "")


def test_nesting_has_a_limit() -> None:
    deep = "- any: [{all: [{any: [{all: [{status: 1}]}]}]}]"
    error = complaint(RULE_TEXT.replace("- status: 504", deep, 1))
    assert "nested too deeply" in error.message


def test_all_complaints_come_together() -> None:
    text = (
        RULE_TEXT.replace("- status: 504", "- statsu: 504")
        .replace("[status]", "[nope]")
        .replace("[a page]", "[]")
    )
    with pytest.raises(RuleErrors) as caught:
        load_rule_text(text, FILE)
    assert len(caught.value.errors) == 3
    assert caught.value.render().startswith("3 problems in 1 file\n")
    assert caught.value.exit_code == 2


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return put


def named(rule_id: str, **more: str) -> str:
    lines = "".join(f"{key}: {value}\n" for key, value in more.items())
    return RULE_TEXT.replace("id: a-rule", f"id: {rule_id}") + lines


def test_own_rule_takes_the_place_of_a_built_in_one(write: Write, tmp_path: Path) -> None:
    base = write("one/gateway/a-rule.yaml", RULE_TEXT) / "one"
    write("two/gateway/a-rule.yaml", RULE_TEXT.replace("A title", "My title"))
    ruleset = load_rules([tmp_path / "two"], builtin=base)
    assert ruleset["a-rule"].title == "My title"
    assert not ruleset["a-rule"].builtin


def test_own_rules_are_proved_even_when_the_built_in_ones_are_not(write: Write, tmp_path: Path) -> None:
    broken = RULE_TEXT.replace("| duration", "| durashun")
    base = write("one/gateway/a-rule.yaml", broken) / "one"
    assert len(load_rules(builtin=base)) == 1
    with pytest.raises(RuleError, match="durashun"):
        load_rules(builtin=base, thorough=True)
    with pytest.raises(RuleError, match="durashun"):
        load_rules([base], builtin=base)


def test_same_id_twice_in_one_folder_is_an_error(write: Write) -> None:
    write("gateway/a-rule.yaml", RULE_TEXT)
    root = write("deeper/gateway/a-rule.yaml", RULE_TEXT)
    with pytest.raises(RuleError, match='the id "a-rule" is taken by'):
        load_rules(builtin=root)


def test_unknown_names_of_other_rules_are_errors(write: Write) -> None:
    root = write("gateway/a-rule.yaml", named("a-rule", refines="[b-rul]", confused_with="[nobody]"))
    write("gateway/b-rule.yaml", named("b-rule", refines='["cause:nope", "basis:transport", "what:x"]'))
    with pytest.raises(RuleErrors) as caught:
        load_rules(builtin=root)
    messages = [error.render() for error in caught.value.errors]
    assert len(messages) == 4
    assert 'nearest is "b-rule"' in messages[0]


def test_damaged_rule_can_still_be_named_by_others(write: Write) -> None:
    root = write("gateway/a-rule.yaml", named("a-rule", refines="[b-rule]"))
    write("gateway/b-rule.yaml", named("b-rule").replace("[a page]", "[]"))
    with pytest.raises(RuleError, match="sources is empty"):
        load_rules(builtin=root)


def test_refining_in_a_circle_is_an_error(write: Write) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        root = write(f"gateway/{one}.yaml", named(one, refines=f"[{other}]"))
    with pytest.raises(RuleError, match="refines leads in a circle: a → b → c → a"):
        load_rules(builtin=root)


def test_rule_that_refines_itself_is_an_error(write: Write) -> None:
    root = write("gateway/a-rule.yaml", named("a-rule", refines="[a-rule]"))
    with pytest.raises(RuleError, match="names itself"):
        load_rules(builtin=root)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder"):
        load_rules([tmp_path / "none"], builtin=tmp_path)


def test_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match="unreadable"):
        load_rules(builtin=tmp_path)
