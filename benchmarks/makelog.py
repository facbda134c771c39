"""Generated proxy logs, seeded: what a busy site with a chat on it writes in a few days.

One request in eight is a stream, and one stream in a hundred breaks. The rest is pages, items, an API and
static files: visitors come back (a few of them often), addresses have queries, referers and browsers vary.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, TextIO

_STREAMS: Final = ("/v1/chat/completions", "/api/chat/stream", "/events/prices", "/v1/messages")
_BROKEN: Final = {499: "CD--", 502: "SH--", 504: "sH--"}
_AT_ONCE: Final = 20_000


class Request(NamedTuple):
    """One request. took: milliseconds."""

    at: datetime
    client: str
    method: str
    path: str
    status: int
    size: int
    took: int
    referer: str
    agent: str


def requests(lines: int, seed: int = 11) -> Iterator[Request]:
    """So many requests in the order of time."""
    rng = random.Random(seed)
    clients = [".".join(str(rng.randrange(1, 255)) for _ in range(4)) for _ in range(max(lines // 20, 50))]
    agents = _agents(rng)
    pages = _pages(rng, max(lines // 60, 50))
    referers = ["-", *(f"https://app.example.com{page}" for page in pages[:2000])]
    at = datetime(2026, 11, 16, tzinfo=UTC)
    for done in range(0, lines, _AT_ONCE):
        count = min(_AT_ONCE, lines - done)
        # Ten of 33,000 pages get a quarter of the requests; the busiest tenth of the clients sends a third.
        who = [int(len(clients) * rng.random() ** 2) for _ in range(count)]
        what = [int(len(pages) * rng.random() ** 6) for _ in range(count)]
        statuses = rng.choices((200, 304, 301, 404, 500), (80, 12, 3, 4, 1), k=count)
        for number in range(count):
            if number % 6 == 0:
                at += timedelta(seconds=1)
            client = clients[who[number]]
            agent = agents[who[number] % len(agents)]
            if rng.random() < 0.125:
                status = rng.choice(tuple(_BROKEN)) if rng.random() < 0.01 else 200
                size, took = rng.randrange(500, 60_000), rng.randrange(900, 90_000)
                path = _STREAMS[rng.randrange(4)]
                method = "GET" if path.startswith("/events") else "POST"
                yield Request(at, client, method, path, status, size, took, referers[1], agent)
            else:
                size, took = rng.randrange(80, 90_000), rng.randrange(1, 400)
                referer = referers[what[number] % len(referers)]
                yield Request(
                    at, client, "GET", pages[what[number]], statuses[number], size, took, referer, agent
                )


def write_nginx(out: TextIO, lines: int) -> None:
    """nginx's combined format."""
    for r in requests(lines):
        out.write(
            f'{r.client} - - [{r.at:%d/%b/%Y:%H:%M:%S} +0000] "{r.method} {r.path} HTTP/2.0" {r.status} {r.size}'
            f' "{r.referer}" "{r.agent}"\n'
        )


def write_haproxy(out: TextIO, lines: int) -> None:
    """HAProxy's HTTP format behind syslog."""
    for r in requests(lines):
        state = _BROKEN.get(r.status, "----")
        server = r.size % 4
        # HAProxy has no 499: who leaves in the data leaves the status that was sent; without headers Tr is -1.
        status = 200 if r.status == 499 else r.status
        header = -1 if state[1] == "H" else min(r.took, 300)
        out.write(
            f"{r.at:%b %d %H:%M:%S} lb1 haproxy[14389]: {r.client}:{20_000 + r.size % 40_000}"
            f" [{r.at:%d/%b/%Y:%H:%M:%S}.{r.took % 1000:03d}] fe_https~ be_app/app{server}"
            f" 0/0/1/{header}/{r.took} {status} {r.size} - - {state} 14/14/6/3/0 0/0"
            f' "{r.method} https://app.example.com{r.path} HTTP/2.0"\n'
        )


def write_log(path: Path, lines: int, write: Callable[[TextIO, int], None]) -> None:
    """Write so many lines to a file."""
    with path.open("w", encoding="utf-8", buffering=1 << 20) as out:
        write(out, lines)


def _pages(rng: random.Random, count: int) -> list[str]:
    made = []
    for number in range(count):
        kind = rng.random()
        if kind < 0.4:
            made.append(f"/item/{number}?ref={rng.choice(('list', 'search', 'mail'))}&page={number % 7}")
        elif kind < 0.6:
            made.append(f"/api/v2/items/{number:08x}")
        elif kind < 0.8:
            made.append(f"/blog/20{rng.randrange(18, 27)}/post-{number}")
        else:
            made.append(f"/assets/{rng.getrandbits(64):016x}.{rng.choice(('js', 'css', 'png', 'woff2'))}")
    return made


def _agents(rng: random.Random) -> list[str]:
    systems = (
        "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0; Win64; x64", "Linux; Android 15; K",
    )  # fmt: skip
    made = [
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
        for system in systems
        for version in range(140, 157)
    ]
    made += ["python-httpx/0.28.1", "curl/8.5.0", "okhttp/5.1.0", "Go-http-client/2.0"]
    rng.shuffle(made)
    return made
