"""The Excel workbook, read back as what it is: a ZIP of XML."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analyzer.errors import UsageError
from tests.batch.made import Case, queue, stream
from tests.batch.test_output import write
from tests.browser import payloads

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(path: Path) -> dict[str, list[list[str]]]:
    """The cells of each sheet as text; rows without a value are left out."""
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        names = [sheet.get("name") or "" for sheet in book.iter(f"{_NS}sheet")]
        found = {}
        for place, name in enumerate(names):
            root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{place + 1}.xml"))
            found[name] = [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{_NS}row")]
        return found


def test_workbook_has_the_sheets_that_are_promised(tmp_path: Path) -> None:
    cases = queue(60)
    write(tmp_path, cases, xlsx=True)
    found = sheets(tmp_path / "batch.xlsx")
    assert list(found) == ["summary", "tickets", "streams", "problems", "unreadable"]
    assert len(found["tickets"]) == 61
    assert len(found["streams"]) == 1 + sum(len(case.streams) for case in cases)
    assert found["summary"][1][1].startswith("Three problems make up")
    assert found["unreadable"][1][2] == "it is an image, not a capture"
    assert (tmp_path / "batch.xlsx").stat().st_mode & 0o777 == 0o600
    assert 'href="batch.xlsx"' in (tmp_path / "index.html").read_text()


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    texts = [
        *payloads._FORMULA,
        *payloads._URL,
        "http://evil.example/",
        "mailto:a@b.example",
        "internal:Sheet1!A1",
    ]
    cases = [
        Case(f"{n}{text}", [stream("offline", url=text, rule=text)], customer=text, tags=(text,))
        for n, text in enumerate(texts)
    ]
    write(tmp_path, cases, xlsx=True)
    with zipfile.ZipFile(tmp_path / "batch.xlsx") as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", "replace")
            assert "<f>" not in text and "<hyperlink" not in text, name
            if name.endswith(".rels"):
                assert "External" not in text
    for row in sheets(tmp_path / "batch.xlsx")["streams"][1:]:
        assert not any(re.match(r"[=+@\t\r]", cell) for cell in row)


def test_same_tickets_give_the_same_bytes(tmp_path: Path) -> None:
    cases = queue(20)
    write(tmp_path / "a", cases, xlsx=True)
    write(tmp_path / "b", cases[::-1], xlsx=True)
    assert (tmp_path / "a/batch.xlsx").read_bytes() == (tmp_path / "b/batch.xlsx").read_bytes()


def test_asking_for_it_later_adds_it_and_not_asking_keeps_it(tmp_path: Path) -> None:
    cases = queue(10)
    write(tmp_path, cases)
    assert not (tmp_path / "batch.xlsx").exists()
    write(tmp_path, cases, xlsx=True)
    before = (tmp_path / "batch.xlsx").read_bytes()
    write(tmp_path, cases)
    assert (tmp_path / "batch.xlsx").read_bytes() == before


def test_workbook_of_other_tickets_is_not_linked(tmp_path: Path) -> None:
    write(tmp_path, queue(10), xlsx=True)
    write(tmp_path, queue(12))
    assert "batch.xlsx" not in (tmp_path / "index.html").read_text()


def test_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        write(tmp_path, queue(3), xlsx=True)
    assert "hangup[xlsx]" in caught.value.render()


def test_dates_before_the_first_that_excel_knows_are_text(tmp_path: Path) -> None:
    write(tmp_path, [Case("old", [stream("offline")], at="0987-01-01T00:00:00Z")], xlsx=True)
    assert "0987-01-01T00:00:00Z" in sheets(tmp_path / "batch.xlsx")["tickets"][1]
