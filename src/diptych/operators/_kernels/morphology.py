"""The faster paths of the morphological operators: erosion, dilation and what is made of them.

Small elements go through OpenCV, block of rows by block, so that the steps of an opening meet in the cache. Large boxes,
crosses and disks go through Numba kernels whose cost hardly grows with the element. All of them only pick values, so
that every path gives exactly the plain version's answer, in every depth.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import Declaration, FastPath
from diptych.core.parallel import in_strips
from diptych.core.parameters import Table
from diptych.operators._kernels._blocks import by_strips
from diptych.operators._morphology import Mask, structuring_element

_BLOCK = 1 << 20  # bytes of an image that are worked on at a time, so that they and what is made of them stay cached


_LARGEST_FOR_OPENCV = {"box": (21, 11, 9), "cross": (21, 11, 9), "stack": (9, 7, 7)}  # for 1, 2 and 4 bytes, measured

_CHAINS: dict[str, tuple[str, ...]] = {
    "erosion": ("e",),
    "dilation": ("d",),
    "opening": ("ed",),
    "closing": ("de",),
    "white_tophat": ("", "ed"),
    "black_tophat": ("de", ""),
    "morphological_gradient": ("d", "e"),
}
"""Each operator as a chain of erosions ``e`` and dilations ``d``; of two chains, the first minus the second."""

OverRows: TypeAlias = Callable[[Callable[[int, int], object], int], None]
"""Calls ``work(start, stop)`` for ranges that cover so many rows."""


@dataclass(frozen=True)
class Engine:
    """What computes one erosion or dilation: as a step of several on a block of rows, and alone, on all threads."""

    step: Callable[[Image, Plan, str, float], Image]
    alone: Callable[[Image, Plan, str, float], Image]


@dataclass(frozen=True)
class Plan:
    """An element, and what is known of its form."""

    mask: Mask
    form: Literal["box", "cross", "stack", "other"]
    reaches: NDArray[np.intp]

    @property
    def reach(self) -> int:
        """How many rows it reaches up and down."""
        return len(self.mask) // 2

    @property
    def span(self) -> int:
        """The larger of its sides."""
        return max(self.mask.shape)


@functools.lru_cache(maxsize=64)
def _plan(owner: str, shape: str, size: int, element: Table | None) -> Plan:
    mask = structuring_element(owner, shape, size, element)
    middle = tuple(side // 2 for side in mask.shape)
    reaches = mask[middle[0] :].sum(axis=1) // 2
    columns = np.abs(np.arange(mask.shape[1]) - middle[1])
    stacked = columns <= np.concatenate([reaches[:0:-1], reaches])[:, np.newaxis]
    bars = np.zeros_like(mask)
    bars[middle[0]] = bars[:, middle[1]] = True
    if mask.all():
        return Plan(mask, "box", reaches)
    if np.array_equal(mask, bars):
        return Plan(mask, "cross", reaches)
    if mask[middle] and np.array_equal(mask, stacked) and np.all(np.diff(reaches) <= 0):
        return Plan(mask, "stack", reaches)
    return Plan(mask, "other", reaches)


def paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster paths of a morphological operator."""
    owner = declaration.name
    chains = _CHAINS[owner]
    dtypes = ("bool", "uint8", "uint16", "float32", "float64")

    def small(image: Image, **given: Any) -> bool:
        return _is_small(_plan(owner, **given), image.dtype)

    return (
        FastPath("OpenCV", dtypes, _path(owner, chains, _OPENCV), when=small, note="small or irregular elements"),
        FastPath("Numba", dtypes, _path(owner, chains, _NUMBA), note="large squares, crosses and disks"),
    )


def _is_small(plan: Plan, dtype: np.dtype[Any]) -> bool:
    index = min(dtype.itemsize, 4) // 2  # 1, 2, and 4 or 8 bytes
    return plan.form == "other" or plan.span <= _LARGEST_FOR_OPENCV[plan.form][index]


def _path(owner: str, chains: tuple[str, ...], engine: Engine) -> Callable[..., Image]:
    def run(image: Image, **given: Any) -> Image:
        plan = _plan(owner, **given)
        if image.dtype == bool:
            return _run(image.view(np.uint8), plan, chains, 1, engine).view(bool)
        return _run(image, plan, chains, white_level(image.dtype), engine)

    return run


def _run(image: Image, plan: Plan, chains: tuple[str, ...], white: float, engine: Engine) -> Image:
    if chains in (("e",), ("d",)):
        return engine.alone(image, plan, chains[0], white)
    out = np.empty_like(image)
    halo = plan.reach * max(map(len, chains))
    height = max(_BLOCK // image[0].nbytes, 4 * halo, 16)

    def work(start: int, stop: int) -> None:
        for top in range(start, stop, height):
            bottom, above = min(top + height, stop), min(top, halo)
            parts = []
            for chain in chains:
                part = image[top - above : bottom + halo]
                for step in chain:
                    part = engine.step(part, plan, step, white)
                parts.append(part[above : above + bottom - top])
            _write(out[top:bottom], parts)

    in_strips(work, len(image))
    return out


def _at_once(work: Callable[[int, int], object], rows: int) -> None:
    work(0, rows)


def _write(out: Image, parts: list[Image]) -> None:
    if len(parts) == 1:
        out[...] = parts[0]
        return
    first, second = (part.reshape(len(part), -1) for part in parts)
    cv2.subtract(first, second, dst=out.reshape(len(out), -1))  # never below 0 in dtypes
    if out.dtype.kind == "f":
        np.maximum(out, 0, out=out)


def _opencv_step(image: Image, plan: Plan, step: str, white: float, out: Image | None = None) -> Image:
    mask = plan.mask.view(np.uint8)
    # OpenCV's default border takes no part; its dilation does not reflect the element.
    result = cv2.erode(image, mask, dst=out) if step == "e" else cv2.dilate(image, mask[::-1, ::-1], dst=out)
    if not plan.mask[plan.reach, plan.mask.shape[1] // 2]:
        np.clip(
            result, image.dtype.type(0), image.dtype.type(white), out=result
        )  # where the element is wholly outside, OpenCV leaves its infinity
    return np.asarray(result).reshape(image.shape)


def _opencv_alone(image: Image, plan: Plan, step: str, white: float) -> Image:
    return by_strips(lambda source, out: _opencv_step(source, plan, step, white, out), image, plan.reach)


def _numba_step(image: Image, plan: Plan, step: str, white: float, over_rows: OverRows = _at_once) -> Image:
    from diptych.operators._kernels import morphology_numba as kernels

    out = np.empty_like(image)
    rows, result = image.reshape(len(image), -1), out.reshape(len(image), -1)
    channels, largest = image.shape[2], step == "d"
    fill = image.dtype.type(0 if largest else white)

    def work(start: int, stop: int) -> None:
        if plan.form == "stack":
            kernels.stack(rows, result, start, stop, plan.reaches, channels, largest, fill)
        else:
            kernels.box(rows, result, start, stop, (*plan.mask.shape, plan.form == "cross"), channels, largest, fill)

    over_rows(work, len(image))
    out.flags.writeable = False  # one kind of input array, and so one compiled kernel, for each dtype
    return out


def _numba_alone(image: Image, plan: Plan, step: str, white: float) -> Image:
    result = _numba_step(image, plan, step, white, in_strips)
    result.flags.writeable = True  # between steps it is not
    return result


_OPENCV = Engine(_opencv_step, _opencv_alone)
_NUMBA = Engine(_numba_step, _numba_alone)
