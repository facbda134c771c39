"""The tasks of a run on a Dask cluster. What needs no captures is done here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.batch.ledger import entry
from analyzer.batch.model import Ticket
from analyzer.batch.worker import Reply, Setup, Task, do


class Cluster:
    """Workers of another machine. Judging again from what is stored takes no captures, and stays here."""

    def __init__(self, setup: Setup, scheduler: str, parts: str | None) -> None:
        """parts: a place that the workers and this machine see, for their results; None sends them along."""
        self._setup, self._scheduler, self._parts = setup, scheduler, parts
        self._stopped = False

    def stop(self) -> None:
        """Take no further tickets."""
        self._stopped = True

    def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
        """What becomes of the tasks, in the order in which they become ready."""
        from analyzer.batch.cluster import run_on_cluster
        from analyzer.batch.ticket import work

        sent: dict[str, Task] = {}
        here: list[Reply] = []
        setup = self._setup

        def tickets() -> Iterator[Ticket]:
            for task in tasks:
                if task.stored is not None:
                    here.append(do(task, setup))
                else:
                    sent[task.ticket.id] = task
                    yield task.ticket
                if self._stopped:
                    return

        for result in run_on_cluster(
            tickets(), setup.options, work, scheduler=self._scheduler, parts=self._parts
        ):
            task = sent.pop(result.ticket)
            made = entry(
                task.ticket, result, source=task.source, reading=setup.reading, ruleset=setup.ruleset
            )
            yield [Reply(ticket=result.ticket, entry=made), *here]
            here.clear()
        if here:
            yield here
