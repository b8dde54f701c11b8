"""Fit a camera to pictures of its domain without pairs: tones by their statistics, noise by their flat patches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import DataError
from diptych.core.image import Image, to_float
from diptych.networks.modules.degradation import DegradationModule
from diptych.quality.flat_noise import NoiseEstimator, NoiseModel
from diptych.training._statistics import energy_distance, statistics
from diptych.training.views import Views

SIDE = 48
"""Side in px of the square copies that are compared."""

_LEAST_SPREAD = 0.05
_ENOUGH = 512  # px a side for measuring what averaging leaves of noise
_POOR, _GOOD, _NOISY = 256, 512, 96  # pictures that are looked at


class Fit(NamedTuple):
    """How far the camera's pictures were from the domain's before the fit, and are after it (see `energy_distance`)."""

    before: float
    after: float


def fit_camera(
    camera: DegradationModule,
    good: Tensor,
    poor: Tensor,
    *,
    steps: int = 400,
    batch: int = 96,
    learning_rate: float = 0.06,
    seed: int = 0,
) -> Fit:
    """Move a camera's weights until its shots of good pictures are distributed as poor pictures are.

    Parameters
    ----------
    camera : DegradationModule
        In training mode; its noise should be set before, see `set_noise`.
    good, poor : Tensor, shape (N, C, side, side)
        Small copies of pictures of either domain, in [0, 1]; no pairs, 2 or more each.
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
    if min(len(good), len(poor)) < 2:
        raise DataError(
            f"the camera's fit has {len(good)} good and {len(poor)} poor pictures; give two or more of each"
        )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        wanted = statistics(poor)
        mean, spread = wanted.mean(0), wanted.std(0) + _LEAST_SPREAD
        wanted = (wanted - mean) / spread
    noise = _noise_left(camera, good.shape[-1], generator)

    def shots(pictures: Tensor) -> Tensor:
        shot = camera.sample(pictures, spread=1.0, clean=0.0, everyday=0.0)
        taken = camera.degrade(pictures, shot, noise=noise, quantise=False, averaged=True)
        return (statistics(taken) - mean) / spread

    before = _distance(shots, good, wanted)
    optimiser = torch.optim.Adam(camera.parameters(), learning_rate, betas=(0.8, 0.98))
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        ours, theirs = (_some(part, batch, generator) for part in (good, wanted))
        loss = energy_distance(shots(ours), theirs)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    optimiser.zero_grad()
    return Fit(before, _distance(shots, good, wanted))


def fit_to(camera: DegradationModule, views: Views, *, steps: int, seed: int = 0) -> Fit:
    """Fit a camera to the pictures of a run: first the noise, then the tones.

    Parameters
    ----------
    camera : DegradationModule
        In training mode.
    views : Views
        Up to 256 pictures of the source and 512 of the target are looked at.
    steps, seed : int
        See `fit_camera`.
    """
    noise, poor = NoiseEstimator(), []
    for number, picture in enumerate(views.poor_pictures(_POOR)):
        if number < _NOISY:
            noise.add(picture)
        poor.append(_small(picture))
    facts = noise.estimate()
    if facts is not None:
        set_noise(camera, facts)
    place = camera.mean.device
    good = torch.cat([_small(picture) for picture in views.good_copies(_GOOD)])
    return fit_camera(camera, good.to(place), torch.cat(poor).to(place), steps=steps, seed=seed)


def _small(picture: Image) -> Tensor:
    planes = torch.from_numpy(to_float(picture).astype(np.float32).transpose(2, 0, 1))[None]
    return F.interpolate(planes, (SIDE, SIDE), mode="area")


def set_noise(camera: DegradationModule, facts: NoiseModel) -> None:
    """Give a camera the noise that was measured (see `diptych.quality.flat_noise.measure_noise`)."""
    for name, value in asdict(facts).items():
        buffer = getattr(camera.grain, name)
        buffer.copy_(torch.tensor(value).expand_as(buffer))


@torch.no_grad()
def _noise_left(camera: DegradationModule, side: int, generator: torch.Generator) -> float:
    """Return the share of the noise that is left in copies of `side` px, which are made as `_small` makes them."""
    whole = float(camera.grain.side)
    measured = min(round(whole), _ENOUGH)
    if measured <= side:
        return 1.0
    noise = camera.grain.drawn((1, 1, measured, measured), generator)
    return float(F.interpolate(noise, (side, side), mode="area").std()) * measured / whole


@torch.no_grad()
def _distance(shots: Callable[[Tensor], Tensor], good: Tensor, wanted: Tensor) -> float:
    return float(energy_distance(shots(good[:256]), wanted[:256]))


def _some(values: Tensor, count: int, generator: torch.Generator) -> Tensor:
    chosen = torch.randperm(len(values), generator=generator)[:count]
    return values[chosen.to(values.device)]
