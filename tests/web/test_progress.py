"""Who is told what, and when."""

from __future__ import annotations

import asyncio

from analyzer.web.progress import Hub, Snapshot, event

QUEUED = Snapshot("queued", ahead=2)
DONE = Snapshot("done")


async def collect(hub: Hub, states: list[Snapshot], every: float = 5.0) -> list[Snapshot | None]:
    async def ask() -> Snapshot:
        return states[0] if len(states) == 1 else states.pop(0)

    return [snapshot async for snapshot in hub.listen("id", ask, every)]


def test_listener_gets_the_present_and_everything_until_the_end() -> None:
    async def run() -> list[Snapshot | None]:
        hub = Hub()
        task = asyncio.create_task(collect(hub, [QUEUED]))
        for snapshot in (Snapshot("running", "reading", 1, 2), DONE):
            await asyncio.sleep(0.01)
            hub.tell("id", snapshot)
        found = await task
        assert hub.latest("id") is None and hub._waiters == {}
        return found

    assert asyncio.run(run()) == [QUEUED, Snapshot("running", "reading", 1, 2), DONE]


def test_slow_listener_gets_the_latest_only() -> None:
    async def run() -> list[Snapshot | None]:
        hub = Hub()
        task = asyncio.create_task(collect(hub, [QUEUED]))
        await asyncio.sleep(0.01)
        for number in range(100):
            hub.tell("id", Snapshot("running", "reading", number, 100))
        hub.tell("id", DONE)
        return await task

    assert asyncio.run(run()) == [QUEUED, DONE]


def test_end_that_was_missed_is_found_in_the_store() -> None:
    """A report may finish between the question and the first wait; silence makes the listener ask again."""
    assert asyncio.run(collect(Hub(), [QUEUED, QUEUED, DONE], 0.01)) == [QUEUED, None, DONE]


def test_finished_report_is_told_at_once() -> None:
    assert asyncio.run(collect(Hub(), [DONE])) == [DONE]


def test_hub_forgets_finished_reports() -> None:
    hub = Hub()
    hub.tell("id", QUEUED)
    hub.tell("id", DONE)
    assert hub.latest("id") is None and hub._latest == {}


def test_stopping_lets_listeners_go() -> None:
    async def run() -> list[Snapshot | None]:
        hub = Hub()
        task = asyncio.create_task(collect(hub, [QUEUED]))
        await asyncio.sleep(0.01)
        hub.stop()
        return await task

    assert asyncio.run(run()) == [QUEUED]


def test_events_are_events_and_silence_is_a_comment() -> None:
    """WHATWG HTML, section 9.2.6: a line that begins with a colon is a comment, a blank line dispatches."""
    assert event(None) == b": still here\n\n"
    assert event(DONE).startswith(b"event: done\n")
    lines = event(QUEUED).decode().split("\n")
    assert lines[0] == "event: progress" and lines[1] == "retry: 2000"
    assert lines[2].startswith('data: {"state":"queued"') and lines[3:] == ["", ""]
