"""The application: its routes, and what each does."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from diptych import __version__
from diptych.web import page, responses
from diptych.web.body import read_body
from diptych.web.guard import Guard
from diptych.web.meter import Meter
from diptych.web.pool import Pool
from diptych.web.problem import Problem
from diptych.web.query import EnhanceQuery, PlanQuery, PreviewQuery
from diptych.web.responses import FileResponse, answer
from diptych.web.settings import Settings

_ANY_PICTURE = {"type": "string", "format": "binary"}
_FORMS: dict[str, type[BaseModel]] = {"/v1/enhance": EnhanceQuery, "/v1/preview": PreviewQuery, "/v1/plan": PlanQuery}
_REFUSALS = {
    400: "The form is malformed, or has fields that are not known.",
    401: "The token is missing or wrong.",
    403: "The request comes from a page of another site, or by a name that is not allowed.",
    408: "The body did not arrive in time.",
    413: "The picture, or the result, is too large.",
    415: "The body is not of an accepted type.",
    422: "The picture or the query is not valid; the detail says why.",
    429: "The service is busy; Retry-After says when to try again.",
    503: "The service ends.",
}


def create_app(settings: Settings, pool: Pool | None = None, *, local: bool = False) -> FastAPI:
    """Return the ASGI application.

    Parameters
    ----------
    settings : Settings
        Limits, models, recipes and the token.
    pool : Pool, optional
        The worker processes; by default they are started here when they are needed.
    local : bool
        Whether it listens on this machine only: then it may be called by the names of this machine and of the settings.

    Raises
    ------
    ParameterError
        If the file of a model or recipe of the settings cannot be read.
    """
    service = Service(settings, pool or Pool(settings))
    guard = Middleware(
        Guard,
        token=settings.token,
        hosts=settings.hosts,
        local=local,
        max_bytes=settings.max_bytes,
        meter=service.meter,
    )
    app = FastAPI(
        title="Diptych",
        summary="Image enhancement over HTTP.",
        version=__version__,
        docs_url=None,  # FastAPI's own pages load their scripts from another server
        redoc_url=None,
        lifespan=service.lifespan,
        middleware=[guard],
        redirect_slashes=False,
    )
    responses.handle(app)
    for path, (content, media_type) in page.files().items():
        app.add_api_route(path, _constant(content, media_type), methods=["GET"], include_in_schema=False)
    _routes(app, service)
    return app


def _constant(content: bytes, media_type: str) -> Callable[[], Response]:
    return lambda: Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})


def _routes(app: FastAPI, service: Service) -> None:
    get, post = functools.partial(_add, app, "GET"), functools.partial(_add, app, "POST")
    post(
        "/v1/enhance", service.enhance, "Enhance a picture, in the same format and depth, with its metadata", "image/*"
    )
    post("/v1/preview", service.preview, "A reduced copy as PNG, for display in a browser", "image/png")
    post("/v1/plan", service.plan, "The steps that are planned for one picture")
    get("/v1/models", service.models, "The models")
    get("/v1/recipes", service.recipes, "The recipes")
    get("/v1/operators", service.operators, "The operators, each as the JSON Schema of a step")
    get("/healthz", service.healthz, "Whether the service works, or should be restarted")
    get("/readyz", service.readyz, "Whether the service accepts more requests now")
    get("/metrics", service.metrics, "Metrics for Prometheus", "text/plain")


def _add(
    app: FastAPI,
    method: str,
    path: str,
    function: Callable[..., Any],
    summary: str,
    media_type: str = "application/json",
) -> None:
    schema: dict[str, Any] = {"schema": {} if media_type == "application/json" else _ANY_PICTURE}
    answers: dict[int | str, dict[str, Any]] = {200: {"description": "Done.", "content": {media_type: schema}}}
    if path == "/v1/enhance":
        answers[200]["headers"] = {"Diptych-Plan": {"description": "What was planned.", "schema": {"type": "string"}}}
    refusals = _REFUSALS if method == "POST" else {401: _REFUSALS[401], 403: _REFUSALS[403]}
    if path in ("/healthz", "/readyz"):
        refusals = {503: "No."}
    problem = {responses.MEDIA_TYPE: {"schema": responses.SCHEMA}}
    answers |= {status: {"description": text, "content": problem} for status, text in refusals.items()}
    app.add_api_route(
        path,
        function,
        methods=[method],
        summary=summary,
        responses=answers,
        response_class=Response,
        response_model=None,
        openapi_extra={"requestBody": _body(_FORMS[path])} if method == "POST" else None,
    )


def _body(query: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a body; its form has the fields of the query."""
    fields = {"image": _ANY_PICTURE, **query.model_json_schema()["properties"]}
    form = {"type": "object", "required": ["image"], "properties": fields, "additionalProperties": False}
    return {
        "required": True,
        "description": "A picture, in a format of `diptych enhance`, or a form with one and any fields of the query.",
        "content": {"image/*": {"schema": _ANY_PICTURE}, "multipart/form-data": {"schema": form}},
    }


class Service:
    """The handlers of the routes."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings, self._pool = settings, pool
        self.meter = Meter(pool)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Start the other processes, and end all at shutdown."""
        await self._pool.crew.fill(self._settings.workers)
        yield
        await run_in_threadpool(self._pool.crew.close)

    async def enhance(self, request: Request, query: Annotated[EnhanceQuery, Query()]) -> Response:
        """Enhance the picture in the body with a model, a recipe or steps; by default with the default enhancer.

        The answer keeps the picture's format, depth, EXIF, colour profile and transparency. It has the bytes that
        `diptych enhance` would write. The fields of the query can be fields of the form instead. Where it is planned what is
        done, the plan is in `Diptych-Plan`: a JSON list of steps, as `steps` takes them, without values that are the defaults.
        """
        return await self._do(request, "enhance")

    async def preview(self, request: Request, query: Annotated[PreviewQuery, Query()]) -> Response:
        """Return a copy of at most `side` pixels in each direction.

        `X-Diptych-Size` is the size of the picture, `X-Diptych-Factor` the factor of the reduction.
        """
        return await self._do(request, "preview")

    async def plan(self, request: Request, query: Annotated[PlanQuery, Query()]) -> Response:
        """Return the steps that are planned for the picture in the body, each parameter ``auto`` replaced by its value."""
        return await self._do(request, "plan")

    async def _do(self, request: Request, route: str) -> Response:
        query = dict(request.query_params)
        if len(query) < len(request.query_params.multi_items()):
            raise Problem(422, "a field of the query is given twice; give it once")
        places, settings = self._pool.places, self._settings
        if places.full:
            raise places.busy()
        place = places.open()
        try:
            body = await read_body(request, place, max_bytes=settings.max_bytes, seconds=settings.timeout)
            place.sit()
            job = {"route": route, "query": query, "type": request.headers.get("content-type", "")}
            head, pieces = await self._pool.run(job, body, functools.partial(_disconnected, request))
            body.clear()
            place.let_go()
            if head["status"] != 200:
                raise Problem(head["status"], head["detail"])
            if "json" in head:
                place.close()
                return JSONResponse(head["json"])
            place.hold(sum(map(len, pieces)), made=True)
            return FileResponse(pieces, place, head["type"], head["headers"])
        except asyncio.CancelledError:
            place.close()
            raise Problem(503, "the service ends; ask again when it is back", {"Connection": "close"}) from None
        except BaseException:
            place.close()
            raise

    async def models(self) -> Response:
        """List the models, the first of which is the default enhancer: name, summary, profiles, and the wishes it takes."""
        return JSONResponse((await self._pool.crew.listing())["models"])

    async def recipes(self) -> Response:
        """List the recipes: name, summary and steps."""
        return JSONResponse((await self._pool.crew.listing())["recipes"])

    async def operators(self) -> Response:
        """List the operators: parameters with their defaults, bounds and units."""
        return JSONResponse((await self._pool.crew.listing())["operators"])

    async def healthz(self) -> Response:
        """Answer 503 if no process can be started: then only a restart helps."""
        return (
            answer(503, "no process can be started; restart the service")
            if self._pool.crew.broken
            else JSONResponse({"status": "ok"})
        )

    async def readyz(self) -> Response:
        """Answer 503 while the service is busy."""
        return answer(503, "the service is busy") if self._pool.places.full else JSONResponse({"status": "ok"})

    async def metrics(self) -> Response:
        """Return request counts and durations in Prometheus' text format."""
        return Response(self.meter.text(), media_type="text/plain; version=0.0.4")


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
