"""The step ``denoise``: a model takes away the noise that a noise model tells it of.

As with ``refine``, the model is an object; a recipe's file names it by its name and hash. The noise is part of the step, as
numbers.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.noise import NoiseModel
from diptych.core.noise.blocks import dct_matrix
from diptych.core.operator import Declaration, operator
from diptych.core.parameters import Model, Range, Table, TableOf

HALO = 40
"""Rows around a block of 4 x 4 px that its result depends on, a multiple of the blocks."""

MOST_STRENGTH = 2.0

_DIGITS = 5
_MOST_ROWS = 64
_CHROMA = 1.0  # of the noise of luma, as white noise of RGB has it: of smeared colours too little is found
_RING = 3  # of the larger of two frequencies: the lowest that holds little of a picture
_WHITENESS = 0.2, 0.6  # ratios of the power of higher to that of lower frequencies: correlated noise, and white


@runtime_checkable
class DenoisingModel(Protocol):
    """What a step ``denoise`` needs of a model; `diptych.runtime.OnnxDenoiser` is one."""

    @property
    def reference(self) -> str:
        """What a recipe's file calls it: a name, ``@``, and 12 hexadecimal digits of its hash."""
        ...

    def denoise(self, image: Image, told: ToldNoise, *, strength: float, dtype: np.dtype[Any] | None = None) -> Image:
        """Return the denoised image: same number of axes, and same dtype, unless another depth of integers is given."""
        ...


class ToldNoise(NamedTuple):
    """What a denoiser is told of the noise.

    Attributes
    ----------
    levels : table
        Rows of a brightness and the standard deviations there, all as intensities: of luma and of the colour differences of an
        RGB image, otherwise of each channel. Between rows it is interpolated.
    correlation : table
        The standard deviation of the means of 2 x 2 px, and of 4 x 4 px, over what it would be for white noise: a row for luma
        and one for the colour differences, otherwise one row for all channels.
    """

    levels: Table
    correlation: Table

    @classmethod
    def of(cls, model: NoiseModel) -> ToldNoise:
        """Return what a noise model says; of the colour differences no less than of luma.

        Examples
        --------
        >>> from diptych.core.noise import measure_noise
        >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.02, (64, 64, 3)).astype(np.float32)
        >>> [len(row) for row in ToldNoise.of(measure_noise(noisy)).levels][0]
        3
        """
        if model.channels == 3:
            columns = [model.luma(), np.maximum(model.chroma(), _CHROMA * model.luma())]
        else:
            columns = list(np.sqrt(np.maximum(np.diagonal(model.covariance, axis1=1, axis2=2).T, 0)))
        rows = np.stack([np.asarray(model.brightness, np.float64), *columns], axis=1)
        levels = tuple(tuple(round(min(max(float(v), 0.0), 1.0), _DIGITS) for v in row) for row in rows)
        return cls(levels, tuple(_correlations(power) for power in model.spectrum))

    @property
    def nothing(self) -> bool:
        """Whether there is no noise at any brightness."""
        return not any(value for row in self.levels for value in row[1:])

    def scaled(self, factors: tuple[float, ...]) -> ToldNoise:
        """Return the same with other standard deviations, a factor for each column; at most 1."""
        rows = tuple(
            (
                row[0],
                *(round(min(value * factor, 1.0), _DIGITS) for value, factor in zip(row[1:], factors, strict=True)),
            )
            for row in self.levels
        )
        return ToldNoise(rows, self.correlation)


@operator(group="denoising", halo=lambda **_: HALO + 4)
def denoise(
    image: Image,
    *,
    model: Annotated[DenoisingModel, Model("denoise")],
    levels: Annotated[Table, TableOf(0, 1)],
    correlation: Annotated[Table, TableOf(0, 8)] = ((1.0, 1.0),),
    strength: Annotated[float, Range(0, MOST_STRENGTH)] = 1.0,
) -> Image:
    """Take away noise that is known, with a model that never takes away anything else.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.
    model : DenoisingModel
        What `diptych.runtime.OnnxDenoiser` opens. In a recipe that was read from a file it is a name, see `Recipe.bind`.
    levels : table
        Rows of a brightness and the standard deviations of the noise there, see `ToldNoise`; 1 to 64 rows, brightness rising.
    correlation : table
        How the noise of neighbours goes together, see `ToldNoise`; 1 is white noise.
    strength : float
        Share of the noise that is taken away, 0 to 1; beyond, as much stronger noise is assumed.

    Returns
    -------
    ndarray
        Same shape and dtype; the image itself, bit for bit, where the noise or the strength is 0.

    Raises
    ------
    ParameterError
        If a parameter is out of its bounds, the tables do not fit the image, or the model is only named.
    """
    return denoise_with(image, model=model, levels=levels, correlation=correlation, strength=strength)


DECLARATION: Declaration = denoise.declaration  # type: ignore[attr-defined]


def denoise_with(
    image: Image,
    *,
    model: DenoisingModel | str,
    levels: Table,
    correlation: Table,
    strength: float,
    dtype: np.dtype[Any] | None = None,
) -> Image:
    """Do the step, in the image's own depth or, of integers, in another."""
    if isinstance(model, str):
        raise ParameterError(
            f"denoise: '{model}' is only the name of a model; diptych.enhance(photo, recipe) finds one in the package, and "
            f"Recipe.bind takes any"
        )
    told = ToldNoise(levels, correlation)
    _check(told, image.shape[2])
    return model.denoise(image, told, strength=strength, dtype=dtype)


def _check(told: ToldNoise, channels: int) -> None:
    columns, rows = (2 if channels == 3 else channels), (2 if channels == 3 else 1)
    if len(told.levels) > _MOST_ROWS or any(len(row) != 1 + columns for row in told.levels):
        raise ParameterError(
            f"denoise: levels of {len(told.levels)} rows do not fit an image of {channels} channels; give at most {_MOST_ROWS} "
            f"rows of a brightness and {columns} standard deviations"
        )
    steps = np.diff([row[0] for row in told.levels])
    if (steps <= 0).any():
        raise ParameterError("denoise: the brightness of levels does not rise; sort the rows by it")
    if len(told.correlation) not in (1, rows) or any(len(row) != 2 for row in told.correlation):
        raise ParameterError(f"denoise: correlation is not 1 or {rows} rows of 2 numbers; give 1,1 for white noise")


def _correlations(spectrum: NDArray[np.floating]) -> tuple[float, ...]:
    """Return how much stronger than of white noise the means of 2 x 2 and 4 x 4 px vary, from the power by frequency."""
    basis = dct_matrix(8).astype(np.float64)
    power = _without_texture(np.maximum(np.asarray(spectrum, np.float64), 1e-9))
    found = []
    for side in (2, 4):
        gains = (basis.reshape(8, -1, side).mean(axis=2) ** 2).mean(axis=1)
        variance = side**2 * float(gains @ power @ gains) / float(power.mean())
        found.append(round(float(np.clip(np.sqrt(variance), 0.25, side)), 3))
    return tuple(found)


def _without_texture(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a power whose low frequencies do not rise above the middle ones, as far as these and the high ones are equal.

    What is left of a picture in blocks without texture lies there.
    """
    ring = np.maximum.outer(np.arange(8), np.arange(8))
    low, middle, high = power[ring == _RING - 1].mean(), power[ring == _RING].mean(), power[ring > _RING + 1].mean()
    evenness = min(high / middle, middle / low, middle / power.mean())
    whiteness = np.clip((evenness - _WHITENESS[0]) / (_WHITENESS[1] - _WHITENESS[0]), 0, 1)
    flat = np.where(ring < _RING, np.minimum(power, middle), power)
    return np.asarray(power * (flat / power) ** whiteness)
