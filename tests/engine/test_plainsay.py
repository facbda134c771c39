"""What is read without Jinja is written as Jinja writes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.columns import columns
from analyzer.engine import render
from analyzer.engine.load import load_rules
from analyzer.engine.plainsay import read

SAMPLES: list[dict[str, Any]] = [
    {"text": "text", "integer": 504, "number": 61234.5, "boolean": True},
    {"text": "", "integer": 0, "number": 0.0, "boolean": False},
    {"text": "nginx", "integer": 413, "number": 300000.0, "boolean": True},
    {"text": "reset", "integer": 3, "number": 5.25, "boolean": False},
]


def rows() -> list[Mapping[str, Any]]:
    """Every column recorded in several ways, none recorded, and every other one."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    found = [
        {name: {**kinds, "timestamp": at}[column.type] for name, column in columns().items()}
        for kinds in SAMPLES
    ]
    absent = render._UNRECORDED
    found.append(dict.fromkeys(columns(), absent))
    for odd in (0, 1):
        found.append(
            {
                name: absent if place % 2 == odd else value
                for place, (name, value) in enumerate(found[0].items())
            }
        )
    return list(found)


def plain(text: str) -> Any:
    return read(text, columns(), render._wrapped_filters(), render._finalize)


def every_template() -> list[str]:
    found: dict[str, None] = {}
    for rule in load_rules(()).rules.values():
        for text in (rule.say, rule.settle or "", *(one for some in rule.fix.values() for one in some)):
            if "{" in text:
                found[text] = None
    return list(found)


def test_rules_texts_read_the_same_with_and_without_jinja() -> None:
    templates = every_template()
    read_here = 0
    for text in templates:
        found = plain(text)
        if found is None:
            continue
        read_here += 1
        template, names = render._compiled(text)
        assert found.names == names
        for row in rows():
            assert found.write(row).strip("\n") == template.render(row).strip("\n"), text
    assert read_here > 0.9 * len(templates)


@pytest.mark.parametrize(
    "text",
    [
        "{{ gateway | vendor | default('The proxy', true) | capitalize }} closed",
        "{% if status is none %}a{% elif status in [502, 504] %}b{% else %}c{% endif %}",
        "{% if status not in (502, 504) and not cut_inside_event %}b{% endif %}",
        "{{ status if status is not none and status >= 400 else (close_code or 'none') }}",
        "{% if 'E' in (net_error or '') %}{% if events %}{{ events }}{% endif %}!{% endif %}",
        "{{ (status or close_code) | default('x') }}",
        "{{ none }}, {{ true }}, {{ 1.5 }}, {{ 'a' }}",
        "{% if gateway == 'nginx' or gateway != server %}\n  x\n{% endif %}\n",
        "{{ duration_ms | default(0) | duration }}",
        "a } b { c",
        "{{ (1, 2) }} {{ [1, status] }}",
    ],
)
def test_what_is_read_here_is_written_as_jinja_does(text: str) -> None:
    found = plain(text)
    assert found is not None
    template, names = render._compiled(text)
    assert found.names == names
    for row in rows():
        assert found.write(row).strip("\n") == template.render(row).strip("\n")


@pytest.mark.parametrize(
    "text",
    [
        "{{- status }}",
        "{{ status -}}",
        "{%- if status %}x{% endif %}",
        "{# a comment #}",
        "{% raw %}{{ status }}{% endraw %}",
        "{% for x in url %}{% endfor %}",
        "{% if status %}x",
        "{% if status %}x{% else %}y{% elif events %}{% endif %}",
        "x{% endif %}",
        "{% else %}",
        "{{ nothing }}",
        "{{ status | nothing }}",
        "{{ status is odder }}",
        "{{ url.upper() }}",
        "{{ url['x'] }}",
        "{{ 0 - ttfb_ms | duration }}",
        "{{ 'a' ~ status }}",
        "{{ 1 < 2 < 3 }}",
        "{{ '\\n' }}",
        "{{ '}}' }}",
        "{{ status",
        "{{ status | default(other=1) }}",
        "{{ b'x' }}",
        "{{ f'x' }}",
        "{{ }}",
        "{% if a %}" * 400 + "{% endif %}" * 400,
        "{% if status %}" * 400 + "{% endif %}" * 400,
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "a\r\nb{{ status }}",
    ],
)
def test_what_goes_beyond_is_left_to_jinja(text: str) -> None:
    assert plain(text) is None


def test_usual_rules_do_not_load_jinja() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from analyzer.columns import Exchange\n"
        "from analyzer.engine.render import render\n"
        "said = render('{% if status == 504 %}{{ duration_ms | duration }}{% endif %}',"
        " Exchange(status=504, duration_ms=60000.0), lambda name, value: value)\n"
        "assert said == '60.0 s', said\n"
        "assert 'jinja2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
