from __future__ import annotations

from xml.etree import ElementTree

import pytest

from analyzer.report import svg_path
from analyzer.report.path import path_of
from tests.report import build


@pytest.mark.parametrize(
    "stream",
    [build.idle_timeout(), build.overloaded(), build.completed(), build.user_stop()],
    ids=lambda s: s.verdict.cause,
)
def test_path_drawings_are_well_formed_and_name_the_culprit(stream: build.Stream) -> None:
    path = path_of(stream)
    for drawing in (svg_path.wide(path, "w"), svg_path.tall(path, "t")):
        root = ElementTree.fromstring(drawing)
        texts = [node.text for node in root.iter() if node.text]
        assert "You" in texts and path.caption in texts
        if path.culprit is not None:
            assert any(path.word in text for text in texts)
    ElementTree.fromstring(svg_path.mini(path))
    ElementTree.fromstring(svg_path.sprite())
