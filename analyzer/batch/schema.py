"""The JSON Schema of `summary.json`, made from the values it is written from: docs/batch-v1.schema.json."""

from __future__ import annotations

from typing import Any

import msgspec

from analyzer.batch.model import BatchSummary
from analyzer.batch.summary import VERSION
from analyzer.report.json_v1 import NAME


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12). Names are never removed or renamed within a version, only added."""
    (made,), parts = msgspec.json.schema_components([BatchSummary], ref_template="#/$defs/{name}")
    own = parts.pop(made["$ref"].rsplit("/", 1)[-1])
    first = {
        "version": {"const": VERSION},
        "generator": {
            "type": "object",
            "properties": {"name": {"const": NAME}, "version": {"type": "string"}},
            "required": ["name", "version"],
        },
    }
    properties = {**first, **{name: _plain(value) for name, value in own["properties"].items()}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hangup batch summary, version 1",
        "description": _joined(own.get("description", "")),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "$defs": {name: _part(part) for name, part in sorted(parts.items())},
    }


def to_json() -> bytes:
    """The schema as it stands in docs/."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"


def _part(part: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _plain(value) for name, value in part["properties"].items()}
    return {
        "description": _joined(part.get("description", "")),
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Every field is always written: what a default would be is nothing that a reader has to know."""
    return {key: item for key, item in value.items() if key != "default"}


def _joined(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(to_json())
