"""What the source pictures go through before the network; where they are noisier than the target, noise is taken away first."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, to_float
from diptych.core.noise import picture_noise
from diptych.data import PhotoFolder, prepare
from diptych.recipes import Recipe, step
from diptych.training.config import CycleGANConfig

_LOOKED_AT = 24
_SIDE = 1024
_SEEN = 1.5 / 255
_NOISIER = 1.5  # times the noise of the target from which the source is denoised


def decide_before(source: PhotoFolder, target: PhotoFolder, config: CycleGANConfig) -> tuple[Recipe, Recipe]:
    """Return what the pictures of both domains go through before the networks see them.

    `diptych.data.prepare` of the kind ``config.preprocess``; and, if ``config.denoise`` is not 0 and the prepared source is
    noisier than the prepared target, `denoise_photo` of the raw source before it, with the median noise of the folder times
    ``config.denoise``.
    """
    first, second = prepare(source, target, config.preprocess)
    if config.denoise == 0:
        return first, second
    if _noise_of(source, first)[0] <= _NOISIER * _noise_of(target, second)[0]:
        return first, second
    return _calmed(source, first, config.denoise), second


def decide_before_alone(folder: PhotoFolder, config: CycleGANConfig) -> Recipe:
    """Return what the pictures of a single folder go through before the network sees them.

    The preparation as for two folders, which looks at each picture alone; and, if the network is to learn exposure and the
    noise will be seen then (1.5 levels of 255, as for the recipe `auto`), `denoise_photo` before it, with the median noise
    of the folder times ``config.denoise``. Other games get the pictures with their noise.
    """
    prepared, _ = prepare(folder, folder, config.preprocess)
    if config.denoise == 0 or config.game != "exposure" or _noise_when_exposed(folder, prepared, config.level) <= _SEEN:
        return prepared
    return _calmed(folder, prepared, config.denoise)


def _noise_when_exposed(folder: PhotoFolder, prepared: Recipe, level: float) -> float:
    means = [float(np.mean(to_float(prepared(folder.picture(index))))) for index in _spread(folder)]
    gain = max(level / max(float(np.median(means)), 1e-3), 1.0)
    return _noise_of(folder, prepared)[0] * gain


def _calmed(source: PhotoFolder, prepared: Recipe, amount: float) -> Recipe:
    luma, chroma = (round(amount * level, 5) for level in _noise_of(source, Recipe()))
    calm = step("denoise_photo", luma=min(luma, 0.5), chroma=min(chroma, 0.5))
    return Recipe(calm, *prepared.steps, name=f"denoise and {prepared.name}")


def _spread(folder: PhotoFolder) -> list[int]:
    chosen = np.unique(np.linspace(0, len(folder) - 1, min(_LOOKED_AT, len(folder))).round())
    return [int(index) for index in chosen]


def _noise_of(folder: PhotoFolder, recipe: Recipe) -> tuple[float, float]:
    # One picture at a time, and of a large one the middle; the recipe sees it whole.
    found = [picture_noise(_middle(recipe(folder.picture(index)))) for index in _spread(folder)]
    luma, chroma = np.median(found, axis=0)
    return float(luma), float(chroma)


def _middle(image: Image) -> Image:
    top, left = (max(0, (length - _SIDE) // 2) for length in image.shape[:2])
    return to_float(image[top : top + _SIDE, left : left + _SIDE])
