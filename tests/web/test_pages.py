"""The pages, as a browser without JavaScript sees them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analyzer.resources import folder
from analyzer.web.pages import _keep_choices
from tests.web.harness import HAR, HEADLINE, Running, wait_for

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


class Links(HTMLParser):
    """Every address that a page loads or leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def uploaded(running: Running, name: str, data: bytes = HAR) -> str:
    answer = running.client.post(
        "/upload", files={"file": (name, data), "text": (None, ""), "keep": (None, "1d")}
    )
    assert answer.status_code == 303
    place = answer.headers["location"]
    wait_for(lambda: "http-equiv" not in running.client.get(place).text)
    return str(place)


def test_form_leads_to_progress_and_on_to_the_report(running: Running) -> None:
    answer = running.client.post("/upload", files={"file": ("form.har", HAR)})
    page = running.client.get(answer.headers["location"]).text
    assert 'http-equiv="refresh"' in page or HEADLINE in page
    place = answer.headers["location"]
    wait_for(lambda: HEADLINE in running.client.get(place).text)


def test_report_page_has_everything_that_the_report_has(running: Running) -> None:
    place = uploaded(running, "page.har")
    page = running.client.get(place).text
    assert f"<title>{HEADLINE} (1 of 2 answers). · hangup</title>" in page
    for word in ("What to do", "Ready to send", "At a glance", "What this is based on"):
        assert word in page
    assert "<style" not in page and " style=" not in page and " onclick" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)


def test_fragment_includes_what_the_report_includes() -> None:
    root = folder("templates")
    include = re.compile(r'{% (?:if [^%]*%}{% )?include "(report/[^"]+)"')
    report = include.findall((root / "report" / "report.html.j2").read_text())
    assert include.findall((root / "web" / "fragment.html.j2").read_text()) == report != []


def test_pages_lead_nowhere_else(running: Running) -> None:
    place = uploaded(running, "links.har")
    for path in ("/", place, "/r/wrong"):
        for link in Links(running.client.get(path, headers=BROWSER).text).found:
            assert link.startswith(("/", "#")) and not link.startswith("//"), link
            if link.startswith("/") and "/delete" not in link and not link.startswith("/upload"):
                expected = 200 if "/compare" not in link else running.client.get(link).status_code
                assert running.client.get(link.partition("#")[0]).status_code == expected, link


@pytest.mark.parametrize(
    ("suffix", "kind", "start"),
    [
        ("html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("json", "application/json", b"{"),
        ("md", "text/markdown; charset=utf-8", b"#"),
    ],
)
def test_downloads_are_files(running: Running, suffix: str, kind: str, start: bytes) -> None:
    place = uploaded(running, "download.har")
    answer = running.client.get(f"{place}/report.{suffix}")
    assert answer.headers["content-type"] == kind
    assert re.fullmatch(
        rf'attachment; filename="hangup-report-\d{{8}}-\d{{4}}\.{suffix}"',
        answer.headers["content-disposition"],
    )
    assert answer.content.lstrip().startswith(start)
    assert running.client.get(f"{place}/report.exe").status_code == 404


def test_delete_button_deletes_and_says_so(running: Running) -> None:
    place = uploaded(running, "delete.har")
    answer = running.client.post(f"{place}/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?deleted")
    assert "was deleted" in running.client.get("/?deleted").text
    assert running.client.get(place).status_code == 404
    assert running.client.post(f"{place}/delete").status_code == 404


def test_failed_report_says_why_and_what_helps(running: Running) -> None:
    place = uploaded(running, "notes<b>.txt", b"dear diary")
    page = running.client.get(place).text
    assert "The capture cannot be read" in page and "What helps" in page
    assert "notes_b_.txt" in page and "<b>.txt" not in page
    assert running.client.get(f"{place}/report.html").status_code == 404


def test_refusals_are_pages_for_people_and_documents_for_programs(running: Running) -> None:
    person = running.client.get("/r/wrong", headers=BROWSER)
    assert person.status_code == 404 and "There is no such report" in person.text
    program = running.client.get("/r/wrong")
    assert program.headers["content-type"] == "application/problem+json"
    api = running.client.get("/api/v1/reports/wrong", headers=BROWSER)
    assert api.headers["content-type"] == "application/problem+json"


def test_static_files_are_kept_by_browsers_as_long_as_they_are_the_same(running: Running) -> None:
    links = [link for link in Links(running.client.get("/").text).found if link.startswith("/static/")]
    assert len(links) >= 5
    for link in links:
        assert "immutable" in running.client.get(link).headers["cache-control"]
        assert running.client.get(link.partition("?")[0]).headers["cache-control"] == "no-cache"
    assert running.client.get("/static/..%2Fbase.html.j2").status_code == 404


def test_how_to_export_is_told_for_every_browser(running: Running) -> None:
    page = running.client.get("/").text
    for word in ("Export HAR (sanitized)", "Save All As HAR", "Show Web Inspector", "Preserve Log", "sensitive data is not needed"):  # fmt: skip
        assert word in page
    assert page.count('<figure class="pic">') == 4


def test_every_script_is_served() -> None:
    root = Path(folder("templates")) / "web" / "static"
    from analyzer.web.pages import static_files

    assert {path.name for path in root.iterdir()} | {"report.css", "report.js"} == set(static_files())


def test_times_to_keep_are_never_longer_than_allowed() -> None:
    def shown(seconds: float) -> list[tuple[str, str]]:
        return [(value, label.replace("\u00a0", " ")) for value, label in _keep_choices(seconds)]

    assert shown(7 * 86400) == [("", "7 days"), ("1d", "1 day"), ("1h", "1 hour")]
    assert shown(1800) == [("", "30 minutes")]
