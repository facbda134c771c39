"""An entry as text for the terminal or as Markdown for a ticket."""

from __future__ import annotations

import textwrap
from typing import Final, Literal

from analyzer.explain.entries import Entry

Style = Literal["text", "markdown"]

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

    width: where plain text is wrapped; Markdown is left unwrapped. Ends without a newline.
    """
    return _Writer(style, width).entry(entry)


class _Writer:
    def __init__(self, style: Style, width: int) -> None:
        self.markdown = style == "markdown"
        self.width = width
        self.lines: list[str] = []

    def entry(self, entry: Entry) -> str:
        self._title(entry)
        if entry.group != "rule" and entry.means != entry.title:
            self._part("What it means", [entry.means])
        elif entry.group == "rule":
            self.lines.append(entry.means.rstrip())
        if entry.group != "rule":
            who = PARTY_WORDS[entry.party]
            self._part("Who usually causes it", [f"{who[0].upper()}{who[1:]}. {entry.usually}".strip()])
        if entry.mid:
            self._part("Can it happen in the middle of an answer?", [MID_WORDS[entry.mid]])
        if entry.confirm:
            self._part("How to confirm it", list(entry.confirm), bullets=True)
        if entry.fix:
            self._fix(entry)
        if entry.see:
            self._part("Related", [", ".join(self._code(key) for key in entry.see)])
        if entry.sources:
            self._part("Sources", list(entry.sources), bullets=True)
        return "\n".join(self.lines).rstrip()

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
