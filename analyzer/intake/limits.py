"""What a capture may cost to open. A capture comes from a stranger: it may be a bomb."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """Bounds on what opening a file may expand to. Sizes in bytes.

    max_bytes: largest capture that is read into memory (a HAR or a NetLog), expanded.
    max_stream_bytes: most that a compressed log may expand to while it streams through.
    max_ratio: expansion per compressed byte that is refused once more than `ratio_from` came out.
    max_members: members looked at in one ZIP. max_depth: archives inside archives.
    """

    max_bytes: int = 2048 * MIB
    max_stream_bytes: int = 64 * 1024 * MIB
    max_ratio: float = 300.0
    ratio_from: int = 256 * MIB
    max_members: int = 10_000
    max_depth: int = 3


DEFAULT = Limits()
