"""Error responses: problem+json (RFC 9457) with one readable line, never a stack trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from diptych.core.errors import (
    BundleError,
    DiptychError,
    MissingExtraError,
    PhotoTooLargeError,
)

MEDIA_TYPE = "application/problem+json"
CLIENT_DISCONNECTED = 499
"""The status counted when the client has disconnected."""

SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


class Problem(Exception):  # noqa: N818 (a response, not a failure of the service)
    """A response other than 200, raised from anywhere in a request."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for a status, with a line that says what to do."""
    title = "Client disconnected" if status == CLIENT_DISCONNECTED else HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(json.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Make the application answer every error with problem+json."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DiptychError, _known)
    app.add_exception_handler(MemoryError, _memory)
    app.add_exception_handler(ClientDisconnect, _disconnected)
    app.add_exception_handler(Exception, _unknown)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error.status, error.detail, error.headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: "there is nothing here; see /openapi.json",
        405: "this address does not accept this method; see /openapi.json",
    }
    return answer(error.status_code, details.get(error.status_code, str(error.detail)), error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    lines = [f"{'.'.join(str(part) for part in one['loc'][1:]) or 'request'}: {one['msg']}" for one in error.errors()]
    return answer(422, "; ".join(lines)[:1000])


async def _known(request: Request, error: Exception) -> Response:
    if isinstance(error, BundleError | MissingExtraError):  # a fault of the service, and the message may name files
        return await _unknown(request, error)
    return answer(413 if isinstance(error, PhotoTooLargeError) else 422, str(error)[:1000])


async def _memory(request: Request, error: Exception) -> Response:
    return answer(413, "not enough memory for this picture; send a smaller one")


async def _disconnected(request: Request, error: Exception) -> Response:
    return answer(CLIENT_DISCONNECTED, "the client has disconnected")


async def _unknown(request: Request, error: Exception) -> Response:
    return answer(500, "internal error; see the log of the service")
