"""What an operator may set, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.errors import UsageError
from analyzer.web.config import allowed_hosts, check_exposure, default_data, is_loopback

TOKEN = "a-long-enough-token"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9", "LOCALHOST"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    check_exposure(host, None, no_auth=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.example.com", ""])
def test_every_other_host_needs_a_token_or_the_explicit_word(host: str) -> None:
    with pytest.raises(UsageError, match="let everybody in"):
        check_exposure(host, None, no_auth=False)
    check_exposure(host, TOKEN, no_auth=False)
    check_exposure(host, None, no_auth=True)


@pytest.mark.parametrize("token", ["", "short", "é" * 20, "with\nnewline-in-it"])
def test_weak_token_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="too easy"):
        check_exposure("0.0.0.0", token, no_auth=False)


def test_names_of_a_service_are_its_own() -> None:
    assert allowed_hosts("127.0.0.1", None) == {"localhost", "127.0.0.1", "::1"}
    assert "hangup.example.com" in allowed_hosts("127.0.0.1", "https://Hangup.example.com/x")
    assert "box.example" in allowed_hosts("Box.example", None)
    with pytest.raises(UsageError):
        allowed_hosts("127.0.0.1", "hangup.example.com")


def test_data_has_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_data() == tmp_path / "hangup"


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--host", "0.0.0.0"], {}, "let everybody in"),
        (["--host", "0.0.0.0"], {"HANGUP_TOKEN": "short"}, "too easy to guess"),
        (["--rules", "nowhere"], {}, "nowhere"),
        (["--host", "192.0.2.1", "--no-auth"], {}, "cannot listen"),
    ],
)
def test_command_refuses_before_it_listens(
    options: list[str], environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", "serve", "--data", str(tmp_path), "--port", "0", *options],
        capture_output=True, text=True, timeout=60, check=False,
        env={**{k: v for k, v in os.environ.items() if k != "HANGUP_TOKEN"}, **environment},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
