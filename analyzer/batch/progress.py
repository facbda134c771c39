"""How far a run is, on stderr: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.safe import one_line

if TYPE_CHECKING:
    from analyzer.batch.run import Progress, Step

_EVERY_S: Final = 10.0  # between plain lines
_COUNT_AFTER_S: Final = 1.0  # a run that is over sooner needs no bar
_WORDS: Final[tuple[tuple[Step, str], ...]] = (
    ("analysed", "analysed"), ("rejudged", "judged again by other rules"), ("unchanged", "unchanged"),
    ("kept", "kept, their files are gone"), ("too old", "too old"),
)  # fmt: skip


class Display:
    """Plain lines: notes as they come, and how far it is every ten seconds."""

    def __init__(self) -> None:
        self.counter: Callable[[], Callable[[], int | None]] | None = None
        self._began = time.monotonic()
        self._last = self._began
        self._total: Callable[[], int | None] = lambda: None

    def note(self, text: str) -> None:
        """A sentence for people."""
        sys.stderr.write(f"{one_line(text)}\n")
        sys.stderr.flush()

    def stage(self, text: str) -> None:
        """What is going on now."""

    def progress(self, progress: Progress) -> None:
        """The run has come further."""
        self._look(progress)
        now = time.monotonic()
        if now - self._last >= _EVERY_S:
            self._last = now
            self.note(self._line(progress))

    def written(self, stage: str, done: int, total: int) -> None:
        """The results are being written."""

    def finish(self, progress: Progress, headline: str, folder: Path) -> None:
        """The last lines."""
        took = time.monotonic() - self._began
        parts = [f"{progress.steps[key]:,} {word}" for key, word in _WORDS if progress.steps[key]]
        bad = sum(count for state, count in progress.states.items() if state != "done")
        self.note(f"{_plural(progress.done)} in {_time(took)}: {', '.join(parts) or 'nothing to do'}")
        if bad:
            self.note(f"{_plural(bad)} could not be read or judged; index.html says why")
        if headline:
            self.note(headline)
        self.note(f"wrote {folder / 'index.html'}")

    def close(self) -> None:
        """Give the terminal back."""

    def _look(self, progress: Progress) -> None:
        if self.counter is not None and not progress.all and time.monotonic() - self._began > _COUNT_AFTER_S:
            self._total, self.counter = self.counter(), None

    def _of(self, progress: Progress) -> int | None:
        return progress.found if progress.all else self._total()

    def _line(self, progress: Progress) -> str:
        total = self._of(progress)
        rate = progress.done / max(time.monotonic() - self._began, 1e-3)
        of = "" if total is None else f" of {total:,}"
        left = "" if total is None or not rate else f", {_time((total - progress.done) / rate)} left"
        return f"{progress.done:,}{of} tickets, {rate:,.1f} a second{left}"


class _Quiet(Display):
    """Says nothing but what went wrong, which others say."""

    def note(self, text: str) -> None:
        """Nothing."""


class _Bar(Display):
    """A bar on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar: Any = RichProgress(
            TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False), TimeRemainingColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("tickets", total=None, rate="")
        self._bar.start()

    def note(self, text: str) -> None:
        self._console.print(one_line(text), soft_wrap=True)

    def stage(self, text: str) -> None:
        self._bar.update(self._task, description=text, rate="")

    def progress(self, progress: Progress) -> None:
        self._look(progress)
        rate = progress.done / max(time.monotonic() - self._began, 1e-3)
        self._bar.update(self._task, completed=progress.done, total=self._of(progress), rate=f"{rate:,.1f}/s")

    def written(self, stage: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=stage, completed=done, total=total, rate="")

    def finish(self, progress: Progress, headline: str, folder: Path) -> None:
        self.close()
        super().finish(progress, headline, folder)

    def close(self) -> None:
        self._bar.stop()


@contextmanager
def display(*, quiet: bool) -> Iterator[Display]:
    """What fits stderr: nothing, a bar, or plain lines."""
    import os

    if quiet:
        shown: Display = _Quiet()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        shown = _Bar()
    else:
        shown = Display()
    try:
        yield shown
    finally:
        shown.close()


def _plural(count: int) -> str:
    return f"{count:,} ticket" if count == 1 else f"{count:,} tickets"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
