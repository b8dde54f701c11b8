"""The application: its addresses, and what each does."""

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
from diptych.web import describing, page, pictures, problems, receiving
from diptych.web.asking import Wish, enhancer_for
from diptych.web.form import FIELD
from diptych.web.guard import Guard
from diptych.web.metering import Meter
from diptych.web.pool import Pool
from diptych.web.problems import answer
from diptych.web.settings import Settings
from diptych.web.shelf import Shelf

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
    401: "The token is missing.",
    403: "The request comes from the page of another site.",
    408: "The body was too slow.",
    413: "The picture, or what it would become, is too large.",
    415: "The body is of another type.",
    422: "The picture or the query cannot be used; the detail says why.",
    429: "All places are taken; Retry-After says when to come again.",
}


def create_app(settings: Settings, shelf: Shelf | None = None) -> FastAPI:
    """Return the ASGI application.

    Parameters
    ----------
    settings : Settings
        Limits, names and the token.
    shelf : Shelf, optional
        The opened models and recipes; by default they are opened here.

    Raises
    ------
    BundleError, RecipeError, ParameterError
        If a model or recipe of the settings cannot be opened.
    """
    service = Service(settings, shelf or Shelf(settings))
    guard = Middleware(Guard, token=settings.token, max_bytes=settings.max_bytes, meter=service.meter)
    app = FastAPI(
        title="Diptych",
        summary="A dark photo in, a good photo out.",
        version=__version__,
        docs_url=None,  # the usual ones load their scripts from another server
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
    post("/v1/enhance", service.enhance, "Enhance a picture; same format, depth and metadata", "image/*")
    post("/v1/preview", service.preview, "A reduced copy as PNG, which a browser can show", "image/png")
    post("/v1/plan", service.plan, "The steps that a recipe takes for a picture")
    get("/v1/models", service.models, "The models")
    get("/v1/recipes", service.recipes, "The recipes")
    get("/v1/operators", service.operators, "The operators, each as the JSON Schema of a step")
    get("/healthz", service.healthz, "Whether it works, or should be started again")
    get("/readyz", service.readyz, "Whether it takes more requests now")
    get("/metrics", service.metrics, "Numbers for Prometheus", "text/plain")


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
    """What is behind the addresses."""

    def __init__(self, settings: Settings, shelf: Shelf) -> None:
        self._settings, self._shelf = settings, shelf
        self._pool = Pool(settings.workers, settings.queue, settings.timeout)
        self.meter = Meter(self._pool)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Finish what runs before the end."""
        yield
        await run_in_threadpool(self._pool.close)

    async def enhance(self, request: Request, wish: Annotated[Wish, Query()]) -> Response:
        """Enhance the picture in the body with a model, a recipe or steps; with the model in the package if none is named.

        The answer has the picture's format, depth, EXIF, colour profile and transparency, and the bytes that
        `diptych enhance` would write.
        """
        work = functools.partial(
            pictures.enhanced,
            enhancer=enhancer_for(wish, self._shelf),
            max_pixels=self._settings.max_pixels,
            format_name=wish.format,
            quality=wish.quality,
        )
        return _picture(await self._do(request, work))

    async def preview(
        self,
        request: Request,
        side: Annotated[int, Query(ge=16, le=4096, description="Longest side of the copy, pixels.")] = 1200,
    ) -> Response:
        """Return a copy of at most `side` pixels in each direction.

        `X-Diptych-Size` tells the size of the picture, `X-Diptych-Factor` by how much it was reduced.
        """
        work = functools.partial(pictures.preview, side=side, max_pixels=self._settings.max_pixels)
        return _picture(await self._do(request, work))

    async def plan(
        self, request: Request, recipe: Annotated[str, Query(max_length=64, description="A recipe by name.")] = "auto"
    ) -> Response:
        """Return the steps that a recipe takes for the picture in the body, with what is ``auto`` as it is chosen."""
        enhancer = self._shelf.recipe(recipe)
        work = functools.partial(pictures.plan, enhancer=enhancer, max_pixels=self._settings.max_pixels)
        return JSONResponse({"recipe": recipe, "steps": await self._do(request, work)})

    async def _do(self, request: Request, work: Callable[[bytes], T]) -> T:
        settings = self._settings
        with self._pool.place() as place:
            data = await receiving.picture(request, max_bytes=settings.max_bytes, seconds=settings.timeout)
            return await place.run(functools.partial(work, data), functools.partial(_leaving, request))

    def models(self) -> Response:
        """List the models: name, summary, profiles, and which is the default."""
        return JSONResponse(describing.models(self._shelf))

    def recipes(self) -> Response:
        """List the recipes: name, summary and steps."""
        return JSONResponse(describing.recipes(self._shelf))

    def operators(self) -> Response:
        """List the operators: parameters with their defaults, bounds and units."""
        return JSONResponse(describing.all_operators())

    async def healthz(self) -> Response:
        """Answer 503 if every thread is busy with work whose time is over: nothing but a restart frees them."""
        return (
            answer(503, "every thread is stuck; start it again") if self._pool.stuck else JSONResponse({"status": "ok"})
        )

    async def readyz(self) -> Response:
        """Answer 503 while all places are taken."""
        return answer(503, "all places are taken") if self._pool.full else JSONResponse({"status": "ok"})

    async def metrics(self) -> Response:
        """Return counts and durations in Prometheus' text format."""
        return Response(self.meter.text(), media_type="text/plain; version=0.0.4")


def _picture(made: pictures.Made) -> Response:
    return Response(made.content, media_type=made.media_type, headers=made.headers)


async def _leaving(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
