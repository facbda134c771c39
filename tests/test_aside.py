"""Work beside other work: its result, or what it raised, is for whoever asks."""

from __future__ import annotations

import threading

import pytest

from analyzer.aside import aside


def test_the_result_is_waited_for_and_can_be_asked_for_twice() -> None:
    go = threading.Event()

    def work() -> str:
        go.wait(10)
        return threading.current_thread().name

    result = aside(work)
    go.set()
    assert result() == result() != threading.current_thread().name


def test_what_went_wrong_is_raised_where_the_result_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    result = aside(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        result()
    assert capsys.readouterr() == ("", "")
