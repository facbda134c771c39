"""Which limit a time fits: 0.3 s under it to 2.5 s over it, and nothing else."""

from __future__ import annotations

import pytest

from analyzer.facts.limits import candidates, fits, products


@pytest.mark.parametrize(
    ("measured", "limit"),
    [
        (59_700.0, 60_000.0),
        (60_000.0, 60_000.0),
        (62_500.0, 60_000.0),
        (59_600.0, None),
        (62_600.0, None),
        (None, None),
        (43_000.0, None),
    ],
)
def test_a_silence_fits_sixty_seconds_within_its_tolerance(
    measured: float | None, limit: float | None
) -> None:
    assert fits(measured, "idle") == limit


def test_short_times_fit_nothing() -> None:
    assert fits(5_000.0, "idle") is None
    assert min(candidates("total")) >= 10_000


def test_the_named_gateways_own_setting_is_what_is_named() -> None:
    assert products(60_000.0, "idle", "nginx") == "nginx proxy_read_timeout"


def test_without_a_gateway_the_products_with_that_default_are_named() -> None:
    named = products(60_000.0, "idle", None)
    assert named is not None
    assert "nginx proxy_read_timeout" in named
    assert products(90_000.0, "idle", None) is None
