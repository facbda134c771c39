"""`docs/framings/`, one page per framing: `python -m analyzer.framings docs/framings`.

Made from `protocols/framings.yaml`, the protocol profiles, and what `hangup events` prints for the bundled
captures. `--check` writes nothing and fails when a page lags behind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from analyzer.protocols.load import profiles, vendors
from analyzer.protocols.profile import Profile
from analyzer.protocols.reference import cell, codes, conditions, ending

NOTE: Final = "<!-- Written by `python -m analyzer.framings docs/framings`. Do not edit. -->"
_NOT_STREAMS: Final = "not-streams"
_INTRO: Final = """# Framings

How a body is cut into events, one page each: how it ends, what it means when the bytes stop, the protocols
over it, and what recorders keep of it. `hangup events CAPTURE` shows any of them event by event.

A decoder never fails on bytes. Damage is part of what it says: events, what lies between them, and what is
left over at the end add up to the input, whatever the input is.

"""
_NO_STREAMS: Final = f"""{NOTE}

# What only looks like a stream

Many short, complete answers in a row are no stream, and none of them is judged as one: they would all end
"too early". `hangup events` says that there is no stream in such a capture.

| pattern | why it is none | sample |
| --- | --- | --- |
| HLS and DASH | a playlist and its segments, each a whole answer; a player aborts segments when its viewer seeks. The playlist says whether more will come (`#EXT-X-ENDLIST`) | `hls.har` |
| Engine.IO polling | each answer hangs until there is a packet, or a ping; packets are separated by U+001E | `engine-io-polling.har` |
| long polling of SignalR, Phoenix and others | an answer that says nothing is the server's own timer; 204 ends the connection on purpose | `long-poll.har` |
| `.lp` of the Firebase Realtime Database | scripts that hang until there is data and are asked for again | `firebase-rtdb.har` |
| large downloads | one document with a length | |
| 202 with an empty body | accepted for later | |
| `text/vnd.turbo-stream.html` | one fragment that answers a form | |

Sources: RFC 8216; Engine.IO protocol; ASP.NET Core SignalR transport protocols; Hotwire Turbo handbook.
"""


def known() -> list[dict[str, Any]]:
    """What is said about each framing, in the order of the index."""
    import yaml

    text = (Path(__file__).parent / "protocols" / "framings.yaml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found


def pages() -> dict[str, str]:
    """Every generated file: name -> content."""
    framings = known()
    made = {f"{framing['id']}.md": _page(framing) for framing in framings}
    made[f"{_NOT_STREAMS}.md"] = _NO_STREAMS
    made["index.md"] = _index(framings)
    return made


def _index(framings: list[dict[str, Any]]) -> str:
    lines = [NOTE, "\n\n", _INTRO, "| framing | content types | protocols |\n| --- | --- | --- |\n"]
    for framing in framings:
        over = len(_over(framing["id"]))
        lines.append(
            f"| [{framing['title']}]({framing['id']}.md) | {codes(framing['media']) or '—'} | {over or '—'} |\n"
        )
    lines.append(
        f"\n[What only looks like a stream]({_NOT_STREAMS}.md) · [All protocols](../protocols.md) · "
        "[Chrome's NetLog](../netlog.md)\n"
    )
    return "".join(lines)


def _page(framing: dict[str, Any]) -> str:
    parts = [
        f"{NOTE}\n\n# {framing['title']}\n\n`{framing['id']}`"
        f"{' · ' + codes(framing['media']) if framing['media'] else ''}\n\n{framing['what'].strip()}\n",
        f"\n## How it ends\n\n{framing['ends'].strip()}\n",
    ]
    if framing["stops"]:
        rows = "".join(f"| {reason} | {cell(text)} |\n" for reason, text in framing["stops"].items())
        parts.append(
            "\n## When the bytes stop\n\nWhat `hangup events` says is left over, and what it means:\n\n"
            f"| left over | meaning |\n| --- | --- |\n{rows}"
        )
    elif framing["decoder"] is None:
        parts.append("\n## When the bytes stop\n\nNothing in the bytes can tell: only the transport can.\n")
    else:
        parts.append(
            "\n## When the bytes stop\n\nRecorders keep whole messages, so that no half of one is ever left "
            "over. An end without a close frame is a cut.\n"
        )
    parts += _protocols(framing["id"])
    kept = "".join(f"- {line}\n" for line in framing["keeps"])
    parts.append(f"\n## What recorders keep of it\n\n{kept}")
    parts += _example(framing["samples"])
    parts.append(f"\nSources: {'; '.join(framing['sources'])}.\n")
    return "".join(parts)


def _over(framing: str) -> list[Profile]:
    found = [p for p in profiles().values() if p.dialect is None and framing in p.framing]
    return sorted(found, key=lambda profile: profile.title.lower())


def _protocols(framing: str) -> list[str]:
    over = _over(framing)
    if not over:
        return []
    lines = [
        "\n## Protocols over it\n\n",
        "| protocol | end marker | in-band error | finish reason | keep-alive |\n| --- | --- | --- | --- | --- |\n",
    ]
    for profile in over:
        source = profile.source
        also = ", ".join(vendor.title for vendor in vendors().get(profile.id, []))
        lines.append(
            f"| [{cell(profile.title)}](../protocols.md#{profile.id}){f'<br>also {cell(also)}' if also else ''} "
            f"| {ending(profile)} "
            f"| {cell(conditions([rule['when'] for rule in source.get('errors', [])])) or '—'} "
            f"| {_reasons(source)} "
            f"| {cell(conditions(source.get('heartbeat', []))) or '—'} |\n"
        )
    return lines


def _reasons(source: dict[str, Any]) -> str:
    """Where the finish reason stands, and the words that mean more than a natural end."""
    places = [place for rule in source.get("finish", []) for place in _listed(rule["at"])]
    words = [word for name, listed in source.get("reasons", {}).items() if name != "ok" for word in listed]
    if not places:
        return "—"
    return cell(f"{codes(dict.fromkeys(places))}{'; not natural: ' + codes(words) if words else ''}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _example(samples: list[str]) -> list[str]:
    from analyzer.events import read_events
    from analyzer.report.events import events_terminal
    from analyzer.resources import folder

    place = folder("sample_hars") / "framings"
    shown = events_terminal(read_events(place / samples[0]), width=100)
    text = "\n".join(line.rstrip() for line in shown.splitlines())
    lines = [f"\n## Example\n\n```console\n$ hangup events sample_hars/framings/{samples[0]}\n{text}\n```\n"]
    if samples[1:]:
        lines.append(f"\nMore of it in `sample_hars/framings/`: {codes(samples[1:])}.\n")
    return lines


def lagging(target: Path) -> list[str]:
    """The generated files that are missing or differ under `target`, and pages of framings that are gone."""
    made = pages()
    wrong = [
        name
        for name, text in made.items()
        if not (target / name).is_file() or (target / name).read_text(encoding="utf-8") != text
    ]
    stray = [path.name for path in target.glob("*.md") if path.name not in made]
    return sorted([*wrong, *stray])


def main(arguments: list[str]) -> int:
    """`docs/framings [--check]`; 0 done or up to date, 1 something lags behind, 2 usage."""
    names = [name for name in arguments if name != "--check"]
    if len(names) != 1:
        sys.stderr.write("usage: python -m analyzer.framings docs/framings [--check]\n")
        return 2
    target = Path(names[0])
    if "--check" in arguments:
        wrong = lagging(target)
        sys.stderr.write("".join(f"{target / name} lags behind\n" for name in wrong))
        return 1 if wrong else 0
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
