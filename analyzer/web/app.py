"""All of the service together: routes, refusals, the guard in front, and the life of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from analyzer.web import api, pages
from analyzer.web.accept import best
from analyzer.web.config import Settings
from analyzer.web.guard import Guard
from analyzer.web.problems import MEDIA_TYPE, SCHEMA, Problem
from analyzer.web.service import Service


def create_app(settings: Settings, version: str) -> FastAPI:
    """The ASGI application. Its lifespan opens the store and starts the workers.

    Raises UsageError when another process has the store open.
    """
    service = Service(settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title="hangup", version=version, lifespan=life, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", redirect_slashes=False,
        description="Says who hung up: captures in, redacted reports out.",
    )  # fmt: skip
    app.state.service = service
    app.include_router(api.router)
    app.include_router(pages.router)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_middleware(Guard, settings=settings, metrics=service.metrics, refuse=_refuse)
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]
    return app


def _describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with the problem document and the two ways to sign in."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = found.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        schemas["Problem"] = SCHEMA
        for name in ("HTTPValidationError", "ValidationError"):  # refusals are problem documents here
            schemas.pop(name, None)
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic", "description": "Any name, the token as password."},
        }
        for path, operations in found["paths"].items():
            for operation in operations.values():
                invalid = operation["responses"].get("422")
                if invalid is not None and "HTTPValidationError" in str(invalid):
                    operation["responses"]["422"] = {
                        "description": "A parameter has an impossible value",
                        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    }
                if path != "/healthz":
                    operation["security"] = [{"bearer": []}, {"basic": []}, {}]
        app.openapi_schema = found
    return app.openapi_schema


# ---------------------------------------------------------------------------------- refusals


def _answer(request: Request, problem: Problem) -> Response:
    path = request.url.path
    if not path.startswith("/api/") and path not in ("/healthz", "/metrics"):
        wants = best(request.headers.get("accept"), ("text/html", MEDIA_TYPE))
        if wants == "text/html" and "text/html" in request.headers.get("accept", ""):
            return pages.problem_page(problem)
    return JSONResponse(
        problem.document(), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    await _answer(request, problem)(scope, receive, send)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _answer(request, error)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        problem = Problem(
            "method-not-allowed", "this address does not take this method", headers=error.headers
        )
    elif error.status_code == 404:
        problem = Problem("no-such-page", "the address is wrong")
    else:
        problem = Problem("malformed-request", "the request cannot be served", status=error.status_code)
    return _answer(request, problem)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    names = sorted({".".join(str(part) for part in found["loc"][1:])[:60] for found in error.errors()})
    return _answer(request, Problem("invalid-parameter", f"look at {', '.join(names) or 'the body'}"))


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it
