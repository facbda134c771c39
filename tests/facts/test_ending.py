"""by x phase x announced x signal."""

from __future__ import annotations

import pytest

from analyzer.columns import VALUES, Exchange
from analyzer.facts.ending import read_ending
from analyzer.model import Ending

CASES = [
    (
        Exchange(status=200, terminal_marker="seen", net_error="net::ERR_ABORTED"),
        Ending("server", "last", True, "end-marker"),
    ),
    (Exchange(status=200, in_band_error=True, events=3), Ending("server", "data", True, "in-band-error")),
    (Exchange(status=200, end_recorded=False, events=3), Ending("recorder", "data", None, "not-ended")),
    (
        Exchange(status=200, net_error="net::ERR_ABORTED", body_bytes=5),
        Ending("client", "data", False, "net-error"),
    ),
    (
        Exchange(status=0, net_error="net::ERR_NAME_NOT_RESOLVED"),
        Ending("network", "connect", False, "net-error"),
    ),
    (Exchange(status=504), Ending("server", "headers", True, "status")),
    (
        Exchange(status=200, terminal_marker="missing", events=2),
        Ending("server", "data", False, "clean-close"),
    ),
    (
        Exchange(status=200, closed_by="upstream", closed_phase="data"),
        Ending("server", "data", False, "log-state"),
    ),
]


@pytest.mark.parametrize(
    ("row", "ending"), CASES, ids=lambda value: value.signal if isinstance(value, Ending) else ""
)
def test_ending_is_read_off_the_row(row: Exchange, ending: Ending) -> None:
    assert read_ending(row) == ending


def test_every_word_is_in_the_closed_vocabularies() -> None:
    for row, _ in CASES:
        ending = read_ending(row)
        assert ending.by in VALUES["ending_by"]
        assert ending.phase in VALUES["ending_phase"]
        assert ending.signal in VALUES["ending_signal"]
