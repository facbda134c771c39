"""Every dialect that `choose` can name is there, and says which it is."""

from __future__ import annotations

import pytest

from analyzer.intake.dialects import Dialect, choose, sniff


@pytest.mark.parametrize("creator", [creator for creator, _ in sniff._CREATORS])
def test_a_creator_has_its_dialect(creator: str) -> None:
    found = choose(f"{creator.title()} 1.2", [])
    assert issubclass(found, Dialect) and found is not Dialect


def test_every_mark_names_a_dialect() -> None:
    assert all(issubclass(sniff._named(name), Dialect) for name, _ in sniff._MARKS)


def test_an_unknown_creator_is_read_as_har_1_2_says() -> None:
    assert choose("somebody's tool", []) is Dialect
    assert choose(None, []) is Dialect
