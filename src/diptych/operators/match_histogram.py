"""Histogram matching and specification."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.parameters import Reference, Table, TableOf, Value
from diptych.core.tones import LEVELS, Curve, ImageTones, TableCurve, Tones, apply_curve, tone_operator

_KEPT = 257  # quantiles that a recipe keeps of a reference image


def _keep_quantiles(parameters: dict[str, Value]) -> dict[str, Value]:
    # A recipe is a value and holds no picture: of a reference it keeps the quantiles.
    reference = parameters.pop("reference", None)
    return {**parameters, "quantiles": quantiles_of(reference)} if reference is not None else parameters


Target = tuple[NDArray[Any], NDArray[Any]]


def _curve(tones: Tones, *, reference: FloatImage | None, quantiles: Table | None) -> Curve:
    sources = tones.counts()
    targets = _targets(reference, quantiles, len(sources))
    tables = [_map(source, *targets[c % len(targets)]) for c, source in enumerate(sources)]
    return TableCurve(np.stack(tables), nearest=True)


@tone_operator(_curve, freeze=_keep_quantiles)
def match_histogram(
    image: Image,
    *,
    reference: Annotated[Image | None, Reference()] = None,
    quantiles: Annotated[Table | None, TableOf(0, 1)] = None,
) -> Image:
    """Give every channel the distribution of a reference image, or a stored one.

    ``out = Q(F(in))`` with F the cumulative distribution of the channel and Q the quantile function of the target, both on
    65,536 levels.

    Parameters
    ----------
    reference : ndarray, shape (H', W') or (H', W', C)
        The image whose distribution is wanted; any size and depth, the same number of channels or one. A recipe keeps
        257 quantiles of each of its channels.
    quantiles : table
        In place of a reference: one row for each channel, or one for all, of rising values at evenly spaced
        probabilities from 0 to 1.

    Raises
    ------
    ImageError
        If the image or the reference breaks the contract.
    ParameterError
        If not exactly one of reference and quantiles is given, or its channels do not fit.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.3; with a reference, and values on
    the levels of 16 bits, equal to `skimage.exposure.match_histograms`.

    Examples
    --------
    >>> dark = np.array([[1, 2], [3, 4]], np.uint8)
    >>> match_histogram(dark, reference=np.array([[10, 40], [90, 160]], np.uint8)).tolist()
    [[10, 40], [90, 160]]
    """
    return apply_curve(_curve, image, reference=reference, quantiles=quantiles)


def quantiles_of(image: Image) -> Table:
    """Return 257 evenly spaced quantiles of each channel of an image of the contract, as values in [0, 1].

    >>> quantiles_of(np.linspace(0, 1, 513, dtype=np.float32)[np.newaxis])[0][128]
    0.5
    """
    floats = to_float(check_image(image, "reference"))
    rows = floats.reshape(-1, floats.shape[2] if floats.ndim == 3 else 1).T
    probabilities = np.linspace(0, 1, _KEPT)
    return tuple(tuple(np.round(np.quantile(row, probabilities), 6).tolist()) for row in rows)


def _targets(reference: FloatImage | None, quantiles: Table | None, channels: int) -> list[Target]:
    if (reference is None) == (quantiles is None):
        raise ParameterError("match_histogram: give either a reference image or quantiles")
    targets = _distributions(reference) if reference is not None else [_stored(row) for row in quantiles or ()]
    if len(targets) not in (1, channels):
        raise ParameterError(
            f"match_histogram: the target has {len(targets)} channels and the image {channels}; give one, or as many"
        )
    return targets


def _stored(row: tuple[float, ...]) -> Target:
    if len(row) < 2 or any(b < a for a, b in itertools.pairwise(row)):
        raise ParameterError("match_histogram: a row of quantiles needs two or more values that never fall")
    return np.linspace(0, 1, len(row)), np.asarray(row)


def _distributions(reference: FloatImage) -> list[Target]:
    levels = np.linspace(0, 1, LEVELS)
    counts = ImageTones(reference).counts()
    return [(np.cumsum(one[one > 0]) / one.sum(), levels[one > 0]) for one in counts]


def _map(source: NDArray[np.int64], probabilities: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    present = np.flatnonzero(source)
    matched = np.interp(np.cumsum(source[present]) / source.sum(), probabilities, values)
    return np.interp(np.arange(source.size), present, matched)
