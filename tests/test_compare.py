"""`hangup compare`: what differs between two captures, and whether the change helped or luck did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import main
from analyzer.compare import compare
from analyzer.compare.judge import by_chance
from analyzer.options import Options
from analyzer.report.compare import Comparison, compare_json, compare_markdown, compare_terminal
from tests.intake.samples import as_bytes, entry, har, headers

DONE = "data: [DONE]\n\n"
CHUNK = 'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n'
API = "https://api.openai.com/v1/chat/completions"


def good(url: str = API, **changes: Any) -> dict[str, Any]:
    body = CHUNK + DONE
    return entry(request={"method": "POST", "url": url}, content={"text": body, "size": len(body)}, **changes)


def cut(
    url: str = API, error: str = "net::ERR_INCOMPLETE_CHUNKED_ENCODING", **changes: Any
) -> dict[str, Any]:
    response = {"_error": error, **changes.pop("response", {})}
    return entry(
        request={"method": "POST", "url": url}, response=response,
        content={"text": CHUNK, "size": len(CHUNK)}, **changes,
    )  # fmt: skip


def run(
    tmp_path: Path, before: list[dict[str, Any]], after: list[dict[str, Any]], **options: Any
) -> Comparison:
    for name, entries in (("before", before), ("after", after)):
        (tmp_path / f"{name}.har").write_bytes(as_bytes(har(*entries)))
    return compare([tmp_path / "before.har"], [tmp_path / "after.har"], Options(**options))


def test_one_against_one_is_possible_and_says_so(tmp_path: Path) -> None:
    found = run(tmp_path, [cut()], [good()])
    assert (found.outcome, found.confidence) == ("gone", "possible")
    assert found.calls[0].chance == pytest.approx(0.5)
    assert found.title.startswith("This time it did not fail")
    assert "1 time in 2" in found.explanation and "luck" in compare_terminal(found)


@pytest.mark.parametrize(("times", "confidence"), [(2, "possible"), (3, "likely"), (5, "certain")])
def test_more_tries_make_luck_less_probable(tmp_path: Path, times: int, confidence: str) -> None:
    found = run(tmp_path, [cut() for _ in range(times)], [good() for _ in range(times)])
    assert (found.outcome, found.confidence) == ("gone", confidence)


def test_chance_is_fishers_exact_test() -> None:
    assert by_chance(1, 1, 0, 1) == pytest.approx(1 / 2)
    assert by_chance(3, 3, 0, 3) == pytest.approx(1 / 20)
    assert by_chance(5, 5, 0, 5) == pytest.approx(1 / 252)
    assert by_chance(3, 4, 1, 4) == pytest.approx(17 / 70)  # Fisher's lady tasting tea
    assert by_chance(0, 4, 0, 4) == pytest.approx(1.0)
    assert 0 < by_chance(9000, 10000, 8900, 10000) < 0.02


def test_the_same_failure_again_is_certain_to_be_there(tmp_path: Path) -> None:
    found = run(tmp_path, [cut()], [cut()])
    assert (found.outcome, found.confidence) == ("still", "certain")
    assert found.title.startswith("It still fails")


def test_another_failure_is_no_success(tmp_path: Path) -> None:
    found = run(tmp_path, [cut()], [cut(error="net::ERR_CONNECTION_RESET")])
    assert found.outcome == "changed" and "connection-reset after" in found.explanation


def test_a_failure_that_is_new_is_the_first_thing_said(tmp_path: Path) -> None:
    found = run(tmp_path, [good()], [cut()])
    assert found.outcome == "new" and found.confidence == "possible"


def test_a_stream_that_was_stopped_is_no_try(tmp_path: Path) -> None:
    found = run(tmp_path, [cut()], [cut(error="net::ERR_ABORTED")])
    assert found.outcome == "untested"


def idle(silence: float, error: str | None) -> dict[str, Any]:
    """A stream that says something, is silent, and is cut or goes on."""
    start = 1772446500.0
    times = [0.3, 0.4] + ([] if error else [0.4 + silence / 1000])
    data = CHUNK.removeprefix("data: ").strip()
    events = [{"time": start + at, "eventName": "message", "eventId": "", "data": data} for at in times]
    if not error:
        events.append(
            {"time": start + times[-1] + 0.01, "eventName": "message", "eventId": "", "data": "[DONE]"}
        )
    total = 400.0 + silence + 20
    return entry(
        request={"method": "POST", "url": API}, response={"_error": error, "httpVersion": "http/1.1"},
        content={"text": None, "size": 400}, timings={"receive": total - 211}, time=total,
        _eventSourceMessages=events,
    )  # fmt: skip


def test_a_short_run_does_not_test_a_long_silence(tmp_path: Path) -> None:
    broken = [idle(60_000, "net::ERR_INCOMPLETE_CHUNKED_ENCODING") for _ in range(6)]
    found = run(tmp_path, broken, [good() for _ in range(6)])
    call = found.calls[0]
    assert call.chance is not None and call.chance < 0.01
    assert (call.reached, found.confidence) == (False, "possible")
    assert "not put to the test" in found.explanation


@pytest.mark.parametrize(("times", "confidence"), [(1, "possible"), (2, "likely")])
def test_a_run_past_the_point_of_failure_counts_but_one_against_one_stays_possible(
    tmp_path: Path, times: int, confidence: str
) -> None:
    broken = [idle(60_000, "net::ERR_INCOMPLETE_CHUNKED_ENCODING")] * times
    found = run(tmp_path, broken, [idle(75_000, None)])
    assert (found.outcome, found.calls[0].reached, found.confidence) == ("gone", True, confidence)
    assert "past the" in found.explanation


def test_what_differs_on_the_wire_is_listed(tmp_path: Path) -> None:
    before = cut(
        response={
            "httpVersion": "h3",
            "headers": headers(Content_Type="text/event-stream", Via="1.1 vegur", Content_Encoding="gzip"),
        },
        serverIPAddress="198.51.100.1",
    )
    found = run(tmp_path, [before], [good(serverIPAddress="203.0.113.9")])
    changed = {
        difference.column: (difference.before, difference.after) for difference in found.calls[0].differences
    }
    assert changed["http_version"] == (["3"], ["1.1"])
    assert changed["server_ip"] == (["198.51.100.1"], ["203.0.113.9"])
    assert changed["net_error"] == (["net::ERR_INCOMPLETE_CHUNKED_ENCODING"], [])
    assert changed["via"] == (["1.1 vegur"], ["none"]) and changed["content_encoding"] == (["gzip"], ["none"])


def test_what_an_exporter_does_not_record_is_no_difference(tmp_path: Path) -> None:
    one = good(response={"headers": headers(Content_Type="text/event-stream", Via="1.1 vegur")})
    other = good(response={"headers": []})
    found = run(tmp_path, [one], [other])
    assert "via" not in {difference.column for difference in found.calls[0].differences}


def test_conversations_of_one_endpoint_are_one_call(tmp_path: Path) -> None:
    one = "https://chat.example/api/c/0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b/messages/17"
    other = "https://chat.example/api/c/99999999-4c5d-4e6f-8a9b-0c1d2e3f4a5b/messages/2041"
    found = run(tmp_path, [cut(one)], [good(other)])
    assert [call.path for call in found.calls] == ["/api/c/*/messages/*"]


def test_the_same_path_on_another_host_is_the_same_call(tmp_path: Path) -> None:
    found = run(tmp_path, [cut("https://cdn.example/v1/stream")], [good("https://origin.example/v1/stream")])
    assert len(found.calls) == 1
    assert "host" in {difference.column for difference in found.calls[0].differences}


def test_captures_of_different_things_are_not_compared(tmp_path: Path) -> None:
    found = run(tmp_path, [cut("https://a.example/one")], [good("https://b.example/two")])
    assert found.outcome == "not-comparable"
    assert found.only_before == ["POST a.example/one"] and found.only_after == ["POST b.example/two"]


def test_extensions_at_work_are_told_even_when_they_sent_no_stream(tmp_path: Path) -> None:
    script = {
        "type": "script",
        "stack": {"callFrames": [{"url": "chrome-extension://abcdefghijklmnop/x.js"}]},
    }
    ad = entry(
        _initiator=script,
        request={"url": "https://api.example/a.css"},
        response={"headers": []},
        content={"mimeType": "text/css", "text": ""},
    )
    found = run(tmp_path, [cut(), ad], [good()])
    (difference,) = found.differences
    assert (difference.column, difference.before, difference.after) == (
        "initiator_extension",
        ["abcdefghijklmnop"],
        [],
    )


def test_secrets_leave_in_no_format(tmp_path: Path) -> None:
    url = "https://api.example/v1/stream?token=sk-live-0123456789abcdefghijklmnopqrstuv"
    secret = headers(Content_Type="text/event-stream", Server="person@corp.example", Via="1.1 10.1.2.3")
    found = run(tmp_path, [cut(url, response={"headers": secret})], [good(url)])
    shown = compare_json(found, version="0") + compare_markdown(found) + compare_terminal(found)
    assert "sk-live" not in shown and "person@corp" not in shown


def test_text_of_a_capture_is_no_markup(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        [cut("https://api.example/<img src=x>|`a`/\x1b[31m")],
        [good("https://api.example/<img src=x>|`a`/\x1b[31m")],
    )
    assert "\x1b" not in compare_terminal(found)
    table = [line for line in compare_markdown(found).splitlines() if line.startswith("| `")]
    assert all(line.count("|") == 5 for line in table)


def test_every_format_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, [cut()], [good()])
    paths = [str(tmp_path / "before.har"), str(tmp_path / "after.har")]
    for arguments, check in (
        (["--format", "json"], lambda text: json.loads(text)["outcome"] == "gone"),
        (["--format", "markdown"], lambda text: text.startswith("## ")),
        ([], lambda text: "gone" in text),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["compare", *paths, *arguments])
        assert ended.value.code == 0
        assert check(capsys.readouterr().out)
    with pytest.raises(SystemExit) as ended:
        main(["compare", *paths[::-1]])
    assert ended.value.code == 1
