"""The application: its routes, and what each does."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from diptych import __version__
from diptych.web import listings, page, pictures, problems
from diptych.web.body import FIELD, read_picture
from diptych.web.guard import Guard
from diptych.web.meter import Meter
from diptych.web.models import ModelRegistry
from diptych.web.pool import Pool
from diptych.web.problems import answer
from diptych.web.query import EnhanceQuery, enhancer_for
from diptych.web.settings import Settings

T = TypeVar("T")

_ANY_PICTURE = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "required": [FIELD], "properties": {FIELD: _ANY_PICTURE}}
_BODY = {
    "required": True,
    "description": "A JPEG, PNG, TIFF, WebP or BMP file, or a form with one.",
    "content": {"image/*": {"schema": _ANY_PICTURE}, "multipart/form-data": {"schema": _FORM}},
}
_REFUSALS = {
    400: "The form is malformed.",
    401: "The token is missing or wrong.",
    403: "The request comes from a page of another site.",
    408: "The body did not arrive in time.",
    413: "The picture, or the result, is too large.",
    415: "The body is not of an accepted type.",
    422: "The picture or the query is not valid; the detail says why.",
    429: "The service is busy; Retry-After says when to try again.",
}


def create_app(settings: Settings, registry: ModelRegistry | None = None) -> FastAPI:
    """Return the ASGI application.

    Parameters
    ----------
    settings : Settings
        Limits, models, recipes and the token.
    registry : ModelRegistry, optional
        The opened models and recipes; by default they are opened here.

    Raises
    ------
    BundleError, RecipeError, ParameterError
        If a model or recipe of the settings cannot be opened.
    """
    service = Service(settings, registry or ModelRegistry(settings))
    guard = Middleware(Guard, token=settings.token, max_bytes=settings.max_bytes, meter=service.meter)
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
    problems.handle(app)
    for path, (content, media_type) in page.files().items():
        app.add_api_route(path, _constant(content, media_type), methods=["GET", "HEAD"], include_in_schema=False)
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
    post("/v1/plan", service.plan, "The steps of a recipe for one picture")
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
    responses: dict[int | str, dict[str, Any]] = {200: {"description": "Done.", "content": {media_type: schema}}}
    refusals = _REFUSALS if method == "POST" else {401: _REFUSALS[401], 403: _REFUSALS[403]}
    if path in ("/healthz", "/readyz"):
        refusals = {503: "No."}
    problem = {problems.MEDIA_TYPE: {"schema": problems.SCHEMA}}
    responses |= {status: {"description": text, "content": problem} for status, text in refusals.items()}
    app.add_api_route(
        path,
        function,
        methods=[method],
        summary=summary,
        responses=responses,
        response_class=Response,
        response_model=None,
        openapi_extra={"requestBody": _BODY} if method == "POST" else None,
    )


class Service:
    """The handlers of the routes."""

    def __init__(self, settings: Settings, registry: ModelRegistry) -> None:
        self._settings, self._registry = settings, registry
        self._pool = Pool(settings.workers, settings.queue, settings.timeout)
        self.meter = Meter(self._pool)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Finish running work at shutdown."""
        yield
        await run_in_threadpool(self._pool.close)

    async def enhance(self, request: Request, query: Annotated[EnhanceQuery, Query()]) -> Response:
        """Enhance the picture in the body with a model, a recipe or steps; by default with the default enhancer.

        The answer keeps the picture's format, depth, EXIF, colour profile and transparency. It has the bytes that
        `diptych enhance` would write.
        """
        work = functools.partial(
            pictures.enhanced,
            enhancer=enhancer_for(query, self._registry),
            max_pixels=self._settings.max_pixels,
            format_name=query.format,
            quality=query.quality,
        )
        return _picture(await self._do(request, work))

    async def preview(
        self,
        request: Request,
        side: Annotated[int, Query(ge=16, le=4096, description="Longest side of the copy, pixels.")] = 1200,
    ) -> Response:
        """Return a copy of at most `side` pixels in each direction.

        `X-Diptych-Size` is the size of the picture, `X-Diptych-Factor` the factor of the reduction.
        """
        work = functools.partial(pictures.preview, side=side, max_pixels=self._settings.max_pixels)
        return _picture(await self._do(request, work))

    async def plan(
        self, request: Request, recipe: Annotated[str, Query(max_length=64, description="Name of a recipe.")] = "auto"
    ) -> Response:
        """Return the steps of a recipe for the picture in the body, each parameter ``auto`` replaced by its value."""
        enhancer = self._registry.recipe(recipe)
        work = functools.partial(pictures.plan, enhancer=enhancer, max_pixels=self._settings.max_pixels)
        return JSONResponse({"recipe": recipe, "steps": await self._do(request, work)})

    async def _do(self, request: Request, work: Callable[[bytes], T]) -> T:
        settings = self._settings
        with self._pool.slot() as slot:
            data = await read_picture(request, max_bytes=settings.max_bytes, seconds=settings.timeout)
            return await slot.run(functools.partial(work, data), functools.partial(_disconnected, request))

    def models(self) -> Response:
        """List the models: name, summary, profiles, and whether it is the default."""
        return JSONResponse(listings.models(self._registry))

    def recipes(self) -> Response:
        """List the recipes: name, summary and steps."""
        return JSONResponse(listings.recipes(self._registry))

    def operators(self) -> Response:
        """List the operators: parameters with their defaults, bounds and units."""
        return JSONResponse(listings.all_operators())

    async def healthz(self) -> Response:
        """Answer 503 if every thread is busy beyond the time limit: only a restart frees them."""
        return (
            answer(503, "every thread is stuck; restart the service")
            if self._pool.stuck
            else JSONResponse({"status": "ok"})
        )

    async def readyz(self) -> Response:
        """Answer 503 while the service is busy."""
        return answer(503, "the service is busy") if self._pool.full else JSONResponse({"status": "ok"})

    async def metrics(self) -> Response:
        """Return request counts and durations in Prometheus' text format."""
        return Response(self.meter.text(), media_type="text/plain; version=0.0.4")


def _picture(file: pictures.PictureFile) -> Response:
    return Response(file.content, media_type=file.media_type, headers=file.headers)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
