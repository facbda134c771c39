from __future__ import annotations

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from analyzer.report.svg import el, image, num, pct
from tests.browser.payloads import ALL


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_element_stays_one_element_whatever_it_is_given(text: str) -> None:
    root = ElementTree.fromstring(el("g", el("title", text), text, class_=text, data_x=text))
    assert [child.tag for child in root] == ["title"]
    assert set(root.attrib) == {"class", "data-x"}


def test_markup_inside_is_kept_and_text_is_escaped() -> None:
    assert el("g", Markup("<path/>"), "<b>") == "<g><path/>&lt;b&gt;</g>"


def test_missing_attributes_are_left_out() -> None:
    assert el("rect", x=1.50, y=None, hidden=False, aria_label="a") == '<rect x="1.5" aria-label="a"/>'


def test_numbers_are_short() -> None:
    assert (num(1.0), num(0.126), num(-0.001), num(100)) == ("1", "0.13", "0", "100")
    assert (pct(1, 3), pct(5, 0), pct(7, 5), pct(-1, 5)) == ("33.33%", "0%", "100%", "0%")


def test_image_is_announced_by_title_and_description() -> None:
    root = ElementTree.fromstring(image("x", "A", "B"))
    assert root.attrib["role"] == "img"
    assert [child.text for child in root] == ["A", "B"]
