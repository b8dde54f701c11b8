"""What enhancers are evaluated by: references if there are any, otherwise the distance to folder B and the structure kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from diptych import operators
from diptych.advice.pictures import Split
from diptych.core.image import Image, to_float
from diptych.core.noise import measure_noise
from diptych.quality.appearance import Floats
from diptych.quality.score import DomainScore, MeasuredPicture, StructureReference

_MOST_DECIBELS = 60.0  # what equals its reference has infinitely many
_NOISIER = 1.5  # times the noise of B
_LEAST_NOISE = 0.5 / 255


@dataclass(frozen=True)
class Scores:
    """How well an enhancer did.

    Attributes
    ----------
    value : float
        The objective value, which decides; higher is better.
    shares : tuple of float
        The part of each picture in it; their mean is `value`. Differences of two enhancers are tested on them.
    figures : dict of str to float
        What else was measured; means over the pictures, or the factors of the score.
    error : float or None
        Standard error of the value, where it is known.
    target_shares : tuple of float
        The part of each picture of B in the value; empty where B takes no part.
    """

    value: float
    shares: tuple[float, ...]
    figures: dict[str, float] = field(default_factory=dict)
    error: float | None = None
    target_shares: tuple[float, ...] = ()


class Evaluator(Protocol):
    """Scores what an enhancer made of the pictures."""

    @property
    def objective_name(self) -> str:
        """What the objective is called."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the objective value; empty for a plain number."""
        ...

    @property
    def margin(self) -> float:
        """A difference in the objective value that is too small to matter."""
        ...

    @property
    def tolerance(self) -> float:
        """A difference that matters even if it may be chance."""
        ...

    @property
    def noisier(self) -> bool:
        """Whether the pictures to improve are known to be noisier than they should be."""
        ...

    def evaluate(self, outputs: Sequence[Image]) -> Scores:
        """Score the outputs, one for each picture."""
        ...


def evaluator_for(split: Split) -> Evaluator:
    """Return the evaluator for a split: by references if it has them."""
    return ReferenceEvaluator(split.references) if split.references else DomainEvaluator(split.sources, split.targets)


class ReferenceEvaluator:
    """PSNR and SSIM against references.

    The objective is the mean of two decibels, ``(PSNR + D) / 2`` with ``D = -10 log10(1 - SSIM)``, each at most 60: noise and
    lost detail weigh about as much as a wrong brightness. A difference of 0.2 dB does not matter, one of
    0.5 dB does, proven or not.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> wanted = [draw.integers(0, 256, (32, 32, 1), np.uint8) for _ in range(2)]
    >>> evaluator = ReferenceEvaluator(wanted)
    >>> evaluator.evaluate(wanted).value, evaluator.evaluate([image // 2 for image in wanted]).value < 20
    (60.0, True)
    """

    objective_name, unit, margin = "quality", "dB", 0.2
    tolerance = 0.5
    noisier = False  # the references see noise

    def __init__(self, references: Sequence[Image]) -> None:
        self._references = tuple(references)

    def evaluate(self, outputs: Sequence[Image]) -> Scores:
        """Score the outputs, one for each reference."""
        from diptych import metrics

        both = list(zip(outputs, self._references, strict=True))
        psnr = [min(metrics.get("psnr")(a, b), _MOST_DECIBELS) for a, b in both]
        ssim = [metrics.get("ssim")(a, b) for a, b in both]
        shares = tuple((one + _decibels(other)) / 2 for one, other in zip(psnr, ssim, strict=True))
        return Scores(float(np.mean(shares)), shares, {"psnr": float(np.mean(psnr)), "ssim": float(np.mean(ssim))})


def _decibels(ssim: float) -> float:
    return min(-10 * math.log10(max(1 - ssim, 1e-9)), _MOST_DECIBELS)


class DomainEvaluator:
    """What is wrong with the outputs, against the target domain and the input, without pairs.

    The objective is the score of the monitor of training (`diptych.quality.DomainScore`), 0 to 1. Structure is measured
    against the input scaled up to white, as a dark one lies within a few levels of black. The score is a number of all pictures
    together; the share of one is its jackknife pseudo-value. A difference of 0.01 does not
    matter, one of 0.02 does, proven or not.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> bright = [draw.random((32, 32, 1)).astype(np.float32) for _ in range(4)]
    >>> dark = [image / 4 for image in bright]
    >>> evaluator = DomainEvaluator(dark, bright)
    >>> evaluator.evaluate([4 * image for image in dark]).value > 2 * evaluator.evaluate(dark).value
    True
    """

    objective_name, unit, margin = "score", "", 0.01
    tolerance = 0.02
    noisier = False

    def __init__(self, sources: Sequence[Image], targets: Sequence[Image]) -> None:
        self._score = DomainScore([MeasuredPicture.of(_floats(image)) for image in targets])
        # A dark picture lies within a few levels of black, where nothing counts as an edge: it is scaled up first.
        self.noisier = _noise_of(sources) > _NOISIER * max(_noise_of(targets), _LEAST_NOISE)
        stretch = operators.get("stretch")
        self._structure = StructureReference(
            [_floats(stretch(_floats(image), low=0.0, high=99.9)) for image in sources]
        )

    def evaluate(self, outputs: Sequence[Image]) -> Scores:
        """Score the outputs, one for each source picture."""
        measured = [MeasuredPicture.of(_floats(image)) for image in outputs]
        score = self._score.score(measured, self._structure.coarsely_added([one.edges() for one in measured]))
        return Scores(score.value, score.shares, score.parts, score.error, score.target_shares)


def _noise_of(images: Sequence[Image]) -> float:
    """Return the median noise of luma, that which a camera has smeared over several pixels too."""
    return float(np.median([measure_noise(_floats(image)).luma_level for image in images]))


def niqe_of(images: Sequence[Image]) -> float | None:
    """Return the mean NIQE over the pictures that have one, or None: of 96 px a side at least, grey or RGB, not flat."""
    from diptych import metrics

    smallest = metrics.declaration("niqe").smallest_side
    usable = [image for image in images if min(image.shape[:2]) >= smallest and image.shape[2] in (1, 3)]
    values = [value for value in map(metrics.get("niqe"), usable) if math.isfinite(value)]
    return float(np.mean(values)) if values else None


def _floats(image: Image) -> Floats:
    return to_float(image).astype(np.float32, copy=False)
