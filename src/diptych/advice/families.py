"""The families of classical recipes, each with a small grid over its parameters."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from diptych.advice.pictures import Split
from diptych.core.image import Image, to_float
from diptych.core.parameters import Table
from diptych.operators.develop import STOP
from diptych.quality.appearance import mean_quantiles
from diptych.recipes import Step, step
from diptych.recipes.statistics import ImageStatistics, image_statistics

Steps = tuple[Step, ...]

_PERCENTILES = ((0.1, 99.9), (0.5, 99.5), (1.0, 99.0))
_GAMMAS = (0.4, 0.55, 0.7, 0.85, 1.2, 1.5)
_AMOUNTS = (0.5, 1.0)
_SHADOWS = (0.0, 2.0, 4.0)
_CLIP_LIMITS = (1.5, 3.0)
_STRENGTHS = (0.5, 1.0, 1.5)  # of the measured noise
_DARKER = 1.25  # times as bright B has to be for develop to be tried
_FLATTER = 1.1  # times the span of A that B has to have for CLAHE to be tried
_LEAST_NOISE = 0.5 / 255


@dataclass(frozen=True)
class FolderStatistics:
    """What decides which families are tried, and where: medians over the pictures, of A and of B.

    Attributes
    ----------
    brightness, span : (float, float)
        Mean luma, and from the 0.5th to the 99.5th percentile.
    luma_noise, chroma_noise, coarseness : float
        Of the noise in A: standard deviations, and the share that is left where 2 x 2 px are averaged.
    together, each : Table
        Mean quantiles of B: of all channels together, and of every channel; `each` is empty unless both folders are RGB.
    color : bool
        Whether A has several channels.
    """

    brightness: tuple[float, float]
    span: tuple[float, float]
    luma_noise: float
    chroma_noise: float
    coarseness: float
    together: Table
    each: Table
    color: bool


def folder_statistics(split: Split) -> FolderStatistics:
    """Measure the pictures."""
    a, b = ([image_statistics(to_float(image)) for image in side] for side in (split.sources, split.targets))
    channels = {image.shape[2] for image in (*split.sources, *split.targets)}
    return FolderStatistics(
        brightness=(_median(one.mean for one in a), _median(one.mean for one in b)),
        span=(_median(_span(one) for one in a), _median(_span(one) for one in b)),
        luma_noise=_median(one.luma_noise for one in a),
        chroma_noise=_median(one.chroma_noise for one in a),
        coarseness=_median(one.coarseness for one in a),
        together=mean_quantiles([to_float(image) for image in split.targets]),
        each=_of_channels(split.targets) if channels == {3} else (),
        color=split.sources[0].shape[2] > 1,
    )


def families(folders: FolderStatistics) -> dict[str, list[Steps]]:
    """Return the grid of each family that fits, without denoising; ``untouched`` is the empty recipe."""
    stretches = [
        step("stretch", low=low, high=high, channels=channels)
        for (low, high), channels in itertools.product(_PERCENTILES, ("together", "each")[: 1 + folders.color])
    ]
    tables = [folders.together, *([folders.each] if folders.each else [])]
    grids: dict[str, list[Steps]] = {
        "untouched": [()],
        "stretch": [(first,) for first in stretches],
        "stretch, gamma": [
            (first, step("gamma", gamma=gamma)) for first, gamma in itertools.product(stretches, _GAMMAS)
        ],
        "histogram": [
            (step("specify_histogram", quantiles=table, amount=amount),)
            for table, amount in itertools.product(tables, _AMOUNTS)
        ],
    }
    if folders.brightness[1] > _DARKER * folders.brightness[0]:
        grids["develop"] = _developments(folders.brightness[1] / max(folders.brightness[0], 1 / 255))
    if folders.span[1] > _FLATTER * folders.span[0]:
        grids["stretch, clahe"] = [
            (first, step("clahe", clip_limit=limit)) for first, limit in itertools.product(stretches, _CLIP_LIMITS)
        ]
    if folders.color:
        grids["white balance, stretch"] = [
            (step("white_balance", amount=amount), first)
            for amount, first in itertools.product(_AMOUNTS, stretches[::2])
        ]
    return grids


def denoisers(folders: FolderStatistics) -> list[Step]:
    """Return the steps that take noise away, weakest first; none if there is hardly any in A."""
    if folders.luma_noise < _LEAST_NOISE:
        return []
    coarse = round(folders.coarseness, 3)
    levels = [(_share(part, folders.luma_noise), _share(part, folders.chroma_noise)) for part in _STRENGTHS]
    return [step("denoise_photo", luma=luma, chroma=chroma, coarse=coarse) for luma, chroma in levels]


def _developments(ratio: float) -> list[Steps]:
    stops = float(np.clip(np.log2(ratio) / STOP, 0, 13))
    pairs = itertools.product((0.0, round(stops / 2, 2), round(stops, 2)), _SHADOWS)
    return [
        (step("develop", exposure=exposure, shadows=shadows),) for exposure, shadows in pairs if exposure or shadows
    ]


def _share(part: float, noise: float) -> float:
    return round(min(part * noise, 0.5), 5)


def _of_channels(images: Sequence[Image]) -> Table:
    floats = [to_float(image) for image in images]
    return tuple(mean_quantiles([image[:, :, channel] for image in floats])[0] for channel in range(3))


def _span(seen: ImageStatistics) -> float:
    return seen.white - seen.black


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
