from __future__ import annotations

import typing

import pytest

from analyzer.causes import CAUSES, Party
from analyzer.columns import Exchange
from analyzer.model import Ending, Stream, Verdict
from analyzer.report.path import HOPS, path_of


def stream(cause: str, *, party: Party | None = None, phase: str = "data", **row: typing.Any) -> Stream:
    known = CAUSES[cause]
    verdict = Verdict(
        cause=cause, party=party or known.party, severity=known.severity, confidence="likely", rule=None, title=known.title, explanation="",
    )  # fmt: skip
    return Stream(id="1", exchange=Exchange(**row), ending=Ending(phase=phase), verdict=verdict)


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("phase", ["connect", "request", "headers", "data", "last"])
@pytest.mark.parametrize("events", [None, 0, 12])
def test_every_cause_has_a_picture_and_a_sentence(cause: str, phase: str, events: int | None) -> None:
    path = path_of(stream(cause, phase=phase, events=events))
    assert len(path.hops) == len(HOPS) and len(path.links) == len(HOPS) - 1
    assert path.links.count("broken") == (path.broken is not None)
    assert path.caption.endswith(".")
    marked = [i for i, hop in enumerate(path.hops) if hop.state != "plain"]
    assert marked in ([], [path.culprit])


def test_healthy_line_is_whole() -> None:
    path = path_of(stream("completed", phase="last", events=3))
    assert set(path.links) == {"flow"} and path.culprit is None and path.word == ""


def test_answer_cut_by_the_gateway_came_as_far_as_the_gateway() -> None:
    path = path_of(stream("gateway-idle-timeout", events=110, gateway="nginx"))
    assert path.links == ("dead", "dead", "broken", "flow", "flow")
    assert path.hops[3].state == "failed" and path.hops[3].detail == "nginx"
    assert not path.towards_model


def test_gateway_that_waited_in_vain_is_broken_behind_itself() -> None:
    path = path_of(stream("gateway-timeout", phase="headers", status=504))
    assert path.links == ("flow", "flow", "flow", "broken", "dead")
    assert path.towards_model


def test_request_that_never_left_the_network_breaks_there() -> None:
    path = path_of(stream("dns-failure", phase="connect", status=0))
    assert path.links == ("flow", "flow", "broken", "dead", "dead")


def test_refusal_by_the_provider_leaves_the_way_whole() -> None:
    path = path_of(stream("rate-limited", phase="headers", status=429))
    assert path.broken is None and path.culprit == 5 and path.word == "refused it"


def test_error_inside_the_stream_breaks_before_the_provider() -> None:
    path = path_of(stream("provider-overloaded", status=200, events=2))
    assert path.links[4] == "broken"


def test_unknown_party_marks_no_hop() -> None:
    path = path_of(stream("unexplained", events=3))
    assert set(path.links) == {"unsure"} and path.culprit is None
    assert all(hop.state == "plain" for hop in path.hops)


def test_account_belongs_to_the_provider_when_the_provider_refused() -> None:
    assert path_of(stream("session-expired", status=401, error_owner="provider")).culprit == 5
    assert path_of(stream("session-expired", status=401)).culprit == 4


def test_direct_call_names_the_provider_s_host_at_the_model() -> None:
    path = path_of(stream("completed", host="api.openai.com", provider="openai"))
    assert (path.hops[4].detail, path.hops[5].detail) == (None, "api.openai.com")
    path = path_of(stream("completed", host="chat.example.com", provider="openai"))
    assert (path.hops[4].detail, path.hops[5].detail) == ("chat.example.com", "openai")
