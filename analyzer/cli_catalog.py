"""`hangup rules …` and `hangup formats …`: what the program knows as data, shown, checked, extended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from analyzer.errors import UsageError

RulesOption = Annotated[
    list[Path],
    typer.Option("--rules", metavar="DIR", help="A folder with rules of your own.", show_default=False),
]

rules_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The rules that make verdicts.")
formats_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The log formats that can be read."
)


@rules_app.command("list")
def rules_list(rules: RulesOption = []) -> None:  # noqa: B006
    """One line per rule: id, cause, confidence, title."""
    from analyzer.engine.load import load_rules

    known = sorted(load_rules(rules).rules.values(), key=lambda rule: (rule.cause, rule.id))
    width = max(len(rule.id) for rule in known)
    for rule in known:
        sys.stdout.write(f"{rule.id:<{width}}  {rule.cause:<22}  {rule.confidence:<8}  {rule.title}\n")


@rules_app.command("show")
def rules_show(
    rule: Annotated[str, typer.Argument(metavar="RULE")],
    rules: RulesOption = [],  # noqa: B006
) -> None:
    """Everything about one rule: when it fires, what it says, what it advises, its sources."""
    from analyzer.engine.complaints import nearest
    from analyzer.engine.load import load_rules
    from analyzer.engine.reference import rule_text

    ruleset = load_rules(rules)
    if rule not in ruleset.rules:
        raise UsageError(
            f"there is no rule {rule!r}", expected=nearest(rule, ruleset.rules, what="a rule id")
        )
    found = ruleset.rules[rule]
    sys.stdout.write(f"{found.id}: {found.title}\n\n{rule_text(found, ruleset)}\n")


@rules_app.command("check")
def rules_check(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="[DIR]...",
            help="Your own rules; the built-in ones are always checked against.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
) -> None:
    """Load rules and prove their examples: what must fire fires, near misses stay quiet."""
    from analyzer.engine.check import check
    from analyzer.engine.load import load_rules

    ruleset = load_rules(folders, thorough=not folders)
    own = {
        r.id
        for r in ruleset.rules.values()
        if any(Path(r.file).resolve().is_relative_to(f.resolve()) for f in folders)
    }
    problems = check(ruleset, only=own or None, complete=not folders)
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    failed = any(problem.severity == "error" for problem in problems)
    sys.stdout.write(
        f"{len(own) if folders else len(ruleset.rules)} rules checked, {len(problems)} problems\n"
    )
    raise typer.Exit(2 if failed else 0)


@rules_app.command("new")
def rules_new(
    rule: Annotated[str, typer.Argument(metavar="ID", help="Lower-case words with hyphens.")],
    cause: Annotated[str, typer.Option("--cause", help="One of the causes in `hangup explain causes`.")],
    folder: Annotated[Path, typer.Option("--rules", metavar="DIR", help="Your folder of rules.")] = Path(
        "rules"
    ),
) -> None:
    """Write a new rule to start from, in DIR/<party>/<id>.yaml."""
    from analyzer.engine.scaffold import new_rule_path, new_rule_template

    path = folder / new_rule_path(rule, cause)
    if path.exists():
        raise UsageError("it exists already", where=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(new_rule_template(rule, cause), encoding="utf-8")
    sys.stdout.write(f"{path}\n")


# ---------------------------------------------------------------------------------- formats


@formats_app.command("list")
def formats_list() -> None:
    """One line per format: id, kind, product, title."""
    from analyzer.intake.logs.catalog import list_formats

    known = list_formats()
    width = max(len(name) for name, *_ in known)
    for name, title, kind, product in known:
        sys.stdout.write(f"{name:<{width}}  {kind:<10}  {product:<14}  {title}\n")


@formats_app.command("show")
def formats_show(name: Annotated[str, typer.Argument(metavar="FORMAT")]) -> None:
    """The file of a format: patterns, columns, clock, what it cannot record, samples."""
    from analyzer.intake.logs.catalog import show_format

    sys.stdout.write(show_format(name))


@formats_app.command("check")
def formats_check(files: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Prove your own format: every pattern has a sample, every sample its values, rejects are refused."""
    from analyzer.intake.logs.catalog import check_file

    problems = [(path, problem) for path in files for problem in check_file(path)]
    for path, problem in problems:
        sys.stdout.write(f"{path}: {problem}\n")
    sys.stdout.write(f"{len(files)} formats checked, {len(problems)} problems\n")
    raise typer.Exit(2 if problems else 0)


@formats_app.command("new")
def formats_new(
    name: Annotated[str, typer.Argument(metavar="ID", help="Lower-case words with hyphens.")],
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where to write it.")] = Path(),
) -> None:
    """Write a format to start from, in DIR/<id>.yaml; it passes `check` as it is."""
    from analyzer.intake.logs.catalog import new_format

    path = folder / f"{name}.yaml"
    text = new_format(name)
    if path.exists():
        raise UsageError("it exists already", where=path)
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{path}\n")
