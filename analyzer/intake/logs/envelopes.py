"""What a log line may be wrapped in: a container runtime's prefix, syslog, a JSON record around the text.

Two kinds. A prefix is a piece of pattern that is put before the format's own, so stripping costs nothing.
A record is JSON with the line inside one key. Envelopes nest: outermost first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import msgspec


class Envelope(msgspec.Struct, frozen=True):
    """One wrapper. prefix: RE2 without `^` and without capturing groups. stamp: RE2 of the time in it."""

    id: str
    title: str
    prefix: str | None = None
    key: str | None = None
    stamp: str | None = None
    stamp_key: str | None = None


_ISO: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)"

ENVELOPES: Final = (
    Envelope("cri", "Kubernetes CRI", prefix=rf"{_ISO} (?:stdout|stderr) [FP] ", stamp=rf"^({_ISO}) "),
    Envelope("docker", "Docker json-file", key="log", stamp_key="time"),
    Envelope("journald", "journald JSON", key="MESSAGE", stamp_key="__REALTIME_TIMESTAMP"),
    Envelope("record", "a shipper's JSON record", key="message", stamp_key="@timestamp"),
    Envelope("loki", "Loki export", key="line", stamp_key="timestamp"),
    Envelope("gcp-text", "Google Cloud Logging entry", key="textPayload", stamp_key="timestamp"),
    Envelope(
        "syslog-5424",
        "syslog (RFC 5424)",
        prefix=r"(?:\d{1,6} )?<\d{1,3}>1 \S+ \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) (?:\x{FEFF})?",
        stamp=rf"^(?:\d{{1,6}} )?<\d{{1,3}}>1 ({_ISO}) ",
    ),
    Envelope(
        "syslog-3164",
        "syslog (RFC 3164)",
        prefix=r"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?[^\s:\[\]]+(?:\[\d+\])?: ",
    ),
    Envelope(
        "syslog-iso",
        "syslog with ISO stamps",
        prefix=rf"(?:<\d{{1,3}}>)?{_ISO} \S+ [^\s:\[\]]+(?:\[\d+\])?: ",
        stamp=rf"^(?:<\d{{1,3}}>)?({_ISO}) ",
    ),
    Envelope("emissary", "Emissary's word before the line", prefix=r"ACCESS "),
    Envelope("tag", "a program's tag", prefix=r"[A-Za-z][\w.-]*\[\d+\]: "),
    Envelope(
        "compose", "docker compose", prefix=r"(?:\x1b\[[0-9;]*[A-Za-z])*[\w.-]+\s*\| (?:\x1b\[[0-9;]*m)*"
    ),
    Envelope("stamped", "a stamp before the line", prefix=rf"{_ISO} ", stamp=rf"^({_ISO}) "),
)


def payload_sql(envelopes: Sequence[Envelope]) -> str:
    """SQL of what is inside, over `line`. A line without the envelope stays as it is."""
    sql = "line"
    for envelope in envelopes:
        if envelope.key is not None:
            inner = f"TRY(json_extract_string({sql}, '$.\"{envelope.key}\"'))"
            sql = f"coalesce(rtrim({inner}, chr(10) || chr(13)), {sql})"
        else:
            sql = f"regexp_replace({sql}, '^{envelope.prefix}', '')"
    return sql


def prefix_of(envelopes: Sequence[Envelope]) -> str | None:
    """The prefixes as one optional piece of pattern; None when a JSON record is among them."""
    if not envelopes or any(e.prefix is None for e in envelopes):
        return None
    return "".join(f"(?:{e.prefix})?" for e in envelopes)


def env_clock(envelopes: Sequence[Envelope]) -> str | None:
    """SQL of the envelope's own stamp, as UTC; for formats that have no clock. It marks the writing."""
    for depth, envelope in enumerate(envelopes):
        outer = payload_sql(envelopes[:depth])
        if envelope.stamp is not None:
            raw = f"regexp_extract({outer}, '{envelope.stamp}', 1)"
        elif envelope.stamp_key in ("time", "timestamp", "@timestamp"):
            raw = f"TRY(json_extract_string({outer}, '$.\"{envelope.stamp_key}\"'))"
        else:
            continue
        return f"timezone('UTC', TRY_CAST(nullif({raw}, '') AS TIMESTAMPTZ))"
    return None


@cache
def _compiled(prefix: str) -> re.Pattern[str]:
    return re.compile(prefix.replace(r"\x{FEFF}", "\ufeff"))


def peel(lines: list[str]) -> tuple[tuple[Envelope, ...], list[str]]:
    """The envelopes around most of some sample lines, outermost first, and the lines without them."""
    import msgspec

    found: list[Envelope] = []
    for _ in range(3):
        for envelope in ENVELOPES:
            stripped: list[str] = []
            hits = 0
            for line in lines:
                inner = line
                if envelope.prefix is not None:
                    match = _compiled(envelope.prefix).match(line[:4096])
                    inner = line[match.end() :] if match else line
                elif line.startswith("{"):
                    try:
                        record = msgspec.json.decode(line)
                    except (msgspec.DecodeError, RecursionError):
                        record = None
                    value = record.get(envelope.key) if isinstance(record, dict) else None
                    if isinstance(value, str) and _is_record(envelope, record):
                        inner = value.rstrip("\r\n")
                hits += inner is not line
                stripped.append(inner)
            if lines and hits >= 0.6 * len(lines):
                found.append(envelope)
                lines = stripped
                break
        else:
            break
    return tuple(found), lines


def _is_record(envelope: Envelope, record: object) -> bool:
    """Docker's record has exactly log, stream and time; an application's own JSON may have a key `log` too."""
    if not isinstance(record, dict):
        return False
    if envelope.id == "docker":
        return "stream" in record and "time" in record
    if envelope.id == "record":
        return not {"request", "status", "statusCode", "proxy"} & set(record)
    return True


_CRI: Final = re.compile(rf"({_ISO} (stdout|stderr) )([FP]) (.*)", re.DOTALL)
_DOCKER: Final = re.compile(r'\{"log":"((?:[^"\\]|\\.)*)","stream":"(\w+)"', re.DOTALL)


def mender(envelope: Envelope) -> Callable[[str], str] | None:
    """A function that puts together the lines that a container runtime has cut; None if it cuts none.

    It is called with one block of lines after the other. The line stands where its last piece stood; the
    other pieces become empty lines, so that numbers stay true.
    """
    pending: dict[str, list[str]] = {}

    def cri(text: str) -> str:
        if " P " not in text and not pending:
            return text
        lines = text.split("\n")
        for index, line in enumerate(lines):
            found = _CRI.match(line)
            if found is None:
                continue
            head, stream, tag, piece = found.groups()
            if tag == "P":
                pending.setdefault(stream, []).append(piece)
                lines[index] = ""
            elif stream in pending:
                lines[index] = f"{head}F {''.join(pending.pop(stream))}{piece}"
        return "\n".join(lines)

    def docker(text: str) -> str:
        lines = text.split("\n")
        for index, line in enumerate(lines):
            found = _DOCKER.match(line)
            if found is None:
                continue
            piece, stream = found.groups()
            if not piece.endswith("\\n"):
                pending.setdefault(stream, []).append(piece)
                lines[index] = ""
            elif stream in pending:
                lines[index] = '{"log":"' + "".join(pending.pop(stream)) + line[len('{"log":"') :]
        return "\n".join(lines)

    return {"cri": cri, "docker": docker}.get(envelope.id)
