from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

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
    assert read_messages([RecordedMessage("receive", "²²²²", 8)]).close_code == 1005


def test_pings_are_no_events() -> None:
    found = read_messages([RecordedMessage("receive", "", 9), RecordedMessage("send", "", 10)])
    assert (found.received, found.pings) == ([], 2)


def test_stripped_messages_have_no_data() -> None:
    assert read_messages([RecordedMessage("receive", None, 1)]).received[0].data is None


_ITEM = st.builds(
    RecordedMessage,
    st.sampled_from(["send", "receive", "error"]),
    st.none() | st.text(max_size=12) | st.sampled_from(["AAE=", "1000 bye", "A+g="]),
    st.none() | st.sampled_from([0, 1, 2, 8, 9, 10, 15]),
    st.none() | st.floats(0, 1e6),
)


@given(st.lists(_ITEM, max_size=20), st.integers(0, 20))
def test_a_connection_that_is_cut_has_a_prefix_of_its_messages(
    items: list[RecordedMessage], cut: int
) -> None:
    whole, part = read_messages(items), read_messages(items[:cut])
    assert whole.received[: len(part.received)] == part.received
    assert whole.sent[: len(part.sent)] == part.sent


@given(st.lists(_ITEM, max_size=20))
def test_no_message_is_lost(items: list[RecordedMessage]) -> None:
    found = read_messages(items)
    closes = sum(item.direction != "error" and item.opcode == 8 for item in items)
    told = len(found.received) + len(found.sent) + len(found.errors) + found.pings
    assert told + closes == len(items)
