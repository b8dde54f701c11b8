"""Measuring the noise of an image as it is: by brightness and frequency, between channels, after JPEG."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from diptych.core.color import RGB_FROM_YCBCR, YCBCR_FROM_RGB, luma
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.noise.blocks import SIDE, BlockPower, block_power, coefficients, regions_of, split, without_shading
from diptych.core.noise.jpeg import JpegTables, find_jpeg
from diptych.core.noise.level import white_noise
from diptych.core.noise.model import NoiseModel
from diptych.core.parallel import threads

_LUMA_SIDE, _CHROMA_SIDE = 16, 32  # px of a block; chroma is often stored at half size
_BINS, _PER_BIN = 8, 120  # of brightness, with so many blocks of luma or more
_BLACK, _WHITE = 3 / 255, 0.985  # mean of blocks in which there is nothing
_FEWEST = 64
_CORRELATED = 500  # regions, or fewer, that tell how the planes correlate
_KNOTS = np.linspace(0, 1, 9) ** 2  # nearer to each other in the dark
_LOW = 0.3  # quantile of the bins that the curve runs along: texture adds to noise, and nothing takes from it
_STIFF = (0.0, 0.002, 0.02)
_TAIL, _DEVIATIONS, _ALIKE = (
    0.04,
    -1.75,
    0.6,
)  # quantile of the blocks, of the normal distribution; share of it that is enough
_MOST_CUT = 2.0
_USUAL = 1.5 / 255  # noise that is assumed where nothing tells it from texture
_EMPTY = 1e-10
_COMPRESSED = (
    3.0  # mean step of the low frequencies of a JPEG, from which on it leaves little noise beyond them: quality 88
)


def measure_noise(image: Image, jpeg: JpegTables | None = None) -> NoiseModel:
    """Measure the noise of an image.

    In blocks without texture the DCT coefficients of luma (blocks of 16 px) and of the colour differences (32 px) are noise.
    Their variances, in up to eight ranges of brightness, give the strength by brightness; a smooth curve of its logarithm
    runs along the lower of them. Of frequencies that shading hides, the next ones tell the power.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.
    jpeg : JpegTables, optional
        How it was compressed, as its file says it; without it, the pixels are asked.

    Returns
    -------
    NoiseModel
        Without noise for an image under 3 x 3. Of an image under 32 x 32 the noise is taken to be white.

    Raises
    ------
    ImageError
        If the image breaks the contract.

    Notes
    -----
    Texture that covers the whole image is taken for noise. Of a JPEG, what it has left of the noise is measured; what it has
    done to edges and texture is not.

    References
    ----------
    Ponomarenko et al., "An automatic approach to lossy compression of AVIRIS images", IGARSS 2007 (blocks sorted by their
    low frequencies); Colom and Buades, "Analysis and extension of the Ponomarenko et al. method", IPOL 2013; Lebrun, Colom
    and Morel, "The noise clinic", IPOL 2015 (noise by brightness and frequency).
    """
    checked = check_image(image)
    planes = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
    tables = jpeg or find_jpeg(planes)
    regions = regions_of(planes)
    return noise_of_regions(regions, tables) if len(regions) else _of_small(to_float(planes), tables)


def noise_of_regions(regions: FloatImage, jpeg: JpegTables | None = None) -> NoiseModel:
    """Measure the noise of an image given by squares ``(N, 32, 32, C)`` of it, one or more; see `measure_noise`."""
    channels = regions.shape[3]
    colour = channels == 3
    planes = regions @ YCBCR_FROM_RGB.T.astype(np.float32) if colour else regions
    light = luma(regions.reshape(-1, SIDE, channels)).reshape(regions.shape[:3])
    sides = [_LUMA_SIDE] + [_CHROMA_SIDE if colour else _LUMA_SIDE] * (channels - 1)
    smoothed = jpeg is not None and jpeg.coarseness >= _COMPRESSED
    with ThreadPoolExecutor(min(threads(), channels)) as pool:
        of_planes = [pool.submit(_strength, planes[..., k], light, side, smoothed) for k, side in enumerate(sides)]
        strengths = [one.result() for one in of_planes]
    sigmas = np.stack([one.sigmas for one in strengths], axis=1)
    covariance = (
        sigmas[:, :, np.newaxis] * _correlation(planes[:: 1 + len(planes) // _CORRELATED]) * sigmas[:, np.newaxis]
    )
    if colour:
        covariance = RGB_FROM_YCBCR @ covariance @ RGB_FROM_YCBCR.T
    spectra = [strengths[0].spectrum, (strengths[1].spectrum + strengths[2].spectrum) / 2] if colour else None
    return NoiseModel(
        brightness=_KNOTS,
        covariance=covariance,
        spectrum=np.stack(spectra or [np.mean([one.spectrum for one in strengths], axis=0)]),
        jpeg=jpeg,
        share=_shares(light),
        uncut=_uncut(_KNOTS, np.sqrt(np.trace(covariance, axis1=1, axis2=2) / channels)),
    )


@dataclass(frozen=True, eq=False)
class _Strength:
    sigmas: FloatImage  # at the knots
    spectrum: FloatImage  # (8, 8), mean 1


def _strength(plane: FloatImage, light: FloatImage, side: int, smoothed: bool) -> _Strength:
    """Measure one plane ``(N, 32, 32)`` by brightness; `smoothed` noise is expected to be strong at low frequencies."""
    blocks, means = split(plane, side), split(light, side).mean(axis=(1, 2))
    usable = (means > _BLACK) & (means < _WHITE)
    if usable.sum() < _FEWEST:
        usable[:] = True
    powers, means = coefficients(blocks[usable]) ** 2, means[usable]
    bins = np.array_split(np.argsort(means), int(np.clip(len(means) // _PER_BIN, 1, _BINS)))
    found = [block_power(powers[chosen]) for chosen in bins]
    found = found if smoothed else [without_shading(one) for one in found]
    centres = np.array([means[chosen].mean() for chosen in bins])
    curve = _smooth(centres, found)
    total = np.average([one.powers / max(one.variance, _EMPTY) for one in found], axis=0)
    expected = _at(curve, np.clip(means, centres[0], centres[-1]))
    sigmas = _at(curve, np.clip(_KNOTS, centres[0], centres[-1])) * _credible(powers, expected, total)
    pooled = total.reshape(8, side // 8, 8, side // 8).mean(axis=(1, 3))
    return _Strength(sigmas, pooled / pooled.mean() if pooled.any() else np.ones((8, 8)))


def _smooth(centres: FloatImage, found: list[BlockPower]) -> FloatImage:
    """Return a quadratic curve of log variance over the root of brightness."""
    logs = np.log([one.variance + _EMPTY for one in found])
    counts = np.sqrt([one.count for one in found])
    terms = _terms(centres)
    sides = np.ones(len(logs))
    for _ in range(30):
        weights = counts / counts.sum() * sides
        normal = terms.T @ (terms * weights[:, np.newaxis]) + np.diag(_STIFF)
        curve = np.linalg.solve(normal, terms.T @ (weights * logs))
        above = logs - terms @ curve
        sides = np.where(above > 0, _LOW, 1 - _LOW) / np.maximum(np.abs(above) / 0.15, 1)
    return np.asarray(curve)


def _at(curve: FloatImage, brightness: FloatImage) -> FloatImage:
    """Return the standard deviations at some brightnesses."""
    variances = np.exp(_terms(brightness) @ curve)
    return np.asarray(np.sqrt(np.where(variances > 2 * _EMPTY, variances, 0)))


def _credible(powers: FloatImage, expected: FloatImage, spectrum: FloatImage) -> float:
    """Return how much of the noise that was found is likely to be noise.

    Blocks of noise are alike, blocks of texture are not: where the flattest are far flatter than noise would be by chance,
    what was found is drawn towards what pictures usually have, as far as there is more.
    """
    level = float(np.sqrt(np.mean(expected**2)))
    if level == 0:
        return 1.0
    activity = powers.reshape(len(powers), -1)[:, 1:].mean(axis=1) / np.maximum(expected**2, _EMPTY)
    freedom = spectrum.sum() ** 2 / (spectrum**2).sum()
    by_chance = np.exp(_DEVIATIONS * np.sqrt(2 / freedom))
    certain = float(np.clip(np.quantile(activity, _TAIL) / (_ALIKE * by_chance), 0, 1))
    return float((min(level, _USUAL) / level) ** (1 - certain))


def _terms(brightness: FloatImage) -> FloatImage:
    root = np.sqrt(np.maximum(brightness, 0)) - 0.5
    return np.stack([np.ones_like(root), root, root**2], axis=1)


def _correlation(planes: FloatImage) -> FloatImage:
    """Return the correlation matrix of the planes' noise, in the blocks with the least activity of all of them."""
    channels = planes.shape[3]
    found = np.stack([coefficients(split(planes[..., c], _LUMA_SIDE)) for c in range(channels)], axis=3)
    found[:, 0, 0] = found[:, 0, 1] = found[:, 1, 0] = 0
    energy = (found**2).sum(axis=(1, 2))
    activity = (energy / np.maximum(np.median(energy, axis=0), _EMPTY)).sum(axis=1)
    quiet = found[np.argsort(activity)[: max(_FEWEST, len(activity) // 20)]].reshape(-1, channels)
    moments = quiet.T.astype(np.float64) @ quiet
    scale = np.sqrt(np.diag(moments))
    return np.asarray(np.where(np.eye(channels) > 0, 1.0, 0.98 * moments / np.maximum(np.outer(scale, scale), _EMPTY)))


def _uncut(mean: FloatImage, sigma: FloatImage) -> FloatImage:
    """Return by how much normal noise was stronger before it was cut off at 0 and 1, from mean and deviation after it."""
    middle = np.linspace(-1, 4, 101)  # of the values before, in standard deviations from the end
    below = np.array([0.5 * (1 + math.erf(one / np.sqrt(2))) for one in middle])
    density = np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi)
    mean_after = density + middle * below
    left = np.sqrt(np.maximum((middle**2 + 1) * below + middle * density - mean_after**2, _EMPTY))
    found = np.minimum(mean, 1 - mean) / np.maximum(sigma, _EMPTY)
    return np.asarray(np.minimum(1 / np.interp(found, mean_after / left, left), _MOST_CUT))


def _shares(light: FloatImage) -> FloatImage:
    nearest = np.abs(light.mean(axis=(1, 2))[:, np.newaxis] - _KNOTS).argmin(axis=1)
    return np.bincount(nearest, minlength=len(_KNOTS)) / len(nearest)


def _of_small(image: FloatImage, jpeg: JpegTables | None) -> NoiseModel:
    """Return the noise of an image ``(H, W, C)`` without a region: white, and the same everywhere."""
    channels = image.shape[2]
    of_luma, of_chroma = white_noise(image)
    covariance = of_luma**2 * channels * np.eye(channels)
    if channels == 3:
        covariance = RGB_FROM_YCBCR @ np.diag([of_luma, of_chroma, of_chroma]) ** 2 @ RGB_FROM_YCBCR.T
    ends = np.array([0.0, 1.0])
    return NoiseModel(ends, np.stack([covariance] * 2), np.ones((2 if channels == 3 else 1, 8, 8)), jpeg)
