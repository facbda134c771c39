"""The HTML report in a real Chromium: accessible, silent on the network, usable with and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.model import Fix, Report
from analyzer.report.html import render_html
from tests.browser.cdp import Browser, Tab
from tests.report import build

REPORTS: dict[str, Callable[[], Report]] = {
    "idle-timeout": build.idle_report,
    "overloaded": lambda: build.one(build.overloaded()),
    "completed": lambda: build.one(build.completed()),
    "user-stop": lambda: build.one(build.user_stop()),
    "batch": lambda: build.batch_report(5),
    "unreadable": build.empty_report,
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Report], Path]:
    def to_file(report: Report) -> Path:
        path = tmp_path / "report.html"
        path.write_text(render_html(report, version="0.0"), encoding="utf-8")
        return path

    return to_file


def complaints(tab: Tab) -> list[str]:
    """What the console, the policy or the network has to say about the page."""
    said = [event["entry"]["text"] for event in tab.events("Log.entryAdded")]
    said += [str(event["args"]) for event in tab.events("Runtime.consoleAPICalled")]
    said += [event["exceptionDetails"]["text"] for event in tab.events("Runtime.exceptionThrown")]
    said += [event["message"] for event in tab.events("Page.javascriptDialogOpening")]
    urls = [event["request"]["url"] for event in tab.events("Network.requestWillBeSent")]
    return said + [url for url in urls if not url.startswith(("data:", "file:"))] + urls[1:]


def visible(tab: Tab, selector: str) -> bool:
    return bool(tab.evaluate(f"document.querySelector({selector!r}).checkVisibility()"))


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(
    name: str, dark: bool, width: int, browser: Browser, write: Callable[[Report], Path], axe_source: str
) -> None:
    path = write(REPORTS[name]())
    # Darkness changes colours and nothing else.
    rules = ", runOnly: ['color-contrast', 'link-in-text-block']" if dark else ""
    with browser.page(width=width, dark=dark, bypass_csp=True) as tab:
        tab.open(path)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        # axe looks up what lies behind a text by its place, and skipped content has none.
        tab.evaluate("document.querySelectorAll('.skippable').forEach(e => e.classList.remove('skippable'))")
        tab.evaluate(f"{axe_source}; 0")
        for tab_name in ("user", "operator", "developer"):
            tab.evaluate(f"document.getElementById('who-{tab_name}')?.click()")
            # All of it once; of the other tabs, only what they change.
            place = "document" if tab_name == "user" else "'#todo'"
            found = tab.evaluate(
                f"axe.run({place}, {{resultTypes: ['violations']{rules}}}).then(r => r.violations.map("
                "v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | ')))"
            )
            assert found == []


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_silent(name: str, browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(REPORTS[name]())
    with browser.page() as tab:
        tab.open(path)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        assert complaints(tab) == []


def test_silence_test_can_fail(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "loud.html"
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    page.write_text(f"<!doctype html>{policy}<script>window.ran = 1</script><p style='color:red'>x")
    with browser.page() as tab:
        tab.open(page)
        assert len(complaints(tab)) >= 2


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("name", ["idle-timeout", "batch"])
def test_page_never_scrolls_sideways(
    width: int, name: str, browser: Browser, write: Callable[[Report], Path]
) -> None:
    path = write(REPORTS[name]())
    with browser.page(width=width) as tab:
        tab.open(path)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_tabs_follow_the_arrow_keys(browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(build.idle_report())
    with browser.page() as tab:
        tab.open(path)
        for _ in range(30):
            tab.press("Tab", 9)
            if tab.evaluate("document.activeElement.id") == "who-user":
                break
        assert tab.evaluate("document.activeElement.id") == "who-user"
        assert visible(tab, ".panel-user") and not visible(tab, ".panel-operator")
        tab.press("ArrowRight", 39)
        assert tab.evaluate("document.activeElement.id") == "who-operator"
        assert visible(tab, ".panel-operator") and not visible(tab, ".panel-user")
        tab.press("ArrowRight", 39)
        assert visible(tab, ".panel-developer") and not visible(tab, ".panel-operator")


def test_focus_is_always_visible(browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(build.idle_report(6))
    with browser.page() as tab:
        tab.open(path)
        seen = 0
        for _ in range(200):
            tab.press("Tab", 9)
            state = tab.evaluate(
                "(() => { const e = document.activeElement; if (e === document.body) return null;"
                " const s = getComputedStyle(e.matches('.tabbar input') ? e.nextElementSibling : e);"
                " return [e.outerHTML.slice(0, 80), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1]; })()"
            )
            if state is None:
                break
            seen += 1
            assert state[1], state[0]
        assert seen > 15


def test_copy_button_copies_the_letter(browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(build.idle_report())
    with browser.page() as tab:
        tab.open(path)
        tab.evaluate(
            "window.kept = null; document.addEventListener('copy', () => { window.kept = document.activeElement.value })"
        )
        tab.evaluate(
            "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.querySelector('.reply .copy').click()"
        )
        assert tab.evaluate("window.kept").startswith("Hello,")
        assert tab.evaluate("document.querySelector('.reply .copy').textContent") == "Copied"
        tab.evaluate("new Promise(done => setTimeout(done, 120))")
        assert tab.evaluate("document.getElementById('said').textContent") == "Copied"


def test_settings_in_a_sentence_can_be_copied(browser: Browser, write: Callable[[Report], Path]) -> None:
    report = build.idle_report()
    report.streams[0].verdict.fix = Fix(
        operator=["Set `proxy_read_timeout 3600s;` in `location`; HAProxy: `timeout server 1h` or more."]
    )
    path = write(report)
    with browser.page() as tab:
        tab.open(path)
        labels = (
            "[...document.querySelectorAll('.panel-operator .copy')].map(b => b.getAttribute('aria-label'))"
        )
        assert tab.evaluate(labels) == ["Copy: proxy_read_timeout 3600s;", "Copy: timeout server 1h"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_address_of_evidence_opens_the_recorded_entry(
    scripts: bool, browser: Browser, write: Callable[[Report], Path]
) -> None:
    path = write(build.idle_report())
    with browser.page(scripts=scripts) as tab:
        tab.open(path)
        assert not visible(tab, "#s1-raw")
        tab.evaluate(
            "document.querySelector('.evidence details').open = true; document.querySelector('.evidence .mono a').click()"
        )
        for _ in range(100):
            if visible(tab, "#s1-raw"):
                break
        assert visible(tab, "#s1-raw")


def test_jargon_explains_itself_under_the_pointer_and_by_a_link(
    browser: Browser, write: Callable[[Report], Path]
) -> None:
    path = write(build.idle_report())
    words = "[...document.querySelectorAll('a.term, dt > a, .legend a, .src > a')]"
    with browser.page() as tab:
        tab.open(path)
        assert tab.evaluate(f"{words}.length") > 10
        assert tab.evaluate(f"{words}.filter(a => a.title.length < 10).length") == 0
        explained = "document.querySelector(a.getAttribute('href')).closest('#glossary')"
        assert tab.evaluate(f"{words}.filter(a => !{explained}).length") == 0


def _wait_for_filter(tab: Tab) -> str:
    tab.evaluate("new Promise(done => setTimeout(done, 250))")
    return str(tab.evaluate("document.getElementById('f-n').textContent"))


def test_search_filter_and_sort_work_on_5000_exchanges(
    browser: Browser, write: Callable[[Report], Path]
) -> None:
    path = write(build.idle_report(5000))
    shown = "[...document.querySelectorAll('.xs tbody tr:not([hidden])')]"
    with browser.page() as tab:
        tab.open(path)
        assert tab.evaluate("document.getElementById('f-n').textContent") == "5,000 exchanges"
        tab.evaluate("document.getElementById('f-q').focus()")
        tab.type("api/CHAT stream")
        assert _wait_for_filter(tab) == "1 exchange"
        assert tab.evaluate(f"{shown}.length") == 1
        assert tab.evaluate("document.querySelectorAll('.portion:not([hidden])').length") == 1
        tab.evaluate("document.querySelector('#filters button').click()")
        assert _wait_for_filter(tab) == "5,000 exchanges"
        tab.evaluate("document.getElementById('f-tone').value = 'failed'; document.getElementById('f-sort').value = '4';"
                     "document.getElementById('f-sort').dispatchEvent(new Event('change', {bubbles: true}))")  # fmt: skip
        assert _wait_for_filter(tab) == f"{tab.evaluate(shown + '.length'):,} exchanges"
        took = tab.evaluate(f"{shown}.map(r => +r.cells[4].dataset.v)")
        assert took == sorted(took, reverse=True) and took[0] == 74060
        assert complaints(tab) == []


def test_without_scripts_everything_is_there(browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(build.idle_report(40))
    with browser.page(scripts=False) as tab:
        tab.open(path)
        assert not visible(tab, "#filters")
        assert tab.evaluate("document.querySelectorAll('.copy').length") == 0
        assert tab.evaluate("document.querySelectorAll('.xs tbody tr').length") == 40
        assert visible(tab, ".panel-user") and not visible(tab, ".panel-operator")
        tab.evaluate("document.getElementById('who-operator').click()")
        assert visible(tab, ".panel-operator")


def test_paper_shows_every_panel_and_every_detail(browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(build.idle_report(10))
    with browser.page(scripts=False) as tab:
        tab.open(path)
        tab.media(media="print")
        for panel in ("user", "operator", "developer"):
            assert visible(tab, f".panel-{panel}")
        hidden = "[...document.querySelectorAll('details > :not(summary)')].filter(e => e.getBoundingClientRect().height < 5).length"
        assert tab.evaluate(hidden) == 0
        assert not visible(tab, ".tabbar")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.pdf().startswith(b"%PDF")


def test_drawings_have_names_and_descriptions(browser: Browser, write: Callable[[Report], Path]) -> None:
    path = write(build.idle_report())
    with browser.page() as tab:
        tab.open(path)
        unnamed = tab.evaluate(
            "[...document.querySelectorAll('svg')].filter(s => !s.closest('[aria-hidden=true]') && !s.parentElement.closest('svg') && "
            "!(s.getAttribute('role') === 'img' && document.getElementById(s.getAttribute('aria-labelledby'))?.textContent"
            " && document.getElementById(s.getAttribute('aria-describedby'))?.textContent)).length"
        )
        assert unnamed == 0
        ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        links = tab.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        assert all(link.startswith("#") and link[1:] in ids for link in links)
