"""What a process may use: set from inside, watched from outside. For the service's workers and the batch's."""

from __future__ import annotations

import contextlib
import os
from typing import Final

_MOST_WRITTEN: Final = 1024 * 1024 * 1024
_ADDRESS_SPACE_MORE: Final = 4 * 1024 * 1024 * 1024  # reserved, never touched: thread stacks, arenas


def limit(memory: int, seconds: int | None = None, *, written: int = _MOST_WRITTEN, files: int = 256) -> None:
    """Bound this process: bytes of writable memory, seconds of processor time, bytes of a file that it
    writes, open files; and no core dumps. None is no bound.
    """
    try:
        import resource
    except ImportError:  # not POSIX: whoever watches is the only limit
        return
    bounds = {
        resource.RLIMIT_CORE: 0,  # a core dump would hold the capture
        resource.RLIMIT_FSIZE: written,
        resource.RLIMIT_NOFILE: files,
        resource.RLIMIT_AS: memory + _ADDRESS_SPACE_MORE,
        resource.RLIMIT_DATA: memory,
    }
    if seconds is not None:
        bounds[resource.RLIMIT_CPU] = seconds
    for what, most in bounds.items():
        hard = resource.getrlimit(what)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # Where a system knows a limit but does not let it be set, the watch from outside remains.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (value, value))


def resident(pid: int) -> int | None:
    """Bytes of memory that a process has touched; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123  no path, a question
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
