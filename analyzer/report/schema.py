"""The JSON Schema of the JSON report, version 1, made from the closed lists it refers to.

`docs/report-v1.schema.json` is this schema as a file. Names may be added in later releases, so
additional properties are allowed; the ones listed are always there.
"""

from __future__ import annotations

import json
import typing
from typing import Any

from analyzer.causes import CAUSES, CONFIDENCES, SEVERITIES, Party
from analyzer.columns import VALUES, columns


def schema() -> dict[str, Any]:
    """The schema as plain JSON values (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hangup report, version 1",
        "description": "Who hung up: one verdict for each stream of the captures. Unrecorded values are null.",
        **_object(
            {
                "version": {"const": 1},
                "generator": _object({"name": _STRING, "version": _STRING}),
                "captures": _list(_CAPTURE),
                "streams": _list(_stream()),
                "clusters": _list(_cluster()),
                "summary": _summary(),
            }
        ),
    }


def schema_text() -> str:
    """The schema as the file in docs/ holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, **more}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **more}


_STRING: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": _COUNT}
_PARTY: dict[str, Any] = {"enum": list(typing.get_args(Party))}
_CAUSE: dict[str, Any] = {"enum": list(CAUSES)}

_CAPTURE: dict[str, Any] = _object(
    {
        "path": {"type": "string", "description": "as given on the command line"},
        "kind": {"enum": ["har", "netlog", "log"]},
        "dialect": _or_null("string", description="exporter of a HAR, or name of the log format"),
        "format": _or_null("string"),
        "exchanges": _COUNT,
        "streams": _COUNT,
        "lines": _or_null("integer", description="lines of a log; null for HAR and NetLog"),
        "unparsed": _or_null("integer", description="lines that no format fits"),
        "warnings": _list(_STRING),
    }
)
_JSON_TYPES = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "timestamp": "string",
}


def _column(name: str) -> dict[str, Any]:
    column = columns()[name]
    shown = _or_null(_JSON_TYPES[column.type], description=column.meaning)
    if column.type == "timestamp":
        shown["format"] = "date-time"
    return shown


def _stream() -> dict[str, Any]:
    names = (
        "capture where started_at method url host status net_error http_version framing protocol gateway ttfb_ms "
        "duration_ms idle_before_end_ms events body_bytes"
    )
    evidence = _object(
        {
            "role": {"enum": ["primary", "related"]},
            "where": {"type": "string", "description": "JSON path in the HAR, or file:line of the log"},
            "column": _STRING,
            "value": {"type": ["string", "number", "boolean", "null"]},
            "text": _STRING,
        }
    )
    ending = _object(
        {
            "by": {"enum": list(VALUES["ending_by"])},
            "phase": {"enum": list(VALUES["ending_phase"])},
            "announced": _or_null("boolean"),
            "signal": {"enum": list(VALUES["ending_signal"])},
        }
    )
    fix = _object({reader: _list(_STRING) for reader in ("user", "operator", "developer")})
    runner_up = _object({"rule": _STRING, "cause": _CAUSE, "why": _STRING})
    return _object(
        {
            "id": _STRING,
            **{name: _column(name) for name in names.split()},
            "ending": ending,
            "cause": _CAUSE,
            "party": _PARTY,
            "severity": {"enum": list(SEVERITIES)},
            "confidence": {"enum": list(CONFIDENCES)},
            "rule": _or_null("string"),
            "title": _STRING,
            "explanation": _STRING,
            "evidence": _list(evidence),
            "fix": fix,
            "runners_up": _list(runner_up),
        }
    )


def _cluster() -> dict[str, Any]:
    return _object(
        {
            "cause": _CAUSE,
            "party": _PARTY,
            "size": _COUNT,
            "members": _list({"type": "string", "description": "ids of streams"}),
            "text": _STRING,
            "baseline": _STRING,
            "shared": {"type": "object"},
        }
    )


def _summary() -> dict[str, Any]:
    counts = dict.fromkeys(("streams", *SEVERITIES), _COUNT)
    return _object({**counts, "by_cause": _COUNTS, "by_party": _COUNTS, "headline": _STRING})
