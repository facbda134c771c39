"""Which exporter wrote the file: by its name if it says so, else by fields that only one writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from analyzer.intake.dialects.base import Dialect
from analyzer.intake.shape import Entry, Response, Timings, is_set, present

# What `log.creator.name` begins with, lower case, and the dialect as module and class: a run needs one of them.
_CREATORS: Final[tuple[tuple[str, str], ...]] = (
    ("webinspector", "chrome.Chrome"),
    ("webkit web inspector", "safari.Safari"),
    ("firefox", "firefox.Firefox"),
    ("playwright", "playwright.Playwright"),
    ("mitmproxy", "mitmproxy.Mitmproxy"),
    ("mitmdump", "mitmproxy.Mitmproxy"),
    ("charles", "charles.Charles"),
    ("fiddler saz", "fiddler.FiddlerArchive"),
    ("fiddler", "fiddler.Fiddler"),
    ("http toolkit", "httptoolkit.HttpToolkit"),
    ("chrome-har", "chromehar.ChromeHar"),
    ("browsertime", "chromehar.ChromeHar"),
    ("sitespeed.io", "chromehar.ChromeHar"),
    ("webpagetest", "chromehar.WebPageTest"),
    ("browsermob", "others.BrowserUp"),
    ("browserup", "others.BrowserUp"),
    ("splash", "others.Splash"),
    ("capture-har", "others.CaptureHar"),
    ("insomnia", "others.Insomnia"),
    ("internet explorer", "others.InternetExplorer"),
    ("firebug", "others.Firebug"),
    ("proxyman", "others.Proxyman"),
    ("@neuralegion/cypress-har-generator", "others.Cypress"),
    ("cypress-har-generator", "others.Cypress"),
)
_EMPTY_RESPONSE = Response()
_EMPTY_TIMINGS = Timings()
# In this order: each mark is one that no exporter after it writes.
_MARKS: Final[tuple[tuple[str, Callable[[Entry], bool]], ...]] = (
    ("charles.Charles", lambda entry: _response(entry).charles_status is not None),
    ("firefox.Firefox", lambda entry: is_set(entry.security_state)),
    ("playwright.Playwright", lambda entry: is_set(entry.frameref) or is_set(entry.monotonic_time)),
    ("playwright.Playwright", lambda entry: _response(entry).failure_text is not None),
    ("safari.Safari", lambda entry: is_set(entry.fetch_type) or is_set(entry.server_port)),
    ("chromehar.WebPageTest", lambda entry: is_set(entry.response_code)),
    (
        "chromehar.ChromeHar",
        lambda entry: present(entry.chunks) and bytes(memoryview(entry.initiator)[:1]) != b"{",
    ),
    ("others.Splash", lambda entry: is_set(entry.splash_state)),
    ("chrome.Chrome", lambda entry: is_set((entry.timings or _EMPTY_TIMINGS).queueing)),
    ("others.BrowserUp", lambda entry: _response(entry).error_message is not None),
)


def choose(creator: str | None, entries: Sequence[Entry]) -> type[Dialect]:
    """The dialect of a capture. creator: `log.creator.name`, None where it is missing."""
    name = (creator or "").strip().lower()
    for start, dialect in _CREATORS:
        if name.startswith(start):
            return _named(dialect)
    if not name:
        for entry in entries[:50]:
            for dialect, fits in _MARKS:
                if fits(entry):
                    return _named(dialect)
    return Dialect


def _named(dialect: str) -> type[Dialect]:
    module, _, name = dialect.partition(".")
    found: type[Dialect] = getattr(import_module(f"analyzer.intake.dialects.{module}"), name)
    return found


def _response(entry: Entry) -> Response:
    return entry.response or _EMPTY_RESPONSE
