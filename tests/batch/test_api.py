"""What `analyze_many` does with its arguments; the results are in tests/test_python_api.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.batch.api import analyze_many
from analyzer.batch.model import Ticket
from analyzer.errors import RuleError
from analyzer.options import Options


def test_rules_that_are_wrong_are_complained_about_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("id: mine\ncause: no-such-cause\n")
    with pytest.raises(RuleError):
        analyze_many([Ticket(id="x")], Options(rules=(tmp_path,)))


def test_ticket_without_attachments_is_a_row_with_a_reason() -> None:
    with analyze_many([Ticket(id="x"), Ticket(id="y", problems=("a.har: it is gone",))]) as batch:
        found = {item.ticket: (item.state, item.reason) for item in batch}
        assert found["x"][0] == found["y"][0] == "unreadable"
        assert found["x"][1] and found["y"][1]
        assert batch.summary.by_state == {"unreadable": 2}


def test_many_results_are_iterated_in_groups() -> None:
    with analyze_many([Ticket(id=f"t{n:04d}") for n in range(1100)]) as batch:
        assert [item.ticket for item in batch] == [f"t{n:04d}" for n in range(1100)]
        assert len(batch.frame()) == len(batch) == 1100
