"""The API of a running service."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import httpx
import jsonschema
import pytest

from tests.web.harness import HAR, HEADLINE, WAIT, Running, settings

SCHEMA = Path(__file__).resolve().parent.parent.parent / "docs" / "report-v1.schema.json"


@pytest.fixture(scope="module")
def report(running: Running) -> str:
    return str(running.upload(name="api.har")["id"])


def get(running: Running, id: str, accept: str) -> httpx.Response:
    return running.client.get(f"/api/v1/reports/{id}", headers={"Accept": accept})


def test_upload_is_accepted_and_becomes_a_report(running: Running) -> None:
    answer = running.client.post("/api/v1/reports", files={"file": ("first.har", HAR + b" ")})
    assert answer.status_code == 202
    status = answer.json()
    assert answer.headers["location"] == f"/api/v1/reports/{status['id']}"
    assert status["state"] in ("queued", "running") and status["headline"] is None
    assert status["files"] == [{"name": "first.har", "size": len(HAR) + 1}]
    with running.client.stream("GET", status["links"]["events"]) as events:
        assert "event: done" in "".join(events.iter_text())
    assert HEADLINE in running.client.get(status["links"]["status"]).json()["headline"]


def test_prefer_wait_answers_with_the_finished_report(running: Running) -> None:
    answer = running.client.post("/api/v1/reports", files={"file": ("w.har", HAR)}, headers=WAIT)
    assert answer.status_code == 201 and answer.json()["state"] == "done"
    assert answer.json()["severity"] == "failed" and answer.json()["streams"] == 2


def test_json_is_the_report_of_version_1(running: Running, report: str) -> None:
    found = get(running, report, "application/json").json()
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert found["version"] == 1 and found["redacted"] is not None
    assert found["captures"][0]["path"] == "api.har"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/html", "text/html; charset=utf-8"),
        ("text/markdown;q=0.9, application/json;q=0.1", "text/markdown; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
def test_accept_chooses_the_format(running: Running, report: str, accept: str, kind: str) -> None:
    answer = get(running, report, accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind and answer.headers["vary"] == "Accept"
    assert HEADLINE in answer.text


def test_unknown_format_is_not_acceptable(running: Running, report: str) -> None:
    answer = get(running, report, "image/png")
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"


def test_standalone_html_keeps_its_own_policy(running: Running, report: str) -> None:
    policy = get(running, report, "text/html").headers["content-security-policy"]
    assert "script-src 'sha256-" in policy and "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy and "sandbox" in policy


def test_raw_body_is_read_and_named(running: Running) -> None:
    answer = running.client.post(
        "/api/v1/reports?filename=ticket%2F42.har", content=HAR,
        headers={"Content-Type": "application/json", **WAIT},
    )  # fmt: skip
    assert answer.status_code == 201
    assert answer.json()["files"][0]["name"] == "42.har"


def test_compressed_body_is_read(running: Running) -> None:
    headers = {"Content-Type": "application/gzip", **WAIT}
    answer = running.client.post("/api/v1/reports", content=gzip.compress(HAR), headers=headers)
    assert answer.status_code == 201 and answer.json()["streams"] == 2


def test_several_files_are_one_case(running: Running) -> None:
    files = [("file", ("same.har", HAR)), ("file", ("same.har", HAR.replace(b"app.example", b"two.example")))]
    answer = running.client.post("/api/v1/reports", files=files, headers=WAIT)
    assert [file["name"] for file in answer.json()["files"]] == ["same.har", "same (2).har"]
    assert answer.json()["streams"] == 4


def test_pasted_text_is_a_capture(running: Running) -> None:
    answer = running.client.post("/api/v1/reports", files={"text": (None, HAR)}, headers=WAIT)
    assert answer.status_code == 201 and answer.json()["files"][0]["name"] == "pasted.har"


def test_same_capture_is_answered_at_once_under_another_id(running: Running) -> None:
    first = running.upload(name="twice.har")
    second = running.client.post("/api/v1/reports", files={"file": ("twice.har", HAR)})
    assert second.status_code == 201 and second.json()["id"] != first["id"]
    running.client.delete(f"/api/v1/reports/{first['id']}")
    assert get(running, second.json()["id"], "application/json").status_code == 200


def test_unreadable_capture_is_a_problem_with_a_reason(running: Running) -> None:
    answer = running.client.post("/api/v1/reports", files={"file": ("x.txt", b"nothing")}, headers=WAIT)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:hangup:problem:unreadable-capture" and problem["status"] == 422
    assert problem["detail"].startswith("x.txt: ")
    again = running.client.get(answer.headers["location"])
    assert (again.status_code, again.json()) == (422, problem)


def test_deleted_wrong_and_impossible_ids_look_the_same(running: Running) -> None:
    id = running.upload(name="gone.har")["id"]
    assert running.client.delete(f"/api/v1/reports/{id}").status_code == 204
    answers = [
        running.client.request(method, f"/api/v1/reports/{wrong}{suffix}")
        for method, suffix in (("GET", ""), ("GET", "/status"), ("GET", "/events"), ("DELETE", ""))
        for wrong in (id, "A" * 24, "x", "%00", "é" * 24)
    ]
    seen = {(answer.status_code, answer.text) for answer in answers}
    assert len(seen) == 1 and answers[0].status_code == 404


def test_deleted_report_leaves_nothing_in_the_store(running: Running) -> None:
    id = running.upload(name="leaves-nothing.har")["id"]
    job = running.service.jobs.get(id)
    assert job is not None and running.service.store.get(job.result) is not None
    running.client.delete(f"/api/v1/reports/{id}")
    assert running.service.store.get(job.result) is None
    assert running.service.store.document(job.result, "json") is None


def test_keep_is_bounded_by_what_the_operator_allows(running: Running) -> None:
    def days(keep: str) -> float:
        status = running.upload(name="keep.har", params={"keep": keep})
        job = running.service.jobs.get(status["id"])
        assert job is not None
        return (job.expires_at - job.created_at).total_seconds() / 86400

    assert days("1h") == 1 / 24
    assert days("9999d") == settings(Path()).keep_seconds / 86400
    wrong = running.client.post("/api/v1/reports?keep=soon", files={"file": ("a", HAR)})
    assert wrong.json()["type"] == "urn:hangup:problem:invalid-parameter"


def test_only_redacted_results_are_stored(running: Running) -> None:
    har = json.loads(HAR)
    canary = "Zk3vQ9xT7mB2nL5pR8wY"
    for entry in har["log"]["entries"]:
        entry["request"]["headers"].append({"name": "Authorization", "value": f"Bearer {canary}"})
        entry["request"]["cookies"] = [{"name": "session", "value": canary}]
    id = running.upload(json.dumps(har).encode(), "canary.har")["id"]
    job = running.service.jobs.get(id)
    assert job is not None
    for kind in ("fragment", "html", "json", "markdown", "report"):
        document = running.service.store.document(job.result, kind)
        assert document is not None and canary.encode() not in document
    running.service.store.compact()
    assert canary.encode() not in (running.data / "reports.duckdb").read_bytes()


def test_events_tell_stages_and_end_with_a_named_event(running: Running) -> None:
    har = HAR + b"\n" * 5
    status = running.client.post("/api/v1/reports", files={"file": ("stages.har", har)}).json()
    with running.client.stream("GET", status["links"]["events"]) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        events = [block for block in "".join(answer.iter_text()).split("\n\n") if block]
    names = [line[7:] for block in events for line in block.split("\n") if line.startswith("event: ")]
    assert names[-1] == "done" and set(names[:-1]) <= {"progress"}
    stages = [
        json.loads(line[6:])["stage"]
        for block in events
        for line in block.split("\n")
        if line.startswith("data: ")
    ]
    order = [None, "starting", "reading", "decoding", "judging", "writing"]
    seen = [order.index(stage) for stage in stages[:-1]]
    assert seen == sorted(seen) and "writing" in stages


def test_events_of_a_finished_report_end_at_once(running: Running, report: str) -> None:
    text = running.client.get(f"/api/v1/reports/{report}/events").text
    assert text.startswith("event: done\n")


def test_health_and_metrics(running: Running) -> None:
    assert running.client.get("/healthz").json() == {"status": "ok"}
    text = running.client.get("/metrics").text
    assert "# TYPE hangup_reports_done_total counter" in text
    assert 'hangup_responses_total{status="200"}' in text
    assert "hangup_analysis_seconds_count" in text


def test_unknown_address_and_method_are_problems(running: Running) -> None:
    assert running.client.get("/api/v1/nothing").json()["status"] == 404
    answer = running.client.put("/api/v1/reports")
    assert answer.status_code == 405 and answer.json()["status"] == 405
