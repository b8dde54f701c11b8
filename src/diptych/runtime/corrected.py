"""The planner of the rules, whose numbers a network corrects where a picture got too little light."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from diptych.core.enhancer import EnhancerSpec
from diptych.core.image import FloatImage, Image
from diptych.core.noise import NoiseModel
from diptych.recipes import Recipe, Step, auto, step
from diptych.recipes.statistics import ImageStatistics, measured
from diptych.runtime.bundle import Bundle
from diptych.runtime.denoiser import OnnxDenoiser
from diptych.runtime.denoising import denoising_step, with_denoiser
from diptych.runtime.planner import NetworkPlanner, Numbers

_GATE, _MOST = (0.4, 0.8), 0.5
"""Of `ImageStatistics.under_exposed`: from where on the network has a say, and where it has most of it. What is photographed in
the dark lies beyond; ordinary dark pictures, whose highlights are bright, lie below: there the rules are what people prefer.
The network errs least on what was photographed in the dark, but its tones are flat; the rules keep black and contrast, and are
nearer to a picture that only got less light: half of the plan stays theirs."""

_DEVELOP = "develop"


class CorrectedPlanner:
    """Plans by the rules of `auto`; of RGB pictures that are under-exposed a network corrects the step `develop`.

    Parameters
    ----------
    source : path or Bundle
        The file of a planner, opened when the first under-exposed picture is met.
    name : str
        What to call it.
    denoiser : function, optional
        Returns the denoiser that takes the place of the rules' non-local means; called when a plan has these.
    noise_side : int, optional
        Side in px of the square in the middle that the noise is measured in, where all of a large picture would take longer
        than the rest of the plan. Default: all of it.

    Raises
    ------
    BundleError
        When it plans, if the file is not a bundle of a planner.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Bundle,
        *,
        name: str,
        denoiser: Callable[[], OnnxDenoiser] | None = None,
        noise_side: int | None = None,
    ) -> None:
        self._source, self._name, self._noise_side = source, name, noise_side
        self._denoiser = denoiser
        self._opened: NetworkPlanner | None = None
        self._lock = threading.Lock()

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary."""
        summary = "The rules of auto; of pictures that got too little light a network writes the numbers."
        return EnhancerSpec(self._name, summary, by_rows=True)

    @property
    def network(self) -> NetworkPlanner:
        """The network's planner."""
        with self._lock:
            if self._opened is None:
                # On one thread: it runs beside the rules, and others would wait for it by spinning.
                self._opened = NetworkPlanner(self._source, threads=1)
            return self._opened

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes."""
        return self.plan(image)(image)

    def plan(self, image: Image, /) -> Recipe:
        """Return the recipe for this image, without applying it."""
        statistics, sample = measured(image, noise_side=self._noise_side)
        return self.plan_for(statistics, sample, lambda: self.network.numbers(image))

    def plan_for(self, statistics: ImageStatistics, sample: FloatImage, numbers: Callable[[], Numbers]) -> Recipe:
        """Return the recipe for an image from its statistics and a subsample of its pixels ``(H, W, C)``.

        Parameters
        ----------
        statistics : ImageStatistics
            Of the image.
        sample : ndarray
            Every n-th pixel of every n-th row.
        numbers : function
            Returns what the network says of the image; called only if it has a say.
        """
        recipe = self._plan_for(statistics, sample, numbers)
        if self._denoiser is None or statistics.noise is None or not recipe.denoising.steps:
            return recipe
        return with_denoiser(recipe, statistics.noise, statistics.luma_noise, self._denoiser())

    def denoising(self, noise: Callable[[], NoiseModel]) -> Step | None:
        """Return the step that takes all of the noise away; None without a denoiser."""
        return denoising_step(noise(), self._denoiser()) if self._denoiser else None

    def _plan_for(self, statistics: ImageStatistics, sample: FloatImage, numbers: Callable[[], Numbers]) -> Recipe:
        share = correction(statistics, sample)
        if share == 0:
            return auto.plan_for(statistics, sample)
        with ThreadPoolExecutor(1) as beside:  # both take as long, and leave the interpreter alone most of the time
            said = beside.submit(numbers)
            rules = auto.plan_for(statistics, sample)
        network = self.network.recipe_of(said.result(), channels=3)
        return Recipe(*corrected(rules, network, share), name=self._name, summary=f"made by {self._name} for one image")

    def spread(self, image: Image, /) -> float:
        """Return how far the right exposure may lie from the planned one, in stops: a standard deviation."""
        statistics, sample = measured(image, noise_side=self._noise_side)
        share = correction(statistics, sample)
        return auto.spread(image) + (share * (self.network.spread(image) - auto.spread(image)) if share else 0.0)


def correction(statistics: ImageStatistics, sample: FloatImage) -> float:
    """Return how far the network decides about a picture: 0 to 0.5, and 0 if it is not RGB."""
    if sample.shape[2] != 3:
        return 0.0
    low, high = _GATE
    return _MOST * float(np.clip((statistics.under_exposed - low) / (high - low), 0, 1))


def corrected(rules: Recipe, network: Recipe, share: float) -> tuple[Step, ...]:
    """Return the steps of the rules, with the numbers of `develop` so far on the way to those of the network."""
    start, end = (_numbers_of(one) for one in (rules, network))
    numbers = {name: round(value + share * (end[name] - value), 5) for name, value in start.items()}
    others = tuple(one for one in rules.steps if one.operator != _DEVELOP)
    return (*others, step(_DEVELOP, **numbers))


def _numbers_of(recipe: Recipe) -> dict[str, float]:
    found = next((one for one in recipe.steps if one.operator == _DEVELOP), step(_DEVELOP))
    return {name: float(value) for name, value in found.parameters}
