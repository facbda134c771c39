"""Two reports of a running service beside each other."""

from __future__ import annotations

import json
import re

import pytest

from analyzer.compare import compare, compare_reports
from analyzer.options import Options
from analyzer.pipeline import analyze
from tests.web.harness import SAMPLES, Running, wait_for

BEFORE, AFTER = SAMPLES / "nginx-504.har", SAMPLES / "nginx-idle-60s.har"


@pytest.fixture(scope="module")
def ids(running: Running) -> tuple[str, str]:
    before, after = (running.upload(path.read_bytes(), path.name)["id"] for path in (BEFORE, AFTER))
    return before, after


@pytest.mark.parametrize(
    "pair", [(BEFORE, AFTER), (SAMPLES / "openai-completed.har", SAMPLES / "openai-http2-reset.har")]
)
def test_redacted_reports_compare_like_their_captures(pair: tuple[object, object]) -> None:
    one, other = (analyze([str(path)], Options(details=True)) for path in pair)
    from_reports = compare_reports(one, other)
    from_captures = compare([str(pair[0])], [str(pair[1])])
    assert (from_reports.outcome, from_reports.title) == (from_captures.outcome, from_captures.title)
    assert [call.outcome for call in from_reports.calls] == [call.outcome for call in from_captures.calls]


def test_placeholders_of_two_reports_are_not_compared() -> None:
    report = analyze([str(BEFORE)], Options(details=True))
    other = analyze([str(BEFORE)], Options(details=True))
    other.streams[0].exchange.server_ip = "⟨ip:7 public⟩"
    report.streams[0].exchange.server_ip = "⟨ip:1 public⟩"
    columns = [
        difference.column for call in compare_reports(report, other).calls for difference in call.differences
    ]
    assert "server_ip" not in columns


def test_comparison_is_json_or_markdown(running: Running, ids: tuple[str, str]) -> None:
    parameters = {"before": ids[0], "after": ids[1]}
    found = running.client.get("/api/v1/comparisons", params=parameters)
    assert found.status_code == 200 and found.json()["outcome"] == "changed"
    assert found.json()["before_paths"] == ["nginx-504.har"]
    text = running.client.get("/api/v1/comparisons", params=parameters, headers={"Accept": "text/markdown"})
    assert text.text.startswith("## It fails for another reason now")
    assert running.spooled() == []


def test_page_shows_both_and_takes_whole_addresses(running: Running, ids: tuple[str, str]) -> None:
    parameters = {"before": f"{running.url}/r/{ids[0]}#s1", "after": f" {ids[1]} "}
    page = running.client.get("/compare", params=parameters)
    assert page.status_code == 200
    for word in (
        "It fails for another reason now",
        "Call by call",
        "nginx-idle-60s.har",
        f'value="{ids[0]}"',
    ):
        assert word in page.text


def test_page_asks_which_two(running: Running, ids: tuple[str, str]) -> None:
    page = running.client.get("/compare", params={"after": ids[1]})
    assert (
        page.status_code == 200 and "Did the change help?" in page.text and f'value="{ids[1]}"' in page.text
    )


def test_unknown_and_unfinished_reports_are_refused(running: Running, ids: tuple[str, str]) -> None:
    def asked(before: str) -> tuple[int, str]:
        answer = running.client.get("/api/v1/comparisons", params={"before": before, "after": ids[1]})
        return answer.status_code, answer.json()["type"].rpartition(":")[2]

    failed = running.client.post("/api/v1/reports", files={"file": ("x.txt", b"nothing")}).json()["id"]
    wait_for(lambda: running.client.get(f"/api/v1/reports/{failed}/status").json()["state"] == "failed")
    assert asked("x" * 24) == (404, "not-found")
    assert asked(failed) == (409, "not-comparable")
    assert asked("x" * 300) == (422, "invalid-parameter")
    page = running.client.get("/compare", params={"before": '"><b>', "after": ids[1]})
    assert page.status_code == 404 and '"><b>' not in page.text


def test_comparison_of_hostile_reports_is_text(running: Running) -> None:
    har = json.loads(BEFORE.read_bytes())
    for entry in har["log"]["entries"]:
        entry["request"]["url"] = "https://h.example/<script>alert(1)</script>/stream"
    id = running.upload(json.dumps(har).encode(), "hostile.har")["id"]
    page = running.client.get("/compare", params={"before": id, "after": id})
    assert page.status_code == 200 and "<script>alert" not in page.text


def test_words_that_the_page_links_are_explained_on_it(running: Running, ids: tuple[str, str]) -> None:
    page = running.client.get("/compare", params={"before": ids[0], "after": ids[1]}).text
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(re.findall(r'id="([^"]+)"', page))
