"""What an operator may set, checked before anything starts."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from analyzer.errors import UsageError

MB: Final = 1_000_000
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes in bytes, times in seconds.

    data: the service's private folder. token: None means that everybody who can connect may ask.
    public_url: where people reach it, if not by its own address. behind_proxy: take the client's
    address from X-Forwarded-For, which only a proxy on this machine may set. worker_memory,
    worker_seconds: what one analysis may use. keep_seconds: how long a report lives. max_spool:
    most that waiting uploads may take on disk together. upload_rate, request_rate: per client and
    minute. stall_seconds: silence that ends an upload; min_rate: bytes per second that an upload
    must reach on average once it has lasted longer than that.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    public_url: str | None = None
    behind_proxy: bool = False
    rules: tuple[Path, ...] = ()
    max_upload: int = 512 * MB
    max_spool: int = 8_000 * MB
    max_files: int = 50
    max_uploads_at_once: int = 64
    max_queued: int = 500
    workers: int = 2
    worker_memory: int = 2_000 * MB
    worker_seconds: float = 300.0
    keep_seconds: float = 7 * 86400.0
    upload_rate: int = 60
    request_rate: int = 1200
    streams_at_once: int = 24
    stall_seconds: float = 30.0
    min_rate: int = 4096
    heartbeat_seconds: float = 10.0
    drain_seconds: float = 120.0
    hosts: frozenset[str] = field(default=frozenset())

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address or name to bind to is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, token: str | None, *, no_auth: bool) -> None:
    """Refuse to serve strangers by accident. Raises UsageError."""
    if token is not None and (len(token) < 12 or not token.isascii() or not token.isprintable()):
        raise UsageError(
            "the token is too easy to guess",
            expected="12 printable ASCII characters or more",
            help="python -c 'import secrets; print(secrets.token_urlsafe(24))'",
        )
    if not is_loopback(host) and token is None and not no_auth:
        raise UsageError(
            f"serving on {host} would let everybody in who can connect",
            expected="--token TOKEN (or HANGUP_TOKEN), or --no-auth if that is meant",
        )


def allowed_hosts(host: str, public_url: str | None) -> frozenset[str]:
    """The names under which the service answers, lower case, without ports.

    Every other name is refused, so that a page elsewhere cannot make a browser talk to this service
    under a name of its own (DNS rebinding). Addresses need no list: they cannot be rebound.
    """
    names = set(_LOOPBACK_NAMES)
    if not is_loopback(host):
        names |= {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    if public_url is not None:
        parts = urlsplit(public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("--public-url is no address", expected="https://hangup.example.com")
        names.add(parts.hostname.lower())
    return frozenset(names)


def default_data() -> Path:
    """Where the service keeps its reports unless told otherwise."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"), "hangup")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "hangup"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state", "hangup")
