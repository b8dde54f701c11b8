"""Measures of image quality without a reference: what became of an input in an output, and how near pictures are to a domain.

The monitor of training, the domain check, the advice and the report all use these; each measure has one implementation.

- `appearance`: tone, colour and texture of a picture, and the distance from pictures to a domain,
- `structure`: edges that were kept and edges that were added, tones in their order,
- `score`: what is wrong with outputs, in one number,
- `checkerboard`: patterns of 2 and 4 px that upsampling leaves,
- `flat_noise`: strength, spread and correlations of noise on flat patches,
- `hallucination`: a map of structure that cannot have come from the input,
- `traits`: exposure, contrast, colour and noise in numbers a person can read,
- `content`: what is in a picture, whatever its exposure, and a perceptual hash,
- `separation`: whether two sets of features can be told apart.
"""

from __future__ import annotations

from diptych.quality.appearance import Appearance, DomainStatistics, appearance_of
from diptych.quality.checkerboard import Checkerboard, find_checkerboard
from diptych.quality.content import Content, content_of
from diptych.quality.flat_noise import NoiseEstimator, NoiseModel, measure_noise
from diptych.quality.hallucination import hallucinated_structure
from diptych.quality.score import DomainScore, MeasuredPicture, Score, StructureReference
from diptych.quality.separation import Separation, separate
from diptych.quality.traits import Traits, traits_of

__all__ = [
    "Appearance",
    "Checkerboard",
    "Content",
    "DomainScore",
    "DomainStatistics",
    "MeasuredPicture",
    "NoiseEstimator",
    "NoiseModel",
    "Score",
    "Separation",
    "StructureReference",
    "Traits",
    "appearance_of",
    "content_of",
    "find_checkerboard",
    "hallucinated_structure",
    "measure_noise",
    "separate",
    "traits_of",
]
