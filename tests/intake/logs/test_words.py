"""The cheap look at a raw line never rejects what the full reading would call a stream by its path."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.intake.logs import streams

PATHS = {"GET": (streams.STRONG, streams.WEAK_GET), "POST": (streams.STRONG, streams.WEAK_POST)}


@pytest.mark.parametrize("method", sorted(PATHS))
@given(data=st.data())
def test_whatever_a_path_promises_the_line_shows(method: str, data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(PATHS[method]))
    promise = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    path = "/" + promise.lstrip("/")
    if re.search(r"[^!-~]", path) or '"' in path or not re.search(pattern, path):
        return  # no request target looks like that
    assert re.search(streams.REQUEST_WORDS, f'"{method} {path} HTTP/1.1"'), path
    assert re.search(streams.LINE_WORDS, f'{{"path":"{path}"}}'), path


@pytest.mark.parametrize(
    "path", ["/assets/app.js", "/delivery", "/lessee", "/passenger/12", "/main.1f2e3d.css"]
)
def test_a_word_inside_another_is_no_promise(path: str) -> None:
    assert not re.search(streams.REQUEST_WORDS, f'"GET {path} HTTP/1.1"')
