"""What a run leaves in its folder: the page, a report and a reply per ticket, and the tables.

Writing is safe to interrupt and to repeat: a file is whole or not there, readable by its owner only, and one
that would not change is not touched. `tickets/.written` says what was written for which state of a ticket,
so that a second run renders only what is new; what it does not name is never deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from analyzer.batch.folders import name_folders
from analyzer.batch.page import Files, render_page, worst_rows
from analyzer.batch.place import State, Written, fill, forget_file, is_file, is_ours, load_state, put, replace
from analyzer.batch.reply import render_reply
from analyzer.batch.summary import summarize_batch, to_json
from analyzer.batch.tables import write_streams, write_tickets
from analyzer.batch.working import MEMBERS
from analyzer.errors import UsageError
from analyzer.model import CaptureInfo, Report

Document = Callable[[str, str], bytes | None]
Tell = Callable[[str, int, int], None]

PER_TICKET: Final = ("report.html", "reply.md")
WHOLE: Final = ("index.html", "tickets.csv", "streams.parquet", "summary.json")
_STATE: Final = ".written"  # in `tickets`: a line per ticket
_WHOLE: Final = ".complete"  # written last, taken away first
_CHUNK: Final = 500


def write_batch(
    folder: Path,
    db: Any,
    document: Document,
    *,
    version: str,
    xlsx: bool = False,
    tell: Tell | None = None,
) -> Written:
    """Write everything about the tickets in `db` into `folder`, which is made if it is missing.

    db: a DuckDB connection with the tables `tickets`, `captures` and `streams` (`Ledger.scope`). document:
    (ticket, kind) to bytes, kind `report` or `html`; None if there is none. tell: (stage, done, total).
    Raises UsageError when the folder cannot be written to or the extra for Excel is missing.
    """
    done = Written(folder)
    try:
        for made in (folder, folder / "tickets"):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(
            f"the folder cannot be made: {error.strerror or type(error).__name__}",
            where=folder,
            help="choose another with -o",
        ) from error
    try:
        state = _mark(db, version)
        if not _unchanged(folder, state, xlsx, done):
            _write(folder, db, document, version, xlsx, tell, done, state)
    except OSError as error:
        raise UsageError(
            f"the results cannot be written: {error.strerror or type(error).__name__}",
            where=folder,
            help="nothing is lost: make room and run the same command again",
        ) from error
    return done


def _write(
    folder: Path,
    db: Any,
    document: Document,
    version: str,
    xlsx: bool,
    tell: Tell | None,
    done: Written,
    state: str,
) -> None:
    summary = summarize_batch(db)
    name_folders(db)
    done.headline = summary.headline
    _tickets(folder / "tickets", db, document, version, tell, done)
    forget_file(folder / _WHOLE, Written(folder))
    replace(folder / "tickets.csv", lambda path: write_tickets(db, path), done)
    replace(folder / "streams.parquet", lambda path: write_streams(db, path), done)
    if xlsx:
        from analyzer.batch.xlsx import write_xlsx

        replace(folder / "batch.xlsx", lambda path: write_xlsx(db, summary, path), done)
    named = dict(
        db.execute(
            "SELECT f.ticket, f.folder FROM batch_f f JOIN batch_t t USING (ticket)"
            f" WHERE f.ticket IN (SELECT unnest(?::VARCHAR[])) LIMIT {100 * MEMBERS}",
            [sorted(_mentioned(summary))],
        ).fetchall()
    )

    def link(ticket: str) -> str | None:
        if ticket not in named:
            named.update(
                db.execute("SELECT ticket, folder FROM batch_f WHERE ticket = ?", [ticket]).fetchall()
            )
        place = named.get(ticket)
        return (
            f"tickets/{quote(place)}/report.html"
            if place and is_file(folder / "tickets" / place / "report.html")
            else None
        )

    rows = worst_rows(db, link)
    page = render_page(summary, rows, link, version=version, files=Files(xlsx=xlsx))
    replace(folder / "summary.json", lambda path: fill(path, to_json(summary, version=version)), done)
    # The page comes last: whoever sees a new page finds all that it links to.
    replace(folder / "index.html", lambda path: fill(path, page.encode("utf-8", "replace")), done)
    sizes = "/".join(str((folder / name).stat().st_size) for name in _top(xlsx))
    put(folder / _WHOLE, f"{state} {int(xlsx)} {sizes}\n".encode(), Written(folder))


def _top(xlsx: bool) -> tuple[str, ...]:
    return (*WHOLE, "batch.xlsx") if xlsx else WHOLE


def _mark(db: Any, version: str) -> str:
    """The state of all tickets and of what renders them, in a few bytes whatever their number."""
    count, digest = db.execute(
        "SELECT count(*), CAST(coalesce(bit_xor(md5_number(CAST(t AS VARCHAR))), 0) AS VARCHAR) FROM tickets t"
    ).fetchone()
    return hashlib.sha256(f"{version} {_code()} {count} {digest}".encode()).hexdigest()


def _unchanged(folder: Path, state: str, xlsx: bool, done: Written) -> bool:
    """Whether everything is there as it was written for this state; a look at sizes, no reading."""
    try:
        told, had_xlsx, sizes = (folder / _WHOLE).read_text(encoding="ascii").split()
        if told != state or (xlsx and had_xlsx != "1"):
            return False
        names = _top(had_xlsx == "1")
        if sizes != "/".join(str((folder / name).stat().st_size) for name in names):
            return False
        kept = len(names)
        with (folder / "tickets" / _STATE).open(encoding="ascii") as lines:
            for line in lines:
                name, _, had = line.split()
                if not is_ours(name) or _sizes(folder / "tickets" / name) != had:
                    return False
                kept += had.count("/") + 1 - had.count("-")
        done.headline = json.loads((folder / "summary.json").read_bytes())["headline"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    done.kept = kept
    return True


def _mentioned(summary: Any) -> set[str]:
    found: set[str] = {row.ticket for row in summary.unreadable}
    for group in (*summary.problems, *summary.questions):
        found.update(group.members)
    return found


# ---------------------------------------------------------------------------------- per ticket


def _tickets(root: Path, db: Any, document: Document, version: str, tell: Tell | None, done: Written) -> None:
    """Report and reply of each ticket that is new or has changed; those of forgotten tickets go."""
    own = f"{version} {_code()}"
    db.execute(
        """CREATE OR REPLACE TEMP TABLE batch_w AS
        SELECT f.ticket, f.folder, m.mark, row_number() OVER (ORDER BY f.folder) AS n
        FROM batch_f f JOIN (SELECT ticket, substr(sha256(? || CAST(t AS VARCHAR)), 1, 24) AS mark FROM tickets t) m
          ON m.ticket = f.ticket
        ORDER BY n""",
        [own],
    )
    db.execute(
        """CREATE OR REPLACE TEMP TABLE batch_e AS
        SELECT w.n, c.path, c.error FROM captures c JOIN batch_w w USING (ticket) WHERE c.error IS NOT NULL
        ORDER BY w.n, c.path"""
    )
    load_state(root / _STATE, db)
    stale = db.execute(
        "SELECT folder FROM batch_had WHERE folder NOT IN (SELECT folder FROM batch_w) ORDER BY folder"
    ).fetchall()
    for (name,) in stale:
        _forget(root / name, done)
    total = db.execute("SELECT count(*) FROM batch_w").fetchone()[0]
    with State(root / _STATE) as state:
        for at, ticket, name, mark, had, sizes, unread in _each(db, total):
            now = _sizes(root / name) if had == mark else None
            if now is not None and now == sizes:
                done.kept += now.count("/") + 1 - now.count("-")
            else:
                now = _ticket(root / name, ticket, unread, document, version, done)
            state.add(name, mark, now)
            if tell is not None:
                tell("writing", at, total)


def _each(
    db: Any, total: int
) -> Iterator[tuple[int, str, str, str, str | None, str | None, list[CaptureInfo]]]:
    """The tickets with what was written of them and their unreadable captures; other queries may run meanwhile."""
    for start in range(0, total, _CHUNK):
        span = [start, start + _CHUNK]
        rows = db.execute(
            """SELECT w.n, w.ticket, w.folder, w.mark, h.mark, h.sizes FROM batch_w w LEFT JOIN batch_had h USING (folder)
            WHERE w.n > ? AND w.n <= ? ORDER BY w.n""",
            span,
        ).fetchall()
        unread: dict[int, list[CaptureInfo]] = {}
        for n, path, error in db.execute(
            "SELECT n, path, error FROM batch_e WHERE n > ? AND n <= ? ORDER BY n, path LIMIT 100000", span
        ).fetchall():
            unread.setdefault(n, []).append(CaptureInfo(path=path, error=error))
        for row in rows:
            yield (*row, unread.get(row[0], []))


def _ticket(
    folder: Path, ticket: str, unread: list[CaptureInfo], document: Document, version: str, done: Written
) -> str:
    folder.mkdir(exist_ok=True, mode=0o700)
    stored = document(ticket, "report")
    report = msgspec.json.decode(stored, type=Report) if stored else None
    html = document(ticket, "html")
    if html is None and report is not None:
        from analyzer.report.html import render_html

        html = render_html(report, version=version).encode("utf-8", "replace")
    if html is None:
        forget_file(folder / PER_TICKET[0], done)
    else:
        put(folder / PER_TICKET[0], html, done)
    put(folder / PER_TICKET[1], render_reply(report, unread).encode("utf-8", "replace"), done)
    return _sizes(folder)


def _sizes(folder: Path) -> str:
    """The sizes of a ticket's files, `-` for one that is not there."""
    found = []
    for name in PER_TICKET:
        try:
            found.append(str((folder / name).stat().st_size))
        except OSError:
            found.append("-")
    return "/".join(found)


def _forget(folder: Path, done: Written) -> None:
    for name in PER_TICKET:
        forget_file(folder / name, done)
    with contextlib.suppress(OSError):  # somebody put a file of their own beside ours
        folder.rmdir()


def _code() -> str:
    """The state of what renders here: a report is written again when its rendering has changed."""
    from analyzer.batch.versions import judging_version

    own = hashlib.sha256(
        b"".join((Path(__file__).parent / n).read_bytes() for n in ("output.py", "reply.py"))
    )
    return f"{judging_version()} {own.hexdigest()[:16]}"
