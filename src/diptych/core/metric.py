"""The metric: a pure function from an image, or an image and its reference, to a number, and its declaration.

The body is the specification. A faster way to the same answer is a function ``fast`` in the file ``_kernels/<name>.py``
beside the metric's own. A metric of two sets of images (`set_metric`) needs no pairs. The decorators complete
docstrings with what is the same for all metrics: the images and the errors.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np

from diptych.core.catalogue import kernels_of
from diptych.core.documentation import IMAGE, completed, entry
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, to_float

Direction = Literal["higher", "lower"]
"""Which way is better."""


@dataclass(frozen=True)
class MetricDeclaration:
    """Everything declared about a metric: columns of a report, ``score --metrics`` and contract tests come from it.

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
    of_sets : bool
        Whether it compares two sets of images, not one image.
    extra : str
        The extra of the installation that it needs, e.g. ``metrics``; empty if it needs none.
    function, plain : callable
        The metric as the user calls it, and without its faster path.
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
    plain: Callable[..., float]
    of_sets: bool = False
    extra: str = ""

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.documentation.strip().partition("\n")[0]


class MetricFunction(Protocol):
    """What ``diptych.metrics.<name>`` is."""

    @property
    def declaration(self) -> MetricDeclaration:
        """Unit, direction, range and what else is declared."""
        ...

    def __call__(self, image: Image, /, *reference: Image) -> float:
        """Return the score of an image, against its reference where the metric needs one."""
        ...


class SetMetricFunction(Protocol):
    """What ``diptych.metrics.<name>`` is for a metric of two sets."""

    @property
    def declaration(self) -> MetricDeclaration:
        """Unit, direction, range and what else is declared."""
        ...

    def __call__(self, images_a: Iterable[Image], images_b: Iterable[Image], /) -> float:
        """Return the distance of two sets of images; each is gone through once."""
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
    extra: str = "",
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
            body = fast_body(function.__module__) or function
            return float(body(*_checked(declaration, image, reference)))

        def plain(image: Image, /, *reference: Image) -> float:
            return float(function(*_checked(declaration, image, reference)))

        needs_reference = len(inspect.signature(function).parameters) > 1
        guarded.__doc__ = _documented(inspect.getdoc(function) or "", needs_reference, smallest_side)
        declaration = MetricDeclaration(
            name=function.__name__,
            unit=unit,
            direction=direction,
            lowest=lowest,
            highest=highest,
            needs_reference=needs_reference,
            identity=identity,
            symmetric=symmetric,
            smallest_side=smallest_side,
            documentation=guarded.__doc__,
            function=guarded,
            plain=plain,
            extra=extra,
        )
        guarded.declaration = declaration  # type: ignore[attr-defined]
        return cast(F, guarded)

    return decorate


def set_metric(
    *,
    unit: str = "",
    direction: Direction,
    lowest: float = 0.0,
    highest: float = math.inf,
    identity: float | None = None,
    symmetric: bool = False,
    smallest_side: int = 1,
    extra: str = "",
) -> Callable[[F], F]:
    """Make a metric of a function ``f(images_a, images_b)``; the arguments are those of `MetricDeclaration`.

    The body sees two iterators of checked arrays ``(H, W, C)``, so that a set need not be in memory at once.

    Examples
    --------
    >>> @set_metric(direction="lower", identity=0.0, symmetric=True)
    ... def difference_of_brightness(images_a, images_b):
    ...     '''Difference of the mean brightness.'''
    ...     means = [np.mean([to_float(image).mean() for image in images]) for images in (images_a, images_b)]
    ...     return abs(means[0] - means[1])
    >>> difference_of_brightness([np.zeros((2, 2))], [np.ones((3, 3)), np.zeros((2, 2))])
    0.5
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def guarded(images_a: Iterable[Image], images_b: Iterable[Image], /) -> float:
            return float(function(_checked_set(declaration, images_a, "a"), _checked_set(declaration, images_b, "b")))

        declaration = MetricDeclaration(
            name=function.__name__,
            unit=unit,
            direction=direction,
            lowest=lowest,
            highest=highest,
            needs_reference=True,
            identity=identity,
            symmetric=symmetric,
            smallest_side=smallest_side,
            documentation=inspect.getdoc(function) or "",
            function=guarded,
            plain=guarded,
            of_sets=True,
            extra=extra,
        )
        guarded.declaration = declaration  # type: ignore[attr-defined]
        return cast(F, guarded)

    return decorate


def _documented(docstring: str, needs_reference: bool, smallest_side: int) -> str:
    """Return the docstring of a metric with the image, the reference and the errors, where it does not say them itself."""
    side = f", {smallest_side} pixels or more on each side" if smallest_side > 1 else ""
    images = {
        "image": entry("image : ndarray, shape (H, W) or (H, W, C)", IMAGE.replace("contract", f"contract{side}"))
    }
    error = "If an image breaks the contract" if needs_reference else "If the image breaks the contract"
    error += " or is too small" if smallest_side > 1 else ""
    if needs_reference:
        images["reference"] = entry(
            "reference : ndarray",
            "The image as it should be, of the same size and channels; another depth is compared as intensities.",
        )
        error += ", or the two differ in size or channels"
    return completed(docstring, {"Parameters": images, "Raises": {"ImageError": entry("ImageError", f"{error}.")}})


def accelerated(function: F) -> F:
    """Let a function that several metrics share take its faster path; its attribute ``plain`` is the function itself."""

    @functools.wraps(function)
    def chosen(*arguments: Any) -> Any:
        return (fast_body(function.__module__) or function)(*arguments)

    chosen.plain = function  # type: ignore[attr-defined]
    return cast(F, chosen)


def fast_body(module: str) -> Callable[..., Any] | None:
    """Return the faster path that belongs to a module of the metrics, or None if there is none."""
    kernels = kernels_of(module)
    return None if kernels is None else cast("Callable[..., Any]", kernels.fast)


def _checked(declaration: MetricDeclaration, image: Image, references: tuple[Image, ...]) -> list[Image]:
    name = declaration.name
    if len(references) != int(declaration.needs_reference):
        wanted = "an image and its reference" if declaration.needs_reference else "one image, without a reference"
        raise ImageError(f"{name}: give {wanted}")
    arrays = [_three_axes(check_image(image)), *(_three_axes(check_image(one, "reference")) for one in references)]
    if arrays[0].shape != arrays[-1].shape:
        sizes = " and ".join(str(one.shape) for one in arrays)
        raise ImageError(f"{name}: image and reference have the shapes {sizes}; make them the same size and channels")
    _check_size(declaration, arrays[0], "the image")
    if len({one.dtype for one in arrays}) > 1:
        arrays = [_three_axes(to_float(one).astype(np.float32)) for one in arrays]
    return arrays


def _checked_set(declaration: MetricDeclaration, images: Iterable[Image], which: str) -> Iterator[Image]:
    if isinstance(images, np.ndarray) and images.ndim < 4:
        raise ImageError(
            f"{declaration.name}: set {which} is one array; give a list of images, or any iterable of them"
        )
    index = -1
    for index, image in enumerate(images):
        called = f"image {index} of set {which}"
        checked = _three_axes(check_image(image, called))
        _check_size(declaration, checked, called)
        yield checked
    if index < 0:
        raise ImageError(f"{declaration.name}: set {which} has no images; give one or more")


def _check_size(declaration: MetricDeclaration, image: Image, called: str) -> None:
    if min(image.shape[:2]) < declaration.smallest_side:
        raise ImageError(
            f"{declaration.name}: {called} is {image.shape[1]} x {image.shape[0]} pixels; "
            f"this metric needs {declaration.smallest_side} on each side"
        )


def _three_axes(image: Image) -> Image:
    # Read-only: a metric never writes to what it measures.
    view = np.ascontiguousarray(image if image.ndim == 3 else image[:, :, np.newaxis]).view()
    view.flags.writeable = False
    return view
