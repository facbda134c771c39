"""The HTTP server around the application: starting, telling where, and ending in good order."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from analyzer.errors import UsageError
from analyzer.web.app import create_app
from analyzer.web.config import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

_HEADERS_SECONDS: Final = 20.0
_log = logging.getLogger("hangup.serve")


class _Protocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever for a request's headers."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting = self.loop.call_later(_HEADERS_SECONDS, self._give_up)

    def _give_up(self) -> None:
        # uvicorn itself limits the time between two requests, but not that before the first.
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """Lets listeners go as soon as the end begins; otherwise they would hold it up."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends in good order, the second at once."""
        app: Any = self.config.app
        app.state.service.hub.stop()
        # Not uvicorn's own, which would raise the signal again after the end in good order.
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


def make_server(settings: Settings, app: FastAPI) -> Server:
    """A server for the application, not yet listening."""
    return Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=_Protocol,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=settings.behind_proxy,
            forwarded_allow_ips="127.0.0.1,::1",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=int(settings.drain_seconds),
            h11_max_incomplete_event_size=32 * 1024,
            limit_concurrency=1000,
            lifespan="on",
        )
    )


def run(settings: Settings, *, open_it: bool = False) -> bool:
    """Serve until a signal ends it. False if it could not start."""
    from analyzer.web.worker import version

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("hangup.serve").setLevel(logging.INFO)
    os.umask(0o077)  # whatever this service writes is for its own eyes
    listener = _listen(settings)
    try:
        app = create_app(settings, version())
    except BaseException:
        listener.close()
        raise
    server = make_server(settings, app)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = settings.public_url or f"http://{host}:{listener.getsockname()[1]}/"
    sys.stderr.write(f"hangup serves on {address}\n")
    if settings.token is not None:
        sys.stderr.write("sign in with any name and the token as password\n")
    elif not settings.loopback:
        sys.stderr.write("warning: everybody who can connect may upload, read and delete\n")
    sys.stderr.flush()
    if open_it:
        import webbrowser

        webbrowser.open(address)
    server.run(sockets=[listener])
    return server.started


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, bound before anything else so that a taken port costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen ({(error.strerror or 'no such address').lower()})",
            where=f"{settings.host}:{settings.port}",
        ) from error
    return listener
