"""Who may ask for what, and how often: everything between the socket and the routes."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import time
import traceback
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from analyzer.web.config import Settings
from analyzer.web.metrics import Metrics
from analyzer.web.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    Refuse = Callable[[Problem, Scope, Receive, Send], Awaitable[None]]

SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
# What makes a worker work.
COSTLY: Final = frozenset(
    (("POST", "/upload"), ("POST", "/api/v1/reports"), ("GET", "/compare"), ("GET", "/api/v1/comparisons"))
)
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: with it, browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store",
}
_WRONG_PER_MINUTE: Final = 10
_log = logging.getLogger("hangup.serve")


class Buckets:
    """Token buckets by client: `rate` a minute, all of it at once if need be. The longest idle are dropped."""

    def __init__(self, rate: int, most_clients: int = 10_000) -> None:
        self._rate, self._most = rate, most_clients
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now: float | None = None) -> float:
        """0 if the client may, or the seconds until it may."""
        now = time.monotonic() if now is None else now
        level, then = self._levels.pop(client, (float(self._rate), now))
        level = min(float(self._rate), level + (now - then) * self._rate / 60)
        allowed = level >= 1
        self._levels[client] = (level - 1 if allowed else level, now)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return 0.0 if allowed else (1 - level) * 60 / self._rate

    def empty(self, client: str, now: float | None = None) -> bool:
        """Whether the client has used up what it has, without taking any."""
        now = time.monotonic() if now is None else now
        level, then = self._levels.get(client, (float(self._rate), now))
        return level + (now - then) * self._rate / 60 < 1


class Guard:
    """ASGI middleware. Checks in this order: name of the service, rate, token, origin."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics, refuse: Refuse) -> None:
        self._app, self._settings, self._metrics, self._refuse = app, settings, metrics, refuse
        self._requests = Buckets(settings.request_rate)
        self._uploads = Buckets(settings.upload_rate)
        self._wrong = Buckets(_WRONG_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._metrics.status(status)
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        try:
            self._check(scope)
        except Problem as problem:
            await self._refuse(problem, scope, receive, dressed)
        else:
            await self._serve(scope, receive, dressed, lambda: status != 0)
        finally:
            route = getattr(scope.get("route"), "path", None)  # the pattern: an address holds a report's id
            took = (time.monotonic() - began) * 1000
            _log.info("%s %s %s %.0f ms", scope["method"], route or "-", status or "gone", took)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, answered: Callable[[], bool]) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  our bug; its text could hold what was uploaded
            frame = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s at %s:%s", type(error).__name__, Path(frame.filename).name, frame.lineno)
            if not answered():
                # Without a page: the page may be what is broken.
                problem = Problem("internal-error", "it was written to the service's log")
                answer = JSONResponse(problem.document(), status_code=problem.status, media_type=MEDIA_TYPE)
                await answer(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        path = scope["path"]
        if path == "/healthz":
            return
        self._check_host(headers)
        client = client_of(scope)
        wait = self._requests.take(client)
        if not wait and (scope["method"], path) in COSTLY:
            wait = self._uploads.take(client)
        if wait:
            self._metrics.count("requests_limited")
            raise _too_many(wait)
        self._check_token(headers, client)
        if scope["method"] not in SAFE:
            check_origin(headers)

    def _check_host(self, headers: Headers) -> None:
        name = host_name(headers.get("host", ""))
        if name is None or (name not in self._settings.hosts and not _is_address(name)):
            raise Problem(
                "wrong-host", "the service does not answer under the name in the Host header",
                help="start it with --public-url and the address that people use",
            )  # fmt: skip

    def _check_token(self, headers: Headers, client: str) -> None:
        wanted = self._settings.token
        if wanted is None:
            return
        if self._wrong.empty(client):
            self._metrics.count("requests_limited")
            raise _too_many(60 / _WRONG_PER_MINUTE)
        given = token_of(headers.get("authorization", ""))
        if given is not None and hmac.compare_digest(given.encode(), wanted.encode()):
            return
        if given is not None:
            self._wrong.take(client)
            self._metrics.count("sign_ins_refused")
        raise Problem(
            "not-signed-in", "this service asks for a token",
            help="as a Bearer token, or as the password of any user name",
            headers={"WWW-Authenticate": 'Basic realm="hangup", charset="UTF-8", Bearer realm="hangup"'},
        )  # fmt: skip


def _too_many(wait: float) -> Problem:
    seconds = max(1, round(wait + 0.5))
    return Problem(
        "too-many-requests", f"this client may ask again in {seconds} s", headers={"Retry-After": str(seconds)}
    )  # fmt: skip


def token_of(header: str) -> str | None:
    """The token in an Authorization header: a Bearer's, or a Basic password. None without any."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return None
        return decoded.partition(":")[2] or None
    return None


def check_origin(headers: Headers) -> None:
    """Refuse what another site makes a browser send. Programs send neither header and may pass.

    Raises Problem. Sec-Fetch-Site says it outright; Origin is compared for browsers without it.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Problem("cross-origin", "only this service's own pages may do that")
    origin = headers.get("origin")
    if origin is None:
        return
    if origin == "null" and site == "same-origin":  # a form on a page with Referrer-Policy: no-referrer
        return
    try:
        theirs = urlsplit(origin)
        same = theirs.netloc.lower() == headers.get("host", "").lower() and theirs.netloc != ""
    except ValueError:
        same = False
    if not same:
        raise Problem("cross-origin", "only this service's own pages may do that")


def host_name(header: str) -> str | None:
    """The name or address in a Host header, without port; None if there is none."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def client_of(scope: Scope) -> str:
    """Whom limits are counted for: an address, or the network of an IPv6 one."""
    host = (scope.get("client") or ("local", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)
