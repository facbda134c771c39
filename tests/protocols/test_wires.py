"""Every protocol's own proof: healthy, cut and failing wires, and the near misses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.model import StreamFacts, StreamInput
from analyzer.protocols import read_stream
from analyzer.protocols.load import profiles

FOLDER = Path(__file__).parent / "wires"
CASES: list[dict[str, Any]] = [
    case for file in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(file.read_text("utf-8"))
]


def stream_input(case: dict[str, Any]) -> StreamInput:
    body = case["body"].encode()
    return StreamInput(
        method=case.get("method", "POST"),
        host=case.get("host", "app.example.com"),
        path=case["path"],
        query=case.get("query", ""),
        status=200,
        content_type=case.get("content_type", "text/event-stream"),
        request_headers=case.get("request_headers", {}),
        response_headers=case.get("headers", {}),
        request_body=case["request_body"].encode() if "request_body" in case else None,
        body=body,
        errored=case.get("errored", False),
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_wire(case: dict[str, Any]) -> None:
    facts = read_stream(stream_input(case))
    found = {name: getattr(facts, name) for name in case["expect"]}
    assert found == case["expect"]


def test_names_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))


def test_every_fact_that_is_expected_exists() -> None:
    for case in CASES:
        assert set(case["expect"]) <= set(StreamFacts.__struct_fields__), case["name"]


def test_every_sse_and_ndjson_protocol_has_a_wire() -> None:
    seen = {read_stream(stream_input(case)).protocol for case in CASES}
    wanted = {
        profile.id
        for profile in profiles().values()
        if profile.dialect is None and {"sse", "ndjson", "data-stream", "json-array"} & set(profile.framing)
    }
    assert wanted <= seen, wanted - seen


def test_every_vendor_with_its_own_rules_has_a_wire() -> None:
    seen = {read_stream(stream_input(case)).provider for case in CASES}
    wanted = {
        profile.provider
        for profile in profiles().values()
        if profile.dialect is not None and ({"errors", "reasons", "terminal"} & set(_own(profile.id)))
    }
    assert wanted <= seen, wanted - seen


def _own(name: str) -> dict[str, Any]:
    from analyzer.protocols.load import FOLDER as PROFILES

    raw: dict[str, Any] = yaml.safe_load((PROFILES / f"{name}.yaml").read_text("utf-8"))
    return raw
