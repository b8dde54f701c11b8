"""From a plan with non-local means to the plan with the denoiser that takes their place."""

from __future__ import annotations

from diptych.core.noise import NoiseModel
from diptych.recipes import Recipe, Step, step
from diptych.recipes.denoise import ToldNoise
from diptych.runtime.denoiser import OnnxDenoiser

_DIGITS = 3


def with_denoiser(recipe: Recipe, noise: NoiseModel, luma_noise: float, denoiser: OnnxDenoiser) -> Recipe:
    """Return a plan in which a denoiser takes away what `denoise_photo` was to take away.

    Parameters
    ----------
    recipe : Recipe
        The plan of an image.
    noise : NoiseModel
        The noise of the image.
    luma_noise : float
        The standard deviation of luma that the plan was made by: a plan for less takes a share of the noise away.
    denoiser : OnnxDenoiser
        The denoiser.
    """
    steps = [_in_place_of(one, noise, luma_noise, denoiser) for one in recipe.steps]
    return Recipe(*steps, name=recipe.name, summary=recipe.summary)


def denoising_step(noise: NoiseModel, denoiser: OnnxDenoiser, *, strength: float = 1.0) -> Step:
    """Return the step that takes a share of the noise of an image away."""
    told = ToldNoise.of(noise)
    return step("denoise", model=denoiser, levels=told.levels, correlation=told.correlation, strength=strength)


def _in_place_of(one: Step, noise: NoiseModel, luma_noise: float, denoiser: OnnxDenoiser) -> Step:
    if one.operator != "denoise_photo":
        return one
    share = min(dict(one.parameters)["luma"] / max(luma_noise, 1e-6), 1.0)
    return denoising_step(noise, denoiser, strength=round(share, _DIGITS))
