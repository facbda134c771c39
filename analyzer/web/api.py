"""/api/v1: reports for programs. What it answers is described by /api/v1/openapi.json."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field

from analyzer.web import metrics
from analyzer.web.accept import best
from analyzer.web.jobs import Job
from analyzer.web.problems import Problem, openapi
from analyzer.web.progress import event
from analyzer.web.service import Service

router = APIRouter()

FORMATS: Final = {
    "application/json": ("json", "application/json"),
    "text/html": ("html", "text/html; charset=utf-8"),
    "text/markdown": ("markdown", "text/markdown; charset=utf-8"),
}
_ALWAYS: Final = ("not-signed-in", "cross-origin", "wrong-host", "too-many-requests", "internal-error")
_PREFER_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,4})(?:$|[,;\s])", re.ASCII | re.IGNORECASE)
_LONGEST_WAIT: Final = 300
_OWN_POLICY: Final = re.compile(rb'http-equiv="Content-Security-Policy" content="([\w .:;/+=&#-]{1,600})"')

Id = Annotated[str, Path(description="A report's id, as given when it was uploaded.", max_length=200)]


class FileInfo(BaseModel):
    """A file of an upload."""

    name: str
    size: int = Field(description="Bytes.")


class Links(BaseModel):
    """Where things are, relative to the service."""

    self: str
    status: str
    events: str
    page: str


class Status(BaseModel):
    """What is known about a report. Unknown is null."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    stage: str | None = Field(description="starting, reading, decoding, judging or writing, while it runs.")
    done: int | None = Field(description="How much of the stage is done.")
    total: int | None = Field(description="How much the stage has to do.")
    ahead: int | None = Field(description="How many reports are before this one, while it is queued.")
    created_at: datetime
    expires_at: datetime
    files: list[FileInfo]
    headline: str | None = Field(description="The answer in one sentence, once it is done.")
    severity: str | None = Field(description="Of the worst stream: failed, degraded, info, ok or none.")
    streams: int | None
    failed: int | None
    degraded: int | None
    problem: dict[str, Any] | None = Field(description="Why there is no report, if it failed.")
    links: Links


def service_of(request: Request) -> Service:
    """The running service."""
    found: Service = request.app.state.service
    return found


async def status_of(service: Service, job: Job) -> Status:
    """The status of a report, from the store and from what is going on."""
    snapshot = await service.snapshot(job)
    result = await asyncio.to_thread(service.jobs.result, job) if job.state == "done" else None
    base = f"/api/v1/reports/{job.id}"
    return Status(
        id=job.id,
        state=job.state,
        stage=snapshot.stage,
        done=snapshot.done,
        total=snapshot.total,
        ahead=snapshot.ahead,
        created_at=job.created_at,
        expires_at=job.expires_at,
        files=[FileInfo(name=file["name"], size=file["size"]) for file in job.files],
        headline=result.headline if result else None,
        severity=result.severity if result else None,
        streams=result.streams if result else None,
        failed=result.failed if result else None,
        degraded=result.degraded if result else None,
        problem=job.failure.problem().document() if job.failure else None,
        links=Links(self=base, status=f"{base}/status", events=f"{base}/events", page=f"/r/{job.id}"),
    )


_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "A capture as the whole body, or several in a form. A ZIP, gzip or zstd is looked into.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "text": {"type": "string", "description": "A capture, pasted."},
                        "keep": {"type": "string", "description": "As the parameter."},
                    },
                }
            },
            "application/json": {"schema": {"type": "object", "description": "A HAR."}},
            "application/octet-stream": _BINARY,
            "application/zip": _BINARY,
            "application/gzip": _BINARY,
            "text/plain": {"schema": {"type": "string", "description": "A proxy's log."}},
        },
    }
}
_LOCATION: Final = {"Location": {"description": "The report.", "schema": {"type": "string"}}}


@router.post(
    "/api/v1/reports",
    status_code=202,
    response_model=Status,
    openapi_extra=_BODY,
    responses={
        201: {"model": Status, "description": "The report is finished.", "headers": _LOCATION},
        202: {"description": "The report is under way.", "headers": _LOCATION},
        **openapi(
            *_ALWAYS, "malformed-request", "upload-too-slow", "upload-too-large", "unsupported-upload",
            "invalid-parameter", "service-busy", "disk-full",
        ),
    },
)  # fmt: skip
async def upload_captures(
    request: Request,
    filename: Annotated[
        str | None, Query(description="Name of a raw body, for the report.", max_length=300)
    ] = None,
    keep: Annotated[
        str | None, Query(description="How long to keep the report: 30m, 12h, 7d.", max_length=10)
    ] = None,
) -> Response:
    """Upload captures of one case and have them read.

    With `Prefer: wait=30` the answer waits up to so many seconds for the report.
    """
    service = service_of(request)
    job = await service.accept(request)
    wait = _PREFER_WAIT.search(request.headers.get("prefer", ""))
    headers = {"Location": f"/api/v1/reports/{job.id}"}
    if wait and job.state not in ("done", "failed"):
        job = await service.wait(job, min(int(wait[1]), _LONGEST_WAIT))
        headers["Preference-Applied"] = f"wait={wait[1]}"
    if job.failure is not None:
        problem = job.failure.problem()
        problem.headers.update(headers)
        raise problem
    status = await status_of(service, job)
    return JSONResponse(
        status.model_dump(mode="json"), status_code=201 if job.state == "done" else 202, headers=headers
    )


@router.get(
    "/api/v1/reports/{id}",
    responses={
        200: {
            "description": "The report.",
            "content": {
                "application/json": {
                    "schema": {"type": "object", "description": "The JSON report, version 1."}
                },
                "text/html": {"schema": {"type": "string"}},
                "text/markdown": {"schema": {"type": "string"}},
            },
        },
        202: {"model": Status, "description": "It is not finished yet."},
        **openapi(*_ALWAYS, "not-found", "not-acceptable", "unreadable-capture"),
    },
)
async def get_report(request: Request, id: Id) -> Response:
    """The report as JSON, HTML or Markdown, as `Accept` prefers; JSON without a preference."""
    service = service_of(request)
    job = await service.find(id)
    chosen = best(request.headers.get("accept"), tuple(FORMATS))
    if job.state == "failed" and job.failure is not None:
        raise job.failure.problem()
    if chosen is None:
        raise Problem("not-acceptable", f"a report is one of {', '.join(FORMATS)}")
    if job.state != "done":
        status = await status_of(service, job)
        return JSONResponse(status.model_dump(mode="json"), status_code=202, headers={"Retry-After": "1"})
    kind, media_type = FORMATS[chosen]
    data = await service.document(job, kind)
    headers = {"Vary": "Accept"}
    if kind == "html":
        headers["Content-Security-Policy"] = standalone_policy(data)
    return Response(data, media_type=media_type, headers=headers)


def standalone_policy(page: bytes) -> str:
    """The policy to send with a self-contained report: its own, which pins its style sheet and script
    by hash, and what a policy inside a page cannot say. Without one, nothing may run or look.
    """
    found = _OWN_POLICY.search(page[:2000])
    own = html.unescape(found[1].decode("ascii")) if found else "default-src 'none'"
    return f"{own}; frame-ancestors 'none'; sandbox allow-scripts allow-modals allow-downloads"


@router.get(
    "/api/v1/reports/{id}/status",
    response_model=Status,
    responses=openapi(*_ALWAYS, "not-found"),
)
async def get_status(request: Request, id: Id) -> Response:
    """Whether a report is finished, and what it says in one sentence."""
    service = service_of(request)
    status = await status_of(service, await service.find(id))
    return JSONResponse(status.model_dump(mode="json"))


@router.get(
    "/api/v1/reports/{id}/events",
    responses={
        200: {
            "description": "Server-sent events: `progress` as it happens, then one of `done`, `failed`, `gone`, and the end. "
            "Comments are heartbeats. Data: state, stage, done, total, ahead.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **openapi(*_ALWAYS, "not-found"),
    },
    response_class=StreamingResponse,
)
async def get_events(request: Request, id: Id) -> Response:
    """Listen to a report being made."""
    service = service_of(request)
    job = await service.find(id)
    client = service.may_listen(request)

    async def stream() -> AsyncIterator[bytes]:
        async for snapshot in service.listen(job.id):
            yield event(snapshot)

    async def leave() -> None:
        service.listening[client] -= 1
        if service.listening[client] <= 0:
            del service.listening[client]

    return _Counted(
        stream(),
        leave,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"},
    )


class _Counted(StreamingResponse):
    """Tells when it has ended, however it ended."""

    def __init__(self, content: Any, leave: Any, **rest: Any) -> None:
        super().__init__(content, **rest)
        self._leave = leave

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._leave()


@router.delete(
    "/api/v1/reports/{id}",
    status_code=204,
    responses={204: {"description": "It is gone."}, **openapi(*_ALWAYS, "not-found")},
    response_class=Response,
)
async def delete_report(request: Request, id: Id) -> Response:
    """Forget a report: its result, its upload, and its analysis if that is still going on."""
    await service_of(request).delete(id)
    return Response(status_code=204)


ReportId = Annotated[str, Query(description="A report's id.", max_length=200)]


@router.get(
    "/api/v1/comparisons",
    responses={
        200: {
            "description": "The comparison.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/markdown": {"schema": {"type": "string"}},
            },
        },
        **openapi(*_ALWAYS, "not-found", "not-acceptable", "not-comparable", "invalid-parameter"),
    },
)
async def compare_reports(request: Request, before: ReportId, after: ReportId) -> Response:
    """Whether a change helped: two reports of the same thing, from before and after it."""
    service = service_of(request)
    chosen = best(request.headers.get("accept"), ("application/json", "text/markdown"))
    if chosen is None:
        raise Problem("not-acceptable", "a comparison is application/json or text/markdown")
    kind, media_type = FORMATS[chosen]
    documents = await service.compare(before, after)
    return Response(documents[kind], media_type=media_type, headers={"Vary": "Accept"})


@router.get("/healthz", responses={200: {"content": {"application/json": {}}}, **openapi("internal-error")})
async def healthz(request: Request) -> Response:
    """Whether the service can work. Asks for no token and tells nothing else."""
    await asyncio.to_thread(service_of(request).jobs.counts)
    return JSONResponse({"status": "ok"})


@router.get("/metrics", responses=openapi(*_ALWAYS), response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """Counters and gauges in Prometheus's text format."""
    service = service_of(request)
    counts = await asyncio.to_thread(service.jobs.counts)
    return Response(service.metrics.render(service.gauges(counts)), media_type=metrics.MEDIA_TYPE)
