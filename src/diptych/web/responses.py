"""Responses: errors as problem+json (RFC 9457) with one readable line, never a stack trace; and files in pieces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from diptych.web.places import Place
from diptych.web.problem import Problem
from diptych.web.query import lines_of

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
    return answer(422, lines_of((one["loc"][1:], one["msg"]) for one in error.errors()))


async def _disconnected(request: Request, error: Exception) -> Response:
    return answer(CLIENT_DISCONNECTED, "the client has disconnected")


async def _unknown(request: Request, error: Exception) -> Response:
    return answer(500, "internal error; see the log of the service")


class FileResponse(Response):
    """A file that is sent piece by piece, as the client takes it; its place is given back at the end.

    A client that takes it too slowly is cut off.
    """

    def __init__(self, pieces: list[bytes], place: Place, media_type: str, headers: Mapping[str, str]) -> None:
        size = sum(map(len, pieces))
        super().__init__(media_type=media_type, headers={**headers, "Content-Length": str(size)})
        self._pieces, self._place = pieces, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        place = self._place
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            place.begin()
            self._pieces.reverse()
            while self._pieces:
                piece = self._pieces.pop()
                async with place.client():
                    await send({"type": "http.response.body", "body": piece, "more_body": bool(self._pieces)})
                place.moved(len(piece))
        except (TimeoutError, asyncio.CancelledError):
            scope.get("diptych.abort", lambda: None)()
        finally:
            place.close()
