"""Every error as an answer: JSON for programs, a page for browsers, never a traceback or our addresses."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from monitor.clock import boot_s
from monitor.errors import FileReplaced, SchemaOutdated, StoreError, UsageError
from monitor.logs import event
from monitor.web.headers import HEADERS
from monitor.web.render import Pages
from monitor.web.schemas import PROBLEM_JSON, Error, ErrorBody, ProblemBody

log = logging.getLogger(__name__)

_SAY_AGAIN_S: Final = 60.0
_said_at: Final[dict[str, float]] = {}

_FOR_OPENAI: Final = "/v1/"
_FOR_PROGRAMS: Final = ("/api/", _FOR_OPENAI, "/openapi.json")
_TYPES: Final[dict[int, str]] = {
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid_request_error",
    HTTPStatus.METHOD_NOT_ALLOWED: "invalid_request_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable_error",
}


def store_words(error: StoreError) -> str:
    """Say what is wrong with the database without naming it; the log has the whole message."""
    if isinstance(error, SchemaOutdated):
        return "the database has the schema of another version: run `monitor db upgrade`"
    if isinstance(error, FileReplaced):
        return error.brief
    return "the database cannot be read at the moment: the monitor's log says why"


def note_store_error(error: StoreError) -> None:
    """Log what the answer leaves out, the same words once a minute: health is asked for again and again."""
    words, now = str(error), boot_s()
    if now - _said_at.get(words, -_SAY_AGAIN_S) >= _SAY_AGAIN_S:
        _said_at.clear()  # of other words, too: what comes back is said again
        _said_at[words] = now
        event(log, logging.WARNING, "page_failed", error=words)


def answer_errors(app: FastAPI, pages: Pages) -> None:
    """Give the application an answer for every error it can meet."""

    def answer(
        request: Request, status: int, message: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        if _is_page(request):
            title = HTTPStatus(status).phrase
            own = {**HEADERS, **(headers or {}), "Content-Security-Policy": pages.policy}
            return HTMLResponse(pages.fault(title, message), status, own)
        kind = _TYPES.get(status, "server_error")
        error = ErrorBody(error=Error(message=message, type=kind))
        own = {**HEADERS, **(headers or {})}
        if request.url.path.startswith(_FOR_OPENAI):
            return JSONResponse(error.model_dump(), status, own)
        title = HTTPStatus(status).phrase
        body = ProblemBody(title=title, status=status, detail=message, error=error.error)
        return JSONResponse(body.model_dump(), status, own, media_type=PROBLEM_JSON)

    @app.exception_handler(RequestValidationError)
    async def refuse_query(request: Request, error: RequestValidationError) -> Response:
        return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, _query_words(error))

    @app.exception_handler(UsageError)
    async def refuse(request: Request, error: UsageError) -> Response:
        return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    @app.exception_handler(StoreError)
    async def without_store(request: Request, error: StoreError) -> Response:
        note_store_error(error)
        return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, store_words(error), {"Retry-After": "30"})

    @app.exception_handler(HTTPException)
    async def no_such_thing(request: Request, error: HTTPException) -> Response:
        return answer(request, error.status_code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    async def crashed(request: Request, _error: Exception) -> Response:
        return answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "the monitor failed; its log says why")


def _is_page(request: Request) -> bool:
    is_for_people = not request.url.path.startswith(_FOR_PROGRAMS)
    return is_for_people and "text/html" in request.headers.get("accept", "")


def _query_words(error: RequestValidationError) -> str:
    problems = []
    for fault in error.errors():
        name = ".".join(str(part) for part in fault["loc"][1:2])
        if fault["type"] == "extra_forbidden":
            problems.append(f"{name}: there is no such parameter")
        else:
            words = fault["msg"].removeprefix("Value error, ")
            problems.append(f"{name}: {words[:1].lower()}{words[1:]}")
    return "; ".join(dict.fromkeys(problems))
