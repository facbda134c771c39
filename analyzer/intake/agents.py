"""The browser behind a request, from its User-Agent and client-hint headers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from analyzer.patterns import later

Agent = tuple[str, str | None]

# First match wins: every Chromium says Chrome and Safari too, every Edge says Chrome too.
_AGENTS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("edge", r"\b(?:Edg|EdgA|EdgiOS|Edge)/(\d{1,4})"),
        ("other", r"\b(?:OPR|Opera|SamsungBrowser|Electron|YaBrowser|Vivaldi|UCBrowser)/(\d{1,4})"),
        ("firefox", r"\b(?:Firefox|FxiOS)/(\d{1,4})"),
        ("chrome", r"\b(?:HeadlessChrome|Chrome|CriOS|Chromium)/(\d{1,4})"),
        ("safari", r"\bVersion/(\d{1,4})[\d.]*.*\bSafari/"),
    )
)
_BRAND_EDGE = later(r'"Microsoft Edge";\s*v="(\d{1,4})')
_BRAND_CHROME = later(r'"(?:Google Chrome|Chromium|HeadlessChrome)";\s*v="(\d{1,4})')
_NAMES: Final = {
    "chromium": "chrome", "chrome": "chrome", "google chrome": "chrome", "firefox": "firefox", "webkit": "safari",
    "safari": "safari", "msedge": "edge", "edge": "edge", "microsoft edge": "edge",
}  # fmt: skip
_MAJOR = later(r"\d{1,4}")


@lru_cache(maxsize=512)
def browser(user_agent: str, brands: str) -> Agent | None:
    """Name and major version; `other` for a client that is no known browser, None without any header."""
    found = _BRAND_EDGE.search(brands[:500])
    if found:
        return "edge", found[1]
    agent = user_agent[:1000]
    for name, pattern in _AGENTS:
        match = pattern.search(agent)
        if match:
            return name, match[1]
    found = _BRAND_CHROME.search(brands[:500])
    if found:
        return "chrome", found[1]
    return ("other", None) if agent else None


def declared(name: str | None, version: str | None) -> Agent | None:
    """The browser that `log.browser` (or `creator`) names, if it is one."""
    known = _NAMES.get((name or "").strip().lower())
    if known is None:
        return None
    major = _MAJOR.match(version or "")
    return known, major[0] if major else None
