"""The summary of many tickets."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.batch.model import BatchSummary
from analyzer.batch.schema import to_json as to_schema
from analyzer.batch.summary import summarize_batch, to_json
from analyzer.batch.working import wilson
from tests.batch.made import Case, opened, queue, stream


def summary_of(cases: list[Case]) -> BatchSummary:
    with opened(cases) as db:
        return summarize_batch(db)


def broken(number: int, cause: str = "session-expired", **columns: Any) -> Case:
    return Case(f"T-{number:03d}", [stream(cause, **columns)], at=f"2026-03-{1 + number % 28:02d}T10:00:00Z")


def test_nothing_at_all_is_said_plainly() -> None:
    found = summary_of([])
    assert (found.tickets, found.headline, found.problems, found.customers) == (
        0,
        "There is no ticket here.",
        [],
        None,
    )


def test_headline_counts_tickets_of_the_leading_problems() -> None:
    cases = [broken(n) for n in range(6)] + [broken(n, "rate-limited") for n in range(10, 13)]
    cases += [broken(20, "dns-failure"), Case("ok", [stream("completed")])]
    found = summary_of(cases)
    assert found.headline.replace("\u00a0", " ") == "Two problems make up 82 % of 11 tickets."
    assert [(item.cause, item.tickets) for item in found.problems] == [
        ("session-expired", 6),
        ("rate-limited", 3),
    ]
    assert found.innocent == 1


def test_single_tickets_are_no_problem_of_the_queue() -> None:
    found = summary_of([broken(1), broken(2, "dns-failure"), broken(3, "offline")])
    assert found.problems == []
    assert "each in its own way" in found.headline


def test_nothing_broken_is_a_result() -> None:
    found = summary_of([Case("a", [stream("completed")]), Case("b", [stream("stopped-by-user")])])
    assert found.headline.replace("\u00a0", " ") == "Nothing broke in any of 2 tickets that hold a stream."


def test_tickets_that_die_at_one_duration_are_one_cluster() -> None:
    lengths = [61_000, 61_100, 60_950, 61_020]
    cases = [
        broken(n, "gateway-idle-timeout", duration_ms=float(ms), gateway="nginx", upstream="api-7")
        for n, ms in enumerate(lengths)
    ]
    cases += [
        Case(f"ok{n}", [stream("completed", duration_ms=n * 9000.0, upstream=f"api-{n}")])
        for n in range(1, 6)
    ]
    problem = summary_of(cases).problems[0]
    assert (problem.kind, problem.tickets) == ("cluster", 4)
    assert "61.0" in problem.text and "tickets" in problem.text and "streams" not in problem.text
    assert problem.shared["upstream"] == "api-7"
    assert problem.members == ["T-000", "T-001", "T-002", "T-003"]


def places(
    broken_there: int, broken_elsewhere: int, fine_there: int, fine_elsewhere: int, cause: str
) -> list[Case]:
    counts = ((cause, "edge-a", broken_there), (cause, "edge-b", broken_elsewhere))
    counts += (("completed", "edge-a", fine_there), ("completed", "edge-b", fine_elsewhere))  # type: ignore[assignment]
    return [
        Case(f"{where}-{what}-{n}", [stream(what, gateway=where, duration_ms=100.0 * (n + 1) ** 2)])
        for what, where, count in counts
        for n in range(count)
    ]


def test_place_that_chance_explains_makes_no_cluster() -> None:
    few = summary_of(places(4, 1, 9, 9, "connection-reset")).problems[0]
    many = summary_of(places(40, 4, 30, 60, "connection-reset")).problems[0]
    assert (few.kind, few.tickets, many.kind) == ("cause", 5, "cluster")
    assert many.shared["gateway"] == "edge-a"


def test_durations_that_are_only_all_short_make_no_cluster() -> None:
    spread = [broken(n, "provider-overloaded", duration_ms=2000.0 + 7000.0 * n / 60) for n in range(60)]
    long = [Case(f"ok{n}", [stream("completed", duration_ms=5000.0 * n)]) for n in range(1, 30)]
    assert [(item.kind, item.tickets) for item in summary_of(spread + long).problems] == [("cause", 60)]


def test_two_timers_are_one_problem_with_both() -> None:
    cut = [broken(n, "gateway-idle-timeout", duration_ms=(60_000.0, 120_100.0)[n % 2] + n) for n in range(40)]
    long = [Case(f"ok{n}", [stream("completed", duration_ms=9000.0 * n)]) for n in range(1, 40)]
    problem = summary_of(cut + long).problems[0]
    assert (problem.kind, problem.tickets) == ("cluster", 40)
    assert len(problem.shared["also_duration_ms"]) == 1


def test_place_alone_explains_nothing_that_is_unexplained() -> None:
    found = summary_of(places(40, 4, 30, 60, "unexplained"))
    assert found.problems == [] and found.unexplained == 44


def test_many_streams_of_one_ticket_are_one_ticket() -> None:
    one = Case("big", [stream("gateway-idle-timeout", duration_ms=61_000.0) for _ in range(50)])
    found = summary_of([one, broken(1), broken(2)])
    assert [(item.cause, item.tickets) for item in found.problems] == [("session-expired", 2)]


def test_placeholders_of_different_reports_are_not_the_same_thing() -> None:
    cases = [broken(n, "connection-reset", server_ip="⟨ip:1 private⟩", host=f"h{n}") for n in range(4)]
    cases += [Case(f"ok{n}", [stream("completed", server_ip=f"203.0.113.{n}")]) for n in range(1, 6)]
    found = summary_of(cases)
    assert all("server_ip" not in item.shared for item in found.problems)
    assert all("⟨" not in row.value for item in found.breakdowns for row in item.values)


def test_mail_addresses_become_companies_and_numbered_persons() -> None:
    cases = [
        Case("1", [stream("completed")], "Jane Doe <jane@acme.example>"), Case("2", [stream("completed")], "JOE@ACME.example"),
        Case("3", [stream("completed")], "bob@gmail.com"), Case("4", [stream("completed")], "Bob@Gmail.com"),
        Case("5", [stream("completed")], "eve@gmail.com"), Case("6", [stream("completed")], "Globex"), Case("7", [stream("completed")], "  "),
    ]  # fmt: skip
    found = summary_of(cases)
    assert {row.customer: row.tickets for row in found.customers or []} == {
        "acme.example": 2, "person 1 (gmail.com)": 2, "person 2 (gmail.com)": 1, "Globex": 1,
    }  # fmt: skip
    assert found.customers_total == 4
    assert b"jane" not in to_json(found, version="0").lower()


def test_rate_of_few_tickets_is_not_given() -> None:
    cases = [Case(f"a{n}", [stream("offline")], "Few") for n in range(4)]
    cases += [Case(f"b{n}", [stream("offline" if n < 9 else "completed")], "Many") for n in range(10)]
    rows = {row.customer: row for row in summary_of(cases).customers or []}
    assert rows["Few"].rate is None and rows["Few"].broken == 4
    assert rows["Many"].rate == pytest.approx(0.9)
    assert 0.39 < rows["Few"].low < 0.52 and rows["Few"].high == 1.0


def test_wilson_interval_is_the_known_one() -> None:
    # Newcombe 1998, table I: 81 of 263 and 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("first", "last", "step", "buckets"),
    [
        ("2026-03-02T08:10:00Z", "2026-03-02T10:59:00Z", "hour", 3),
        ("2026-03-02T08:00:00Z", "2026-03-06T08:00:00Z", "day", 5),
        ("2026-03-02T08:00:00Z", "2026-12-30T08:00:00Z", "week", 44),
        ("2024-03-02T08:00:00Z", "2026-12-30T08:00:00Z", "month", 34),
        ("1970-01-01T00:00:00Z", "2026-12-30T08:00:00Z", "year", 57),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "year", 2),
    ],
)
def test_step_fits_the_span(first: str, last: str, step: str, buckets: int) -> None:
    cases = [
        Case("a", [stream("offline")], at=first),
        Case("b", [stream("completed")], at=last),
        Case("c", []),
    ]
    trend = summary_of(cases).trend
    assert (trend.step, len(trend.buckets), trend.undated) == (step, buckets, 1)
    assert [(b.tickets, b.broken) for b in trend.buckets if b.tickets] == [(1, 1), (1, 0)]
    assert trend.buckets[0].by_party == {"network": 1}


def test_ticket_without_a_time_counts_when_its_first_stream_began() -> None:
    trend = summary_of(
        [Case("a", [stream("offline", started_at=datetime.fromisoformat("2026-03-02T10:00:00+02:00"))])]
    ).trend
    assert [b.start for b in trend.buckets] == ["2026-03-02T08:00:00Z"]


def test_ticket_with_only_healthy_lines_is_innocent() -> None:
    found = summary_of([Case("log", [], counted=900), Case("none", [])])
    assert (found.innocent, found.without_streams, found.streams) == (1, 1, 900)
    assert [item.members for item in found.questions] == [["none"]]


def test_log_lines_give_no_share_of_broken_streams() -> None:
    logged = [Case(f"l{n}", [stream("bad-gateway", gateway="nginx", capture_kind="log")]) for n in range(3)]
    seen = [Case(f"h{n}", [stream("completed", gateway="nginx")]) for n in range(2)]
    values = next(item for item in summary_of(logged + seen).breakdowns if item.by == "gateway").values
    assert [(v.value, v.tickets, v.broken_tickets, v.streams, v.broken_streams, v.cause) for v in values] == [
        ("nginx", 5, 3, 2, 0, "bad-gateway")
    ]


def test_questions_are_asked_once_for_many_tickets() -> None:
    asks = [f"Send the gateway's error log for 10:15:0{n}-10:15:0{n + 2} UTC." for n in range(4)]
    cases = [Case(f"q{n}", [stream("unexplained", settle=ask)]) for n, ask in enumerate(asks)] + [
        Case("none", [])
    ]
    found = summary_of(cases).questions
    assert [(item.kind, item.tickets, item.members) for item in found] == [
        ("unexplained", 4, ["q0", "q1", "q2", "q3"]), ("no-stream", 1, ["none"]),
    ]  # fmt: skip
    assert found[0].ask == "Send the gateway's error log for the seconds around the end."


def test_unreadable_attachments_keep_their_reason() -> None:
    cases = [
        Case("a", [stream("completed")], captures=[("a.har", None), ("b.har", "it ends in the middle")]),
        Case("b", [], state="failed", reason="it took longer than 60 s", captures=[]),
        Case("c", [], state="unreadable", captures=[("x.png", "it is an image")]),
    ]
    found = summary_of(cases)
    assert [(row.ticket, row.capture, row.reason) for row in found.unreadable] == [
        ("a", "b.har", "it ends in the middle"), ("b", None, "it took longer than 60 s"), ("c", "x.png", "it is an image"),
    ]  # fmt: skip
    assert found.by_state == {"done": 1, "failed": 1, "unreadable": 1}


def test_every_ticket_is_in_exactly_one_place() -> None:
    found = summary_of(queue(120))
    assert found.tickets == found.broken + found.innocent + found.without_streams + sum(
        count for state, count in found.by_state.items() if state != "done"
    )
    counted = [ticket for item in found.problems for ticket in item.members]
    assert len(counted) == len(set(counted)) <= found.broken


def test_json_is_the_same_for_the_same_tickets_in_any_order() -> None:
    cases = queue(40)
    assert to_json(summary_of(cases), version="1") == to_json(summary_of(cases[::-1]), version="1")
    assert json.loads(to_json(summary_of(cases), version="1"))["version"] == 1


def test_schema_in_the_docs_is_the_one_that_is_made() -> None:
    file = Path(__file__).parents[2] / "docs" / "batch-v1.schema.json"
    assert file.read_bytes() == to_schema(), (
        "run: python -m analyzer.batch.schema > docs/batch-v1.schema.json"
    )
