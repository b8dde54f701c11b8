"""The work on a picture, done in a worker process: bytes in, bytes out."""

from __future__ import annotations

from typing import Any

from diptych import operators
from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError, PhotoTooLargeError
from diptych.photo import Photo, decode, encode
from diptych.photo.formats import written_name
from diptych.recipes import Planner, Recipe
from diptych.runtime import enhance, plan
from diptych.runtime.enhancing import visible
from diptych.web.costs import Costs
from diptych.web.form import read_form
from diptych.web.models import ModelRegistry
from diptych.web.problem import Problem
from diptych.web.query import EnhanceQuery, PlanQuery, PreviewQuery, parse
from diptych.web.steps import check_growth, compact, enhancer_for, to_json

Answer = tuple[dict[str, Any], list[bytes]]

LONG_SECONDS = 1.0
"""Work that takes longer is for a process of low priority."""

_NAME = "the picture"
_NOTHING = Recipe()


class TooLongError(Exception):
    """Work for a process of low priority."""


class Desk:
    """Does jobs, one at a time.

    Parameters
    ----------
    registry : ModelRegistry
        Models and recipes.
    max_pixels : int
        Maximum size of a picture and of a result.
    seconds : float
        Work that will surely take longer is refused.
    """

    def __init__(self, registry: ModelRegistry, *, max_pixels: int, seconds: float) -> None:
        self._registry, self._max_pixels, self._seconds = registry, max_pixels, seconds
        self._long = False
        self._costs = Costs()
        self._routes = {"enhance": self._enhance, "preview": self._preview, "plan": self._plan}

    def do(self, job: dict[str, Any], pieces: list[bytes]) -> Answer:
        """Do a job.

        Parameters
        ----------
        job : dict
            What is asked for (``route``), the ``query``, the ``type`` of the body, and whether it may take ``long``, which is
            more than `LONG_SECONDS`.
        pieces : list of bytes
            The body.

        Returns
        -------
        tuple of dict and list of bytes
            Status, type and headers of the answer, and its content; or ``{"long": True}`` if it may not take so long.

        Raises
        ------
        Problem, DiptychError
            If the request is not valid, or cannot be fulfilled.
        """
        self._long = job["long"]
        form: dict[str, str] = {}
        if job["type"].partition(";")[0].strip().lower() == "multipart/form-data":
            data, form = read_form(pieces, job["type"])
        else:
            data = b"".join(pieces)
        pieces.clear()
        try:
            return self._routes[job["route"]](data, job["query"], form)
        except TooLongError:
            return {"long": True}, []

    def _enhance(self, data: bytes, query: dict[str, str], form: dict[str, str]) -> Answer:
        wanted = parse(EnhanceQuery, query, form)
        enhancer = enhancer_for(wanted, self._registry)
        key = wanted.model_dump_json(include={"model", "recipe", "steps", "profile"})
        photo = self._decode(data, enhancer_for(wanted, self._registry, wishes=False), key)
        del data
        headers = {}
        if isinstance(enhancer, Planner):
            enhancer = plan(photo, enhancer)
            headers = {"Diptych-Plan": compact(enhancer.steps)}
        photo = enhance(photo, enhancer)  # the pixels before it are free while it is encoded
        chosen = wanted.format or written_name(photo.format)
        return _made(f"image/{chosen}", headers), [encode(photo, chosen, quality=wanted.quality)]

    def _preview(self, data: bytes, query: dict[str, str], form: dict[str, str]) -> Answer:
        """Return a reduced upright copy as PNG, in 8 or 16 bits, for display in a browser."""
        side = parse(PreviewQuery, query, form).side
        photo = self._decode(data, _NOTHING, "")
        height, width = photo.pixels.shape[:2]
        if photo.pixels.ndim == 3 and photo.pixels.shape[2] != 3:
            raise ParameterError(
                f"a picture of {photo.pixels.shape[2]} channels cannot be displayed; it can still be enhanced"
            )
        factor = min(1.0, side / max(height, width))
        headers = {
            "X-Diptych-Size": f"{width}x{height}",
            "X-Diptych-Factor": f"{factor:.6g}",
            "X-Diptych-Format": photo.format,
            "X-Diptych-Depth": {"uint8": "8", "uint16": "16"}.get(photo.pixels.dtype.name, "float"),
        }
        return _made("image/png", headers), [encode(_reduced(photo, factor), "png")]

    def _plan(self, data: bytes, query: dict[str, str], form: dict[str, str]) -> Answer:
        """Return the steps that are planned for the picture, each parameter ``auto`` replaced by its value."""
        wanted = parse(PlanQuery, query, form)
        enhancer = enhancer_for(wanted, self._registry)
        if not isinstance(enhancer, Recipe | Planner):
            raise ParameterError(
                f"'{enhancer.spec.name}' does not plan steps; request those of a recipe, or of no model"
            )
        key = wanted.model_dump_json(include={"model", "recipe", "profile"})
        photo = self._decode(data, enhancer_for(wanted, self._registry, wishes=False), key)
        planned = plan(photo, enhancer) if isinstance(enhancer, Planner) else enhancer.plan(visible(photo))
        name = wanted.recipe or wanted.model or enhancer.spec.name
        return {"status": 200, "json": {"recipe": name, "steps": to_json(planned.steps)}}, []

    def _decode(self, data: bytes, enhancer: Enhancer, key: str) -> Photo:
        """Return the picture, unless the work on it takes too long; judged by its header, and again by the steps' sizes."""
        rate = self._costs.rate(enhancer, key)
        short = LONG_SECONDS / rate
        limit = self._max_pixels if self._long else min(self._max_pixels, int(short) + 1)
        try:
            photo = decode(data, name=_NAME, max_pixels=limit)
        except PhotoTooLargeError as error:
            pixels = getattr(error.__cause__, "pixels", None)
            if limit == self._max_pixels:
                raise
            if pixels is not None and pixels > self._max_pixels:  # the same, with the message for this limit
                decode(data, name=_NAME, max_pixels=self._max_pixels)
            self._judge(enhancer, pixels or 0, rate)
            raise TooLongError from None
        pixels = check_growth(enhancer, photo.pixels.shape, self._max_pixels)
        self._judge(enhancer, pixels, rate)
        if pixels > short and not self._long:
            raise TooLongError
        return photo

    def _judge(self, enhancer: Enhancer, pixels: int, rate: float) -> None:
        # What another enhancer does depends on the picture; only the deadline can tell.
        if isinstance(enhancer, Recipe) and pixels * rate > self._seconds:
            raise Problem(
                422,
                f"these steps would take longer than {self._seconds:g} s on {pixels / 1e6:.3g} megapixels; "
                "send a smaller picture, or request less",
            )


def _made(media_type: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {"status": 200, "type": media_type, "headers": headers or {}}


def _reduced(photo: Photo, factor: float) -> Photo:
    """Return a smaller picture with its alpha channel and colour profile, without other metadata."""
    pixels, alpha = photo.pixels, photo.alpha
    if factor < 1:
        shrink = operators.get("zoom")
        pixels = shrink(pixels, factor=factor, interpolation="area")
        alpha = None if alpha is None else shrink(alpha, factor=factor, interpolation="area")
    return Photo(pixels, alpha=alpha, icc_profile=photo.icc_profile)
