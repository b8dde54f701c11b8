"""The noise of an image, estimated from the image alone, in one way for the whole project.

`measure_noise` gives a `NoiseModel`: how strong the noise is by brightness, how it correlates between channels and
between neighbours. The functions of `level` are the quick estimates for white noise.
"""

from diptych.core.noise.jpeg import JpegTables
from diptych.core.noise.level import (
    NoiseCurve,
    estimate_noise,
    level_of_blocks,
    luma_and_chroma,
    noise_blocks,
    noise_curve,
    noise_level,
    noise_planes,
    picture_noise,
)
from diptych.core.noise.measure import measure_noise, noise_of_regions
from diptych.core.noise.model import NoiseModel

__all__ = [
    "JpegTables",
    "NoiseCurve",
    "NoiseModel",
    "estimate_noise",
    "level_of_blocks",
    "luma_and_chroma",
    "measure_noise",
    "noise_blocks",
    "noise_curve",
    "noise_level",
    "noise_of_regions",
    "noise_planes",
    "picture_noise",
]
