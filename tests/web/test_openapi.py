"""The API keeps to its own description, whatever it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.harness import Running, serving, settings

OPERATIONS = {
    ("post", "/api/v1/reports"),
    ("get", "/api/v1/reports/{id}"),
    ("delete", "/api/v1/reports/{id}"),
    ("get", "/api/v1/reports/{id}/status"),
    ("get", "/api/v1/reports/{id}/events"),
    ("get", "/api/v1/comparisons"),
    ("get", "/healthz"),
    ("get", "/metrics"),
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose analyses end at once: what is asked here is the API."""
    chosen = settings(tmp_path_factory.mktemp("openapi"), worker_seconds=0.01, max_queued=100_000, workers=1)
    with serving(chosen) as found:
        yield found


@pytest.fixture(scope="module")
def description(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = running.client.get("/api/v1/openapi.json").json()
    return found


def test_every_operation_is_described(description: dict[str, Any]) -> None:
    found = {(method, path) for path, methods in description["paths"].items() for method in methods}
    assert found == OPERATIONS


def test_every_operation_names_its_refusals(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            wanted = {"200"} if path == "/healthz" else {"401", "403", "421", "429"}
            assert wanted <= set(operation["responses"]), (method, path)
    assert {"202", "201", "400", "408", "413", "415", "422", "503", "507"} <= set(
        description["paths"]["/api/v1/reports"]["post"]["responses"]
    )
    assert "HTTPValidationError" not in json.dumps(description)


def test_schemathesis_finds_no_5xx_and_no_answer_that_is_not_described(quick: Running) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given
    from hypothesis import settings as hypothesis_settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    schema = schemathesis.openapi.from_url(f"{quick.url}/api/v1/openapi.json")
    checks = [
        not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance,
    ]  # fmt: skip
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @hypothesis_settings(
            max_examples=40, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(checks=checks, timeout=20)

        ask()
    assert asked > 150
    assert quick.client.get("/healthz").status_code == 200
