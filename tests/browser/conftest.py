"""One browser for all tests of this folder. Without one they are skipped, but never in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files

import pytest

from tests.browser.cdp import Browser, find_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        message = "no Chromium is installed"
        if os.environ.get("CI"):
            pytest.fail(f"{message}, and CI must not go without these tests")
        pytest.skip(message)
    with Browser(executable) as started:
        yield started


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core, the accessibility checker, as its package ships it."""
    if os.environ.get("CI") is None:
        pytest.importorskip("axe_core_python")
    return (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
