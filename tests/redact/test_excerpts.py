from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from analyzer.intake import open_inputs
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.redact import Redactor
from analyzer.redact import excerpts as module
from analyzer.redact.excerpts import excerpts
from analyzer.report.html import render_html
from analyzer.report.replies import replies

ERROR = (
    "2026/03/02 10:16:06 [error] 12#12: *3 upstream timed out (110: Connection timed out) while reading upstream, "
    'client: 198.51.100.77, server: _, request: "POST /api/chat?api_key=SECRETKEY0123456789 HTTP/1.1", '
    'upstream: "http://10.0.0.5:8000/api/chat?api_key=SECRETKEY0123456789", host: "chat.example.com"'
)
ACCESS = (
    '198.51.100.77 - dana.secretname [02/Mar/2026:10:{minute:02}:06 +0000] "POST /api/chat?api_key=SECRETKEY0123456789 HTTP/1.1" '
    '200 {size} "https://chat.example.com/c/dana.secretname@example.com" "curl/8.5.0"'
)
SECRETS = ("SECRETKEY", "dana", "198.51.100.77")


def lines(path: Path, numbers: list[int], redactor: Redactor | None = None) -> dict[str, str]:
    places = [f"{path}:{number}" for number in numbers]
    return excerpts(list(open_inputs([path])), places, redactor or Redactor())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text("".join(ACCESS.format(minute=n, size=1000 + n) + "\n" for n in range(1, 41)))
    return path


def test_line_is_found_by_its_number_and_has_lost_its_secrets(log: Path) -> None:
    found = lines(log, [1, 7, 40])
    assert [place.rpartition(":")[2] for place in found] == ["1", "7", "40"]
    for number, text in zip((1, 7, 40), found.values(), strict=True):
        assert f"[02/Mar/2026:10:{number:02}:06 +0000]" in text and f" 200 {1000 + number} " in text
        assert "POST /api/chat?" in text
        assert not any(secret in text for secret in SECRETS)


def test_place_that_is_no_line_of_it_has_no_excerpt(log: Path) -> None:
    assert lines(log, [0, 41, 10**9]) == {}
    assert (
        excerpts(list(open_inputs([log])), ["$.log.entries[1]", f"{log}:x", "other.log:1"], Redactor()) == {}
    )


@pytest.mark.parametrize("step", [1, 7, 100, 4096])
def test_blocks_do_not_matter(step: int, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lines(log, [2, 3, 39, 40])
    monkeypatch.setattr(module, "_STEP", step)
    monkeypatch.setattr(module, "_MOST_BYTES", 10**6)
    assert len(whole) == 4 and lines(log, [2, 3, 39, 40]) == whole


def test_last_line_needs_no_end_and_a_carriage_return_is_none_of_it(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes("\r\n".join(ACCESS.format(minute=n, size=n) for n in range(1, 12)).encode())
    found = lines(path, [10, 11])
    assert len(found) == 2 and not any("\r" in text for text in found.values())


def test_compressed_log_is_read_as_well(log: Path) -> None:
    packed = log.with_suffix(".log.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert list(lines(packed, [5]).values()) == list(lines(log, [5]).values())


def test_columns_of_a_w3c_log_are_known_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "u_ex.log"
    row = "2026-03-02 10:15:{:02} 10.0.0.4 POST /api/chat - 443 EXAMPLE\\secretname 198.51.100.77 curl/8 200 0 0 60{:03}\n"
    head = (
        "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time s-ip cs-method cs-uri-stem "
        "cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\n"
    )
    path.write_text(head + "".join(row.format(n, n) for n in range(10)))
    (text,) = lines(path, [9]).values()
    assert "2026-03-02 10:15:05" in text and "secretname" not in text and "198.51.100.77" not in text


def test_endless_line_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    ok = ACCESS.format(minute=1, size=1)
    path.write_text(f"{ok}\n" * 10 + ok + " x" * 50_000 + "\n")
    (text,) = lines(path, [11]).values()
    assert len(text) < 1300 and text.endswith("more)")


def test_without_redaction_the_line_is_as_it_stands(log: Path) -> None:
    (text,) = lines(log, [3], Redactor(enabled=False)).values()
    assert text == ACCESS.format(minute=3, size=1003)


def test_report_of_logs_quotes_the_lines_that_its_evidence_names(tmp_path: Path) -> None:
    access, error = tmp_path / "access.log", tmp_path / "error.log"
    access.write_text("".join(ACCESS.format(minute=16, size=5000 + n) + "\n" for n in range(1)))
    error.write_text(ERROR + "\n")
    report = analyze([access, error], Options(details=True, short_paths=True))
    assert report.excerpts
    html = render_html(report, version="0")
    letter = replies(report).sre
    for text in (html, letter, *report.excerpts.values()):
        assert not any(secret in text for secret in SECRETS)
    assert "upstream timed out (110: Connection timed out) while reading upstream" in html
    assert "Log excerpts, redacted:\nerror.log:1\n    2026/03/02 10:16:06 [error]" in letter.replace(
        "access", "error"
    ) or ("error.log:1" in letter)
    anchor = html.split(' id="s1-l')[1].split('"')[0]
    assert f'<a href="#s1-l{anchor}">' in html
    assert report.redacted is not None and sum(report.redacted.values()) > 0


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (
            '{"level":"error","msg":"aborting with incomplete response","status":502,"duration":60.1,"note":"Mr Smith asked for it"}',
            ("aborting with incomplete response", '"status": 502', '"duration": 60.1', '"level": "error"'),
        ),
        (
            '{"log":"2026/03/02 10:16:06 [error] 1#1: *3 upstream timed out, request: \\"GET /a HTTP/1.1\\", x: \\"Mr Smith asked\\""}',
            ("upstream timed out", "GET /a HTTP/1.1"),
        ),
        (
            '1.2.3.4 - - [02/Mar/2026:10:15:06 +0000] "GET /a HTTP/1.1" 200 5 "-" "Mr Smith asked" rt=60.004',
            ('"GET /a HTTP/1.1" 200 5 "-"', "rt=60.004"),
        ),
        ('{"msg":"ok","note":"Mr Smith asked', ('"msg":"ok"',)),
        ('{"a":{"b":["Mr Smith asked",60004]}}', ("60004",)),
    ],
    ids=["json", "json-in-envelope", "text", "cut-json", "nested"],
)
def test_sentences_that_are_not_the_proxy_s_own_become_lengths(
    line: str, kept: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "access.log"
    path.write_text("".join(ACCESS.format(minute=n, size=n) + "\n" for n in range(10)) + line + "\n")
    (text,) = lines(path, [11]).values()
    assert "Smith asked" not in text
    assert all(part in text for part in kept)
