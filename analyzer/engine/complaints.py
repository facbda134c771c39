"""Collecting what is wrong with rule files, so that one run reports everything at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.errors import RuleError


class RuleErrors(RuleError):
    """Several complaints in one exception. `errors` holds each as a RuleError, in file order."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        self.errors = list(errors)
        super().__init__(_headline(self.errors))

    def render(self) -> str:
        return "\n".join([self.message, *(error.render() for error in self.errors)])


def raise_all(errors: Sequence[RuleError]) -> None:
    """Raise what was collected: nothing, the one error, or the group."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise RuleErrors(errors)


def nearest(name: object, known: Iterable[str], *, what: str) -> str:
    """The `expected:` line for a name that does not exist: the nearest one, or a short list."""
    names = list(known)
    import difflib

    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.55)
    if close:
        return f'{what}; nearest is "{close[0]}"'
    if len(names) <= 12:
        return f"{what}: {', '.join(names)}"
    return what


def _headline(errors: Sequence[RuleError]) -> str:
    files = {str(error.where).split(":")[0] for error in errors if error.where}
    return f"{len(errors)} problems in {len(files)} file{'' if len(files) == 1 else 's'}"
