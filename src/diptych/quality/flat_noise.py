"""Noise at full resolution, measured on the flat patches of pictures: strength, spread and correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, to_float

Floats = NDArray[np.float32]

_SIDE = 16
_KEPT = 40  # flattest patches that are kept of a picture
_FEWEST_PATCHES = 8
_LIMITS = 1.5 / 255, 0.8  # darker and lighter patches have lost a part of their noise


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """The noise of a set of pictures, of variance ``read^2 + shot * x`` in each channel.

    Attributes
    ----------
    read : tuple of float
        Standard deviation in black, of each channel.
    shot : tuple of float
        Variance that full intensity adds, of each channel.
    spread, spread_channels : float
        Standard deviations of the logarithm of the strength, from picture to picture and from channel to channel.
    between_channels, between_neighbours : float
        Correlations.
    side : float
        Root of the area in px of the pictures that were measured.
    """

    read: tuple[float, ...]
    shot: tuple[float, ...]
    spread: float
    spread_channels: float
    between_channels: float
    between_neighbours: float
    side: float


@dataclass(frozen=True, eq=False)
class _Patches:
    mean: Floats
    """(n, C)"""
    variance: Floats
    """(n, C)"""
    residual: Floats
    """(n, 16, 16, C)"""


def measure_noise(pictures: Sequence[Image]) -> NoiseModel | None:
    """Measure the noise of pictures ``(H, W, C)``; None if they have too few flat patches.

    Of every picture the 40 blocks of 16 x 16 px with the least structure are taken, where structure is the deviation of
    their means over 4 x 4 px relative to that of their pixels; a plane is removed. ``read^2 + shot * mean`` is fitted to the
    medians of the variances over levels, the rounding of the files taken off.

    Parameters
    ----------
    pictures : sequence of ndarray, shape (H, W, C)
        At full resolution; all with as many channels.

    Returns
    -------
    NoiseModel or None
        None if there are too few flat patches.

    References
    ----------
    Foi et al., Practical Poissonian-Gaussian Noise Modeling and Fitting, IEEE Transactions on Image Processing 17 (2008).

    Examples
    --------
    ``measure_noise([read(path).pixels for path in paths])``
    """
    estimator = NoiseEstimator()
    for picture in pictures:
        estimator.add(picture)
    return estimator.estimate()


class NoiseEstimator:
    """Takes in one picture at a time, and keeps its flat patches only."""

    def __init__(self) -> None:
        self._patches: list[_Patches] = []
        self._sides: list[float] = []

    def add(self, picture: Image) -> None:
        """Take in a picture ``(H, W, C)``."""
        self._sides.append(float(np.sqrt(picture.shape[0] * picture.shape[1])))
        rounding = 1 / (12 * np.iinfo(picture.dtype).max ** 2) if picture.dtype.kind == "u" else 0.0
        found = _flat_patches(to_float(picture).astype(np.float32, copy=False), float(rounding))
        if len(found.mean) >= _FEWEST_PATCHES:
            self._patches.append(found)

    def estimate(self) -> NoiseModel | None:
        """Return what was found; None if it is too little."""
        if len(self._patches) < 2:
            return None
        mean, variance = (
            np.concatenate([getattr(one, name) for one in self._patches]) for name in ("mean", "variance")
        )
        lines = [_line(mean[:, channel], variance[:, channel]) for channel in range(mean.shape[1])]
        read2, shot = np.array(lines, np.float32).T
        strengths = np.array([_strength(one, read2, shot) for one in self._patches])
        common = strengths.mean(1, keepdims=True)
        between, neighbours = _correlations(self._patches)
        return NoiseModel(
            read=tuple(np.sqrt(read2).tolist()),
            shot=tuple(shot.tolist()),
            spread=float(common.std()),
            spread_channels=float((strengths - common).std()),
            between_channels=between,
            between_neighbours=neighbours,
            side=float(np.median(self._sides)),
        )


def _flat_patches(image: Floats, rounding: float) -> _Patches:
    down, across = (length // _SIDE for length in image.shape[:2])
    channels = image.shape[2]
    blocks = image[: down * _SIDE, : across * _SIDE].reshape(down, _SIDE, across, _SIDE, channels)
    blocks = blocks.transpose(0, 2, 1, 3, 4).reshape(-1, _SIDE, _SIDE, channels)
    mean = blocks.mean((1, 2))
    usable = np.flatnonzero((mean.min(1) > _LIMITS[0]) & (mean.max(1) < _LIMITS[1]))
    chosen = usable[np.argsort(_structure(blocks[usable]), kind="stable")[:_KEPT]]
    residual = _without_plane(blocks[chosen])
    # Three of 256 degrees of freedom went with the plane.
    variance = (residual**2).mean((1, 2)) * (_SIDE**2 / (_SIDE**2 - 3))
    return _Patches(mean[chosen], np.maximum(variance - rounding, 0), residual)


def _structure(blocks: Floats) -> Floats:
    light = blocks.mean(3)
    means = light.reshape(-1, 4, _SIDE // 4, 4, _SIDE // 4).mean((2, 4))
    return np.asarray(means.std((1, 2)) / (light.std((1, 2)) + 1e-3), np.float32)


def _without_plane(blocks: Floats) -> Floats:
    y, x = np.mgrid[:_SIDE, :_SIDE] - (_SIDE - 1) / 2
    basis = np.stack([np.ones(_SIDE**2), x.ravel(), y.ravel()], 1)
    plane = (basis @ np.linalg.pinv(basis)).astype(np.float32)
    flat = blocks.reshape(len(blocks), _SIDE**2, blocks.shape[3])
    return (flat - np.einsum("ij,njc->nic", plane, flat)).reshape(blocks.shape)


def _line(mean: Floats, variance: Floats) -> tuple[float, float]:
    """Return a and b of ``variance = a + b * mean``, neither negative, through the medians of tenths of the levels."""
    parts = np.array_split(np.argsort(mean, kind="stable"), min(10, len(mean)))
    levels = np.array([np.median(mean[part]) for part in parts])
    medians = np.array([np.median(variance[part]) for part in parts])
    # A variance's own deviation grows with it.
    weights = 1 / (medians + 0.1 * medians.mean() + 1e-12)
    design = np.stack([np.ones_like(levels), levels], 1) * weights[:, None]
    both, *_ = np.linalg.lstsq(design, medians * weights, rcond=None)
    if both.min() >= 0:
        return float(both[0]), float(both[1])
    alone = [float((design[:, k] @ (medians * weights)) / max(design[:, k] @ design[:, k], 1e-12)) for k in (0, 1)]
    return (alone[0], 0.0) if both[1] < 0 else (0.0, alone[1])


def _strength(one: _Patches, read2: Floats, shot: Floats) -> Floats:
    """Return the logarithm of the strength of a picture's noise relative to the model's, for each channel."""
    expected = read2 + shot * one.mean
    ratio = np.median(one.variance / np.maximum(expected, 1e-9), axis=0)
    return np.asarray(0.5 * np.log(np.clip(ratio, 1e-2, 1e2)), np.float32)


def _correlations(patches: list[_Patches]) -> tuple[float, float]:
    residual = np.concatenate([one.residual for one in patches])
    unit = residual / (residual.std((1, 2), keepdims=True) + 1e-4)
    channels = unit.shape[3]
    square = float((unit**2).mean())
    if square <= 0:
        return 0.0, 0.0
    table = np.einsum("nijc,nijd->cd", unit, unit) / (len(unit) * _SIDE**2 * square)
    between = float((table.sum() - np.trace(table)) / max(channels * (channels - 1), 1))
    near = [(unit[:, 1:] * unit[:, :-1]).mean(), (unit[:, :, 1:] * unit[:, :, :-1]).mean()]
    return float(np.clip(between, 0, 1)), float(np.clip(np.mean(near) / square, 0, 0.7))
