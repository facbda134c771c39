"""What docs/serve.md promises, it keeps: the options, and the script between a ticket system and the API."""

from __future__ import annotations

import base64
import hashlib
import hmac
import inspect
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from analyzer.web.command import serve
from analyzer.web.problems import KINDS
from tests.web.harness import HAR, HEADLINE, serving, settings, wait_for

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs" / "serve.md").read_text(encoding="utf-8")


def test_every_option_is_described() -> None:
    infos = [
        p.annotation.__metadata__[0] for p in inspect.signature(serve, eval_str=True).parameters.values()
    ]
    options = {flag for info in infos for flag in (info.default, *(info.param_decls or ()))}
    table = TEXT.partition("## Options")[2].partition("\n## ")[0]
    assert options == set(re.findall(r"`(--[a-z-]+)", table))


def test_every_refusal_is_described() -> None:
    told = set(re.findall(r"`([a-z-]+)` \|$", TEXT, re.MULTILINE))
    assert told <= set(KINDS)
    own = {"not-found", "no-such-page", "method-not-allowed", "not-acceptable", "invalid-parameter", "internal-error", "analysis-failed"}  # fmt: skip
    assert set(KINDS) - told == own


class Zendesk(BaseHTTPRequestHandler):
    """A ticket with one capture; keeps the notes that it gets."""

    notes: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        if self.path == "/attachment":
            self._say(HAR)
            return
        attached = [
            {"file_name": "photo.png", "content_url": "http://127.0.0.1:1/never"},
            {
                "file_name": "My trace.har",
                "content_url": f"http://127.0.0.1:{self.server.server_port}/attachment",
            },  # type: ignore[attr-defined]
        ]
        assert self.path == "/api/v2/tickets/42/comments.json"
        self._say(json.dumps({"comments": [{"attachments": attached}]}).encode())

    def do_PUT(self) -> None:
        self.notes.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._say(b"{}")

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def background() -> Iterator[Any]:
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def start(handler: type[BaseHTTPRequestHandler]) -> str:
        server = HTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_webhook_script_turns_a_ticket_into_a_note(
    background: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "a-long-enough-token"
    script: dict[str, Any] = {"__name__": "webhook"}
    exec(TEXT.partition("```python\n")[2].partition("```")[0], script)
    script["Webhook"].log_message = Zendesk.log_message
    with serving(settings(tmp_path, token=token)) as found:
        for name, value in {
            "ZENDESK": background(Zendesk), "ZENDESK_USER": "a@example.com/token", "ZENDESK_TOKEN": "t",
            "ZENDESK_SECRET": "s", "HANGUP": found.url, "HANGUP_TOKEN": token,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        hook = background(script["Webhook"])
        body = b'{"ticket": "42"}'
        sign = base64.b64encode(hmac.digest(b"s", b"now" + body, hashlib.sha256)).decode()
        headers = {"X-Zendesk-Webhook-Signature-Timestamp": "now", "X-Zendesk-Webhook-Signature": sign}
        assert httpx.post(hook, content=body, headers=headers, trust_env=False).status_code == 202
        wait_for(lambda: Zendesk.notes)
        assert httpx.post(hook, content=body, trust_env=False).status_code == 401
    note = Zendesk.notes[0]["ticket"]["comment"]
    assert note["public"] is False and HEADLINE in note["body"] and "My trace.har" in note["body"]
