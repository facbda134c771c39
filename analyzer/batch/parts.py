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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from analyzer.batch import address
from analyzer.batch.model import TicketResult
from analyzer.errors import HangupError

_COLUMNS: Final = (
    "ticket", "state", "reason", "headline", "severity", "cause", "party", "confidence", "rule", "seconds",
)  # fmt: skip
_LEVEL: Final = 3


def part_name(tickets: Sequence[str]) -> str:
    """The name of the part that holds these tickets."""
    return hashlib.sha256("\n".join(tickets).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def write_part(results: Sequence[TicketResult], place: str, name: str) -> None:
    """Write one part to a folder or an address that fsspec opens. Each file is whole or not there.

    Raises HangupError where it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="hangup-part-") as room:
        streams, table = Path(room, f"streams-{name}.parquet"), Path(room, f"results-{name}.parquet")
        _write_streams(results, streams)
        _write_results(results, table)
        # The results come last: a part counts once they are there.
        for file in (streams, table):
            _put(file, place)


def read_part(place: str, name: str) -> Iterator[TicketResult]:
    """The results of one part, in the order in which they were written. Raises HangupError."""
    import zstandard

    with tempfile.TemporaryDirectory(prefix="hangup-part-") as room:
        file = _get(place, f"results-{name}.parquet", Path(room))
        with _connect() as con:
            rows = con.execute("SELECT packed FROM read_parquet(?)", [str(file)]).fetchall()
    for (packed,) in rows:
        data = zstandard.ZstdDecompressor().decompress(packed)
        yield msgspec.msgpack.decode(data, type=TicketResult)


def has_part(place: str, name: str) -> bool:
    """Whether a part is there already, whole."""
    target = f"results-{name}.parquet"
    if not address.is_remote(place):
        return Path(address.local_path(place), target).is_file()
    system, root = address.filesystem(place)
    try:
        return bool(system.exists(f"{root.rstrip('/')}/{target}"))
    except Exception as error:
        raise HangupError(
            f"the results' place cannot be read: {address.why(error)}", where=address.shown(place)
        ) from error


def _write_streams(results: Sequence[TicketResult], target: Path) -> None:
    import pandas as pd

    from analyzer.report.tables import table_columns

    kinds = {"ticket": "text", **table_columns()}
    rows = [{**stream, "ticket": result.ticket} for result in results for stream in result.streams]
    types: dict[str, tuple[Any, str]] = {
        "text": ("string", "VARCHAR"), "integer": ("Int64", "BIGINT"), "number": ("Float64", "DOUBLE"),
        "boolean": ("boolean", "BOOLEAN"), "timestamp": ("datetime64[us, UTC]", "TIMESTAMPTZ"),
    }  # fmt: skip
    data: dict[str, Any] = {}
    for name, kind in kinds.items():
        values: list[Any] = [row.get(name) for row in rows]
        if kind == "timestamp":
            data[name] = pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True)).astype(
                types[kind][0]
            )
        else:
            data[name] = pd.Series(values, dtype=types[kind][0])
    with _connect() as con:
        con.register("given", pd.DataFrame(data))
        cast = ", ".join(f'CAST("{name}" AS {types[kind][1]}) AS "{name}"' for name, kind in kinds.items())
        _copy(con, f"SELECT {cast} FROM given", target)


def _write_results(results: Sequence[TicketResult], target: Path) -> None:
    import zstandard

    packer = zstandard.ZstdCompressor(level=_LEVEL)
    with _connect() as con:
        con.execute(
            "CREATE TABLE given (n INTEGER, ticket VARCHAR, state VARCHAR, reason VARCHAR, headline VARCHAR,"
            " severity VARCHAR, cause VARCHAR, party VARCHAR, confidence VARCHAR, rule VARCHAR, seconds DOUBLE, packed BLOB)"
        )
        for number, result in enumerate(results):
            values = [getattr(result, name) for name in _COLUMNS]
            packed = packer.compress(msgspec.msgpack.encode(result))
            con.execute(f"INSERT INTO given VALUES ({', '.join('?' * 12)})", [number, *values, packed])
        _copy(con, "SELECT * EXCLUDE (n) FROM given ORDER BY n", target)


def _connect() -> Any:
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": "false"})


def _copy(con: Any, query: str, target: Path) -> None:
    quoted = str(target).replace("'", "''")
    con.execute(f"COPY ({query}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")


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
