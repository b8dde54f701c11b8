"""Calibration: the parameters of a denoiser, chosen for one noisy picture without a clean one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from diptych import operators
from diptych.core.calibration import Method, probes, risk
from diptych.core.errors import ParameterError
from diptych.core.image import Image, check_image
from diptych.core.operator import Declaration, calibrated
from diptych.core.parameters import AUTO, Value
from diptych.recipes.steps import Step, step


def calibrate(
    image: Image,
    denoiser: Step | str,
    *,
    parameters: Mapping[str, Sequence[Value]] | None = None,
    method: Method = "recorrupted",
) -> Step:
    """Choose the parameters of a denoising step for one noisy picture, without a clean one.

    The step that is returned has the least estimated mean squared error. Its values are plain numbers, and can stand in a
    recipe for other pictures of the same noise.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        The noisy picture. Up to 16 parts of it, 128 px a side, are looked at.
    denoiser : Step or str
        A step, e.g. ``step("denoise_nlm", strength="auto")``, or the name of an operator. Its parameters that are ``auto``
        are chosen; if there are none, and no `parameters` either, all that may be ``auto`` are.
    parameters : mapping, optional
        Values to try for others: ``{"patch": [3, 5, 7]}``. Every combination is tried, and in each the best value is found of
        what is ``auto``.
    method : {"recorrupted", "invariant"}
        How the error is estimated. ``recorrupted`` adds noise like that measured in the picture, and asks for the picture with
        the opposite noise. ``invariant`` asks for pixels that the denoiser is not shown; it need not know the noise, but
        judges a denoiser that does without the pixel itself, which in weak noise is a worse one, and then smooths too much.

    Returns
    -------
    Step
        The same operator, with fixed values.

    Raises
    ------
    ImageError
        If the image breaks the contract.
    ParameterError
        If a parameter is unknown or a value not allowed, or there is nothing to choose.

    Notes
    -----
    Noise of a JPEG, of a scaled picture or a demosaiced one is alike in neighbours: ``recorrupted`` draws such noise, but
    ``invariant`` foretells it from the neighbours, and the best denoiser then is the one that keeps it. Parameters that are
    numbers of the noise itself, as `luma` of `denoise_photo`, are measured and not searched for. A picture under 16 px a
    side, or without visible noise, gets the values that change it least.

    References
    ----------
    Pang, Zheng, Quan and Ji, "Recorrupted-to-Recorrupted: unsupervised deep learning for image denoising", CVPR 2021; Batson
    and Royer, "Noise2Self: blind denoising by self-supervision", ICML 2019; `skimage.restoration.calibrate_denoiser`.

    Examples
    --------
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.05, (64, 64))
    >>> dict(calibrate(noisy, "gaussian").parameters)["sigma"] > 2
    True
    """
    asked_for = step(denoiser) if isinstance(denoiser, str) else denoiser
    if not isinstance(asked_for, Step):
        raise ParameterError(f"calibrate: a {type(denoiser).__name__} is no step; make one with diptych.step")
    declaration = operators.declaration(asked_for.operator)
    given = _opened(declaration, dict(asked_for.parameters), parameters)
    checked = check_image(image)
    checked = np.ascontiguousarray(checked if checked.ndim == 3 else checked[:, :, np.newaxis])
    choices = dict(parameters or {})
    found = [
        calibrated(declaration, checked, given | dict(zip(choices, values, strict=True)), method=method)
        for values in itertools.product(*choices.values())
    ]
    return step(asked_for.operator, **_best(declaration, checked, found, method))


def _opened(
    declaration: Declaration, given: dict[str, Value], parameters: Mapping[str, Sequence[Value]] | None
) -> dict[str, Value]:
    """Return the parameters with what is to be chosen as ``auto``."""
    for name, values in (parameters or {}).items():
        parameter = declaration.parameter(name)
        if isinstance(values, str) or not values:
            raise ParameterError(f"{declaration.name}: {name} = {values!r} is not a list of values to try; give some")
        for value in values:
            parameter.check(value, declaration.name)
    if not parameters and not declaration.undecided(given):
        given = given | {one.name: AUTO for one in declaration.parameters if one.auto}
    if not parameters and not declaration.undecided(given):
        raise ParameterError(f"calibrate: {declaration.name} has no parameter that may be auto; give parameters")
    return given


def _best(declaration: Declaration, image: Image, found: list[dict[str, Value]], method: Method) -> dict[str, Value]:
    asked = probes(image, method) if len(found) > 1 else []
    if not asked:
        return found[0]
    return min(found, key=lambda values: risk(asked, lambda part: declaration.function(part, **values)))
