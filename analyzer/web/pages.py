"""The pages for people. Everything works without JavaScript; with it, progress and history are live."""

from __future__ import annotations

import hashlib
import mimetypes
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from analyzer.report.html import assets, environment
from analyzer.report.numbers import plural, size
from analyzer.resources import folder
from analyzer.web.api import service_of, standalone_policy
from analyzer.web.jobs import Job
from analyzer.web.problems import Problem

router = APIRouter(include_in_schema=False)

DOWNLOADS: Final = {
    "html": ("html", "text/html; charset=utf-8"),
    "json": ("json", "application/json"),
    "md": ("markdown", "text/markdown; charset=utf-8"),
}
_STATIC: Final = (
    "service.css",
    "upload.js",
    "progress.js",
    "history.js",
    "mine.js",
    "bar.js",
    "compare.js",
    "icon.svg",
)
_REPORT: Final = {"report.css": 0, "report.js": 1}

Id = Annotated[str, Path(max_length=200)]


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Name → (content, media type) of everything that pages load."""
    root = folder("templates") / "web" / "static"
    files = {name: (root / name).read_bytes() for name in _STATIC}
    files |= {name: assets()[index].encode() for name, index in _REPORT.items()}
    return {name: (data, mimetypes.guess_type(name)[0] or "text/plain") for name, data in files.items()}


@cache
def _tag(name: str) -> str:
    return hashlib.sha256(static_files()[name][0]).hexdigest()[:16]


def _page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    text = (
        environment()
        .get_template(f"web/{template}.html.j2")
        .render(static=lambda name: f"/static/{name}?v={_tag(name)}", **values)
    )
    return HTMLResponse(text, status_code=status)


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """Style sheets, scripts and the icon. Their addresses change with their content."""
    found = static_files().get(name)
    if found is None:
        raise Problem("no-such-page", "there is no such file")
    fresh = request.query_params.get("v") == _tag(name)
    cache_control = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return Response(found[0], media_type=found[1], headers={"Cache-Control": cache_control})


@router.get("/")
async def start(request: Request) -> Response:
    """The upload page."""
    settings = service_of(request).settings
    return _page(
        "start",
        max_upload=settings.max_upload,
        max_upload_text=size(settings.max_upload),
        max_files=settings.max_files,
        keep=_keep_choices(settings.keep_seconds),
        keep_text=_span(settings.keep_seconds),
        deleted="deleted" in request.query_params,
    )


@router.post("/upload")
async def upload(request: Request) -> Response:
    """The form of the upload page, sent without JavaScript."""
    job = await service_of(request).accept(request)
    return RedirectResponse(f"/r/{job.id}", status_code=303)


@router.get("/r/{id}")
async def report(request: Request, id: Id) -> Response:
    """The report, or how far it is, or why there is none."""
    service = service_of(request)
    job = await service.find(id)
    common: dict[str, Any] = {
        "id": job.id,
        "files": [file["name"] for file in job.files],
        "expires": _expires(job),
    }
    if job.state == "done":
        result = service.jobs.result(job)
        fragment = (await service.document(job, "fragment")).decode()
        return _page(
            "report",
            headline=result.headline if result else "",
            fragment=Markup(fragment),  # noqa: S704  made by our own templates from a redacted report
            exact_expiry=job.expires_at.strftime("%Y-%m-%d %H:%M UTC"),
            **common,
        )
    if job.state == "failed":
        problem = job.failure.problem() if job.failure else Problem("analysis-failed", "no reason is known")
        return _page("failed", problem=problem, **common)
    return _page("progress", snapshot=await service.snapshot(job), **common)


@router.get("/r/{id}/report.{suffix}")
async def download(request: Request, id: Id, suffix: str) -> Response:
    """The report as a file."""
    service = service_of(request)
    job = await service.find(id)
    if suffix not in DOWNLOADS or job.state != "done":
        raise Problem("not-found", "there is no report here: the address is wrong, or it was deleted")
    kind, media_type = DOWNLOADS[suffix]
    data = await service.document(job, kind)
    headers = {
        "Content-Disposition": f'attachment; filename="hangup-report-{job.created_at:%Y%m%d-%H%M}.{suffix}"'
    }
    if kind == "html":
        headers["Content-Security-Policy"] = standalone_policy(data)
    return Response(data, media_type=media_type, headers=headers)


@router.post("/r/{id}/delete")
async def delete(request: Request, id: Id) -> Response:
    """The delete button."""
    await service_of(request).delete(id)
    return RedirectResponse("/?deleted", status_code=303)


def problem_page(problem: Problem) -> Response:
    """A refusal, for people."""
    response = _page("problem", problem.status, problem=problem)
    response.headers.update(problem.headers)
    return response


@router.get("/compare")
async def compare(request: Request, before: str = "", after: str = "") -> Response:
    """Two reports beside each other, or the form that asks which."""
    ids = [given.strip()[:1000].split("#")[0].rstrip("/").rpartition("/")[2] for given in (before, after)]
    values: dict[str, Any] = {"before": ids[0], "after": ids[1], "fragment": None, "problem": None}
    if not all(ids):
        return _page("compare", **values)
    try:
        found = await service_of(request).compare(*ids)
    except Problem as problem:
        values["problem"] = f"{problem.kind.title}: {problem.detail}."
        return _page("compare", problem.status, **values)
    values["fragment"] = Markup(found["fragment"].decode())  # noqa: S704  made by our own templates
    return _page("compare", **values)


def _keep_choices(most: float) -> list[tuple[str, str]]:
    """(value, label) of the times to keep a report, longest first."""
    choices = [(86400.0 * days, f"{days}d") for days in (30, 7, 1)] + [(3600.0, "1h")]
    shorter = [(value, _span(seconds)) for seconds, value in choices if seconds < most]
    return [("", _span(most)), *shorter]


def _span(seconds: float) -> str:
    for unit, length in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length:
            return plural(round(seconds / length), unit)
    return plural(round(seconds), "second")


def _expires(job: Job) -> str:
    return _span(max((job.expires_at - datetime.now(UTC)).total_seconds(), 60.0))
