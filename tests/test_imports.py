"""Arrows go one way: a room imports only rooms below it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "analyzer"

# Each room and the rooms that it may import; a room may always import itself.
BASE = {
    "aside",
    "duck",
    "remember",
    "options",
    "safe",
    "write",
    "errors",
    "causes",
    "columns",
    "resources",
    "model",
    "unread",
    "plain",
    "bounds",
    "moments",
    "patterns",
}
ALLOWED = {
    "aside": set(),
    "duck": {"aside"},
    "remember": {"errors", "write"},
    "errors": set(),
    "causes": set(),
    "resources": set(),
    "options": set(),
    "bounds": set(),
    "moments": set(),
    "patterns": set(),
    "safe": {"errors", "patterns"},
    "write": {"errors"},
    "columns": set(),
    "model": {"causes", "columns"},
    "unread": {"model"},
    "plain": {"causes", "model"},
    "explain": BASE,
    "decode": BASE,
    "redact": BASE | {"decode", "intake"},
    "protocols": BASE | {"decode"},
    "intake": BASE | {"decode", "protocols"},
    "facts": BASE | {"decode", "protocols", "intake", "explain"},
    "engine": BASE,
    "report": BASE | {"engine"},
    "pipeline_logs": BASE | {"intake", "decode", "protocols", "facts", "engine", "redact", "report"},
    "pipeline": BASE
    | {"pipeline_logs"}
    | {"intake", "decode", "protocols", "facts", "engine", "redact", "report"},
    "compare": BASE | {"pipeline", "redact", "report"},
    "events": BASE | {"pipeline", "decode", "protocols", "facts", "redact", "report"},
    "framings": BASE | {"events", "protocols", "report"},
    "store": BASE,
    "batch": BASE
    | {
        "store",
        "pipeline",
        "pipeline_logs",
        "intake",
        "decode",
        "protocols",
        "facts",
        "engine",
        "redact",
        "report",
    },
    "web": BASE | {"compare", "pipeline", "engine", "report", "store"},
    "cli": BASE
    | {"command"}
    | {
        "cli_batch",
        "cli_catalog",
        "pipeline",
        "engine",
        "explain",
        "redact",
        "report",
        "intake",
        "web",
        "events",
        "compare",
    },
    "cli_catalog": BASE | {"engine", "intake"},
    "cli_batch": BASE | {"cli_catalog", "batch"},
    "command": BASE | {"pipeline", "report"},
    "usual": set(),
    "__main__": {"cli", "command", "usual"},
    "__init__": BASE | {"pipeline", "batch"},
}
HEAVY = (
    "duckdb",
    "_duckdb",
    "pandas",
    "numpy",
    "jinja2",
    "haralyzer",
    "rich",
    "yaml",
    "zstandard",
    "fastapi",
    "uvicorn",
    "fsspec",
    "dask",
    "distributed",
)


def rooms_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "analyzer":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("analyzer.")}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module_imports_only_rooms_below_it(path: Path) -> None:
    room = room_of(path)
    assert room in ALLOWED, f"{room} has no place in the order yet"
    backward = rooms_imported(path) - ALLOWED[room] - {room}
    assert not backward, f"{path.relative_to(PACKAGE)} imports {sorted(backward)}"


def test_importing_the_package_and_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, analyzer, analyzer.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Typer brings rich with it on some versions; hangup itself does not.
    assert set(ast.literal_eval(done.stdout)) <= {"rich"}
