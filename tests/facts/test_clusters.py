"""Clusters: which streams, what they share, and what they are compared with."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.facts.clusters import clusters
from analyzer.facts.clustertext import baseline_text
from analyzer.model import Cluster, Verdict

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def verdict(cause: str, rule: str = "a-rule") -> Verdict:
    known = CAUSES[cause]
    return Verdict(
        cause=cause, party=known.party, severity=known.severity, confidence="likely", rule=rule,
        title=known.title, explanation="",
    )  # fmt: skip


def found(rows: list[tuple[str, dict[str, Any]]], **options: Any) -> list[Cluster]:
    exchanges = [Exchange(capture="a.log", **values) for _, values in rows]
    verdicts = [verdict(cause) for cause, _ in rows]
    return clusters(exchanges, verdicts, {i: f"s{i + 1}" for i in range(len(rows))}, **options)


def healthy(count: int, **values: Any) -> list[tuple[str, dict[str, Any]]]:
    rng = random.Random(count)
    return [("completed", {"duration_ms": rng.uniform(2000, 58_000), **values}) for _ in range(count)]


def test_same_size_is_a_cluster_whatever_the_duration() -> None:
    rows = [
        ("connection-cut", {"body_bytes": 225_280 + i, "duration_ms": 9000.0 * (i + 1)}) for i in range(8)
    ]
    (cluster,) = found(rows + healthy(2, body_bytes=41_000))
    assert cluster.members == [f"s{i}" for i in range(1, 9)]
    assert abs(cluster.shared["bytes"] - 225_280) < 20
    assert "duration_ms" not in cluster.shared


def test_two_timers_of_one_client_are_one_cluster() -> None:
    rows = [("client-timeout", {"duration_ms": 60_000.0 + i}) for i in range(14)]
    rows += [("client-timeout", {"duration_ms": 90_000.0 + i}) for i in range(3)]
    (cluster,) = found(rows + healthy(3))
    assert cluster.size == 17
    assert cluster.shared["duration_ms"] == 60_010.0
    assert cluster.shared["also_duration_ms"] == [90_000.0]
    assert cluster.party == "browser"


def test_one_upstream_at_one_age_is_one_problem_across_verdicts() -> None:
    rows: list[tuple[str, dict[str, Any]]] = []
    for i in range(38):
        cause = "connection-cut" if i % 3 else "http2-stream-reset"
        rows.append((cause, {"duration_ms": 61_000.0 + 10 * (i % 40), "upstream": "api-7"}))
    rng = random.Random(7)
    rows += [
        ("connection-cut", {"duration_ms": rng.uniform(1000, 300_000), "upstream": f"api-{i % 5}"})
        for i in range(12)
    ]
    rows += healthy(20, upstream="api-1") + healthy(20, upstream="api-2")
    cluster = found(rows)[0]
    assert cluster.size >= 38
    assert cluster.shared["upstream"] == "api-7"
    assert cluster.text.startswith(f"{cluster.size} of 50 ")
    assert "on `api-7`" in cluster.text
    assert "61." in cluster.text
    assert cluster.baseline


def test_one_second_and_different_ages_is_an_instant() -> None:
    rows = [
        (
            "connection-cut",
            {"duration_ms": 5000.0 + 21_000 * i, "ended_at": NOON + timedelta(milliseconds=90 * i)},
        )
        for i in range(6)
    ]
    rows += [
        ("completed", {"duration_ms": 9000.0, "ended_at": NOON + timedelta(minutes=i)})
        for i in range(-30, 30)
    ]
    (cluster,) = found(rows)
    assert cluster.size == 6
    assert cluster.shared["at"].replace(microsecond=0) == NOON
    assert "same second" in cluster.text


def test_each_cause_has_its_own_instant_place_and_size() -> None:
    rows: list[tuple[str, dict[str, Any]]] = []
    for minute, (cause, server) in enumerate(
        [("connection-cut", "a"), ("bad-gateway", "b"), ("server-error", "c")]
    ):
        rows += [
            (cause, {"duration_ms": 5000.0 + 21_000 * i, "upstream": server, "host": f"{i}.example.com",
                     "ended_at": NOON + timedelta(minutes=minute, milliseconds=90 * i)})
            for i in range(6)
        ]  # fmt: skip
    rows += [
        (cause, {"duration_ms": 9000.0, "upstream": name, "ended_at": NOON + timedelta(minutes=i)})
        for i in range(-30, 30) for cause, name in [("completed", "d")]
    ]  # fmt: skip
    together = found(rows)
    assert sorted(cluster.shared["upstream"] for cluster in together) == ["a", "b", "c"]
    assert sorted(cluster.shared["at"].minute for cluster in together) == [0, 1, 2]
    for cluster in together:
        (alone,) = found([row for row in rows if row[0] in (cluster.cause, "completed")])
        assert (alone.shared, alone.size) == (cluster.shared, cluster.size)


def test_two_streams_are_no_cluster() -> None:
    assert found([("connection-cut", {"duration_ms": 60_000.0})] * 2 + healthy(9)) == []


def test_healthy_streams_are_no_cluster() -> None:
    assert found(healthy(50, upstream="api-1", body_bytes=100)) == []


def test_what_every_stream_shares_is_no_clue() -> None:
    rows = [("session-expired", {"host": "app.example.com"}) for _ in range(4)]
    (cluster,) = found(rows + healthy(9, host="app.example.com"))
    assert "app.example.com" not in cluster.text
    assert cluster.text.startswith("4 of 4 streams that failed have one cause")


def test_shared_values_pass_the_redactor() -> None:
    rows = [("connection-cut", {"duration_ms": 60_000.0, "upstream": "10.1.2.3:80"}) for _ in range(5)]
    (cluster,) = found(rows + healthy(9, upstream="10.1.2.4:80"), show=lambda column, _: f"<{column}>")
    assert cluster.shared["upstream"] == "<upstream>"
    assert "10.1.2.3" not in cluster.text + cluster.baseline


def test_connections_of_two_files_are_not_one() -> None:
    exchanges = [
        Exchange(capture=f"{i}.har", connection_id="7", duration_ms=1000.0 * (i + 3) ** 2) for i in range(4)
    ]
    others = [Exchange(capture="9.har", connection_id=str(i), duration_ms=900.0) for i in range(9)]
    verdicts = [verdict("connection-cut")] * 4 + [verdict("completed")] * 9
    (cluster,) = clusters(exchanges + others, verdicts, {i: str(i) for i in range(13)})
    assert "connection" not in cluster.shared


def test_refusals_in_milliseconds_and_short_error_pages_share_no_number() -> None:
    rows = [
        ("service-unavailable", {"duration_ms": 30.0 + i, "body_bytes": 81 + i, "status": 503})
        for i in range(8)
    ]
    (cluster,) = found(rows + healthy(12, body_bytes=41_000))
    assert not {"duration_ms", "bytes"} & set(cluster.shared)
    assert "8 of 8" in cluster.text


def test_a_baseline_begins_like_a_sentence_and_keeps_names_as_they_are() -> None:
    told = baseline_text(5, 3, "edge_location", "FRA", 0, None, 1000.0, 2000.0, show=lambda _, value: value)
    assert told == "No healthy stream is at edge location `FRA`; healthy ones last 1.0 s to 2.0 s."
