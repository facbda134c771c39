"""Results as Parquet part files, written where the work is done and read where it is put together.

A part holds the results of a few tickets in two files: `streams-NAME.parquet`, one row per stream with the
columns of every other table of streams and the ticket in front, for whoever wants to query them; and
`results-NAME.parquet`, one row per ticket with its verdict and, packed, everything else. Both are redacted.
A part that is written twice is the same part: names come from what is in it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from analyzer.batch import address
from analyzer.batch.ledger import unpacked
from analyzer.batch.shape import insert, stream_columns
from analyzer.batch.worker import Reply
from analyzer.duck import quiet
from analyzer.errors import HangupError

_COLUMNS: Final = {
    "ticket": "VARCHAR", "customer": "VARCHAR", "at": "VARCHAR", "state": "VARCHAR", "reason": "VARCHAR",
    "headline": "VARCHAR", "severity": "VARCHAR", "cause": "VARCHAR", "party": "VARCHAR",
    "confidence": "VARCHAR", "rule": "VARCHAR", "captures": "BIGINT", "exchanges": "BIGINT", "streams": "BIGINT",
    "failed": "BIGINT", "degraded": "BIGINT", "ruleset": "VARCHAR", "seconds": "DOUBLE",
}  # fmt: skip


def part_name(tickets: Sequence[str]) -> str:
    """The name of the part that holds these tickets."""
    return hashlib.sha256("\n".join(tickets).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def write_part(replies: Sequence[Reply], place: str, name: str) -> None:
    """Write one part to a folder or an address that fsspec opens. Each file is whole or not there.

    Raises HangupError where it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="hangup-part-") as room:
        streams, results = Path(room, f"streams-{name}.parquet"), Path(room, f"results-{name}.parquet")
        entries = [reply.entry for reply in replies if reply.entry is not None]
        rows = [
            {**stream, "ticket": entry.ticket}
            for entry in entries
            for stream in msgspec.msgpack.decode(unpacked(entry.streams_data))
        ]
        _write({"ticket": "VARCHAR", **stream_columns()}, rows, streams)
        packed = []
        for reply in replies:
            told = (
                {name: getattr(reply.entry, name) for name in _COLUMNS}
                if reply.entry
                else {"ticket": reply.ticket}
            )
            packed.append({**told, "packed": msgspec.msgpack.encode(reply)})
        _write({**_COLUMNS, "packed": "BLOB"}, packed, results)
        # The results come last: a part counts once they are there.
        for file in (streams, results):
            _put(file, place)


def read_part(place: str, name: str) -> list[Reply]:
    """The replies of one part, in the order in which they were written. Raises HangupError."""
    with tempfile.TemporaryDirectory(prefix="hangup-part-") as room:
        file = _get(place, f"results-{name}.parquet", Path(room))
        with _connect() as con:
            rows = con.execute("SELECT packed FROM read_parquet(?)", [str(file)]).fetchall()
    return [msgspec.msgpack.decode(packed, type=Reply) for (packed,) in rows]


def _write(columns: dict[str, str], rows: list[dict[str, Any]], target: Path) -> None:
    with _connect() as con:
        shape = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        con.execute(f"CREATE TABLE given ({shape})")
        insert(con, "given", columns, rows)
        quoted = str(target).replace("'", "''")
        con.execute(f"COPY given TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")


def _connect() -> Any:
    import duckdb

    return quiet(duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": "false"}))


def _put(file: Path, place: str) -> None:
    try:
        if not address.is_remote(place):
            folder = address.local_path(place)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = folder / f".{file.name}.{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
            shutil.copyfile(file, beside)
            beside.chmod(0o600)
            beside.replace(folder / file.name)
            return
        system, root = address.filesystem(place)
        system.makedirs(root, exist_ok=True)
        system.put_file(str(file), f"{root.rstrip('/')}/{file.name}")
    except HangupError:
        raise
    except Exception as error:
        raise HangupError(
            f"a part of the results cannot be written: {address.why(error)}", where=address.shown(place)
        ) from error


def _get(place: str, name: str, room: Path) -> Path:
    if not address.is_remote(place):
        found = Path(address.local_path(place), name)
        if not found.is_file():
            raise HangupError(
                "a part of the results is not there", where=found,
                help="the workers must write to a place that this machine sees too",
            )  # fmt: skip
        return found
    system, root = address.filesystem(place)
    try:
        system.get_file(f"{root.rstrip('/')}/{name}", str(room / name))
    except Exception as error:
        raise HangupError(
            f"a part of the results cannot be read: {address.why(error)}", where=address.shown(place)
        ) from error
    return room / name
