"""Which strings inside a body are protocol and may stay; everything else there is somebody's text.

Used for the evidence drawer and for sanitized captures alike, so both keep what a verdict rests on:
event names, roles, states, finish reasons, the type and code of an error.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from analyzer.patterns import later
from analyzer.redact.lists import words
from analyzer.redact.shapes import hits, known_id, opaque

# Keys whose values are words of the protocol. Compared in lower case, without - and _.
_WORD_KEYS: Final = words("""
    type event object role status state code finishreason stopreason donereason reason blockreason errortype errorcode
    errcode kind subtype op o p method jsonrpc version apiversion protocol protocolversion model modelversion
    servicetier contenttype mimetype severity category encoding deltaencoding conversationmode action phase level
    terminationreason completionreason cancelreason exceptiontype exception grpcstatus statuscode httpstatus httpcode
    terminalreason endreason closereason interruptreason nativefinishreason provider owner param transport
    responsestatus messagetype eventtype msgtype resultcode opcode
    """)
# Words that mean the same whatever key they stand under (a patch of `/message/status` has them as `v`).
_WORDS: Final = words("""
    finished_successfully finished_partial_completion in_progress incomplete completed complete done end end_turn stop
    stopped length max_tokens max_output_tokens token_limit content_filter content_filtered safety refusal recitation
    error failed cancelled canceled interrupted aborted timeout assistant user system tool function
    message message_start message_delta message_stop content_block_start content_block_delta content_block_stop ping
    text_delta input_json_delta thinking_delta signature_delta overloaded_error api_error rate_limit_error
    invalid_request_error authentication_error permission_error not_found_error server_error append replace patch add
    truncate remove start finish keepalive keep-alive heartbeat next subscribe connection_ack connection_init pong
    phoenix phx_join phx_reply phx_leave phx_close phx_error noop
    message_complete message_stream_complete stream_complete [done] [end] [stop] eos eof null true false v1
    """)
_ERROR_KEYS: Final = words(
    "error errors errormessage errortext errordetail errordescription exception failure fault problem"
)
_MESSAGE_KEYS: Final = words(
    "message msg detail details description title text error errormessage errortext errordescription reason name hint"
)
_ERROR_TYPES: Final = later(
    r"(?i)(?:^|[._-])(?:error|err|failed|failure|exception|incomplete)(?:$|[._-])|error$|exception$"
)
_TOKEN: Final = later(r"[A-Za-z0-9_.:/\[\]@ -]{0,64}")
# A number in a list is a message's reference: it tells which answer belongs to which call.
_REFERENCE: Final = later(r"\d{1,3}")
_MARKER: Final = later(r"\[[A-Z_]{2,20}\]")
_PROFILE_PARTS: Final = words(
    "first recognise terminal soft finish reasons errors heartbeat content handoff opens planned kind_field"
)


@lru_cache(maxsize=20_000)
def plain_key(key: str) -> str:
    """The key as the lists above have it."""
    return key.lower().replace("_", "").replace("-", "")


@lru_cache(maxsize=20_000)
def is_word(value: str) -> bool:
    """A short token of a protocol: no secret's shape, nothing random, at most five words."""
    if not _TOKEN.fullmatch(value) or value.count(" ") > 4:
        return False
    return known_id(value) or not (opaque(value) or any(True for _ in hits(value)))


@cache
def protocol_words() -> frozenset[str]:
    """Every event name, end marker and reason that a protocol profile refers to, in lower case.

    Read from the profiles themselves, so what a verdict looks for is what redaction keeps.
    """
    import yaml

    found: set[str] = set()
    for file in sorted((Path(__file__).parent.parent / "protocols" / "profiles").glob("*.yaml")):
        profile = yaml.safe_load(file.read_text(encoding="utf-8"))
        for part in _PROFILE_PARTS & profile.keys():
            _collect(profile[part], found)
    return frozenset(found)


def _collect(value: Any, found: set[str]) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _collect(item, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found)
    elif isinstance(value, str) and re.fullmatch(r"[\w.:/\[\]-]{2,64}", value):
        found.add(value.lower())


def common(value: str) -> bool:
    """A word that is protocol wherever it stands: an end marker, a role, an event's name."""
    lower = value.lower()
    return lower in _WORDS or bool(_MARKER.fullmatch(value)) or lower in protocol_words()


@lru_cache(maxsize=20_000)
def keeps(key: str, value: str) -> bool:
    """The string under `key` is protocol: it may be shown as it is."""
    if common(value) or (not key and _REFERENCE.fullmatch(value)):
        return True
    name = plain_key(key)
    if name in _WORD_KEYS:
        # Six digits or more are a one-time code sooner than an error's.
        return is_word(value) and not re.fullmatch(r"\d{6,}", value)
    return (name == "id" or name.endswith("id")) and known_id(value)


def opens_error(key: str, siblings: dict[str, object] | None = None) -> bool:
    """What hangs under `key`, or stands beside `siblings`, describes an error."""
    if plain_key(key) in _ERROR_KEYS:
        return True
    kind = (siblings or {}).get("type") or (siblings or {}).get("event")
    return isinstance(kind, str) and bool(_ERROR_TYPES.search(kind))


def is_error_type(value: str) -> bool:
    """An event or object type that announces an error: `error`, `response.failed`, `…Exception`."""
    return bool(_ERROR_TYPES.search(value))


def is_message_key(key: str) -> bool:
    """Inside an error, the words meant for people: scrubbed by shape, not dropped."""
    return plain_key(key) in _MESSAGE_KEYS
