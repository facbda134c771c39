"""An entry as text for the terminal or as Markdown for a ticket."""

from __future__ import annotations

import textwrap
from typing import Final, Literal

from analyzer.explain.entries import Entry, signs_of

Style = Literal["text", "markdown"]

VERBATIM: Final = ("rule", "group")  # their text is already laid out
_MOST_SIGNS: Final = 16

PARTY_WORDS: Final[dict[str, str]] = {
    "none": "nobody: it is a normal end",
    "user": "the reader or the page",
    "browser": "the browser or the client program",
    "network": "the network between the reader and the server",
    "gateway": "a CDN, load balancer or reverse proxy",
    "origin": "the application's own server",
    "provider": "the model provider's API",
    "account": "the account, its session or its permissions",
    "unknown": "it can be anyone",
}
MID_WORDS: Final[dict[str, str]] = {
    "yes": "Yes: it can cut an answer that had already begun.",
    "rarely": "Rarely; normally it comes before the answer begins.",
    "no": "No: it comes before the answer begins.",
}


def render_entry(entry: Entry, style: Style = "text", *, width: int = 88) -> str:
    """The whole entry: meaning, party, confirmation, remedy, related terms, sources.

    width: where plain text is wrapped; Markdown is left unwrapped. Ends with one newline.
    """
    return _Writer(style, width).entry(entry)


def who(entry: Entry) -> str:
    """Who is usually behind it, as a sentence, and the word that reports use for them."""
    if not entry.usually:
        words = PARTY_WORDS[entry.party]
        return f"{words[0].upper()}{words[1:]}. (In reports: {entry.party}.)"
    return f"{entry.usually} (In reports: {entry.party}.)"


class _Writer:
    def __init__(self, style: Style, width: int) -> None:
        self.markdown = style == "markdown"
        self.width = width
        self.lines: list[str] = []

    def entry(self, entry: Entry) -> str:
        self._title(entry)
        if entry.group in VERBATIM:
            for line in entry.means.rstrip().split("\n"):
                self.lines += (
                    [line] if entry.group == "rule" or line.startswith("  ") else self._wrap(line) or [""]
                )
            return "\n".join(self.lines) + "\n"
        if entry.means.rstrip(".") != entry.title:
            self._part("What it means", [entry.means])
        self._part("Who usually causes it", [who(entry)])
        if entry.mid:
            self._part("Can it happen in the middle of an answer?", [MID_WORDS[entry.mid]])
        if entry.confirm:
            self._part("How to confirm it", list(entry.confirm), bullets=True)
        if entry.fix:
            self._fix(entry)
        if entry.group == "cause":
            self._signs(entry)
        if entry.see:
            self._part("Related", [", ".join(self._code(key) for key in entry.see)])
        if entry.sources:
            self._part("Sources", list(entry.sources), bullets=True)
        return "\n".join(self.lines).rstrip() + "\n"

    def _title(self, entry: Entry) -> None:
        number = f", code {entry.code}" if entry.code is not None and str(entry.code) != entry.term else ""
        if self.markdown:
            self.lines += [
                f"## {self._code(entry.term)}",
                "",
                f"*{entry.kind}{number}.* **{entry.title}**",
                "",
            ]
        else:
            self.lines += [f"{entry.term}  ({entry.kind}{number})", *self._wrap(entry.title), ""]
        if entry.aka:
            self.lines += [*self._wrap("Also: " + ", ".join(entry.aka)), ""]

    def _part(self, head: str, texts: list[str], *, bullets: bool = False) -> None:
        if self.markdown:
            self.lines += [f"**{head}**", "", *(f"- {text}" if bullets else text for text in texts), ""]
            return
        self.lines.append(head)
        for text in texts:
            self.lines += self._wrap(text, "  - " if bullets else "  ")
        self.lines.append("")

    def _fix(self, entry: Entry) -> None:
        rows = (
            ("User", entry.fix.user),
            ("Operator", entry.fix.operator),
            ("Developer", entry.fix.developer),
        )
        texts = [f"{who}: {text}" for who, lines in rows for text in lines]
        self._part("How to fix it", texts, bullets=True)

    def _signs(self, entry: Entry) -> None:
        signs = signs_of(entry.term)
        if not signs:
            return
        shown = ", ".join(self._code(sign.key) for sign in signs[:_MOST_SIGNS])
        more = len(signs) - _MOST_SIGNS
        self._part("Signs of it", [f"{shown} and {more} more" if more > 0 else shown])

    def _wrap(self, text: str, indent: str = "") -> list[str]:
        if self.markdown:
            return [indent + text]
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=" " * len(indent),
            break_on_hyphens=False,
            break_long_words=False,
        )

    def _code(self, text: str) -> str:
        return f"`{text}`" if self.markdown else text
