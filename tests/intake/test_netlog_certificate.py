"""Who issued a certificate, read from the chain that a NetLog or Playwright keeps."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.intake.netlog.certificate import issuer
from tests.intake.netlogs import Log, begin, fail
from tests.intake.samples import entry, read_one
from tests.intake.test_netlog import BEGIN, END, one

# Made for this test: self-signed, its key is thrown away.
PEM = """-----BEGIN CERTIFICATE-----
MIIB7zCCAZWgAwIBAgIUOqoK0ObJtkkMD0WFx4lTxh1sqLwwCgYIKoZIzj0EAwIw
TTELMAkGA1UEBhMCREUxHTAbBgNVBAoMFEZha2UgSW5zcGVjdGlvbiBHbWJIMR8w
HQYDVQQDDBZGYWtlIEluc3BlY3Rpb24gUm9vdCAxMB4XDTI2MTEyMjIyMDgzMFoX
DTM2MTExOTIyMDgzMFowTTELMAkGA1UEBhMCREUxHTAbBgNVBAoMFEZha2UgSW5z
cGVjdGlvbiBHbWJIMR8wHQYDVQQDDBZGYWtlIEluc3BlY3Rpb24gUm9vdCAxMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWmnfC5OhEU96LGzQovXsPQJVImGo+7/i
bc/C5joaQxQugyUFnCillTeH93z32ZpD1ZbV87ZytwtW8nhK4hOTV6NTMFEwHQYD
VR0OBBYEFMzDaHaVs0pSr5Bvoa5HZiIkH+gSMB8GA1UdIwQYMBaAFMzDaHaVs0pS
r5Bvoa5HZiIkH+gSMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIg
DJrk021TTrgEBxdX5pBQd1jV1PLppxJxREjhTsedvdgCIQCcJJgeR0Zb12HlOpAF
pOrJ8seQyoXl+x/V1krLSCFQ9A==
-----END CERTIFICATE-----
"""


def test_the_issuer_is_organisation_and_name() -> None:
    assert issuer(PEM) == "O=Fake Inspection GmbH, CN=Fake Inspection Root 1"


@pytest.mark.parametrize(
    "value", [None, 7, "", "-----BEGIN CERTIFICATE-----", PEM[:200], PEM.replace("A", "!")]
)
def test_what_is_no_certificate_names_nobody(value: object) -> None:
    assert issuer(value) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    issuer(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----")
    issuer(
        f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(b'0' + data).decode()}\n-----END CERTIFICATE-----"
    )


def test_the_chain_of_a_netlog_names_who_issued_it(tmp_path: Path) -> None:
    log = begin(Log())
    log.add(1001, "HTTP_STREAM_JOB-1", "SOCKET_POOL_BOUND_TO_CONNECT_JOB", to="SSL_CONNECT_JOB-1")
    log.add(1002, "SSL_CONNECT_JOB-1", "CONNECT_JOB_SET_SOCKET", to="SOCKET-1")
    log.add(1003, "SOCKET-1", "TCP_CONNECT", BEGIN).add(1004, "SOCKET-1", "TCP_CONNECT", END)
    log.add(1005, "SOCKET-1", "SSL_CERTIFICATES_RECEIVED", certificates=[PEM])
    row = one(tmp_path, fail(log, 1010, -202)).exchange
    assert row.cert_issuer == "O=Fake Inspection GmbH, CN=Fake Inspection Root 1"


def test_playwright_names_who_issued_it(tmp_path: Path) -> None:
    made = entry(
        _securityDetails={
            "protocol": "TLS 1.3",
            "subjectName": "a.example",
            "issuer": "Fake Inspection Root 1",
        }
    )
    assert read_one(tmp_path, made, creator="Playwright").exchange.cert_issuer == "Fake Inspection Root 1"
