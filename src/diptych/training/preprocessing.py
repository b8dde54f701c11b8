"""Preprocessing of the pictures of a run: what its kind says, a denoiser against noise, or the score's choice."""

from __future__ import annotations

from typing import cast

import numpy as np

from diptych.core.image import Image, to_float
from diptych.core.noise import measure_noise
from diptych.data import PhotoFolder, prepare
from diptych.data.preparation import Preparation
from diptych.recipes import Recipe, Step, step
from diptych.recipes.catalogue import find
from diptych.training.config import OF_KINDS, Preprocess
from diptych.training.first_result import FirstResult, choose_first_result

_PICTURES = 24  # whose noise is estimated
_SIDE = 1024
_VISIBLE = 1.5 / 255
_LEAST_NOISE = 0.5 / 255  # under which nothing is denoised
_NOISIER = 1.5  # times the noise of the target from which the source is denoised


def preprocess_pair(
    source: PhotoFolder, target: PhotoFolder, *, kind: Preprocess, denoise: float
) -> tuple[Recipe, Recipe]:
    """Return the preprocessing of both domains.

    `diptych.data.prepare` of this kind; and, if `denoise` is not 0 and the prepared source is noisier than the prepared
    target, `denoise_photo` of the raw source before it, with the median noise of the folder times `denoise`.
    """
    first, second = _prepared(source, target, kind)
    if denoise == 0 or kind in OF_KINDS:
        return first, second
    if _noise_of(source, first)[0] <= _NOISIER * _noise_of(target, second)[0]:
        return first, second
    return _with_denoiser(source, first, denoise), second


def preprocess_chosen(
    source: PhotoFolder, target: PhotoFolder, *, denoise: float
) -> tuple[FirstResult, tuple[Recipe, Recipe]]:
    """Return what the score chooses for the source, and the preprocessing of both domains by it.

    The target stays as it is; but where the source is denoised, the target is too, by its own noise times `denoise`, so that
    no network learns to paint noise.
    """
    chosen = choose_first_result(source, target, _denoiser_of(source, denoise))
    denoises = any(one.declaration.denoises for one in chosen.recipe.steps)
    own = _denoiser_of(target, denoise) if denoises else None
    return chosen, (chosen.recipe, Recipe(name="as it is") if own is None else Recipe(own, name="denoise"))


def preprocess_alone(folder: PhotoFolder, *, kind: Preprocess) -> Recipe:
    """Return the preprocessing of a single folder, which looks at each picture alone."""
    return _prepared(folder, folder, kind)[0]


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


def _prepared(source: PhotoFolder, target: PhotoFolder, kind: Preprocess) -> tuple[Recipe, Recipe]:
    """Return the preprocessing of a kind; the recipe of a kind of pictures is for the source alone."""
    if kind in OF_KINDS:
        recipe = find(kind)
        assert isinstance(recipe, Recipe)
        return recipe, Recipe(name="as it is")
    return prepare(source, target, cast(Preparation, kind))


def _with_denoiser(source: PhotoFolder, prepared: Recipe, amount: float) -> Recipe:
    return Recipe(_denoiser(*_noise_of(source, Recipe()), amount), *prepared.steps, name=f"denoise and {prepared.name}")


def _denoiser_of(folder: PhotoFolder, amount: float) -> Step | None:
    """Return what takes the noise of a folder away, times an amount; None if there is hardly any."""
    noise = _noise_of(folder, Recipe())
    return _denoiser(*noise, amount) if amount * max(noise[:2]) >= _LEAST_NOISE else None


def _denoiser(luma: float, chroma: float, coarse: float, amount: float) -> Step:
    levels = {"luma": round(min(amount * luma, 0.5), 5), "chroma": round(min(amount * chroma, 0.5), 5)}
    return step("denoise_photo", **levels, coarse=round(coarse, 3))


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
