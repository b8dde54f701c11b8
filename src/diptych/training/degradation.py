"""Fit a degradation model to a domain without pairs: tones by their statistics, noise by flat patches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import DataError
from diptych.core.image import Image, to_float
from diptych.networks.modules.degradation import DegradationModule
from diptych.networks.modules.pictures import luma
from diptych.quality.flat_noise import NoiseEstimator, NoiseModel

SIDE = 48
"""Side in px of the square thumbnails that are compared."""

_MIN_SPREAD = 0.05
_MAX_MEASURED = 512  # px a side for measuring what averaging leaves of noise
_MEASURED_PICTURES = 96  # whose noise is measured
_QUANTILES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_GROUPS = ((0.0, 0.5), (0.5, 0.9), (0.9, 1.0))  # shadows, middle tones, lights
_DARK = 4e-3  # a level of 255: added before a logarithm


class Fit(NamedTuple):
    """How far degraded pictures are from the domain, before and after the fit (see `energy_distance`)."""

    distance_before: float
    distance_after: float


def calibrate(
    model: DegradationModule, *, source: Iterable[Image], target: Iterable[Image], steps: int, seed: int = 0
) -> Fit:
    """Fit a degradation model to pictures: first its noise, then its tones.

    Parameters
    ----------
    model : DegradationModule
        In training mode.
    source : iterable of ndarray
        Whole pictures ``(H, W, C)`` that the degraded ones should be like; the noise of the first 96 is measured.
    target : iterable of ndarray
        Pictures, or thumbnails of them, that are degraded.
    steps, seed : int
        See `fit_tones`.
    """
    noise, thumbnails = NoiseEstimator(), []
    for number, picture in enumerate(source):
        if number < _MEASURED_PICTURES:
            noise.add(picture)
        thumbnails.append(_thumbnail(picture))
    measured = noise.estimate()
    if measured is not None:
        set_noise(model, measured)
    device = model.mean.device
    clean = torch.cat([_thumbnail(picture) for picture in target])
    return fit_tones(model, clean.to(device), torch.cat(thumbnails).to(device), steps=steps, seed=seed)


def fit_tones(
    model: DegradationModule,
    target: Tensor,
    source: Tensor,
    *,
    steps: int = 400,
    batch: int = 96,
    learning_rate: float = 0.06,
    seed: int = 0,
) -> Fit:
    """Move the weights of a degradation model until degraded pictures of the target are distributed as those of the source.

    Parameters
    ----------
    model : DegradationModule
        In training mode; its noise should be set before, see `set_noise`.
    target, source : Tensor, shape (N, C, side, side)
        Thumbnails of pictures of either domain, in [0, 1]; no pairs, 2 or more each.
    steps, batch : int
        Updates, and how many pictures of each domain each of them sees.
    learning_rate : float
        Of Adam, at the beginning; it falls along half a cosine.
    seed : int
        Decides which pictures a step sees.

    Returns
    -------
    Fit
        The distances, on the same pictures.

    Raises
    ------
    DataError
        If there are fewer than two pictures of a domain.
    """
    if min(len(target), len(source)) < 2:
        raise DataError(
            f"the fit of the degradation model has {len(target)} pictures of the target and {len(source)} of the source; "
            f"give two or more of each"
        )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        wanted = tone_statistics(source)
        mean, spread = wanted.mean(0), wanted.std(0) + _MIN_SPREAD
        wanted = (wanted - mean) / spread
    noise = _noise_left(model, target.shape[-1], generator)

    def degraded_statistics(pictures: Tensor) -> Tensor:
        sample = model.sample(pictures, spread=1.0, clean=0.0, everyday=0.0)
        degraded = model.degrade(pictures, sample, noise=noise, quantise=False, averaged=True)
        return (tone_statistics(degraded) - mean) / spread

    before = _distance(degraded_statistics, target, wanted)
    optimiser = torch.optim.Adam(model.parameters(), learning_rate, betas=(0.8, 0.98))
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        ours, theirs = (_random_subset(part, batch, generator) for part in (target, wanted))
        loss = energy_distance(degraded_statistics(ours), theirs)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    optimiser.zero_grad()
    return Fit(before, _distance(degraded_statistics, target, wanted))


def set_noise(model: DegradationModule, noise: NoiseModel) -> None:
    """Give a degradation model the noise that was measured (see `diptych.quality.flat_noise.measure_noise`)."""
    for name, value in asdict(noise).items():
        buffer = getattr(model.grain, name)
        buffer.copy_(torch.tensor(value).expand_as(buffer))


def tone_statistics(pictures: Tensor) -> Tensor:
    """Return what pictures ``(N, C, H, W)`` say of the conditions they were taken under, as numbers ``(N, K)`` with gradients.

    Logarithms throughout, since a degradation multiplies: quantiles of luma; casts of red and blue in shadows, middle tones
    and lights (where there are three channels); unevenness of the four quarters. Colourfulness and detail are left out: they
    say more about what is in the pictures, which are of other scenes in the other domain.
    """
    light = luma(pictures)
    ordered, order = light.flatten(1).sort(1)
    found = [(_at(ordered, _QUANTILES) + _DARK).log()]
    if pictures.shape[1] == 3:
        found += _casts(pictures.flatten(2).gather(2, order[:, None].expand(-1, 3, -1)))
    quarters = F.adaptive_avg_pool2d(light, (2, 2)).flatten(1)
    found.append((quarters + 1e-3).log().std(1, keepdim=True))
    return torch.cat(found, 1)


def energy_distance(first: Tensor, second: Tensor) -> Tensor:
    """Return how far two samples ``(N, K)`` and ``(M, K)`` are apart: 0 in the mean if they are of one distribution.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` with the Euclidean distance, plus 0.3 times the same of every coordinate alone: the
    first sees how the coordinates go together, the second each of them clearly.

    References
    ----------
    Székely and Rizzo, Energy statistics: A class of statistics based on distances, Journal of Statistical Planning and
    Inference 143 (2013), equation 6.1.
    """
    joint = _energy(torch.cdist(first, second), torch.cdist(first, first), torch.cdist(second, second))
    alone = _energy(_apart(first, second), _apart(first, first), _apart(second, second))
    return joint.sum() + 0.3 * alone.sum()


def _thumbnail(picture: Image) -> Tensor:
    planes = torch.from_numpy(to_float(picture).astype(np.float32).transpose(2, 0, 1))[None]
    return F.interpolate(planes, (SIDE, SIDE), mode="area")


@torch.no_grad()
def _noise_left(model: DegradationModule, side: int, generator: torch.Generator) -> float:
    """Return the share of the noise that is left in thumbnails of `side` px, which are made as `_thumbnail` makes them."""
    full = float(model.grain.side)
    measured = min(round(full), _MAX_MEASURED)
    if measured <= side:
        return 1.0
    noise = model.grain.drawn((1, 1, measured, measured), generator)
    return float(F.interpolate(noise, (side, side), mode="area").std()) * measured / full


@torch.no_grad()
def _distance(statistics: Callable[[Tensor], Tensor], target: Tensor, wanted: Tensor) -> float:
    return float(energy_distance(statistics(target[:256]), wanted[:256]))


def _random_subset(values: Tensor, count: int, generator: torch.Generator) -> Tensor:
    chosen = torch.randperm(len(values), generator=generator)[:count]
    return values[chosen.to(values.device)]


def _energy(between: Tensor, within: Tensor, other: Tensor) -> Tensor:
    pairs = (len(part) * (len(part) - 1) for part in (within, other))
    return 2 * between.mean((0, 1)) - within.sum((0, 1)) / next(pairs) - other.sum((0, 1)) / next(pairs)


def _apart(first: Tensor, second: Tensor) -> Tensor:
    return (first[:, None] - second[None]).abs()


def _at(ordered: Tensor, shares: tuple[float, ...]) -> Tensor:
    positions = [share * (ordered.shape[1] - 1) for share in shares]
    low = [int(position) for position in positions]
    part = ordered.new_tensor([position - int(position) for position in positions])
    above = ordered[:, [min(index + 1, ordered.shape[1] - 1) for index in low]]
    return ordered[:, low] * (1 - part) + above * part


def _casts(ordered: Tensor) -> list[Tensor]:
    """Return red and blue against green of the pixels ``(N, 3, P)``, which are in the order of their luma."""
    count, found = ordered.shape[2], []
    for low, high in _GROUPS:
        first = min(int(low * count), count - 1)
        red, green, blue = (ordered[:, :, first : max(first + 1, int(high * count))].mean(2) + _DARK).log().unbind(1)
        found.append(torch.stack([red - green, blue - green], 1))
    return found
