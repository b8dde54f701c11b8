"""Which photographs are fit to be models of a good photograph."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, check_image
from diptych.core.noise import noise_level
from diptych.metrics._nss import PATCH, luma, patches_of

# Found on some hundred photographs of cameras, phones and wallpapers, by looking at what each bound leaves out.
_SIDE = 4 * PATCH
_SHARP = 12.0  # levels of 0 ... 255
_MEAN = (70.0, 180.0)
_SPREAD = 100.0
_NOISE = 0.01
_COMMON_LEVEL = 0.1
_EQUAL_NEIGHBOURS = 0.5


def why_unsuited(image: Image) -> str:
    """Return why NIQE should not be fitted on a picture, or an empty text if it is a good photograph as far as one can tell.

    A picture is left out if it is grey, if its shorter side is under 384 pixels, if its sharpest patch has a mean local
    contrast under 12 levels (of 255), if it is dark or bright as a whole (mean luma outside 70 ... 180), if its luma spans less
    than 100 levels between the 1st and the 99th percentile, if its noise is over 0.01, or if it looks drawn or clipped:
    one level on more than a tenth of the pixels, or more than half of the neighbours exactly equal.

    Examples
    --------
    >>> why_unsuited(np.zeros((400, 400), np.uint8))
    'it is grey'
    >>> why_unsuited(np.random.default_rng(0).random((400, 400, 3)))
    'it is noisy'
    """
    checked = check_image(image)
    if checked.ndim != 3 or checked.shape[2] != 3 or (np.ptp(checked, axis=2) == 0).all():
        return "it is grey"
    if min(checked.shape[:2]) < _SIDE:
        return "it is small"
    if patches_of(checked).sharpness.max() < _SHARP:
        return "it is blurred"
    return _tones(checked)


def _tones(image: Image) -> str:
    levels = luma(image)
    low, high = np.percentile(levels, [1, 99])
    reasons = {
        "it is dark or bright": not _MEAN[0] <= levels.mean() <= _MEAN[1],
        "it has little contrast": high - low < _SPREAD,
        "it is noisy": noise_level((levels - 16) / 219) > _NOISE,
        "one level fills much of it": np.bincount(levels.astype(int).ravel()).max() > _COMMON_LEVEL * levels.size,
        "it looks drawn": np.mean(levels[:, 1:] == levels[:, :-1]) > _EQUAL_NEIGHBOURS,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
