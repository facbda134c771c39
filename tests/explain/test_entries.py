"""The glossary is complete, consistent and checked line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.causes import CAUSES
from analyzer.errors import RuleError
from analyzer.explain.entries import (
    DATA,
    PARTIES,
    Entry,
    by_key,
    check_group,
    entries,
    first_sentence,
    groups,
    parse_group,
    rule_entries,
)

ALL = list(entries())

# The names that the browser's own list gives to what can end or prevent a stream (net_error_list.h).
_NET_ERRORS = """
ABORTED CONTEXT_SHUT_DOWN NETWORK_CHANGED INTERNET_DISCONNECTED NETWORK_IO_SUSPENDED INSUFFICIENT_RESOURCES
OUT_OF_MEMORY NO_BUFFER_SPACE NETWORK_ACCESS_DENIED ACCESS_DENIED ADDRESS_UNREACHABLE ADDRESS_INVALID
ADDRESS_IN_USE SOCKET_NOT_CONNECTED WINSOCK_UNEXPECTED_WRITTEN_BYTES CONNECTION_CLOSED CONNECTION_RESET
CONNECTION_ABORTED TIMED_OUT CONNECTION_TIMED_OUT CONNECTION_REFUSED CONNECTION_FAILED EMPTY_RESPONSE
RESPONSE_HEADERS_TRUNCATED RESPONSE_HEADERS_TOO_BIG INVALID_RESPONSE INVALID_HTTP_RESPONSE
INCOMPLETE_CHUNKED_ENCODING CONTENT_LENGTH_MISMATCH INVALID_CHUNKED_ENCODING CONTENT_DECODING_FAILED
CONTENT_DECODING_INIT_FAILED HTTP2_PROTOCOL_ERROR HTTP2_SERVER_REFUSED_STREAM HTTP2_PING_FAILED
HTTP2_RST_STREAM_NO_ERROR_RECEIVED HTTP2_FLOW_CONTROL_ERROR HTTP2_FRAME_SIZE_ERROR HTTP2_COMPRESSION_ERROR
HTTP2_INADEQUATE_TRANSPORT_SECURITY INCOMPLETE_HTTP2_HEADERS HTTP2_STREAM_CLOSED HTTP2_CLIENT_REFUSED_STREAM
HTTP_1_1_REQUIRED PROXY_HTTP_1_1_REQUIRED QUIC_PROTOCOL_ERROR QUIC_HANDSHAKE_FAILED QUIC_CERT_ROOT_NOT_KNOWN
QUIC_GOAWAY_REQUEST_CAN_BE_RETRIED PROXY_CONNECTION_FAILED TUNNEL_CONNECTION_FAILED SOCKS_CONNECTION_FAILED
SOCKS_CONNECTION_HOST_UNREACHABLE PROXY_AUTH_UNSUPPORTED PROXY_AUTH_REQUESTED UNEXPECTED_PROXY_AUTH
PROXY_AUTH_REQUESTED_WITH_NO_CONNECTION UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH PROXY_CERTIFICATE_INVALID
MANDATORY_PROXY_CONFIGURATION_FAILED PAC_SCRIPT_FAILED PAC_NOT_IN_DHCP PAC_SCRIPT_TERMINATED
NO_SUPPORTED_PROXIES HTTPS_PROXY_TUNNEL_RESPONSE_REDIRECT NAME_NOT_RESOLVED NAME_RESOLUTION_FAILED
HOST_RESOLVER_QUEUE_TOO_LARGE ICANN_NAME_COLLISION DNS_MALFORMED_RESPONSE DNS_SERVER_REQUIRES_TCP
DNS_SERVER_FAILED DNS_TIMED_OUT DNS_CACHE_MISS DNS_SEARCH_EMPTY DNS_SORT_ERROR
DNS_SECURE_RESOLVER_HOSTNAME_RESOLUTION_FAILED DNS_NAME_HTTPS_ONLY DNS_REQUEST_CANCELLED
DNS_NO_MATCHING_SUPPORTED_ALPN SSL_PROTOCOL_ERROR SSL_VERSION_OR_CIPHER_MISMATCH SSL_BAD_RECORD_MAC_ALERT
SSL_CLIENT_AUTH_CERT_NEEDED BAD_SSL_CLIENT_AUTH_CERT SSL_PINNED_KEY_NOT_IN_CERT_CHAIN SSL_SERVER_CERT_CHANGED
SSL_SERVER_CERT_BAD_FORMAT TLS13_DOWNGRADE_DETECTED ECH_NOT_NEGOTIATED ECH_FALLBACK_CERTIFICATE_INVALID
CERT_COMMON_NAME_INVALID CERT_DATE_INVALID CERT_AUTHORITY_INVALID CERT_REVOKED CERT_INVALID
CERT_NON_UNIQUE_NAME CERT_WEAK_KEY CERT_NAME_CONSTRAINT_VIOLATION CERT_VALIDITY_TOO_LONG
CERTIFICATE_TRANSPARENCY_REQUIRED CERT_SYMANTEC_LEGACY CERT_KNOWN_INTERCEPTION_BLOCKED INSECURE_RESPONSE
BLOCKED_BY_CLIENT BLOCKED_BY_ADMINISTRATOR BLOCKED_BY_RESPONSE CLEARTEXT_NOT_PERMITTED BLOCKED_BY_CSP
BLOCKED_BY_ORB DISALLOWED_URL_SCHEME UNSAFE_PORT TEMPORARILY_THROTTLED
CACHED_IP_ADDRESS_SPACE_BLOCKED_BY_LOCAL_NETWORK_ACCESS_POLICY CACHE_MISS CACHE_READ_FAILURE
CACHE_WRITE_FAILURE CACHE_RACE CACHE_LOCK_TIMEOUT CACHE_AUTH_FAILURE_AFTER_READ
INCONSISTENT_IP_ADDRESS_SPACE FAILED UNEXPECTED IO_PENDING WS_PROTOCOL_ERROR WS_THROTTLE_QUEUE_TOO_LARGE
WS_UPGRADE TOO_MANY_RETRIES TOO_MANY_REDIRECTS UPLOAD_STREAM_REWIND_NOT_SUPPORTED
"""
NET_ERRORS = _NET_ERRORS.split()

# Numbers that must not drift (net_error_list.h, RFC 9113 section 7, RFC 6455 section 7.4.1, gRPC).
CODES = {
    "net/net::ERR_ABORTED": -3,
    "net/net::ERR_TIMED_OUT": -7,
    "net/net::ERR_BLOCKED_BY_CLIENT": -20,
    "net/net::ERR_NETWORK_CHANGED": -21,
    "net/net::ERR_CONNECTION_CLOSED": -100,
    "net/net::ERR_CONNECTION_RESET": -101,
    "net/net::ERR_NETWORK_IO_SUSPENDED": -331,
    "net/net::ERR_HTTP2_PROTOCOL_ERROR": -337,
    "net/net::ERR_CONTENT_LENGTH_MISMATCH": -354,
    "net/net::ERR_INCOMPLETE_CHUNKED_ENCODING": -355,
    "net/net::ERR_QUIC_PROTOCOL_ERROR": -356,
    "http2/INTERNAL_ERROR": 2,
    "http2/REFUSED_STREAM": 7,
    "http2/CANCEL": 8,
    "http2/ENHANCE_YOUR_CALM": 11,
    "websocket/1006": 1006,
    "grpc/14": 14,
}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_an_entry_with_advice(cause: str) -> None:
    entry = by_key()[f"cause/{cause}"]
    assert entry.title == CAUSES[cause].title
    assert entry.means == CAUSES[cause].meaning
    assert entry.usually and entry.confirm


def test_every_failing_cause_says_how_to_fix_it() -> None:
    without = [
        cause
        for cause, row in CAUSES.items()
        if row.severity in ("failed", "degraded") and not by_key()[f"cause/{cause}"].fix
    ]
    assert without == []


@pytest.mark.parametrize("name", NET_ERRORS)
def test_every_net_error_has_its_own_entry(name: str) -> None:
    entry = by_key()[f"net/net::ERR_{name}"]
    assert entry.code is not None and entry.code < 0
    assert entry.mid in ("yes", "rarely", "no")


@pytest.mark.parametrize(("key", "code"), CODES.items())
def test_codes_are_those_of_the_specification(key: str, code: int) -> None:
    assert by_key()[key].code == code


def test_no_two_entries_share_a_key() -> None:
    keys = [entry.key for entry in ALL]
    assert len(keys) == len(set(keys))


def test_no_two_net_errors_share_a_code() -> None:
    codes = [entry.code for entry in ALL if entry.group == "net"]
    assert len(codes) == len(set(codes))


def test_every_related_link_resolves() -> None:
    known = by_key()
    broken = [(entry.key, key) for entry in ALL for key in entry.see if key not in known]
    assert broken == []


def test_no_entry_relates_to_itself() -> None:
    assert [entry.key for entry in ALL if entry.key in entry.see] == []


def test_every_entry_is_complete() -> None:
    for entry in ALL:
        assert entry.means and entry.title and entry.kind, entry.key
        assert entry.party in PARTIES, entry.key
        assert entry.confirm, entry.key
        assert entry.sources, entry.key
        assert entry.usually or entry.cause, entry.key


def test_texts_are_sentences() -> None:
    bad = [
        (entry.key, text)
        for entry in ALL
        for text in (entry.means, entry.usually, *entry.confirm, *entry.fix.user, *entry.fix.developer)
        if text and text[-1] not in ".!?…)"
    ]
    assert bad == []


def test_texts_name_no_address() -> None:
    for path in sorted(DATA.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text.replace("any plain http:// page", ""), path.name
        assert "https://" not in text, path.name


def test_every_file_is_one_group_named_like_it() -> None:
    for path in sorted(DATA.glob("*.yaml")):
        raw = parse_group(path.read_text(encoding="utf-8"), path.name)
        assert raw.group == path.stem


def test_haproxy_states_say_the_same_as_their_letters() -> None:
    """Configuration manual 8.5: the second letter names the phase; only D and L come after headers."""
    for entry in groups_by_id("haproxy"):
        if re.fullmatch(r"[CcSsPRIDUKL][RQCHDLT]", entry.term):
            late = entry.term[1] in "DL"
            assert (entry.mid == "yes") == late, entry.term


def groups_by_id(name: str) -> list[Entry]:
    return [entry for group in groups() if group.id == name for entry in group.entries]


# ------------------------------------------------------------------------------- complaints

GOOD = """\
group: test
title: Test
intro: Only for tests.
kind: test term
prefixes: [test]
entries:
- term: one
  means: It is one.
  party: none
  confirm: [Count.]
"""


def complaints(text: str) -> list[str]:
    return check_group(parse_group(text, "test.yaml"), text, "test.yaml")


def test_a_good_file_has_no_complaints() -> None:
    assert complaints(GOOD) == []


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (GOOD.replace("party: none", "party: nobody"), "test.yaml:9:10", "Invalid enum value"),
        (GOOD.replace("means:", "meaning:"), "test.yaml:7:3", "unknown field"),
        (GOOD.replace("confirm: [Count.]", "confirm: Count."), "test.yaml:10:12", "Expected `array`"),
        (GOOD.replace("intro: Only for tests.\n", ""), "test.yaml:1:1", "intro"),
        (GOOD.replace("title: Test", "title: [Test"), "test.yaml:3:6", "not YAML"),
    ],
    ids=["wrong party", "unknown field", "wrong type", "missing field", "broken yaml"],
)
def test_a_file_of_the_wrong_shape_is_refused_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_group(text, "test.yaml")
    assert caught.value.where == where
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + GOOD.partition("entries:\n")[2], "test.yaml:11:3: the term 'one' is there twice"),
        (GOOD + "  advice: none-such\n", "test.yaml:11:11: there is no advice block 'none-such'"),
        (GOOD + "  cause: none-such\n", "test.yaml:11:10: there is no cause 'none-such'"),
        (GOOD.replace("  party: none\n", ""), "test.yaml:7:3: no party: give `party`, or a `cause` that has one"),
        (GOOD.replace("  means: It is one.\n", ""), "test.yaml:7:3: `means` is missing"),
    ],
    ids=["duplicate", "advice", "cause", "party", "means"],
)  # fmt: skip
def test_a_wrong_entry_is_named_with_its_place(text: str, complaint: str) -> None:
    assert complaint in complaints(text)


def test_a_term_takes_from_its_cause_what_it_does_not_say() -> None:
    entry = by_key()["net/net::ERR_NETWORK_CHANGED"]
    cause = by_key()["cause/network-changed"]
    assert entry.confirm == cause.confirm
    assert entry.fix == cause.fix
    assert entry.usually == cause.usually
    assert not entry.own_advice


def test_rules_become_entries() -> None:
    (entry,) = rule_entries([("some-rule", "A title", "Some *text*.")])
    assert (entry.key, entry.title, entry.means) == ("rule/some-rule", "A title", "Some *text*.")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One"),
        ("Version 1.2 is. Next.", "Version 1.2 is"),
        ("No stop", "No stop"),
        ("Really? Yes.", "Really?"),
    ],
)
def test_first_sentence(text: str, first: str) -> None:
    assert first_sentence(text) == first


def test_data_travels_with_the_package() -> None:
    assert Path(DATA, "cause.yaml").is_file()
