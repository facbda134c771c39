"""The errors a caller can meet.

    HangupError
      CaptureError   the file: unreadable, refused, or no capture at all   (exit 3)
      RuleError      a rule, protocol profile or log format is wrong        (exit 2)
      UsageError     the command line or the call is wrong                  (exit 2)

Anything else that escapes is our bug. Messages never quote a capture's bytes: they carry places
(file, line, column, JSON path) and names, so that an error can be pasted into a ticket.
"""

from __future__ import annotations

from pathlib import Path


def is_interrupt(error: BaseException) -> bool:
    """Whether Ctrl-C was pressed while the database worked: it then raises this in place of KeyboardInterrupt."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


class HangupError(Exception):
    """Base of all errors that are somebody's to fix.

    message: one line, what is wrong. expected, effect, help: further lines; None leaves one out.
    where: `file`, `file:line` or `file:line:column`, or a JSON path.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        where: str | Path | None = None,
        expected: str | None = None,
        effect: str | None = None,
        help: str | None = None,
    ) -> None:
        self.message = message
        self.where = None if where is None else str(where)
        self.expected = expected
        self.effect = effect
        self.help = help
        super().__init__(self.render())

    def render(self) -> str:
        """The error as the terminal shows it, without the leading `error:`."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        slots = (("expected", self.expected), ("effect", self.effect), ("help", self.help))
        return "\n".join([head, *(f"  {name + ':':<10}{text}" for name, text in slots if text)])


class CaptureError(HangupError):
    """A capture could not be read at all; what could be read with losses is a warning instead."""

    exit_code = 3


class RuleError(HangupError):
    """A rule, a protocol profile or a log format does not say what it must."""

    exit_code = 2


class UsageError(HangupError):
    """The caller asked for something that does not exist."""

    exit_code = 2
