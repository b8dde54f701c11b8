"""The queries of requests, which the fields of a form can give as well. Numbers, words and names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diptych.core.defaults import QUALITY
from diptych.core.wishes import WISHES, Wishes
from diptych.web.problem import Problem

Q = TypeVar("Q", bound=BaseModel)

FormatName = Literal["jpeg", "png", "tiff", "webp", "bmp", "avif", "jxl", "heic", "gif", "dicom"]


def _wish(name: str) -> Any:
    one = WISHES[name]
    return Field(
        one.neutral, ge=one.minimum, le=one.maximum, allow_inf_nan=False, description=f"{one.bounds}. {one.doc}"
    )


class WishesQuery(BaseModel):
    """The wishes of a query."""

    model_config = ConfigDict(extra="forbid")

    strength: float = _wish("strength")
    brightness: float = _wish("brightness")
    shadows: float = _wish("shadows")
    warmth: float = _wish("warmth")
    saturation: float = _wish("saturation")
    denoise: float = _wish("denoise")

    @property
    def wishes(self) -> Wishes:
        """The wishes."""
        return Wishes(**{name: getattr(self, name) for name in WISHES})


class ChoiceQuery(WishesQuery):
    """Which enhancer is meant; without a name it is the default one."""

    model: str | None = Field(None, max_length=64, description="Name of a model; GET /v1/models lists them.")
    recipe: str | None = Field(None, max_length=64, description="Name of a recipe; GET /v1/recipes lists them.")
    profile: Literal["best", "fast"] | None = Field(None, description="fast takes no noise away.")


class EnhanceQuery(ChoiceQuery):
    """The query of a request to enhance; at most one of model, recipe and steps."""

    steps: str | None = Field(
        None,
        max_length=50_000,
        description='Operators as a JSON list, e.g. [{"operator": "gamma", "gamma": 0.5}]; GET /v1/operators lists them.',
    )
    format: FormatName | None = Field(None, description="Format of the answer; by default that of the picture.")
    quality: int = Field(QUALITY, ge=1, le=100, description="Quality of JPEG, WebP, AVIF, JPEG XL and HEIC answers.")


class PlanQuery(ChoiceQuery):
    """The query of a request for a plan; at most one of model and recipe."""


class PreviewQuery(BaseModel):
    """The query of a request for a preview."""

    model_config = ConfigDict(extra="forbid")

    side: int = Field(1200, ge=16, le=4096, description="Longest side of the copy, pixels.")


def parse(kind: type[Q], query: Mapping[str, str], form: Mapping[str, str]) -> Q:
    """Return the query of a request from its address and its form.

    Raises
    ------
    Problem
        400 if both give the same field, 422 if a field is unknown or not valid.
    """
    if both := sorted(set(query) & set(form)):
        raise Problem(400, f"'{both[0]}' is in the address and in the form; give it once")
    try:
        return kind.model_validate({**query, **form})
    except ValidationError as error:
        raise Problem(422, lines_of((one["loc"], one["msg"]) for one in error.errors())) from None


def lines_of(errors: Iterable[tuple[Sequence[object], str]]) -> str:
    """Return the errors of a query as one line: where each is, and what."""
    return "; ".join(f"{'.'.join(map(str, where)) or 'request'}: {what}" for where, what in errors)[:1000]
