"""Histogram matching and specification."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.operator import operator
from diptych.core.parameters import Reference, Table, TableOf, Value

_KEPT = 257  # quantiles that a recipe keeps of a reference image


def _keep_quantiles(parameters: dict[str, Value]) -> dict[str, Value]:
    # A recipe is a value and holds no picture: of a reference it keeps the quantiles.
    reference = parameters.pop("reference", None)
    return {**parameters, "quantiles": quantiles_of(reference)} if reference is not None else parameters


@operator(group="tone", freeze=_keep_quantiles)
def match_histogram(
    image: Image,
    *,
    reference: Annotated[Image | None, Reference()] = None,
    quantiles: Annotated[Table | None, TableOf(0, 1)] = None,
) -> Image:
    """Give every channel the distribution of a reference image, or a stored one.

    ``out = Q(F(in))`` with F the cumulative distribution of the channel and Q the quantile function of the target.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.
    reference : ndarray, shape (H', W') or (H', W', C)
        The image whose distribution is wanted; any size and depth, the same number of channels or one. A recipe keeps
        257 quantiles of each of its channels.
    quantiles : table
        In place of a reference: one row for each channel, or one for all, of rising values at evenly spaced
        probabilities from 0 to 1.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Raises
    ------
    ImageError
        If the image or the reference breaks the contract.
    ParameterError
        If not exactly one of reference and quantiles is given, or its channels do not fit.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.3; with a reference, equal to
    `skimage.exposure.match_histograms`.

    Examples
    --------
    >>> dark = np.array([[1, 2], [3, 4]], np.uint8)
    >>> match_histogram(dark, reference=np.array([[10, 40], [90, 160]], np.uint8)).tolist()
    [[10, 40], [90, 160]]
    """
    targets = _targets(reference, quantiles, image.shape[2])
    parts = [_match(image[:, :, c], *targets[c % len(targets)]) for c in range(image.shape[2])]
    return np.stack(parts, axis=2)


def quantiles_of(image: Image) -> Table:
    """Return 257 evenly spaced quantiles of each channel of an image of the contract, as values in [0, 1].

    >>> quantiles_of(np.linspace(0, 1, 513, dtype=np.float32)[np.newaxis])[0][128]
    0.5
    """
    floats = to_float(check_image(image, "reference"))
    rows = floats.reshape(-1, floats.shape[2] if floats.ndim == 3 else 1).T
    probabilities = np.linspace(0, 1, _KEPT)
    return tuple(tuple(np.round(np.quantile(row, probabilities), 6).tolist()) for row in rows)


Target = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def _targets(reference: FloatImage | None, quantiles: Table | None, channels: int) -> list[Target]:
    if (reference is None) == (quantiles is None):
        raise ParameterError("match_histogram: give either a reference image or quantiles")
    if reference is not None:
        targets = [_distribution(reference[:, :, c]) for c in range(reference.shape[2])]
    else:
        targets = [_stored(row) for row in quantiles or ()]
    if len(targets) not in (1, channels):
        raise ParameterError(
            f"match_histogram: the target has {len(targets)} channels and the image {channels}; give one, or as many"
        )
    return targets


def _stored(row: tuple[float, ...]) -> Target:
    if len(row) < 2 or any(b < a for a, b in itertools.pairwise(row)):
        raise ParameterError("match_histogram: a row of quantiles needs two or more values that never fall")
    return np.linspace(0, 1, len(row)), np.asarray(row)


def _distribution(channel: FloatImage) -> Target:
    values, counts = np.unique(channel, return_counts=True)
    return np.cumsum(counts) / channel.size, values


def _match(channel: FloatImage, probabilities: np.ndarray, values: np.ndarray) -> FloatImage:
    _, inverse, counts = np.unique(channel, return_inverse=True, return_counts=True)
    matched = np.interp(np.cumsum(counts) / channel.size, probabilities, values)
    return matched.astype(channel.dtype)[inverse].reshape(channel.shape)
