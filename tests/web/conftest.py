"""One service for the tests that need no limits of their own, and one browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import axe_source, browser
from tests.web.harness import Running, serving, settings

__all__ = ["axe_source", "browser", "running"]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(settings(tmp_path_factory.mktemp("service"))) as found:
        yield found
