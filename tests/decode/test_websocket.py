from __future__ import annotations

import base64

from analyzer.decode import read_messages
from analyzer.model import RecordedMessage


def test_directions_are_kept_apart() -> None:
    found = read_messages(
        [
            RecordedMessage("send", "ask", 1, 1.0),
            RecordedMessage("receive", "answer", 1, 2.0),
            RecordedMessage("error", "refused", None, None),
        ]
    )
    assert [e.data for e in found.received] == [b"answer"]
    assert [e.data for e in found.sent] == [b"ask"]
    assert found.errors == ["refused"]
    assert found.close_code is None


def test_binary_messages_are_base64_unless_they_are_not() -> None:
    found = read_messages(
        [
            RecordedMessage("receive", base64.b64encode(b"\0\1").decode(), 2),
            RecordedMessage("receive", "\xff!", 2),
        ]
    )
    assert [e.data for e in found.received] == [b"\0\1", "\xff!".encode()]


def test_close_frame_in_base64_and_as_digits() -> None:
    raw = base64.b64encode(b"\x03\xf3gone").decode()
    assert read_messages([RecordedMessage("receive", raw, 8)])[3:5] == (1011, "gone")
    assert read_messages([RecordedMessage("receive", "1001: bye", 8)])[3:5] == (1001, "bye")
    assert read_messages([RecordedMessage("receive", "", 8)]).close_code == 1005


def test_pings_are_no_events() -> None:
    found = read_messages([RecordedMessage("receive", "", 9), RecordedMessage("send", "", 10)])
    assert (found.received, found.pings) == ([], 2)


def test_stripped_messages_have_no_data() -> None:
    assert read_messages([RecordedMessage("receive", None, 1)]).received[0].data is None
