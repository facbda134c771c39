"""Templates: what they can say, and what they cannot do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.columns import Exchange, columns
from analyzer.engine.render import FILTERS, problem_of, render
from analyzer.engine.weigh import as_shown

ROW = Exchange(
    status=504,
    ttfb_ms=60_000.0,
    body_bytes=12_345,
    url="https://h/p",
    cut_inside_event=True,
    started_at=datetime(2026, 3, 2, 10, 15, 6, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ status }}", "504"),
        ("{{ ttfb_ms | duration }}", "60.0 s"),
        ("{{ body_bytes | bytes }}", "12.3 kB"),
        ("{{ started_at | clock }}", "10:15:06 UTC"),
        ("{{ duration_ms | duration }}", "an unrecorded time"),
        ("{{ gateway }}", "an unrecorded value"),
        ("{{ gateway | default('a gateway') }}", "a gateway"),
        ("{{ gateway | default('a gateway', true) | upper }}", "A GATEWAY"),
        ("{% if gateway is none %}no{% else %}yes{% endif %}", "no"),
        ("{% if gateway is not none %}yes{% endif %}", ""),
        ("{% if gateway %}yes{% else %}no{% endif %}", "no"),
        ("{% if events > 3 %}many{% else %}few or unknown{% endif %}", "few or unknown"),
        ("{% if events == none %}unknown{% endif %}", "unknown"),
        ("{% if gateway in ('nginx', 'caddy') %}known{% endif %}", ""),
        ("{% if status in (502, 504) %}known{% endif %}", "known"),
        ("{{ (duration_ms - ttfb_ms) | duration }}", "an unrecorded time"),
        ("{{ (ttfb_ms - 1000) | duration }}", "59.0 s"),
        ("{{ ttfb_ms / 1000 }} s", "60 s"),
        ("{{ events | plural('event') }}", "an unrecorded number of events"),
        ("{{ cut_inside_event }}", "yes"),
        ("{{ url | replace('https://', '') }}", "h/p"),
        ("{{ 'a' ~ status }}", "a504"),
        ("{{ status | number if status is not none else 'x' }}", "504"),
        ("location / { proxy_buffering off; }", "location / { proxy_buffering off; }"),
    ],
)  # fmt: skip
def test_what_a_template_says(template: str, text: str) -> None:
    assert problem_of(template) is None
    assert render(template, ROW, as_shown) == text


@pytest.mark.parametrize(
    "template",
    [
        "{% for x in url %}{% endfor %}",
        "{% set x = 1 %}",
        "{{ url.__class__ }}",
        "{{ url['x'] }}",
        "{{ url.upper() }}",
        "{{ range(3) }}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a' * 9 }}",
        "{{ url | attr('x') }}",
        "{{ url | safe }}",
        "{% filter upper %}x{% endfilter %}",
        "{{ nothing }}",
        "{{ status is odder }}",
        "{{ 1 / 0 }}",
    ],
)
def test_what_a_template_may_not_do(template: str) -> None:
    assert problem_of(template) is not None
    with pytest.raises(ValueError, match=r"."):
        render(template, ROW, as_shown)


def test_deeply_nested_template_is_refused() -> None:
    assert problem_of("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}") is not None


def test_every_column_can_be_printed_recorded_or_not() -> None:
    template = " ".join(f"{{{{ {name} }}}}" for name in columns())
    assert problem_of(template) is None
    assert "None" not in render(template, Exchange(), as_shown)


def test_replacing_cannot_grow_without_limit() -> None:
    template = "{{ url" + " | replace('h', 'hhhhhhhhhhhhhhhhhhhh')" * 12 + " }}"
    assert len(render(template, ROW, as_shown)) < 5000


def test_capture_text_loses_control_characters() -> None:
    assert render("{{ gateway }}", Exchange(gateway="a\x1b[2Jb\nc"), as_shown) == "a [2Jb c"


def test_capture_text_is_never_a_template() -> None:
    assert render("{{ gateway }}", Exchange(gateway="{{ 7 + 7 }}"), as_shown) == "{{ 7 + 7 }}"


def test_filters_are_listed() -> None:
    assert {"duration", "bytes", "pct", "number", "upper", "default"} <= set(FILTERS)


def test_equal_numbers_of_two_kinds_are_each_written_their_own_way() -> None:
    whole, fraction = Exchange(ttfb_ms=1000), Exchange(ttfb_ms=1000.0)
    for row, text in ((whole, "1000"), (fraction, "1,000"), (whole, "1000")):
        assert render("{{ ttfb_ms }}", row, as_shown) == text


def test_a_text_is_written_anew_when_a_value_differs() -> None:
    said = [render("{{ status }} {{ gateway }}", Exchange(status=s, gateway=g), as_shown)
            for s, g in ((502, None), (504, None), (502, "nginx"), (502, None))]  # fmt: skip
    assert said == [
        "502 an unrecorded value",
        "504 an unrecorded value",
        "502 nginx",
        "502 an unrecorded value",
    ]
