"""Reports from queued to expired, in the store's file, so that a restart loses none.

States: queued → running → done or failed. Whoever knows a report's id may read and delete it; ids are
random, and one that was never given looks the same as one that was deleted.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from analyzer.store import Result, Store
from analyzer.web.problems import Failure

State = Literal["queued", "running", "done", "failed"]
# A service that is killed is seldom the fault of what it was reading; time after time it may be.
MOST_STARTS: Final = 6

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE reports (
             id VARCHAR PRIMARY KEY, state VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
             finished_at TIMESTAMP, expires_at TIMESTAMP NOT NULL, attempts INTEGER NOT NULL,
             files VARCHAR NOT NULL, size BIGINT NOT NULL, content VARCHAR NOT NULL, ruleset VARCHAR NOT NULL,
             result VARCHAR NOT NULL, failure VARCHAR)""",
    ),
)
_ID: Final = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Job:
    """One report. files: [{name, size, sha256}]; result: key of its result in the store."""

    id: str
    state: State
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime
    attempts: int
    files: list[dict[str, Any]]
    size: int
    content: str
    ruleset: str
    result: str
    failure: Failure | None


def new_id() -> str:
    """144 random bits, fit for an address."""
    return secrets.token_urlsafe(18)


def is_id(text: str) -> bool:
    """Whether a text could be an id at all."""
    return _ID.fullmatch(text) is not None


class Jobs:
    """The table of reports. Methods block for as long as the store takes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        id: str,
        *,
        files: list[dict[str, Any]],
        content: str,
        ruleset: str,
        result: str,
        keep: timedelta,
        done: bool,
    ) -> Job:
        """A new report: queued, or done at once because its result is known."""
        now = _now()
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO reports VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, NULL)",
                [
                    id, "done" if done else "queued", _naive(now), _naive(now) if done else None,
                    _naive(now + keep), json.dumps(files), sum(file["size"] for file in files), content, ruleset,
                    result,
                ],
            )  # fmt: skip
        return _job(self._store.rows("SELECT * FROM reports WHERE id = ?", [id])[0])

    def get(self, id: str) -> Job | None:
        """The report; None for an id that is wrong, deleted or expired."""
        if not is_id(id):
            return None
        found = self._store.rows(
            "SELECT * FROM reports WHERE id = ? AND expires_at > ?", [id, _naive(_now())]
        )
        return _job(found[0]) if found else None

    def result(self, job: Job) -> Result | None:
        """What is known about the finished report's content."""
        return self._store.get(job.result)

    def document(self, job: Job, kind: str) -> bytes | None:
        """One document of a finished report."""
        return self._store.document(job.result, kind)

    def known(self, result: str) -> bool:
        """Whether the same captures were analysed with the same rules before."""
        return self._store.get(result) is not None

    # ------------------------------------------------------------------ the queue

    def claim(self) -> Job | None:
        """Take the report that has waited longest; None when none waits."""
        with self._store.transaction() as db:
            found = db.execute(
                "SELECT id FROM reports WHERE state = 'queued' ORDER BY created_at, id LIMIT 1"
            ).fetchall()
            if not found:
                return None
            id = found[0][0]
            db.execute("UPDATE reports SET state = 'running', attempts = attempts + 1 WHERE id = ?", [id])
        rows = self._store.rows("SELECT * FROM reports WHERE id = ?", [id])
        return _job(rows[0]) if rows else None

    def finish(self, id: str, result: Result, documents: dict[str, bytes]) -> bool:
        """The analysis is done. False, and nothing stored, if the report was deleted meanwhile."""
        if not self._exists(id):
            return False
        self._store.put(result, documents)
        with self._store.transaction() as db:
            db.execute(
                "UPDATE reports SET state = 'done', finished_at = ? WHERE id = ?", [_naive(_now()), id]
            )
        if not self._exists(id):
            self._collect()
            return False
        return True

    def fail(self, id: str, failure: Failure) -> None:
        """The analysis ended without a report, and trying again would not help."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE reports SET state = 'failed', finished_at = ?, failure = ? WHERE id = ?",
                [_naive(_now()), json.dumps(asdict(failure)), id],
            )

    def requeue(self, id: str, *, uncounted: bool) -> None:
        """Put a running report back; uncounted: the interruption was not its fault."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE reports SET state = 'queued', attempts = attempts - ? WHERE id = ? AND state = 'running'",
                [1 if uncounted else 0, id],
            )

    def rekey(self, id: str, ruleset: str, result: str) -> None:
        """A waiting report will be made with other rules than when it was accepted."""
        with self._store.transaction() as db:
            db.execute("UPDATE reports SET ruleset = ?, result = ? WHERE id = ?", [ruleset, result, id])

    def position(self, job: Job) -> int:
        """How many queued reports are before this one."""
        rows = self._store.rows(
            "SELECT count(*) AS n FROM reports WHERE state = 'queued' AND (created_at, id) < (?, ?)",
            [_naive(job.created_at), job.id],
        )
        return int(rows[0]["n"])

    def waiting(self) -> list[Job]:
        """Reports that are queued, or were running when the service stopped; oldest first."""
        rows = self._store.rows(
            "SELECT * FROM reports WHERE state IN ('queued', 'running') ORDER BY created_at, id"
        )
        return [_job(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many reports are in each state."""
        rows = self._store.rows("SELECT state, count(*) AS n FROM reports GROUP BY state")
        return {row["state"]: int(row["n"]) for row in rows}

    # ------------------------------------------------------------------ the end

    def delete(self, id: str) -> bool:
        """Forget a report, and its result unless another report has the same. False for unknown ids."""
        if self.get(id) is None:
            return False
        with self._store.transaction() as db:
            db.execute("DELETE FROM reports WHERE id = ?", [id])
        self._collect()
        return True

    def expire(self) -> list[str]:
        """Forget all reports whose time has come; their ids."""
        rows = self._store.rows("SELECT id FROM reports WHERE expires_at <= ?", [_naive(_now())])
        ids = [row["id"] for row in rows]
        if ids:
            with self._store.transaction() as db:
                for id in ids:
                    db.execute("DELETE FROM reports WHERE id = ?", [id])
            self._collect()
        elif self._store.uncompacted:
            self._store.compact()
        return ids

    def _collect(self) -> None:
        """Forget the results that no report refers to."""
        rows = self._store.rows("SELECT key FROM results WHERE key NOT IN (SELECT result FROM reports)")
        self._store.forget(row["key"] for row in rows)

    def _exists(self, id: str) -> bool:
        return bool(self._store.rows("SELECT 1 FROM reports WHERE id = ?", [id]))


def _now() -> datetime:
    return datetime.now(UTC)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _job(row: dict[str, Any]) -> Job:
    failure = None if row["failure"] is None else Failure(**json.loads(row["failure"]))
    return Job(
        **{
            **row,
            "created_at": _aware(row["created_at"]),
            "finished_at": _aware(row["finished_at"]),
            "expires_at": _aware(row["expires_at"]),
            "files": json.loads(row["files"]),
            "failure": failure,
        }
    )
