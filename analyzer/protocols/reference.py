"""`docs/protocols.md`, made from the profiles: what each protocol promises, and how its streams end."""

from __future__ import annotations

from typing import Any, Final

from analyzer.protocols.load import profiles, provider_hosts, vendors
from analyzer.protocols.profile import Profile

_HEAD: Final = """# Protocols

What `hangup` knows about the streams it reads: how each protocol is recognised, what must be seen for a
stream to be complete, what an error inside it looks like, and what its finish reasons mean. This page is
generated from `analyzer/protocols/profiles/`, one small YAML file each; to add a protocol, add a file there
and its wires in `tests/protocols/wires/`.

The order of judgement is always *error inside the stream, then finish reason, then end marker*: servers
write an end marker after an error as well. An error that comes after the end marker is not the stream's.
An unterminated last event does not exist for a client, so it never counts as an end marker.

A profile is recognised by content type first, then by headers, path and the shape of the first events; a
host name alone only names the vendor. A stream whose events fit no profile is read as *generic*: nothing is
owed, and it is called cut only when it stops inside an event.

"""
_CLASSES: Final = (
    ("ok", "natural end"),
    ("limit", "output limit"),
    ("filtered", "filtered or refused"),
    ("error", "failure"),
    ("overloaded", "overload"),
    ("rate-limit", "rate limit"),
    ("cancelled", "stopped on purpose"),
)


def reference() -> str:
    """The page as Markdown; the same text for the same profiles."""
    known = sorted(
        (profile for profile in profiles().values() if profile.dialect is None),
        key=lambda profile: (profile.framing, profile.title.lower()),
    )
    index = [_HEAD, "| protocol | framing | end marker | in-band errors by |\n| --- | --- | --- | --- |\n"]
    index += [
        f"| [{cell(profile.title)}](#{profile.id}) | {', '.join(profile.framing)} | {ending(profile)} | {profile.owner} |\n"
        for profile in known
    ]
    return "".join(index) + "".join(_section(profile) for profile in known) + _providers()


def _providers() -> str:
    rows = "".join(
        f"| {name} | {codes(dict.fromkeys(hosts))} |\n" for name, hosts in sorted(provider_hosts().items())
    )
    return f"\n## Providers by host\n\n| provider | hosts |\n| --- | --- |\n{rows}"


def ending(profile: Profile) -> str:
    """The end marker, for a table."""
    if profile.terminal is None and profile.operation_closes is None:
        return "none: open-ended"
    name = f"`{cell(profile.terminal_name or 'per operation')}`"
    return name if profile.terminal_owed else f"{name}, not owed"


def _section(profile: Profile) -> str:
    source = profile.source
    lines = [f'\n<a id="{profile.id}"></a>\n\n## {profile.title}\n\n`{profile.id}`\n\n']
    if notes := source.get("notes"):
        lines.append(f"{notes.strip()}\n\n")
    rows = [
        ("recognised by", _recognised(source.get("recognise", {}))),
        ("endpoints", "; ".join(_endpoint(raw) for raw in source.get("endpoints", []))),
        ("heartbeat", conditions(source.get("heartbeat", []))),
        ("complete when", _terminal(profile)),
        ("content complete, end lost, when", conditions(source.get("soft", []))),
        ("in-band error", conditions([rule["when"] for rule in source.get("errors", [])])),
        ("goes on elsewhere when", conditions(source.get("handoff", []))),
        ("resume", _resume(profile)),
        *((label, _words(source, name)) for name, label in _CLASSES),
    ]
    lines += [f"- **{label}**: {text}\n" for label, text in rows if text]
    lines += _vendors(profile)
    if cited := source.get("sources"):
        lines.append(f"\nSources: {'; '.join(cited)}.\n")
    return "".join(lines)


def _vendors(profile: Profile) -> list[str]:
    offered = vendors().get(profile.id, [])
    if not offered:
        return []
    lines = ["\n| vendor | recognised by | differs in |\n| --- | --- | --- |\n"]
    for vendor in offered:
        differs = (
            vendor.source.get("notes", "")
            if vendor.source.get("notes") != profile.source.get("notes")
            else ""
        )
        seen = cell(_recognised(vendor.source.get("recognise", {})) or "nothing by itself")
        lines.append(f"| {cell(vendor.title)} | {seen} | {cell(differs.strip())} |\n")
    return lines


def _terminal(profile: Profile) -> str:
    terminal = profile.source.get("terminal", {})
    found = conditions(terminal.get("when", []))
    if found and terminal.get("answers_request"):
        found += ", with the id of the request"
    if found and terminal.get("withdrawn_by_content"):
        found += ", and no content follows"
    if found and terminal.get("closed_array"):
        found += "; as an array, its bracket must close"
    if found and not profile.terminal_owed:
        found += " (its absence proves nothing)"
    return found


def _resume(profile: Profile) -> str:
    return "" if profile.resume in (None, "none") else f"`{profile.resume}`"


def _words(source: dict[str, Any], name: str) -> str:
    words = source.get("reasons", {}).get(name, [])
    return ", ".join(f"`{word}`" for word in words)


def _recognised(raw: dict[str, Any]) -> str:
    parts = []
    for key, label in (("hosts", "host"), ("paths", "path"), ("home_paths", "path on its own host")):
        if raw.get(key):
            parts.append(f"{label} {codes(raw[key])}")
    for key, label in (("request_headers", "request header"), ("response_headers", "response header")):
        if raw.get(key):
            parts.append(f"{label} {codes(raw[key])}")
    if raw.get("comments"):
        parts.append(f"comment {codes(raw['comments'])}")
    for key in ("first", "marks"):
        if raw.get(key):
            parts.append(f"an event with {conditions(raw[key])}")
    return "; ".join(parts)


def _endpoint(raw: dict[str, Any]) -> str:
    where = f"`{raw.get('method', 'POST')} {raw['path']}`"
    when = "always streams" if raw.get("streams") == "always" else "streams when asked"
    return f"{where} ({when})"


def conditions(listed: list[dict[str, Any]]) -> str:
    """The conditions of a profile in words."""
    return " or ".join(_condition(condition) for condition in listed)


def _condition(condition: dict[str, Any]) -> str:
    parts = []
    for clause, value in condition.items():
        if clause == "is":
            parts += [f"`{path}` = {codes(_listed(wanted))}" for path, wanted in value.items()]
        else:
            label = {"kind": "", "data": "data ", "has": "", "lacks": "no ", "filled": "non-empty "}[clause]
            parts.append(f"{label}{codes(_listed(value))}")
    return " and ".join(parts)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def codes(values: Any) -> str:
    """Values as code, with commas between them."""
    return ", ".join(f"`{str(value).lower() if isinstance(value, bool) else value}`" for value in values)


def cell(text: str) -> str:
    """Text that does not break a table."""
    return text.replace("|", "\\|").replace("\n", " ")
