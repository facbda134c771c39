"""A real Chromium, driven through the DevTools protocol over a pipe: no port, no further package.

The pipe is Chromium's own: descriptors 3 (we write) and 4 (we read), JSON messages ended by NUL.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip

# Puts the pipe where Chromium looks for it, then becomes Chromium. A process of its own, because
# Python may run threads by now, and code between fork and exec must not.
_PLUMB = """
import os, sys
read, write = (os.dup(os.dup(os.dup(int(fd)))) for fd in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class BrowserError(Exception):
    """The browser refused a command, or a script in the page threw."""


def find_browser() -> str | None:
    """The Chromium to use: $HANGUP_CHROMIUM, or the first that is installed."""
    return os.environ.get("HANGUP_CHROMIUM") or next(
        (path for name in NAMES if (path := shutil.which(name))), None
    )


class Browser:
    """One browser process. Use as a context manager."""

    def __init__(self, executable: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="hangup-chromium-")
        read_us, write_child = os.pipe()
        read_child, write_us = os.pipe()

        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PLUMB, str(read_child), str(write_child), executable, *FLAGS,
             f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(read_child, write_child),
        )  # fmt: skip
        os.close(read_child)
        os.close(write_child)
        self._in, self._out = read_us, write_us
        self._buffer = b""
        self._next = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, BrowserError, TimeoutError):
            self.send("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        session: str | None = None,
        timeout: float = 60,
    ) -> Any:
        """One command; its result. Events that arrive meanwhile are kept in `events`."""
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self._write(message)
        deadline = time.monotonic() + timeout
        while True:
            reply = self._read(deadline)
            if reply.get("id") == self._next:
                if "error" in reply:
                    raise BrowserError(f"{method}: {reply['error'].get('message')}")
                return reply["result"]
            self.events.append(reply)

    def _write(self, message: dict[str, Any]) -> None:
        data = memoryview(json.dumps(message).encode() + b"\0")
        while data:
            data = data[os.write(self._out, data) :]

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            got = os.read(self._in, 1 << 20)
            if not got:
                raise BrowserError("the browser has gone")
            self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found

    @contextlib.contextmanager
    def page(
        self,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        bypass_csp: bool = False,
        scripts: bool = True,
    ) -> Iterator[Tab]:
        """A new tab, closed at the end."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        tab = Tab(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.send(f"{domain}.enable")
        tab.resize(width, height)
        tab.media(dark=dark)
        if bypass_csp:
            tab.send("Page.setBypassCSP", {"enabled": True})
        if not scripts:
            tab.send("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            yield tab
        finally:
            self.send("Target.closeTarget", {"targetId": target})


class Tab:
    """One page of the browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def send(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """A command to this page."""
        return self._browser.send(method, params, self._session)

    def events(self, method: str) -> list[dict[str, Any]]:
        """Parameters of the events of one kind that this page has sent so far."""
        self.evaluate("0")  # a round trip: whatever was under way has arrived
        return [
            e["params"]
            for e in self._browser.events
            if e.get("sessionId") == self._session and e["method"] == method
        ]

    def resize(self, width: int, height: int) -> None:
        """Viewport in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def media(self, *, dark: bool = False, media: str = "", reduced_motion: bool = True) -> None:
        """Colour scheme, medium and motion preference, as the page's media queries see them."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        features.append(
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}
        )
        self.send("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def open(self, path: Path, fragment: str = "") -> None:
        """Opens a file and waits until it has loaded."""
        self.send("Page.navigate", {"url": path.as_uri() + fragment})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = self.send("Runtime.evaluate", {"expression": "location.protocol + document.readyState"})[
                "result"
            ]["value"]
            if state == "file:complete":
                return
            time.sleep(0.02)
        raise TimeoutError(f"{path.name} does not finish loading")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; promises are awaited."""
        got = self.send(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "awaitPromise": True, "userGesture": True},
        )
        if "exceptionDetails" in got:
            raise BrowserError(json.dumps(got["exceptionDetails"])[:800])
        return got["result"].get("value")

    def press(self, key: str, code: int, *, shift: bool = False) -> None:
        """One key, as a person presses it."""
        text = {"Enter": "\r", " ": " "}.get(key)
        for kind in ("keyDown", "keyUp"):
            event: dict[str, Any] = {
                "type": kind,
                "key": key,
                "code": "Space" if key == " " else key,
                "windowsVirtualKeyCode": code,
                "modifiers": 8 if shift else 0,
            }
            if text and kind == "keyDown":
                event["text"] = text
            self.send("Input.dispatchKeyEvent", event)

    def type(self, text: str) -> None:
        """Text into whatever has the focus."""
        self.send("Input.insertText", {"text": text})

    def screenshot(self, *, full: bool = True) -> bytes:
        """A PNG of the page."""
        got = self.send("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": full})
        return base64.b64decode(got["data"])

    def pdf(self) -> bytes:
        """The page as it would be printed, on the paper that its style sheet asks for."""
        got = self.send("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
        return base64.b64decode(got["data"])
