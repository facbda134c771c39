"""The pages in a real Chromium: upload, progress, report, share, delete; with and without scripts."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cdp import Browser, Tab
from tests.web.harness import HAR, HEADLINE, SAMPLES, Running, wait_for, workers_of

AXE = (
    "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
    "v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | ')))"
)


def state(tab: Tab) -> str:
    found = tab.send("Runtime.evaluate", {"expression": "location.href + ' ' + document.readyState"})
    return str(found["result"].get("value", ""))


def go(tab: Tab, url: str) -> None:
    tab.send("Page.navigate", {"url": url})
    wait_for(lambda: state(tab).startswith(url.partition("#")[0]) and state(tab).endswith("complete"))


def heading(tab: Tab) -> str:
    return str(
        tab.send("Runtime.evaluate", {"expression": "document.querySelector('h1')?.textContent ?? ''"})[
            "result"
        ]["value"]
    )


def see(tab: Tab, text: str) -> None:
    """Until the page's heading has the text and its scripts have run."""

    def there() -> bool:
        try:
            return text in heading(tab) and tab.evaluate("document.readyState") == "complete"
        except Exception:  # noqa: BLE001  between two pages there is nothing to ask
            return False

    wait_for(there)


def complaints(tab: Tab) -> list[str]:
    """What the console or the policy has to say, and requests to elsewhere."""
    said = [event["entry"]["text"] for event in tab.events("Log.entryAdded")]
    said += [str(event["args"]) for event in tab.events("Runtime.consoleAPICalled")]
    said += [event["exceptionDetails"]["text"] for event in tab.events("Runtime.exceptionThrown")]
    urls = [event["request"]["url"] for event in tab.events("Network.requestWillBeSent")]
    return said + [url for url in urls if not url.startswith(("http://127.0.0.1:", "data:"))]


@contextmanager
def page(browser: Browser, running: Running, **options: Any) -> Iterator[Tab]:
    """The upload page in a tab with an empty list of reports."""
    with browser.page(**options) as tab:
        go(tab, running.url + "/")
        if options.get("scripts", True):
            tab.evaluate("localStorage.clear()")
            go(tab, running.url + "/")
        yield tab


def choose(tab: Tab, *paths: Path) -> None:
    root = tab.send("DOM.getDocument")["root"]["nodeId"]
    node = tab.send("DOM.querySelector", {"nodeId": root, "selector": "#file"})["nodeId"]
    tab.send("DOM.setFileInputFiles", {"nodeId": node, "files": [str(path) for path in paths]})


def fresh(folder: Path, name: str = "mine.har") -> Path:
    """A capture that this service has not seen yet."""
    path = folder / name
    path.write_bytes(HAR + b" " * (id(folder) % 1000))
    return path


def test_from_the_file_to_the_report_to_its_deletion(
    browser: Browser, running: Running, tmp_path: Path
) -> None:
    with page(browser, running) as tab:
        choose(tab, fresh(tmp_path))
        assert tab.evaluate("document.querySelector('#chosen .c-name').textContent") == "mine.har"
        tab.evaluate("document.getElementById('send').click()")
        see(tab, HEADLINE)
        address = tab.evaluate("location.href")
        assert running.client.get(address).status_code == 200  # the link is all that a colleague needs
        go(tab, running.url + "/")
        wait_for(lambda: tab.evaluate("document.querySelectorAll('#mine-list li').length") == 1)
        assert HEADLINE in tab.evaluate("document.getElementById('mine').textContent")
        tab.evaluate("document.querySelector('#mine-list a').click()")
        see(tab, HEADLINE)
        # Nobody is faster than the page's own script, which takes it off the list of this browser.
        wait_for(lambda: not tab.evaluate("document.getElementById('share').hidden"))
        tab.evaluate(
            "document.querySelector('.delete summary').click(); document.querySelector('.danger-button').click()"
        )
        see(tab, "Find out who hung up")
        assert "was deleted" in tab.evaluate("document.querySelector('[role=status]').textContent")
        assert tab.evaluate("document.getElementById('mine').hidden") is True
        assert running.client.get(address).status_code == 404
        assert complaints(tab) == []


def test_without_scripts_upload_progress_report_and_deletion_work(
    browser: Browser, running: Running, tmp_path: Path
) -> None:
    with page(browser, running, scripts=False) as tab:
        choose(tab, fresh(tmp_path))
        box = tab.send("Runtime.evaluate", {
            "expression": "(() => { const r = document.getElementById('send').getBoundingClientRect(); return [r.x + 5, r.y + 5] })()",
            "returnByValue": True,
        })["result"]["value"]  # fmt: skip
        for kind in ("mousePressed", "mouseReleased"):
            click = {"type": kind, "x": box[0], "y": box[1], "button": "left", "clickCount": 1}
            tab.send("Input.dispatchMouseEvent", click)
        see(tab, HEADLINE)
        tab.send("Runtime.evaluate", {"expression": "document.querySelector('.delete form').submit()"})
        see(tab, "Find out who hung up")
        assert complaints(tab) == []


def test_everything_by_keyboard(browser: Browser, running: Running) -> None:
    har = json.loads(HAR)
    har["log"]["entries"] = har["log"]["entries"][-1:]
    short = json.dumps(har)  # a page takes its time over a long text
    with page(browser, running) as tab:

        def tab_to(wanted: str) -> None:
            for _ in range(60):
                tab.press("Tab", 9)
                if tab.evaluate(f"document.activeElement.matches({wanted!r})"):
                    style = "getComputedStyle(document.activeElement).outlineStyle"
                    assert tab.evaluate(style) != "none", wanted
                    return
            raise AssertionError(f"{wanted} cannot be reached")

        tab_to("#file")
        tab_to("#paste summary")
        tab.press("Enter", 13)
        tab_to("#text")
        tab.type(short)
        tab_to("#keep")
        tab_to("#send")
        tab.press("Enter", 13)
        see(tab, HEADLINE)
        tab_to(".menu summary")
        tab.press("Enter", 13)
        assert tab.evaluate("document.querySelector('.menu').open") is True
        tab_to(".menu a")
        tab.press("Escape", 27)
        assert tab.evaluate("document.querySelector('.menu').open") is False
        tab_to(".delete summary")
        tab.press("Enter", 13)
        tab_to(".danger-button")
        tab.press("Enter", 13)
        see(tab, "Find out who hung up")


def test_dropped_and_pasted_files_are_one_case(browser: Browser, running: Running) -> None:
    with page(browser, running) as tab:
        har = json.dumps(HAR.decode())
        tab.evaluate(
            f"const make = name => {{ const d = new DataTransfer(); d.items.add(new File([{har}], name)); return d }};"
            "document.dispatchEvent(new DragEvent('dragover', {dataTransfer: make('x'), cancelable: true}));"
            "window.over = document.getElementById('zone').className;"
            "document.dispatchEvent(new DragEvent('drop', {dataTransfer: make('dropped.har'), cancelable: true}));"
            "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: make('pasted.har')}));"
        )
        assert "over" in tab.evaluate("window.over")
        assert tab.evaluate("[...document.querySelectorAll('.c-name')].map(e => e.textContent)") == [
            "dropped.har",
            "pasted.har",
        ]
        tab.evaluate("document.querySelector('#chosen button').click()")
        assert tab.evaluate("[...document.querySelectorAll('.c-name')].map(e => e.textContent)") == [
            "pasted.har"
        ]
        tab.evaluate(
            "const d = new DataTransfer(); d.setData('text/plain', '{\"log\": 1}');"
            "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: d}))"
        )
        assert tab.evaluate("document.getElementById('text').value") == '{"log": 1}'


def test_refused_upload_says_why_and_can_be_tried_again(
    browser: Browser, running: Running, tmp_path: Path
) -> None:
    big = tmp_path / "big.har"
    with big.open("wb") as out:
        out.truncate(running.service.settings.max_upload + 1)
    with page(browser, running) as tab:
        tab.evaluate("document.getElementById('send').click()")
        assert "Choose a capture first" in tab.evaluate("document.getElementById('refused').textContent")
        choose(tab, big)
        assert "30 MB are taken" in tab.evaluate("document.getElementById('refused').textContent")
        tab.evaluate("document.getElementById('send').click()")
        wait_for(lambda: "too large" in tab.evaluate("document.getElementById('refused').textContent"))
        assert tab.evaluate("document.getElementById('send').disabled") is False


@contextmanager
def stopped(running: Running, name: str) -> Iterator[str]:
    """The address of a report whose worker stands still until the end of the block."""
    har = json.loads(HAR)
    har["log"]["entries"] *= 80
    files = {"file": (name, json.dumps(har).encode())}
    status = running.client.post("/api/v1/reports", files=files).json()
    wait_for(lambda: running.client.get(status["links"]["status"]).json()["stage"] not in (None, "starting"))
    workers = workers_of(os.getpid())
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield running.url + status["links"]["page"]
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def test_progress_is_shown_as_it_is_told(browser: Browser, running: Running) -> None:
    with browser.page() as tab:
        with stopped(running, "slow.har") as address:
            go(tab, address)
            wait_for(lambda: tab.evaluate("document.getElementById('bar').hasAttribute('value')"))
            assert heading(tab) == "Reading the capture"
            assert tab.evaluate("document.querySelectorAll('#stages .past').length") >= 2
            assert tab.evaluate("document.querySelectorAll('#stages [aria-current=step]').length") == 1
        see(tab, "of 160 answers")
        assert complaints(tab) == []


def test_own_reports_are_offered_for_comparison(browser: Browser, running: Running) -> None:
    ids = [
        running.upload((SAMPLES / f"{name}.har").read_bytes(), f"{name}.har")["id"]
        for name in ("nginx-504", "nginx-idle-60s")
    ]
    with browser.page() as tab:
        go(tab, f"{running.url}/compare")
        tab.evaluate(f"localStorage.setItem('hangup.reports', JSON.stringify({[{'id': id} for id in ids]}))")
        go(tab, f"{running.url}/compare")
        wait_for(lambda: tab.evaluate("document.querySelectorAll('#reports option').length") == 2)
        assert "The answer never began" in tab.evaluate("document.querySelector('#reports option').label")
        tab.evaluate("document.getElementById('before').focus()")
        tab.type(ids[0])
        tab.press("Tab", 9)
        tab.type(f"{running.url}/r/{ids[1]}")
        tab.press("Enter", 13)
        see(tab, "It fails for another reason now")


def test_share_copies_the_link(browser: Browser, running: Running) -> None:
    id = running.upload(name="share.har")["id"]
    with browser.page() as tab:
        go(tab, f"{running.url}/r/{id}#s1")
        tab.evaluate(
            "window.copied = ''; Object.defineProperty(navigator, 'clipboard', {value: {writeText: t => { window.copied = t; return Promise.resolve() }}});"
            "document.getElementById('share').click()"
        )
        assert tab.evaluate("window.copied") == f"{running.url}/r/{id}"


@pytest.fixture(scope="module")
def addresses(running: Running) -> dict[str, str]:
    failed = running.client.post("/upload", files={"file": ("x.txt", b"nothing")}).headers["location"]
    wait_for(lambda: "cannot be read" in running.client.get(failed).text)
    report = running.upload((SAMPLES / "anthropic-truncated.har").read_bytes(), "cut.har")["links"]["page"]
    id = report.rpartition("/")[2]
    return {
        "start": "/", "report": report, "failed": failed, "wrong": "/r/wrong", "compare": "/compare",
        "comparison": f"/compare?before={id}&after={id}",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["start", "report", "failed", "wrong", "compare", "comparison"])
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)], ids=["wide-light", "phone-dark"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    name: str,
    width: int,
    dark: bool,
    browser: Browser,
    running: Running,
    addresses: dict[str, str],
    axe_source: str,
) -> None:
    with browser.page(width=width, dark=dark, bypass_csp=True) as tab:
        go(tab, running.url + addresses[name])
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        for picked in ("chrome", "firefox", "safari", "edge") if name == "start" else ("",):
            tab.evaluate(f"document.getElementById('how-{picked}')?.click()")
            tab.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true })")
            tab.evaluate(f"{axe_source}; 0")
            assert tab.evaluate(AXE) == []


def test_axe_finds_nothing_while_a_report_is_made(
    browser: Browser, running: Running, axe_source: str
) -> None:
    with browser.page(bypass_csp=True) as tab, stopped(running, "axe.har") as address:
        go(tab, address)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        tab.evaluate(f"{axe_source}; 0")
        assert tab.evaluate(AXE) == []


def test_pages_load_without_a_complaint_of_the_policy(
    browser: Browser, running: Running, addresses: dict[str, str]
) -> None:
    for name in ("start", "report", "failed", "compare", "comparison"):
        with browser.page() as tab:
            go(tab, running.url + addresses[name])
            tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            assert complaints(tab) == [], name


def test_downloaded_report_opens_from_the_api_too(
    browser: Browser, running: Running, addresses: dict[str, str]
) -> None:
    id = addresses["report"].rpartition("/")[2]
    with browser.page() as tab:
        tab.send("Network.setExtraHTTPHeaders", {"headers": {"Accept": "text/html"}})
        go(tab, f"{running.url}/api/v1/reports/{id}")
        assert (
            tab.evaluate("document.querySelectorAll('.copy').length") > 0
        )  # its script ran, under its own policy
        assert [text for text in complaints(tab) if "favicon" not in text] == []
