"""The scan for shapes: known answers, and no input that makes it slow."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.redact.shapes import STRONG, hits, known_id, luhn, may_be_strong, opaque
from analyzer.redact.urls import redact_url


def kinds(text: str) -> list[str]:
    return [hit.kind for hit in hits(text)]


# Formats as their vendors document them; the values are made up.
@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcdEFGH1234",
        "sk-ant-api03-abcdEFGH1234-AA",
        "sk-or-v1-0123456789abcdef",
        "AIzaSyA0123456789abcdefghijklmnopqrstuvw",
        "ya29.a0AfH6SMBabc",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "github_pat_11ABCDEFG0123456789_abcdefghij",
        "glpat-0123456789abcdefghij",
        "xoxb-123456789012-abcdefghijkl",
        "AKIAIOSFODNN7EXAMPLE",
        "hf_abcdefghijABCDEFGHIJ",
        "gsk_abcdefghij0123456789",
        "SG.abcdefghijklmnop.qrstuvwxyz012345",
        "npm_abcdefghijklmnopqrst0123456789",
        "123456789:AAF-abcdefghijklmnopqrstuvwxyz0123",
        "sk-proj-****************9x4A",
    ],
)
def test_vendor_keys_are_found(key: str) -> None:
    assert kinds(f"key {key} end") == ["api-key"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "private-key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "jwt"),
        ("dana.lab+x@mail.example.co.uk", "email"),
        ("00:1B:44:11:3A:B7", "mac"),
        ("4111 1111 1111 1111", "card"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("+1 (555) 010-9999", "phone"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "hex"),
        ("ZGFuYS5sYWJAZXhhbXBsZS5jb20=", "base64"),
        ("9z8Y7x6W5v4U3t2S1r0QpOnMlKjI", "token"),
        ("%64ana%40example.com", "encoded"),
        ("dana\\u0040example.com", "encoded"),
    ],
)
def test_shapes_are_named(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "word",
    [
        "streamGenerateContent",
        "chat_conversations",
        "claude-sonnet-4-5-20250929",
        "ERR_HTTP2_PROTOCOL_ERROR",
        "context_length_exceeded",
        "eu.anthropic.claude-opus-5-v1",
        "proxy_ignore_client_abort",
        "internationalization-framework",
        "0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b",
        "chatcmpl-AbCdEf0123456789GhIjKl",
        "18446744073709551615",
    ],
)
def test_names_are_not_taken_for_tokens(word: str) -> None:
    assert opaque(word) is None
    assert kinds(word) == []


def test_known_ids_are_identifiers() -> None:
    assert known_id("req_011CSHoEeqs5C35K2UUqR7Fy")
    assert known_id("thread_abc123DEF456ghi789JKL012")
    assert not known_id("sk-proj-abcdefgh")
    assert not known_id("tok_0123456789abcdef")


# ISO/IEC 7812-1, annex B: the check digit of 7992739871 is 3.
def test_luhn_known_answer() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398710")


ADVERSARIAL = [
    "a", "eyJ-", "sk-", "@a", "a@", "password=", '"a', "1 ", "1-", "0:", "%41", "\\u0041", "AB12", "-----BEGIN A-----",
    "http://", "?a=", "cookie:", "'", "a.b@", 'token:\\"\\', '["content":"', "aA0/", "1.1.", "⟨", "key: ", '"key":', "%25",
    "(+1", 'content":"\\', "{", "/a;b=", "\\", "`", "“", "DE89", " bearer ", "\u0000", "é", "=" , "&",
]  # fmt: skip


@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_long_hostile_input_is_read_to_its_end(piece: str) -> None:
    """Quadratic behaviour would take hours here; the test would not end."""
    text = piece * (60_000 // len(piece))
    found = list(hits(text))
    assert all(a.end <= b.start for a, b in pairwise(found))
    redact_url(f"https://h.example/{text}?{text}", lambda kind, secret: kind)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1Z@./:=-_\"'\\%&?;, {}[]<>eyJsk0"), max_size=120))
def test_hits_are_ordered_inside_the_text_and_never_raise(text: str) -> None:
    at = 0
    for hit in hits(text):
        assert at <= hit.start < hit.end <= len(text)
        at = hit.end


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_url_to_the_redactor(text: str) -> None:
    redact_url(text, lambda kind, secret: kind)


_PIECES = [
    "sk-proj-abcdEFGH1234", "eyJhbGciOiJIUzI1NiJ9", "dana@example.com", "4111 1111 1111 1111", "4111111111111111",
    "DE89 3704 0044 0532 0130 00", "-----BEGIN PRIVATE KEY-----", "123456789:AAF-abcdefghijklmnopqrstuvwxyz0123",
    "Mozilla/5.0", "(X11; Linux x86_64)", "token", "state", "content", '"', "'", "\\", "`", ":", "=", "/", "?a=", "%40", " ", "-", ".", "x",
    "https://host.example/",
]  # fmt: skip


@settings(max_examples=600)
@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_the_quick_look_misses_nothing_strong(text: str) -> None:
    if any(hit.kind in STRONG for hit in hits(text)):
        assert may_be_strong(text)


def test_the_quick_look_spares_what_browsers_call_themselves() -> None:
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/155.0.0.0 Safari/537.36"
    assert not may_be_strong(agent)
