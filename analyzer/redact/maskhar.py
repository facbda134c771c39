"""A HAR without its secrets: the same entries, times, sizes and event names, filler for the rest.

By allow-list: a string is kept when its place in the format says what it is (a method, a status, a
MIME type, a header that is evidence) or when it is a word of a protocol. Any other string, in fields
of whatever exporter, becomes filler.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from analyzer.redact import headers, vocabulary
from analyzer.redact.lists import words
from analyzer.redact.maskbinary import mask_base64, mask_bytes
from analyzer.redact.masker import Masker
from analyzer.redact.masktext import mask_body, mask_data, sse_value
from analyzer.redact.shapes import address_class

Attach = Callable[[str, str, int | None], str | None]
"""attach(name, media type, status) -> new name of a body stored in a file beside the HAR."""

# Strings that the format or the exporter writes, not a person.
_STRUCTURE: Final = words(
    """
    startedDateTime method httpVersion mimeType encoding pageref connection _connectionId _priority _resourceType id
    _initialPriority expires sameSite version _transferEncoding protocol scheme _securityState _protocol _fetchType
    lastAccess hitCount _requestId _frameref _frameId _monotonicTime _fromCache _charlesStatus
    _serviceWorkerResponseSource _splash_processing_state _initiator_type _wasAborted _requestBodyStatus
    _browser_name _browser_version _contentType _contentEncoding _cacheControl _expires _HARResources
    """
)
_URLS: Final = words("url redirectURL _initiator documentURL _documentURL referrer origin href _url baseURL")
_ERRORS: Final = words(
    "_error _errorMessage _failureText statusText _statusText error _errorText message _blockedReason reason"
)
_DROPPED_BODIES: Final = re.compile(
    r"(?i)(?:image|font|audio|video)/|javascript|ecmascript|/css|wasm|octet-stream$"
)


class HarMasker:
    """Masks one HAR. attach: for bodies in files of their own; None where there are none."""

    def __init__(self, masker: Masker, attach: Attach | None = None) -> None:
        self.masker = masker
        self._attach = attach

    def document(self, har: Any) -> Any:
        """The whole document; a new value, the input is not changed."""
        if not isinstance(har, dict):
            return self._any(har, "")
        return {
            key: self.log(value) if key == "log" and isinstance(value, dict) else self._any(value, key)
            for key, value in har.items()
        }

    def log(self, log: dict[str, Any]) -> dict[str, Any]:
        """`log`: its creator stays, its pages lose their titles, its entries are masked."""
        shown: dict[str, Any] = {}
        for key, value in log.items():
            if key == "entries" and isinstance(value, list):
                shown[key] = [self.entry(item) for item in value]
            elif key in ("creator", "browser") and isinstance(value, dict):
                shown[key] = {
                    name: self.masker.scrub(item) if isinstance(item, str) else self._any(item, name)
                    for name, item in value.items()
                }
            elif key == "pages" and isinstance(value, list):
                shown[key] = [self._page(item) for item in value]
            else:
                shown[key] = self._any(value, key)
        return shown

    def _page(self, page: Any) -> Any:
        if not isinstance(page, dict):
            return self._any(page, "")
        shown = {key: self._any(value, key) for key, value in page.items() if key != "title"}
        if isinstance(page.get("title"), str):
            title = page["title"]
            shown["title"] = (
                self.masker.url(title) if "://" in title else self.masker.fill(title, "page title")
            )
        return shown

    def entry(self, entry: Any) -> Any:
        """One entry."""
        if not isinstance(entry, dict):
            return self._any(entry, "")
        response = entry.get("response")
        status = response.get("status") if isinstance(response, dict) else None
        shown: dict[str, Any] = {}
        for key, value in entry.items():
            if key in ("request", "response") and isinstance(value, dict):
                shown[key] = self._message(
                    value, status if key == "response" and isinstance(status, int) else None
                )
            elif key == "_eventSourceMessages" and isinstance(value, list):
                shown[key] = [self._event(item) for item in value]
            elif key in ("_webSocketMessages", "_webSocketFrames") and isinstance(value, list):
                shown[key] = [self._frame(item) for item in value]
            else:
                shown[key] = self._any(value, key)
        return shown

    def _message(self, message: dict[str, Any], status: int | None) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, value in message.items():
            if key == "headers" and isinstance(value, list):
                shown[key] = [self._header(item) for item in value]
            elif key == "cookies" and isinstance(value, list):
                shown[key] = [self._cookie(item) for item in value]
            elif key == "queryString" and isinstance(value, list):
                shown[key] = [self._parameter(item) for item in value]
            elif key in ("content", "postData") and isinstance(value, dict):
                shown[key] = self._body(value, status)
            else:
                shown[key] = self._any(value, key)
        return shown

    def _header(self, item: Any) -> Any:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            return self._any(item, "")
        name = item["name"]
        shown = {key: self._any(value, key) for key, value in item.items() if key not in ("name", "value")}
        token = re.fullmatch(r":?[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}", name) and vocabulary.is_word(
            name.lstrip(":")
        )
        shown["name"] = (
            name if token or headers.treatment(name) != "hidden" else self.masker.fill(name, "name")
        )
        if "value" in item:
            value = item["value"]
            shown["value"] = (
                self.masker.header(name, value) if isinstance(value, str) else self._any(value, "value")
            )
        return shown

    def _cookie(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return self._any(item, "")
        texts = [key for key in ("name", "value", "path", "domain") if isinstance(item.get(key), str)]
        return {
            key: self.masker.fill(value, "cookie") if key in texts else self._any(value, key)
            for key, value in item.items()
        }

    def _parameter(self, item: Any) -> Any:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            return self._any(item, "")
        name = item["name"]
        shown = {key: self._any(value, key) for key, value in item.items() if key not in ("name", "value")}
        shown["name"] = name if vocabulary.is_word(name) else self.masker.fill(name, "name")
        if isinstance(item.get("value"), str):
            shown["value"] = self.masker.parameter(name, item["value"])
        return shown

    def _body(self, body: dict[str, Any], status: int | None) -> dict[str, Any]:
        media = body.get("mimeType") if isinstance(body.get("mimeType"), str) else ""
        media_type = str(media)
        shown: dict[str, Any] = {}
        for key, value in body.items():
            if key == "text" and isinstance(value, str):
                text = self._text(value, media_type, body.get("encoding"), status)
                if text is not None:
                    shown[key] = text
            elif key == "params" and isinstance(value, list):
                shown[key] = [self._form_value(item) for item in value]
            elif key in ("_file", "_sha1") and isinstance(value, str):
                name = self._attach(value, media_type, status) if self._attach else None
                if name is not None:
                    shown[key] = name
            elif key == "mimeType" and isinstance(value, str):
                shown[key] = self.masker.scrub(value)
            else:
                shown[key] = self._any(value, key)
        return shown

    def _text(self, text: str, media_type: str, encoding: Any, status: int | None) -> str | None:
        """The text of a body; None for one that no verdict needs and nobody can check (images, scripts)."""
        if _DROPPED_BODIES.match(media_type.strip()) or _DROPPED_BODIES.search(media_type.split(";")[0]):
            self.masker.counts["static body"] += bool(text)
            return None
        if encoding == "base64":
            return mask_base64(text, media_type, self.masker, status=status)
        if media_type.strip().lower().startswith("application/grpc-web-text"):
            # Base64 by its own rules, so that recorders store it as the text that it is.
            raw = text.encode("utf-8", "surrogatepass")
            return mask_bytes(raw, media_type, self.masker, status=status).decode("ascii", "replace")
        return mask_body(text, media_type, self.masker, status=status)

    def _form_value(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return self._any(item, "")
        texts = ("name", "value", "fileName")
        shown = {key: self._any(value, key) for key, value in item.items() if key not in texts}
        if isinstance(item.get("name"), str):
            shown["name"] = (
                item["name"] if vocabulary.is_word(item["name"]) else self.masker.fill(item["name"], "name")
            )
        for key in ("value", "fileName"):
            if isinstance(item.get(key), str):
                shown[key] = self.masker.fill(item[key], "form value")
        return shown

    def _event(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return self._any(item, "")
        name = item.get("eventName", item.get("event"))
        erring = isinstance(name, str) and vocabulary.is_error_type(name)
        shown = {}
        for key, value in item.items():
            if not isinstance(value, str):
                shown[key] = self._any(value, key)
            elif key in ("eventName", "event"):
                shown[key] = sse_value("event", value, self.masker)
            elif key in ("eventId", "id"):
                shown[key] = sse_value("id", value, self.masker)
            elif key == "data":
                shown[key] = "\n".join(
                    mask_data(line, self.masker, erring=erring) for line in value.split("\n")
                )
            else:
                shown[key] = self._any(value, key)
        return shown

    def _frame(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return self._any(item, "")
        shown = {key: self._any(value, key) for key, value in item.items() if key != "data"}
        if "data" in item and not isinstance(item["data"], str):
            shown["data"] = self._any(item["data"], "data")
        elif "data" in item:
            binary = item.get("opcode") == 2
            erring = item.get("type") == "error"
            shown["data"] = (
                mask_base64(item["data"], "application/octet-stream", self.masker)
                if binary
                else mask_data(item["data"], self.masker, erring=erring)
            )
        return shown

    def _any(self, value: Any, key: str, depth: int = 0) -> Any:
        """Fields that have no rule of their own."""
        if depth > 60:
            return None
        if isinstance(value, dict):
            if isinstance(value.get("name"), str) and isinstance(value.get("value"), str) and len(value) <= 4:
                return self._header(value) if key == "headers" else self._pair(value)
            return {self._key(name): self._any(item, str(name), depth + 1) for name, item in value.items()}
        if isinstance(value, list):
            return [self._any(item, key, depth + 1) for item in value]
        return self._leaf(value, key) if isinstance(value, str) else value

    def _pair(self, value: dict[str, Any]) -> dict[str, Any]:
        shown = {key: self._any(item, key) for key, item in value.items() if key != "value"}
        shown["value"] = self.masker.parameter(value["name"], value["value"])
        return shown

    def _key(self, name: str) -> str:
        return name if vocabulary.is_word(name) else self.masker.fill(name, "name")

    def _leaf(self, value: str, key: str) -> str:
        if not value:
            return value
        if key in ("serverIPAddress", "_remoteIPAddress", "_remoteAddress", "remoteAddress", "_ip_addr"):
            return (
                self.masker.scrub(value)
                if not re.fullmatch(r"\[?[0-9A-Fa-f:.]+\]?", value)
                else self._address(value)
            )
        if (
            key in _STRUCTURE
            and re.fullmatch(r"[\w.:+/ \"'\[\]()*;=,-]{1,120}", value)
            and not self._secret(value)
        ):
            return value
        if key in _URLS or re.match(
            r"(?:https?|wss?|data|blob|chrome-extension|moz-extension|file)://?", value
        ):
            return self.masker.url(value)
        if key in _ERRORS:
            return self.masker.scrub(value)
        return value if vocabulary.keeps(key, value) else self._unknown(value)

    def _address(self, value: str) -> str:
        """A server's public address is no secret; a private one shows the inside of a network."""
        bare = value.strip("[]")
        return (
            value.replace(bare, self.masker.value("ip", bare)) if address_class(bare) == "private" else value
        )

    def _secret(self, value: str) -> bool:
        return self.masker.scrub(value) != value

    def _unknown(self, value: str) -> str:
        if re.match(r"HTTP/[\d.]+ \d{3}|[A-Z]{3,8} /", value):  # raw header blocks of some exporters
            return "\n".join(self._raw_line(line) for line in value.split("\n"))
        return self.masker.fill(value)

    def _raw_line(self, line: str) -> str:
        name, mark, value = line.partition(":")
        if mark and re.fullmatch(r"[A-Za-z0-9-]{1,60}", name):
            return f"{name}: {self.masker.header(name, value.strip())}"
        return self.masker.scrub(line)

    def attachment(self, data: bytes, media_type: str, status: int | None) -> bytes:
        """A body in a file of its own; empty for one that no verdict needs."""
        if _DROPPED_BODIES.match(media_type.strip()) or _DROPPED_BODIES.search(media_type.split(";")[0]):
            return b""
        return mask_bytes(data, media_type, self.masker, status=status)
