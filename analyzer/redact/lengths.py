"""Event data for people's eyes: the protocol stays, what somebody wrote becomes its length."""

from __future__ import annotations

from analyzer.redact.masker import Masker, is_filler
from analyzer.redact.masktext import mask_data, sse_value


class Lengths(Masker):
    """Replaces texts by `⟨12 B⟩`, their length in UTF-8, and secrets by `⟨email 20 B⟩`.

    The result reads well, but no parser takes it: for a capture that others read there is `Masker`.
    """

    def fill(self, text: str, kind: str = "text") -> str:
        if is_filler(text):
            return text
        self.counts[kind] += 1
        return f"⟨{_size(text):,} B⟩"

    def value(self, kind: str, secret: str) -> str:
        if is_filler(secret):
            return secret
        self.counts[kind] += 1
        return f"⟨{kind} {_size(secret):,} B⟩"

    def data(self, text: str) -> str:
        """The data of an event."""
        return mask_data(text, self)

    def event_type(self, text: str) -> str:
        """The name of an event: a protocol's word stays."""
        return sse_value("event", text, self)

    def event_id(self, text: str) -> str:
        """The id of an event: a counter stays."""
        return sse_value("id", text, self)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
