"""A real uvicorn on a free port of loopback, in this process or in one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from analyzer.web.app import create_app
from analyzer.web.config import MB, Settings, allowed_hosts
from analyzer.web.server import make_server
from analyzer.web.service import Service

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_hars"
HAR = (SAMPLES / "nginx-504.har").read_bytes()
TITLE = "A gateway gave up waiting for the answer to begin"
HEADLINE = "The answer never began: a server on the way waited for it, and gave up"
FORM = {"file": ("nginx-504.har", HAR)}
WAIT = {"Prefer": "wait=60"}


def settings(data: Path, **changes: Any) -> Settings:
    """Small limits and short patience, so that tests reach them."""
    base = Settings(
        data=data, port=0, workers=1, max_upload=30 * MB, max_spool=60 * MB, worker_seconds=60,
        heartbeat_seconds=0.3, drain_seconds=30, upload_rate=10_000, request_rate=100_000,
        hosts=allowed_hosts("127.0.0.1", None),
    )  # fmt: skip
    return replace(base, **changes)


@dataclass
class Running:
    """A running service. service: its insides, when it runs in this process."""

    url: str
    data: Path
    service: Service
    client: httpx.Client = field(repr=False)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def upload(self, har: bytes = HAR, name: str = "a.har", **rest: Any) -> dict[str, Any]:
        """Upload and wait; the status."""
        answer = self.client.post(
            "/api/v1/reports", files={"file": (name, har)}, headers=WAIT, timeout=90, **rest
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def spooled(self) -> list[str]:
        """What is left of uploads on the disk."""
        return sorted(path.name for path in (self.data / "spool").iterdir())

    def raw(self, head: str, body: bytes = b"", *, finish: bool = False, timeout: float = 30) -> bytes:
        """Send bytes as they are; everything that comes back until the end. finish: close one's side first."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
            if finish:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Bytes until the other side closes."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found


@contextlib.contextmanager
def serving(chosen: Settings, headers: dict[str, str] | None = None) -> Iterator[Running]:
    """The service in a thread of this process."""
    app = create_app(chosen, "0.0-test")
    server = make_server(chosen, app)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive())
    assert server.started
    try:
        with httpx.Client(base_url=url, timeout=30, headers=headers, trust_env=False) as client:
            yield Running(url, chosen.data, app.state.service, client)
    finally:
        server.should_exit = True
        app.state.service.hub.stop()
        thread.join(60)
        listener.close()
        if thread.is_alive():
            faulthandler.dump_traceback(2)  # which thread holds it up is the whole question
            tasks = asyncio.all_tasks(server.servers[0].get_loop()) if server.servers else set()
            pytest.fail(f"the service has not ended; {len(tasks)} tasks wait: {tasks!r}")


class Process:
    """`hangup serve` as a process of its own."""

    def __init__(self, data: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "analyzer", "serve", "--port", "0", "--data", str(data), *options],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env={**os.environ, **(environment or {})}, start_new_session=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        self.url = ""
        self.said: list[str] = []
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.match(r"hangup serves on (http://[\d.:]+)/", line):
                self.url = found[1]
                break
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.url, self.said
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        wait_for(lambda: self._healthy())

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with contextlib.suppress(ValueError):
            self.said += list(self.process.stderr)

    def _healthy(self) -> bool:
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def spooled(self) -> list[str]:
        return sorted(path.name for path in (self.data / "spool").iterdir())


def wait_for(ready: Callable[[], object], seconds: float = 60) -> None:
    """Until something holds."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


def workers_of(pid: int) -> list[int]:
    """Processes of the worker that a process has started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == pid and b"analyzer.web.worker" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    return sorted(found)


@contextlib.contextmanager
def held_workers(pid: int) -> Iterator[list[int]]:
    """The worker in reserve stands still inside, so that no capture is read before a test has looked."""
    wait_for(lambda: workers_of(pid))
    held = workers_of(pid)
    for worker in held:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield held
    finally:
        for worker in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)
