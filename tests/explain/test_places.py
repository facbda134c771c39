"""Where in a YAML file a path leads."""

from __future__ import annotations

import pytest

from analyzer.explain.places import place_of

TEXT = "a:\n  - b: 1\n    c: [x, y]\n  - b: 2\n"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("$", "1:1"),
        ("$.a", "2:3"),
        ("$.a[0].b", "2:8"),
        ("$.a[0].c[1]", "3:12"),
        ("$.a[1]", "4:5"),
        ("$.a[1].none", "4:5"),
        ("$.a[9]", "2:3"),
        ("", "1:1"),
    ],
)
def test_path_leads_to_its_line_and_column_or_its_nearest_parent(path: str, place: str) -> None:
    assert place_of(TEXT, path) == place
