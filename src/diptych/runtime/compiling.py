"""Compiling what the default enhancer may need, before a picture needs it."""

from __future__ import annotations

import numpy as np


def compile_default() -> None:
    """Call every kernel of the default enhancer once, on a little picture; what is in the cache on the disk is only loaded.

    Those of the denoiser come first, which a picture needs last: so a second process is ahead of the first.

    Examples
    --------
    ``compile_default()``
    """
    from diptych import operators
    from diptych.recipes.denoise import ToldNoise
    from diptych.runtime.default import packaged_denoiser
    from diptych.runtime.thumbnail import thumbnail

    picture = np.full((64, 64, 3), 100, np.uint8)
    told = ToldNoise(((0.0, 0.02, 0.02), (1.0, 0.02, 0.02)), ((1.0, 1.0), (1.0, 1.0)))
    packaged_denoiser().denoise(picture, told)
    operators.deblock(picture, luma=((16.0,) * 8,) * 8)
    operators.develop(picture, exposure=1.0)
    thumbnail(picture, 16)
