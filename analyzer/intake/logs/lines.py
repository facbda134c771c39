"""Lines of a log as a relation `(no, line)` that SQL can read: fast from a plain file, safe from anything.

A plain file goes through DuckDB's parallel reader as one column. That reader skips blank lines and
refuses bytes that are not UTF-8, so the caller counts the bytes that came back: if they do not add up to
the file, the file is read again in blocks by Python, which loses nothing. Compressed input, standard
input and everything else that is no plain file is always read in blocks.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from analyzer.intake.logs.streams import literal

BLOCK: Final = 8 * 1024 * 1024
# A "line" longer than this is no log line; what follows its head is dropped, and it is counted.
LONGEST: Final = 16 * 1024 * 1024
KEPT_OF_LONGEST: Final = 64 * 1024
_READER_LINE: Final = 2 * 1024 * 1024

Query = Callable[[str], str]


class Source(msgspec.Struct):
    """Where the bytes are. path: a plain file, for the fast reader; None if there is none."""

    name: str
    open: Callable[[], BinaryIO]
    path: Path | None = None
    size: int | None = None

    def head(self, size: int = 256 * 1024) -> bytes:
        """The first bytes, expanded."""
        with self.open() as stream:
            return _take(stream, size, Damage())


def plain_source(path: str | Path, name: str | None = None) -> Source:
    """A file on disk; gzip and zstd are undone. Raises OSError if it cannot be read."""
    file = Path(path)
    with file.open("rb") as stream:
        magic = stream.read(4)
    title = name or str(path)
    if magic[:2] == b"\x1f\x8b":
        return Source(title, lambda: _gunzip(file))
    if magic == b"\x28\xb5\x2f\xfd":
        return Source(title, lambda: _unzstd(file))
    utf16 = magic[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    size = file.stat().st_size
    globbed = any(ch in str(path) for ch in "*?[]{}")
    regular = file.is_file() and not utf16 and not globbed
    return Source(
        title, lambda: file.open("rb"), path=file if regular else None, size=size if file.is_file() else None
    )


def _gunzip(path: Path) -> BinaryIO:
    import gzip

    return cast("BinaryIO", gzip.open(path, "rb"))


def _unzstd(path: Path) -> BinaryIO:
    import zstandard

    return cast("BinaryIO", zstandard.open(path, "rb"))


def sample_relation(lines: Sequence[str]) -> str:
    """SQL of some lines as `(line)`. As text: the first parameter of a process imports decimal, uuid and more."""
    joined = "\n".join(lines)
    return f"(SELECT unnest(split({literal(joined)}, chr(10))) AS line)"


def fast_relation(source: Source, *, numbered: bool = True) -> str | None:
    """SQL of all lines of a plain file; None where only blocks will do.

    Without numbers the file is read in parallel; the order of the lines is kept either way.
    """
    if source.path is None or not source.size:
        return None
    options = (
        "delim='\\x01', quote='', escape='', header=false, auto_detect=false, columns={'line': 'VARCHAR'}, "
        f"max_line_size={_READER_LINE}, buffer_size={8 * _READER_LINE}, strict_mode=false, null_padding=true, "
        "nullstr='\\x02', compression='none'"
    )
    number = "row_number() OVER () AS no, " if numbered else ""
    return (
        f"(SELECT {number}coalesce(line, '') AS line FROM read_csv({literal(str(source.path))}, {options}))"
    )


BLOCK_RELATION: Final = (
    "(SELECT $base + unnest(range(1, len(a) + 1)) AS no, unnest(a) AS line"
    " FROM (SELECT string_split($text, chr(10)) AS a))"
)


class Damage(msgspec.Struct):
    """What reading in blocks ran into. truncated: the last line has no end."""

    long_lines: int = 0
    undecodable: int = 0
    truncated: bool = False
    broken: str | None = None
    lines: int = 0


def blocks(
    source: Source, damage: Damage, mend: Callable[[str], str] | None = None
) -> Iterator[tuple[int, str]]:
    """(lines before this block, text of the block). Stops at the size the file had at the start.

    Bytes that are not UTF-8 become `\\xNN` in the text, so that no line is lost. mend: puts lines together
    that the envelope has cut; it keeps the number of lines.
    """
    left = source.size if source.size is not None else -1
    rest = b""
    base = 0
    decode: Callable[[bytes, Damage], str] = _utf8
    with source.open() as stream:
        while True:
            piece = _take(stream, BLOCK if left < 0 else min(BLOCK, left), damage)
            if left >= 0:
                left -= len(piece)
            if not piece:
                break
            if base == 0 and not rest:
                piece, decode = _start(piece)
            rest += piece
            cut = rest.rfind(b"\n") + 1
            if decode is not _utf8:
                cut = len(rest) - len(rest) % 2 if cut else 0
            if not cut:
                if len(rest) > LONGEST:
                    damage.long_lines += 1
                    rest = _skip_line(stream, rest, damage)
                    cut = rest.rfind(b"\n") + 1
                else:
                    continue
            text = decode(rest[:cut], damage)
            if decode is not _utf8:
                end = text.rfind("\n") + 1
                cut = len(text[:end].encode("utf-16-le", "surrogatepass")) if end else 0
                text = text[:end]
                if not cut:
                    continue
            rest = rest[cut:]
            text = text.removesuffix("\n")
            yield base, mend(text) if mend else text
            base += text.count("\n") + 1
    if rest:
        damage.truncated = True
        text = decode(rest, damage).removesuffix("\n")
        yield base, mend(text) if mend else text
        base += text.count("\n") + 1
    damage.lines = base


def _take(stream: BinaryIO, size: int, damage: Damage) -> bytes:
    """Up to `size` bytes; fewer only at the end. What comes before damaged compression is not lost."""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    pieces: list[bytes] = []
    try:
        while size > 0 and (piece := read(size)):
            pieces.append(piece)
            size -= len(piece)
    except _of_damage() as error:
        damage.broken = type(error).__name__
    return b"".join(pieces)


def _of_damage() -> tuple[type[Exception], ...]:
    """What decompressing damaged data raises: of the modules that are loaded, for no other decompresses."""
    names = (("gzip", "BadGzipFile"), ("zlib", "error"), ("zstandard", "ZstdError"))
    loaded = [getattr(sys.modules[name], error) for name, error in names if name in sys.modules]
    return EOFError, *loaded


def _skip_line(stream: BinaryIO, rest: bytes, damage: Damage) -> bytes:
    """The head of an endless line, and what follows its end."""
    head = rest[:KEPT_OF_LONGEST]
    while True:
        piece = _take(stream, BLOCK, damage)
        if not piece:
            return head + b"\n"
        cut = piece.find(b"\n")
        if cut >= 0:
            return head + b"\n" + piece[cut + 1 :]


def _start(piece: bytes) -> tuple[bytes, Callable[[bytes, Damage], str]]:
    if piece.startswith(codecs.BOM_UTF8):
        return piece[3:], _utf8
    if piece.startswith(codecs.BOM_UTF16_LE):
        return piece[2:], _utf16_le
    if piece.startswith(codecs.BOM_UTF16_BE):
        return piece[2:], _utf16_be
    return piece, _utf8


def _utf8(data: bytes, damage: Damage) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        damage.undecodable += 1
        text = data.decode("utf-8", "backslashreplace")
    return text.replace("\r\n", "\n") if "\r" in text else text


def _utf16_le(data: bytes, damage: Damage) -> str:
    return data.decode("utf-16-le", "backslashreplace").replace("\r\n", "\n")


def _utf16_be(data: bytes, damage: Damage) -> str:
    return data.decode("utf-16-be", "backslashreplace").replace("\r\n", "\n")


def run_blocks(
    con: Any,
    source: Source,
    sql: str,
    *,
    insert: bool,
    mend: Callable[[str], str] | None = None,
    workers: int = 2,
) -> tuple[list[Any], Damage]:
    """Run one statement over every block: its rows of all blocks (none when it inserts), and the damage.

    sql has `{lines}` where the relation goes. Blocks run side by side, each on its own cursor.
    """
    from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

    damage = Damage()
    rows: list[Any] = []
    statement = sql.replace("{lines}", BLOCK_RELATION)

    def work(base: int, text: str) -> list[Any]:
        cursor = con.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        found = cursor.execute(statement, {"base": base, "text": text}).fetchall()
        return [] if insert else list(found)

    with ThreadPoolExecutor(workers) as pool:
        running: set[Future[list[Any]]] = set()
        for base, text in blocks(source, damage, mend):
            if len(running) >= workers:  # never more blocks in memory than are worked on
                done, running = wait(running, return_when=FIRST_COMPLETED)
                rows += [row for future in done for row in future.result()]
            running.add(pool.submit(work, base, text))
        rows += [row for future in running for row in future.result()]
    return rows, damage
