"""Decisions taken once before training: how to preprocess the pictures of each domain, and which to hold out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import DataError, ParameterError
from diptych.core.image import Image
from diptych.core.parameters import Table
from diptych.data.folder import PhotoFolder
from diptych.recipes import Recipe, step

Preparation = Literal["none", "stretch", "specify"]

_POINTS = 257


def prepare(source: PhotoFolder, target: PhotoFolder, kind: Preparation) -> tuple[Recipe, Recipe]:
    """Return the preprocessing of each domain.

    Parameters
    ----------
    source, target : PhotoFolder
        The pictures of both domains, without preprocessing.
    kind : str
        ``none``: nothing. ``stretch``: percentiles 1 and 99 of every picture of both domains become black and white.
        ``specify``: every source picture is matched to the mean histogram of the target domain, by one curve for all
        channels; the target stays as it is.

    Returns
    -------
    (Recipe, Recipe)
        The parameter `preprocess` of `PhotoFolder`, for source and target. Both are self-contained: saved with a model, they
        can be applied to its input without either folder.

    Raises
    ------
    ParameterError
        If `kind` is unknown.
    DataError
        If pictures cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from diptych.photo import write
    >>> path = pathlib.Path(tempfile.mkdtemp())
    >>> for number in range(2):
    ...     write(path / f"{number}.png", np.full((20, 30), 100 * number, np.uint8))
    >>> folder = PhotoFolder(path, channels=1)
    >>> print(prepare(folder, folder, "stretch")[0])
    stretch low=1 high=99 channels=together
    >>> print(prepare(folder, folder, "specify")[0])
    specify_histogram quantiles=<1 x 257> amount=1
    """
    if kind == "none":
        return Recipe(name="as it is"), Recipe(name="as it is")
    if kind == "stretch":
        both = Recipe(step("stretch", low=1, high=99), name="stretch")
        return both, both
    if kind == "specify":
        towards = step("specify_histogram", quantiles=mean_quantiles(target))
        return Recipe(towards, name="specify"), Recipe(name="as it is")
    raise ParameterError(f"prepare: kind = {kind!r} is not allowed; give one of none, stretch, specify")


def mean_quantiles(folder: PhotoFolder, *, limit: int = 200) -> Table:
    """Return the mean quantile function of a folder, the parameter `quantiles` of `specify_histogram`.

    ``Q(p) = mean_i Q_i(p)`` at p = 0, 1/256, ..., 1, with Q_i the quantiles of all values of picture i, channels together.
    Every picture has the same weight, whatever its size.

    Parameters
    ----------
    folder : PhotoFolder
        The pictures, after their preprocessing.
    limit : int
        Largest number of pictures to use, 1 or more, evenly spaced in the order of the names.

    Returns
    -------
    tuple of one tuple of 257 floats
        Non-decreasing, in [0, 1], rounded to 6 decimals.

    Raises
    ------
    ParameterError
        If `limit` is under 1.
    PhotoError
        If a picture cannot be read.

    References
    ----------
    The mean of quantile functions is the Wasserstein barycentre of distributions on the line: Agueh and Carlier,
    "Barycenters in the Wasserstein space", SIAM Journal on Mathematical Analysis 43 (2011), section 6.1.

    Examples
    --------
    ``step("specify_histogram", quantiles=mean_quantiles(PhotoFolder("bright")))``
    """
    if limit < 1:
        raise ParameterError(f"mean_quantiles: limit = {limit} is not allowed; give 1 or more")
    chosen = np.unique(np.linspace(0, len(folder) - 1, min(limit, len(folder))).round().astype(int))
    total = np.zeros(_POINTS)
    for index in chosen.tolist():
        total += _quantiles(folder.picture(index))
    return (tuple(np.round(total / len(chosen), 6).tolist()),)


def _quantiles(image: Image) -> NDArray[np.float64]:
    from diptych.core import tones
    from diptych.operators.tones import FastImageTones, histograms

    # From counts: sorting the values of a large picture would take ten times its bytes.
    counts = histograms(image) if image.dtype.kind == "u" else FastImageTones(image).counts()
    depth = np.dtype(np.uint8 if counts.shape[1] == 256 else np.uint16)
    levels = tones.LevelTones(tones.identity_table(depth, len(counts)), lambda: counts)
    return levels.percentiles(np.linspace(0, 100, _POINTS).tolist(), each=False)[:, 0]


def split(
    names: Sequence[str], *, fraction: float, seed: int, minimum: int = 2, maximum: int = 32
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split names into a training and a held-out set.

    The rank of a name depends on itself and the seed only, so that a growing folder keeps most of its split.

    Parameters
    ----------
    names : sequence of str
        At least two; their order does not matter.
    fraction : float
        Share to hold out, 0 to 0.5.
    seed : int
        Any; the same seed gives the same split.
    minimum, maximum : int
        Bounds of the number held out, which is at least one and at most half of the names.

    Returns
    -------
    (tuple of str, tuple of str)
        Training and held-out names, sorted and disjoint.

    Raises
    ------
    DataError
        If there are fewer than two names.
    ParameterError
        If `fraction` is out of its bounds, or `minimum` exceeds `maximum`.

    Examples
    --------
    >>> training, held_out = split([f"{number:02}.png" for number in range(40)], fraction=0.1, seed=0)
    >>> len(training), len(held_out)
    (36, 4)
    """
    if not 0 <= fraction <= 0.5 or minimum > maximum:
        raise ParameterError(
            f"split: fraction = {fraction}, minimum = {minimum}, maximum = {maximum}; give a fraction of 0 to 0.5 "
            f"and a minimum up to the maximum"
        )
    ranked = sorted(
        set(names), key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogateescape")).digest()
    )
    if len(ranked) < 2:
        raise DataError(f"{len(ranked)} picture cannot be split in two; give at least 2")
    count = max(1, min(max(round(fraction * len(ranked)), minimum), maximum, len(ranked) // 2))
    return tuple(sorted(ranked[count:])), tuple(sorted(ranked[:count]))
