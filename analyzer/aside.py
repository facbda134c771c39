"""Work that runs beside other work: what waits for the disk or the database leaves Python free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin `work` in a thread. Call the answer for its result; what it raised is raised there."""
    found: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001 - it is for whoever asks for the result
            failed.append(error)

    # Waited for at the end of the process too: one that ends while the database opens crashes in its teardown.
    thread = threading.Thread(target=run)
    thread.start()

    def result() -> T:
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    return result
