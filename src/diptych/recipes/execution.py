"""Running the steps of a recipe on one image: tables fused, filters in strips, one rounding at the end.

The answer is that of the steps applied one after the other to floats. How it is found:

- Consecutive tone steps on an integer image become one look-up table; the distribution that a later step asks for is that of
  the earlier table, so the image is read once to count and once to look up.
- Steps that depend on a few neighbouring rows only are run strip by strip on floats, tables before and after them
  included, so that the memory does not grow with the image.
- A step that looks at the whole image ends such a run; what lies before it is stored in 16 bits.

Float images are run step by step, consecutive tone steps in one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import FloatImage, Image, from_float, to_float
from diptych.core.operator import GRID, Declaration, as_floats
from diptych.core.parallel import bands
from diptych.core.parameters import Value
from diptych.core.tones import Curve, identity_table, next_table
from diptych.operators.tones import apply_table, histograms, map_curves
from diptych.recipes.steps import Step

_STRIP = 8_000_000  # values of a strip of floats
_BAND = 10_000_000  # values that a step which denoises is given at once, where it is alone
_STORED = np.dtype(np.uint16)


def run(steps: Sequence[Step], image: Image) -> Image:
    """Return the image ``(H, W, C)`` after the steps, in the same dtype."""
    resolved = [(one.declaration, dict(one.parameters)) for one in steps]
    if len(resolved) == 1:  # alone, an operator works in the image's own depth, by its fastest path
        declaration, parameters = resolved[0]
        if _is_local(declaration, parameters) and declaration.denoises and image.size > _BAND:
            return _in_bands(declaration, parameters, image)
        return declaration.function(image, **parameters)
    if image.dtype.name in ("uint8", "uint16"):
        return _run_integers(resolved, image)
    return from_float(_run_floats(resolved, to_float(image)), image.dtype)


def _in_bands(declaration: Declaration, parameters: dict[str, Value], image: Image) -> Image:
    """Return the image after a step that takes several floats for each value while it works."""
    height, width, channels = image.shape
    result = np.empty_like(image)
    for band in bands(height, _BAND // (width * channels), declaration.halo(**parameters) or 0, GRID):
        done = declaration.function(image[band.top : band.bottom], **parameters)
        result[band.start : band.stop] = band.own(done)
    return result


Call = tuple[Declaration, dict[str, Value]]


def _run_floats(calls: Sequence[Call], image: FloatImage) -> FloatImage:
    pending: list[Curve] = []
    for declaration, parameters in calls:
        curve = _without_statistics(declaration, parameters)
        if curve is not None:
            pending.append(curve)
            continue
        image = map_curves(pending, image) if pending else image
        pending = []
        image = declaration.function(image, **parameters)
    return map_curves(pending, image) if pending else image


class _StatisticsNeededError(Exception):
    """A curve asked for the distribution of an image that is not there yet."""


class _NoTones:
    def __getattr__(self, name: str) -> Any:
        raise _StatisticsNeededError


def _without_statistics(declaration: Declaration, parameters: dict[str, Value]) -> Curve | None:
    if declaration.curve is None:
        return None
    try:
        curve: Curve = declaration.curve(_NoTones(), **as_floats(parameters))
        return curve
    except _StatisticsNeededError:
        return None


@dataclass
class _Stored:
    """An integer image, a table that has not been applied to it yet, and the local work that comes after the table."""

    image: Image
    table: FloatImage
    local: list[Callable[[FloatImage], FloatImage]] = field(default_factory=list)
    halo: int = 0
    _counts: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, image: Image) -> _Stored:
        return cls(image, identity_table(image.dtype, image.shape[2]))

    def counts(self) -> NDArray[np.int64]:
        if self._counts is None:
            self._counts = histograms(self.image)
        return self._counts

    @property
    def untouched(self) -> bool:
        identity = identity_table(self.image.dtype, self.image.shape[2])
        return not self.local and np.array_equal(self.table, identity)

    def written(self, dtype: np.dtype[Any]) -> Image:
        """Return the image after table and local work, in `dtype`."""
        if not self.local:
            return apply_table(self.image, self.table, dtype)
        height, width, channels = self.image.shape
        result = np.empty(self.image.shape, dtype)
        for band in bands(height, _STRIP // (width * channels), self.halo, GRID):
            strip = apply_table(self.image[band.top : band.bottom], self.table, np.dtype(np.float32))
            for work in self.local:
                strip = work(strip)
            result[band.start : band.stop] = from_float(band.own(strip), dtype)
        return result


def _run_integers(calls: Sequence[Call], image: Image) -> Image:
    final = image.dtype
    state = _Stored.of(image)
    for index, (declaration, parameters) in enumerate(calls):
        state = _add(state, declaration, parameters, final if index == len(calls) - 1 else None)
    return state.written(final)


def _add(
    state: _Stored, declaration: Declaration, parameters: dict[str, Value], final: np.dtype[Any] | None
) -> _Stored:
    """Add a step; `final` is the depth of the image if it is the last."""
    if declaration.curve is not None:
        return _add_curve(state, declaration, parameters)
    halo, stored = declaration.halo(**parameters), final or _STORED
    is_local = _is_local(declaration, parameters)
    if (not is_local or (final and not state.local)) and any(path.any_depth for path in declaration.paths):
        if is_local and not state.untouched:
            return _Stored.of(_after_table(state, stored, declaration, parameters))
        state = state if state.untouched else _Stored.of(state.written(_STORED))
        result = _in_depth(state.image, stored, declaration, parameters)
        if result is not None:
            return _Stored.of(result)
    if is_local:
        state.local.append(lambda strip: declaration.function(strip, **parameters))
        state.halo += halo or 0
        return state
    # The whole image is needed. An operator alone on an untouched image may work in the image's own depth.
    source = state.image if state.untouched and state.image.dtype in (stored, _STORED) else state.written(_STORED)
    return _Stored.of(declaration.function(source, **parameters))


def _after_table(state: _Stored, dtype: np.dtype[Any], declaration: Declaration, parameters: dict[str, Value]) -> Image:
    """Return the result of a local step after a table, in bands: what the table gives is not kept for the whole image."""
    height, width, channels = state.image.shape
    result = np.empty(state.image.shape, dtype)
    for band in bands(height, _STRIP // (width * channels), declaration.halo(**parameters) or 0, GRID):
        part = apply_table(state.image[band.top : band.bottom], state.table, _STORED)
        done = _in_depth(part, dtype, declaration, parameters)
        done = from_float(declaration.function(to_float(part), **parameters), dtype) if done is None else done
        result[band.start : band.stop] = band.own(done)
    return result


def _in_depth(
    image: Image, dtype: np.dtype[Any], declaration: Declaration, parameters: dict[str, Value]
) -> Image | None:
    """Return the result of a step in a depth of integers, if it has a path that writes any."""
    if declaration.undecided(parameters):
        return None
    view = np.ascontiguousarray(image).view()
    view.flags.writeable = False
    path = next(
        (one for one in declaration.paths if image.dtype.name in one.dtypes and one.when(view, **parameters)), None
    )
    return path.run(view, dtype=dtype, **parameters) if path is not None and path.any_depth else None


def _is_local(declaration: Declaration, parameters: dict[str, Value]) -> bool:
    """Return whether a step can be given the image in strips."""
    return declaration.keeps_shape and not _tiles_itself(declaration) and declaration.halo(**parameters) is not None


def _tiles_itself(declaration: Declaration) -> bool:
    """Return whether a step works in tiles of its own, as models do: it need not be given strips."""
    return any(one.kind == "model" for one in declaration.parameters)


def _add_curve(state: _Stored, declaration: Declaration, parameters: dict[str, Value]) -> _Stored:
    given = as_floats(parameters)
    assert declaration.curve is not None
    if not state.local:
        state.table = next_table(declaration.curve, state.table, state.counts, **given)
        return state
    curve = _without_statistics(declaration, parameters)
    if curve is None:
        return _add_curve(_Stored.of(state.written(_STORED)), declaration, parameters)
    state.local.append(lambda strip: np.clip(curve(strip), 0, 1))
    return state
