"""The formats that come with the program, read once and kept between runs."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import Final

from analyzer import columns
from analyzer.intake.logs import load, needed, schema
from analyzer.intake.logs.schema import Format

FORMATS: Final = Path(__file__).resolve().parent / "formats"


@cache
def formats() -> dict[str, Format]:
    """The shipped formats by id, as an earlier run left them or read now."""
    import msgspec

    from analyzer.remember import keep, name_for, recall

    # The code that reads belongs to what was read: another reader is another name.
    readers = [Path(str(module.__file__)) for module in (load, needed, schema, columns)]
    files = [*sorted(FORMATS.glob("*.yaml")), FORMATS.parent / "shared.yaml", *readers]
    name = name_for("formats", [(file.name, file.read_bytes()) for file in files if file.is_file()])
    kept = recall(name)
    if kept is not None:
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            return msgspec.json.decode(kept, type=dict[str, Format])
    found = load.load_folder(FORMATS)
    data = msgspec.json.encode(found)
    if msgspec.json.decode(data, type=dict[str, Format]) == found:
        keep(name, data)
    return found
