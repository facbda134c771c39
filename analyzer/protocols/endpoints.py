"""Known streaming endpoints, and whether a request asks for a stream."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

import msgspec

from analyzer.model import StreamInput
from analyzer.patterns import later
from analyzer.protocols.globs import Parts, fits, matches_any, split
from analyzer.protocols.load import profiles, provider_hosts
from analyzer.protocols.profile import Profile

_BODY_LIMIT: Final = 32 << 20
_STREAM_FLAG: Final = later(rb'(?<!\\)"stream"\s*:\s*(true|false)')
_FORM_FLAG: Final = later(rb"(?:\A|&)stream(?:ing)?=(true|false|0|1)(?:&|\s*\Z)", re.IGNORECASE)
_MENTIONS: Final = (b'"stream', b'"is_stream', b'"isStream', b'"response_mode', b"stream=", b"streaming=")
_NESTED: Final = ("params", "parameters", "options", "config", "input", "payload", "data")
_STREAM_TYPES: Final = (
    "text/event-stream",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/vnd.amazon.eventstream",
    "application/vnd.ag-ui.event+proto",
)


class Endpoint(msgspec.Struct, frozen=True):
    """A known streaming endpoint.

    always: it streams whatever the request says; otherwise only when asked. at_home: the host is the
    provider's own, so that whatever answers there is the provider or something in front of it.
    """

    protocol: str
    provider: str | None
    always: bool
    at_home: bool


class _Rule(msgspec.Struct, frozen=True):
    profile: Profile
    method: str
    hosts: tuple[str, ...]
    path: str
    query: str
    always: bool


@cache
def _rules() -> list[_Rule]:
    found = []
    for profile in profiles().values():
        for raw in profile.source.get("endpoints", []) if profile.dialect is None else []:
            found.append(
                _Rule(
                    profile,
                    raw.get("method", "POST"),
                    tuple(raw.get("hosts", [])),
                    raw["path"],
                    raw.get("query", ""),
                    raw.get("streams") == "always",
                )
            )
    # The longest pattern first: `*/f/conversation/resume` before `*/f/conversation`.
    return sorted(found, key=lambda rule: (-bool(rule.hosts), -len(rule.path)))


@cache
def _ends() -> tuple[tuple[str, ...], tuple[Parts, ...]]:
    """How the paths end, and those whose end is open: the millions of lines that match none cost little."""
    paths = {split(rule.path) for rule in _rules()}
    ends = sorted({parts[-1] for parts in paths if parts[-1]})
    return (*ends, *(f"{end}/" for end in ends)), tuple(sorted(parts for parts in paths if not parts[-1]))


@lru_cache(maxsize=16384)
def endpoint(host: str, path: str, method: str = "POST", query: str = "") -> Endpoint | None:
    """The known streaming endpoint at this place, or None.

    host: without port. The path decides; the host names the vendor, and settles paths that others use too.
    """
    short = path[-512:].lower()
    ends, open_ended = _ends()
    if not short.endswith(ends) and not any(fits(parts, short) for parts in open_ended):
        return None
    for rule in _rules():
        if rule.method != method.upper() or (rule.hosts and not matches_any(rule.hosts, host)):
            continue
        if not matches_any([rule.path], short) or rule.query not in query:
            continue
        provider, at_home = _provider(rule.profile, host)
        return Endpoint(rule.profile.id, provider, rule.always, at_home)
    return None


@lru_cache(maxsize=4096)
def provider_of_host(host: str) -> str | None:
    """The model provider whose host this is; None for everybody else's."""
    for provider, hosts in provider_hosts().items():
        if matches_any(hosts, host):
            return provider
    return None


def _provider(profile: Profile, host: str) -> tuple[str | None, bool]:
    named = provider_of_host(host)
    return (named or profile.provider), named is not None


class _Body(msgspec.Struct):
    """The only fields of a request body that say whether a stream is wanted; the rest is skipped over."""

    stream: msgspec.Raw = msgspec.Raw()
    streaming: msgspec.Raw = msgspec.Raw()
    is_stream: msgspec.Raw = msgspec.Raw()
    isStream: msgspec.Raw = msgspec.Raw()
    response_mode: msgspec.Raw = msgspec.Raw()
    params: msgspec.Raw = msgspec.Raw()
    parameters: msgspec.Raw = msgspec.Raw()
    options: msgspec.Raw = msgspec.Raw()
    config: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


def asked_to_stream(inp: StreamInput) -> tuple[bool | None, str | None]:
    """Whether the request itself asks for a stream, and what says so (`VALUES["stream_why"]`).

    (None, None): it does not say. MCP clients accept both JSON and an event stream, so that alone asks
    for nothing.
    """
    if inp.messages is not None or inp.request_headers.get("upgrade", "").lower() == "websocket":
        return True, "websocket"
    accept = inp.request_headers.get("accept", "").lower()
    if any(kind in accept for kind in _STREAM_TYPES) and "application/json" not in accept:
        return True, "accept"
    sends = inp.request_headers.get("content-type", "").lower()
    if sends.startswith(("application/connect+", "application/grpc-web")):
        return (True, "endpoint") if sends.startswith("application/connect+") else (None, None)
    known = endpoint(inp.host, inp.path, inp.method or "POST", inp.query)
    if known is not None and known.always:
        return True, "endpoint"
    if re.search(r"(?:^|&)(?:alt=sse|stream=(?:true|1))(?:&|$)", inp.query[:4096]):
        return True, "endpoint"
    flag = _flag(inp.request_body)
    if flag is not None:
        return flag, "body"
    return None, None


def _flag(body: bytes | None) -> bool | None:
    """The `stream` flag of a JSON body; of a damaged or cut one, the first that stands outside a string."""
    if not body or len(body) > _BODY_LIMIT or not any(word in body for word in _MENTIONS):
        return None
    if form := _FORM_FLAG.search(body[:65536]) if body[:1] not in b"{[ \r\n\t" else None:
        return form[1].lower() in (b"true", b"1")
    try:
        found = msgspec.json.decode(body, type=_Body)
        said = _said(found)
        for name in _NESTED:
            inner = getattr(found, name)
            if said is None and bytes(memoryview(inner)[:1]) == b"{":
                said = _said(msgspec.json.decode(inner, type=_Body))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        match = _STREAM_FLAG.search(body)
        return match[1] == b"true" if match else None
    return said


def _said(body: _Body) -> bool | None:
    """What the fields of one object say; a flag may be written as a word or a number."""
    for raw in (body.stream, body.streaming, body.is_stream, body.isStream):
        word = bytes(memoryview(raw)[:8]).strip(b'"').lower()
        if word in (b"true", b"1", b"false", b"0"):
            return word in (b"true", b"1")
    mode = bytes(memoryview(body.response_mode)[:16])  # Dify's
    return mode == b'"streaming"' if mode else None
