"""A mistake of our own is told with its place, and never with the text of the capture that brought it out."""

from __future__ import annotations

import logging

import pytest

from analyzer import command


def fails() -> None:
    raise ValueError("Authorization: Bearer CanaryInAMessage")


def test_own_bug_names_its_place_and_not_what_it_read(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert command.guarded(fails) == 70
    out, err = capsys.readouterr()
    assert err.startswith("error: hangup itself failed (ValueError)\n") and "command.py" in err
    assert "Canary" not in out + err + caplog.text and "Traceback" not in err


def test_chained_errors_are_not_shown_either(capsys: pytest.CaptureFixture[str]) -> None:
    def chained() -> None:
        try:
            fails()
        except ValueError as error:
            raise RuntimeError("CanaryInAnother") from error

    assert command.guarded(chained) == 70
    assert "Canary" not in "".join(capsys.readouterr())
