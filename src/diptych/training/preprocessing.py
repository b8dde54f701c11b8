"""Preprocessing of the pictures of a run; where the source is noisy, it begins with a denoiser."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, to_float
from diptych.core.noise import measure_noise
from diptych.data import PhotoFolder, prepare
from diptych.recipes import Recipe, step
from diptych.training.config import Preprocess

_PICTURES = 24  # whose noise is estimated
_SIDE = 1024
_VISIBLE = 1.5 / 255
_NOISIER = 1.5  # times the noise of the target from which the source is denoised


def preprocess_pair(
    source: PhotoFolder, target: PhotoFolder, *, kind: Preprocess, denoise: float
) -> tuple[Recipe, Recipe]:
    """Return the preprocessing of both domains.

    `diptych.data.prepare` of this kind; and, if `denoise` is not 0 and the prepared source is noisier than the prepared
    target, `denoise_photo` of the raw source before it, with the median noise of the folder times `denoise`.
    """
    first, second = prepare(source, target, kind)
    if denoise == 0:
        return first, second
    if _noise_of(source, first)[0] <= _NOISIER * _noise_of(target, second)[0]:
        return first, second
    return _with_denoiser(source, first, denoise), second


def preprocess_alone(folder: PhotoFolder, *, kind: Preprocess) -> Recipe:
    """Return the preprocessing of a single folder, which looks at each picture alone."""
    return prepare(folder, folder, kind)[0]


def preprocess_dark(folder: PhotoFolder, *, kind: Preprocess, denoise: float, level: float) -> Recipe:
    """Return the preprocessing of a folder of dark pictures.

    As `preprocess_alone`; and, if `denoise` is not 0 and the noise will be seen at the mean `level` (1.5 levels of 255, as for
    the recipe `auto`), `denoise_photo` before it, with the median noise of the folder times `denoise`.
    """
    prepared = preprocess_alone(folder, kind=kind)
    if denoise == 0 or _noise_when_exposed(folder, prepared, level) <= _VISIBLE:
        return prepared
    return _with_denoiser(folder, prepared, denoise)


def _noise_when_exposed(folder: PhotoFolder, prepared: Recipe, level: float) -> float:
    means = [float(np.mean(to_float(prepared(folder.picture(index))))) for index in _sampled(folder)]
    gain = max(level / max(float(np.median(means)), 1e-3), 1.0)
    return _noise_of(folder, prepared)[0] * gain


def _with_denoiser(source: PhotoFolder, prepared: Recipe, amount: float) -> Recipe:
    luma, chroma, coarse = _noise_of(source, Recipe())
    levels = {"luma": round(min(amount * luma, 0.5), 5), "chroma": round(min(amount * chroma, 0.5), 5)}
    denoiser = step("denoise_photo", **levels, coarse=round(coarse, 3))
    return Recipe(denoiser, *prepared.steps, name=f"denoise and {prepared.name}")


def _sampled(folder: PhotoFolder) -> list[int]:
    chosen = np.unique(np.linspace(0, len(folder) - 1, min(_PICTURES, len(folder))).round())
    return [int(index) for index in chosen]


def _noise_of(folder: PhotoFolder, recipe: Recipe) -> tuple[float, float, float]:
    # One picture at a time, and of a large one the middle; the recipe sees it whole.
    models = [measure_noise(_middle(recipe(folder.picture(index)))) for index in _sampled(folder)]
    luma, chroma, coarse = np.median([(one.luma_level, one.chroma_level, one.coarseness) for one in models], axis=0)
    return float(luma), float(chroma), float(coarse)


def _middle(image: Image) -> Image:
    top, left = (max(0, (length - _SIDE) // 2) for length in image.shape[:2])
    return to_float(image[top : top + _SIDE, left : left + _SIDE])
