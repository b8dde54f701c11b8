"""Diptych in napari: ``enhance`` and the operators as functions, of whose signatures napari makes widgets."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np

import diptych as dp
from diptych.core.wishes import WISHES
from diptych.recipes import catalogue

LAYER = "napari.types.ImageData"
_KINDS = {"number": float, "integer": int, "flag": bool}


def __getattr__(name: str) -> Callable[..., np.ndarray]:
    """Return the function of an operator."""
    if name not in dp.operators.names():
        raise AttributeError(name)
    return _operator(name)


@functools.cache
def _operator(name: str) -> Callable[..., np.ndarray]:
    declared = dp.operators.declaration(name)

    def work(image: np.ndarray, **values: Any) -> np.ndarray:
        for one in declared.parameters:
            if one.kind == "image" and values.get(one.name) is not None:
                values[one.name] = _as_contract(values[one.name])[0]
        return _applied(lambda picture: declared.function(picture, **values), image)

    shown = [one for one in declared.parameters if one.kind != "table" and not (one.optional and one.kind == "integer")]
    return _signed(work, name, declared.documentation, [_argument(one) for one in shown])


def _argument(one: Any) -> inspect.Parameter:
    if one.kind == "image":
        annotation: Any = LAYER
    elif one.kind == "choice":
        annotation = Literal[one.choices]
    elif one.kind == "flag":
        annotation = bool
    else:
        annotation = _bounded(_KINDS[one.kind], one.minimum, one.maximum, one.step)
    default = None if one.required else one.default
    return inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _bounded(kind: type, minimum: float, maximum: float, step: int = 1) -> Any:
    fine = step if kind is int else min((maximum - minimum) / 100, 0.1)
    return Annotated[kind, {"min": kind(minimum), "max": kind(maximum), "step": fine}]


def _signed(
    work: Callable[..., np.ndarray], name: str, documentation: str, arguments: list[inspect.Parameter]
) -> Callable[..., np.ndarray]:
    """Return a function with the signature that napari reads."""
    image = inspect.Parameter("image", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=LAYER)
    work.__name__ = work.__qualname__ = name
    work.__doc__ = documentation
    work.__signature__ = inspect.Signature([image, *arguments], return_annotation=LAYER)  # type: ignore[attr-defined]
    work.__annotations__ = {one.name: one.annotation for one in (image, *arguments)} | {"return": LAYER}
    return work


def _enhance(image: np.ndarray, recipe: str = "default", **wishes: float) -> np.ndarray:
    given = {name: value for name, value in wishes.items() if value != WISHES[name].neutral}
    chosen = None if recipe == "default" else recipe
    return _applied(lambda picture: dp.enhance(picture, chosen, **given), image)


enhance = _signed(
    _enhance,
    "enhance",
    "Enhance a picture: plan what it calls for, with the wishes on top, and do it.",
    [
        inspect.Parameter(
            "recipe",
            inspect.Parameter.KEYWORD_ONLY,
            default="default",
            annotation=Literal[("default", *catalogue.names())],
        ),
        *(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=float(wish.neutral),
                annotation=_bounded(float, wish.minimum, wish.maximum),
            )
            for name, wish in WISHES.items()
        ),
    ],
)


def _applied(work: Callable[[np.ndarray], np.ndarray], layer: np.ndarray) -> np.ndarray:
    """Apply a function of a picture to a layer, or to each picture of a stack."""
    layer = np.asarray(layer)
    is_color = layer.ndim > 2 and layer.shape[-1] in (3, 4)
    picture = layer.shape[-3:] if is_color else layer.shape[-2:]
    values, back = _as_contract(layer)
    done = [work(np.ascontiguousarray(one[..., :3] if is_color else one)) for one in values.reshape(-1, *picture)]
    if layer.shape[-1] == 4 and is_color and done[0].shape[:2] == picture[:2]:
        done = [np.dstack([one, old[..., 3]]) for one, old in zip(done, values.reshape(-1, *picture), strict=True)]
    return back(np.stack(done).reshape(*layer.shape[: layer.ndim - len(picture)], *done[0].shape))


def _as_contract(layer: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return values that Diptych takes, and the way back."""
    layer = np.asarray(layer)
    if layer.dtype in (np.uint8, np.uint16, np.bool_):
        return layer, lambda result: result
    low, high = float(np.nanmin(layer)), float(np.nanmax(layer))
    if layer.dtype.kind == "f" and low >= 0 and high <= 1:
        return layer.astype(np.float32), lambda result: result
    span = max(high - low, 1e-12)
    scaled = np.nan_to_num((layer.astype(np.float64) - low) / span).astype(np.float32)
    return np.clip(scaled, 0, 1), lambda result: result * np.float32(span) + np.float32(low)
