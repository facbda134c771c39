"""What a JSON Web Token may tell: its algorithm and when it expires. RFC 7519, RFC 7515, RFC 7516."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Token(NamedTuple):
    """Header and claims as far as they decode; {} for the claims of an encrypted token."""

    header: dict[str, Any]
    claims: dict[str, Any]


def part(text: str) -> dict[str, Any]:
    """One base64url part as a JSON object; {} when it is none."""
    if len(text) > 16384:
        return {}
    import json  # few captures show a token

    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read(token: str) -> Token:
    """Both parts of `token`. Never raises: damage gives {}."""
    parts = token.split(".")
    return Token(part(parts[0]), part(parts[1]) if len(parts) == 3 else {})


def seconds(token: Token, claim: str) -> int | None:
    """A NumericDate claim as whole seconds; None where it is absent or absurd."""
    value = token.claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 < value < 1e11 else None


def summary(token: str) -> str:
    """`alg=RS256 exp=2026-03-02T10:15:00Z`, as much of it as the token says."""
    read_token = read(token)
    said: list[str] = []
    algorithm = read_token.header.get("alg")
    if isinstance(algorithm, str) and algorithm.replace("-", "").isalnum() and len(algorithm) <= 16:
        said.append(f"alg={algorithm}")
    expires = seconds(read_token, "exp")
    if expires is not None:
        said.append(f"exp={datetime.fromtimestamp(expires, UTC):%Y-%m-%dT%H:%M:%SZ}")
    return " ".join(said)
