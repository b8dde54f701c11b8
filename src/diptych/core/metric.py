"""The metric: a pure function from an image, or an image and its reference, to a number, with its facts declared."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np

from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, to_float

Direction = Literal["higher", "lower"]
"""Which way is better."""


@dataclass(frozen=True)
class MetricDeclaration:
    """What is known of a metric: columns of a report, ``--metrics`` and contract tests come from it.

    Attributes
    ----------
    name, unit : str
        The unit is empty for a plain number.
    direction : str
        Which way is better, ``higher`` or ``lower``.
    lowest, highest : float
        Between which values it lies; may be infinite.
    needs_reference : bool
        Whether it compares with a reference of the same size, or looks at the image alone.
    identity : float or None
        Its value for an image and itself; None where that says nothing.
    symmetric : bool
        Whether image and reference may change places.
    smallest_side : int
        Images with a shorter side are refused.
    """

    name: str
    unit: str
    direction: Direction
    lowest: float
    highest: float
    needs_reference: bool
    identity: float | None
    symmetric: bool
    smallest_side: int
    documentation: str
    function: Callable[..., float]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.documentation.strip().partition("\n")[0]


class MetricFunction(Protocol):
    """What ``diptych.metrics.<name>`` is."""

    @property
    def declaration(self) -> MetricDeclaration:
        """Unit, direction, range and the other facts."""
        ...

    def __call__(self, image: Image, /, *reference: Image) -> float:
        """Return the score of an image, against its reference where the metric needs one."""
        ...


F = TypeVar("F", bound=Callable[..., Any])


def metric(
    *,
    unit: str = "",
    direction: Direction,
    lowest: float = 0.0,
    highest: float = math.inf,
    identity: float | None = None,
    symmetric: bool = False,
    smallest_side: int = 1,
) -> Callable[[F], F]:
    """Make a metric of a function ``f(image)`` or ``f(image, reference)``; the arguments are those of `MetricDeclaration`.

    The body sees checked arrays ``(H, W, C)`` of the same shape and dtype (of different depths, both become floats).

    Examples
    --------
    >>> @metric(direction="lower", identity=0.0, symmetric=True)
    ... def mean_difference(image, reference):
    ...     '''Mean absolute difference.'''
    ...     return float(np.abs(to_float(image) - to_float(reference)).mean())
    >>> mean_difference(np.zeros((2, 2), np.uint8), np.full((2, 2), 51, np.uint8))
    0.20000000298023224
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def guarded(image: Image, /, *reference: Image) -> float:
            return float(function(*_checked(declaration, image, reference)))

        declaration = MetricDeclaration(
            name=function.__name__,
            unit=unit,
            direction=direction,
            lowest=lowest,
            highest=highest,
            needs_reference=len(inspect.signature(function).parameters) > 1,
            identity=identity,
            symmetric=symmetric,
            smallest_side=smallest_side,
            documentation=inspect.getdoc(function) or "",
            function=guarded,
        )
        guarded.declaration = declaration  # type: ignore[attr-defined]
        return cast(F, guarded)

    return decorate


def _checked(declaration: MetricDeclaration, image: Image, references: tuple[Image, ...]) -> list[Image]:
    name = declaration.name
    if len(references) != int(declaration.needs_reference):
        wanted = "an image and its reference" if declaration.needs_reference else "one image, without a reference"
        raise ImageError(f"{name}: give {wanted}")
    arrays = [check_image(image), *(check_image(one, "reference") for one in references)]
    arrays = [one if one.ndim == 3 else one[:, :, np.newaxis] for one in arrays]
    if arrays[0].shape != arrays[-1].shape:
        sizes = " and ".join(str(one.shape) for one in arrays)
        raise ImageError(f"{name}: image and reference have the shapes {sizes}; make them the same size and channels")
    if min(arrays[0].shape[:2]) < declaration.smallest_side:
        raise ImageError(
            f"{name}: the image is {arrays[0].shape[1]} x {arrays[0].shape[0]} pixels; "
            f"this metric needs {declaration.smallest_side} on each side"
        )
    if len({one.dtype for one in arrays}) > 1:
        arrays = [to_float(one).astype(np.float32) for one in arrays]
    return arrays
