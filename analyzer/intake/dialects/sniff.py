"""Which exporter wrote the file: by its name if it says so, else by fields that only one writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from analyzer.intake.dialects.base import Dialect
from analyzer.intake.dialects.charles import Charles
from analyzer.intake.dialects.chrome import Chrome
from analyzer.intake.dialects.chromehar import ChromeHar, WebPageTest
from analyzer.intake.dialects.fiddler import Fiddler, FiddlerArchive
from analyzer.intake.dialects.firefox import Firefox
from analyzer.intake.dialects.httptoolkit import HttpToolkit
from analyzer.intake.dialects.mitmproxy import Mitmproxy
from analyzer.intake.dialects.others import (
    BrowserUp,
    CaptureHar,
    Cypress,
    Firebug,
    Insomnia,
    InternetExplorer,
    Proxyman,
    Splash,
)
from analyzer.intake.dialects.playwright import Playwright
from analyzer.intake.dialects.safari import Safari
from analyzer.intake.shape import Entry, Response, Timings, is_set, present

# What `log.creator.name` begins with, lower case.
_CREATORS: Final[tuple[tuple[str, type[Dialect]], ...]] = (
    ("webinspector", Chrome),
    ("webkit web inspector", Safari),
    ("firefox", Firefox),
    ("playwright", Playwright),
    ("mitmproxy", Mitmproxy),
    ("mitmdump", Mitmproxy),
    ("charles", Charles),
    ("fiddler saz", FiddlerArchive),
    ("fiddler", Fiddler),
    ("http toolkit", HttpToolkit),
    ("chrome-har", ChromeHar),
    ("browsertime", ChromeHar),
    ("sitespeed.io", ChromeHar),
    ("webpagetest", WebPageTest),
    ("browsermob", BrowserUp),
    ("browserup", BrowserUp),
    ("splash", Splash),
    ("capture-har", CaptureHar),
    ("insomnia", Insomnia),
    ("internet explorer", InternetExplorer),
    ("firebug", Firebug),
    ("proxyman", Proxyman),
    ("@neuralegion/cypress-har-generator", Cypress),
    ("cypress-har-generator", Cypress),
)
_EMPTY_RESPONSE = Response()
_EMPTY_TIMINGS = Timings()
# In this order: each mark is one that no exporter after it writes.
_MARKS: Final[tuple[tuple[type[Dialect], Callable[[Entry], bool]], ...]] = (
    (Charles, lambda entry: _response(entry).charles_status is not None),
    (Firefox, lambda entry: is_set(entry.security_state)),
    (Playwright, lambda entry: is_set(entry.frameref) or is_set(entry.monotonic_time)),
    (Playwright, lambda entry: _response(entry).failure_text is not None),
    (Safari, lambda entry: is_set(entry.fetch_type) or is_set(entry.server_port)),
    (WebPageTest, lambda entry: is_set(entry.response_code)),
    (ChromeHar, lambda entry: present(entry.chunks) and bytes(memoryview(entry.initiator)[:1]) != b"{"),
    (Splash, lambda entry: is_set(entry.splash_state)),
    (Chrome, lambda entry: is_set((entry.timings or _EMPTY_TIMINGS).queueing)),
    (BrowserUp, lambda entry: _response(entry).error_message is not None),
)


def choose(creator: str | None, entries: Sequence[Entry]) -> type[Dialect]:
    """The dialect of a capture. creator: `log.creator.name`, None where it is missing."""
    name = (creator or "").strip().lower()
    for start, dialect in _CREATORS:
        if name.startswith(start):
            return dialect
    if not name:
        for entry in entries[:50]:
            for dialect, fits in _MARKS:
                if fits(entry):
                    return dialect
    return Dialect


def _response(entry: Entry) -> Response:
    return entry.response or _EMPTY_RESPONSE
