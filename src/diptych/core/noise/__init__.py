"""The noise of an image, estimated from the image alone, in one way for the whole project.

`measure_noise` gives a `NoiseModel`: how strong the noise is by brightness, how it correlates between channels and
between neighbours. The functions of `level` are the quick estimates for white noise.
"""

from diptych.core.noise.jpeg import JpegTables, find_jpeg
from diptych.core.noise.level import estimate_noise, noise_level
from diptych.core.noise.measure import measure_noise, noise_of_regions
from diptych.core.noise.model import NoiseModel

__all__ = [
    "JpegTables",
    "NoiseModel",
    "estimate_noise",
    "find_jpeg",
    "measure_noise",
    "noise_level",
    "noise_of_regions",
]
