"""Reports from queued to expired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from analyzer.store import Result, Store
from analyzer.web.jobs import MIGRATIONS, Job, Jobs, is_id, new_id
from analyzer.web.problems import Failure

DAY = timedelta(days=1)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with Store(None, {"web": MIGRATIONS}) as store:
        yield Jobs(store)


def add(jobs: Jobs, *, result: str = "k", keep: timedelta = DAY, done: bool = False) -> Job:
    files = [{"name": "a.har", "size": 5, "sha256": "00"}]
    return jobs.add(new_id(), files=files, content="c", ruleset="r", result=result, keep=keep, done=done)


def result(key: str = "k") -> Result:
    return Result(key, "c", "r", "It was cut.", "failed", 1, 1, 0, datetime.now(UTC))


def test_ids_are_long_random_and_recognised() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000 and all(is_id(id) and len(id) == 24 for id in ids)
    for wrong in ("", "a" * 23, "a" * 25, "a" * 23 + "/", "é" * 24, "a" * 23 + "\n"):
        assert not is_id(wrong)


def test_queue_is_first_in_first_out(jobs: Jobs) -> None:
    added = [add(jobs) for _ in range(3)]
    assert [jobs.position(job) for job in added] == [0, 1, 2]
    claimed = [jobs.claim() for _ in range(4)]
    assert [job.id if job else None for job in claimed] == [*(job.id for job in added), None]
    assert all(job is None or (job.state, job.attempts) == ("running", 1) for job in claimed)


def test_finished_report_has_its_documents(jobs: Jobs) -> None:
    job = add(jobs)
    jobs.claim()
    assert jobs.finish(job.id, result(), {"html": b"x"})
    found = jobs.get(job.id)
    assert found is not None and found.state == "done" and found.finished_at is not None
    assert jobs.document(found, "html") == b"x" and jobs.known("k")


def test_report_that_was_deleted_meanwhile_stores_nothing(jobs: Jobs) -> None:
    job = add(jobs)
    jobs.claim()
    jobs.delete(job.id)
    assert not jobs.finish(job.id, result(), {"html": b"x"})
    assert not jobs.known("k")


def test_result_lives_as_long_as_the_last_report_that_has_it(jobs: Jobs) -> None:
    first = add(jobs)
    jobs.claim()
    jobs.finish(first.id, result(), {})
    second = add(jobs, done=True)
    assert jobs.delete(first.id) and jobs.known("k")
    assert jobs.delete(second.id) and not jobs.known("k")
    assert not jobs.delete(second.id)


def test_report_past_its_time_is_gone_before_it_is_swept(jobs: Jobs) -> None:
    job = add(jobs, keep=timedelta(0), done=True)
    assert jobs.get(job.id) is None
    assert not jobs.delete(job.id)
    assert jobs.expire() == [job.id] and jobs.expire() == []


def test_interruption_that_was_not_its_fault_is_not_counted(jobs: Jobs) -> None:
    job = add(jobs)
    jobs.claim()
    jobs.requeue(job.id, uncounted=True)
    again = jobs.claim()
    assert again is not None and again.attempts == 1
    jobs.requeue(job.id, uncounted=False)
    again = jobs.claim()
    assert again is not None and again.attempts == 2
    assert [job.id for job in jobs.waiting()] == [job.id]


def test_failure_is_kept_with_its_reason(jobs: Jobs) -> None:
    job = add(jobs)
    failure = Failure("unreadable-capture", "a.har: it is cut", "export it again")
    jobs.fail(job.id, failure)
    found = jobs.get(job.id)
    assert found is not None and found.failure == failure
    assert found.failure.problem().document()["help"] == "export it again"
    assert jobs.counts() == {"failed": 1} and jobs.waiting() == []


def test_waiting_report_follows_the_rules_of_the_next_start(jobs: Jobs) -> None:
    job = add(jobs)
    jobs.rekey(job.id, "r2", "k2")
    found = jobs.get(job.id)
    assert found is not None and (found.ruleset, found.result) == ("r2", "k2")
