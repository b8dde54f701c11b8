"""The planner of a model file: a network sees a thumbnail, and a recipe is what it says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import BundleError
from diptych.core.image import FloatImage, Image, check_image, convert
from diptych.core.noise import NoiseModel
from diptych.networks.planner import SPREAD
from diptych.recipes import Recipe, Step, auto, step
from diptych.recipes.statistics import ImageStatistics, measured
from diptych.recipes.steps import declaration_of
from diptych.runtime.bundle import Bundle, read_bundle
from diptych.runtime.denoiser import OnnxDenoiser
from diptych.runtime.denoising import denoising_step, with_denoiser
from diptych.runtime.graph_ends import NUMBERS, THUMBNAIL
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.pipeline import fit_channels
from diptych.runtime.sessions import Sessions
from diptych.runtime.thumbnail import thumbnail

_DIGITS = 3  # after the point; no picture shows the next one
_OF_COLOUR = ("follow", "saturation", "warmth", "tint", "color_floor")

Numbers = dict[str, float]


class NetworkPlanner:
    """A planner from a file: it plans with the network, and enhances by applying its plan.

    ONNX Runtime computes numbers from the thumbnail, and they become a step `develop`, in the bounds of the operator. The
    steps before and after the network, if the model has any, are part of the plan.

    Parameters
    ----------
    source : path or Bundle
        A file, or what `read_bundle` or `make_bundle` returned.
    threads : int or None
        Threads of ONNX Runtime; None for as many as there are cores.
    providers : sequence of str or None
        ONNX Runtime's execution providers, the preferred one first; None for the CPU.
    denoiser : function or None
        Returns the denoiser that takes the noise away first, as far as the rules of `auto` would, unless the model's own steps
        do it: a planner learns to write the numbers of a picture whose noise is taken away. None leaves the noise.

    Raises
    ------
    BundleError
        If the file is not a bundle of a planner that this Diptych runs.
    ParameterError
        If a provider is not there, or `threads` is out of its bounds.

    Notes
    -----
    It may be called from several threads. A planner of one channel takes grey pictures only. One of three sees grey ones as
    three equal channels, and plans nothing of their colours.

    Examples
    --------
    >>> planner = NetworkPlanner("evening.onnx")  # doctest: +SKIP
    >>> print(planner.plan(np.zeros((480, 640, 3), np.uint16)).to_toml())  # doctest: +SKIP
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Bundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        denoiser: Callable[[], OnnxDenoiser] | None = None,
    ) -> None:
        self._denoiser = denoiser
        self._bundle = source if isinstance(source, Bundle) else read_bundle(source)
        if not is_planner(self._bundle):
            raise BundleError(f"{self._bundle.source}: is no planner; open it with diptych.runtime.open_enhancer")
        self._parameters = {one.name: one for one in declaration_of("develop").parameters}
        self._check_outputs()
        self._preprocess, self._postprocess = (
            Recipe.from_toml(text, source=self._bundle.source) if text else Recipe()
            for text in (self.metadata.preprocess, self.metadata.postprocess)
        )
        self._session = Sessions(self._bundle.source, threads=threads, providers=providers).open(self._bundle.model)
        self._side = int(self._session.shape(THUMBNAIL)[-1])
        self._lock = threading.Lock()
        # A graph that cannot be run is found now.
        self.numbers_of(np.zeros((self.metadata.channels_in, self._side, self._side), np.float32))

    def _check_outputs(self) -> None:
        names, source = self.metadata.outputs, self._bundle.source
        if SPREAD not in names:
            raise BundleError(f"{source}: does not say how sure it is ('{SPREAD}'); export the model again")
        for name in names:
            if name != SPREAD and name not in self._parameters:
                raise BundleError(f"{source}: '{name[:80]}' is no parameter of develop; upgrade Diptych")

    @property
    def metadata(self) -> BundleMetadata:
        """What the bundle says of itself."""
        return self._bundle.metadata

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        metadata, around = self.metadata, (*self._preprocess.steps, *self._postprocess.steps)
        summary = metadata.summary or f"a planner from {self._bundle.source}"
        return EnhancerSpec(metadata.name, summary, by_rows=all(one.by_rows for one in around))

    @property
    def side(self) -> int:
        """Side in px of the thumbnail that the network sees."""
        return self._side

    @property
    def before(self) -> Recipe:
        """The steps before the network, whose result the thumbnail is of."""
        return self._preprocess

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes.

        Raises
        ------
        ImageError
            If the image breaks the contract, or has channels that the model does not take.
        BundleError
            If the graph cannot be run, or gives values that are not numbers.
        """
        return self.plan(image)(image)

    def plan(self, image: Image, /) -> Recipe:
        """Return what should be done with an image, without doing it; raises what a call raises."""
        checked = check_image(image)
        channels = 1 if checked.ndim == 2 else checked.shape[2]
        recipe = self.recipe_of(self.numbers(checked), channels=channels)
        return self.denoised(recipe, lambda: measured(checked))

    def denoised(self, recipe: Recipe, measure: Callable[[], tuple[ImageStatistics, FloatImage]]) -> Recipe:
        """Return a plan with the step before it that takes the noise away, if this planner has a denoiser.

        Parameters
        ----------
        recipe : Recipe
            The plan.
        measure : function
            Returns the statistics of the picture and the sample that they are of; called only if they are needed.
        """
        if self._denoiser is None or recipe.denoising.steps:
            return recipe
        statistics, sample = measure()
        rules = auto.plan_for(statistics, sample).denoising
        if statistics.noise is None or not rules.steps:
            return recipe
        first = with_denoiser(rules, statistics.noise, statistics.luma_noise, self._denoiser())
        return Recipe(*first.steps, *recipe.steps, name=recipe.name)

    def denoising(self, noise: Callable[[], NoiseModel]) -> Step | None:
        """Return the step that takes all of the noise away; None without a denoiser."""
        return denoising_step(noise(), self._denoiser()) if self._denoiser else None

    def spread(self, image: Image, /) -> float:
        """Return how far the exposure that is right may lie from the planned one, in stops: a standard deviation."""
        return self.numbers(image)[SPREAD]

    def numbers(self, image: Image) -> Numbers:
        """Return what the network says of an image, by the names in the metadata's `outputs`."""
        checked = check_image(image)
        planes = fit_channels(checked if checked.ndim == 3 else checked[:, :, np.newaxis], self.metadata)
        if self._preprocess.steps:
            between = np.dtype(np.uint16 if planes.dtype.kind == "u" else np.float32)
            planes = self._preprocess(convert(planes, between))
        return self.numbers_of(thumbnail(planes, self._side))

    def numbers_of(self, cells: NDArray[np.float32]) -> Numbers:
        """Return what the network says of a picture with this thumbnail ``(C, S, S)``."""
        names = self.metadata.outputs
        with self._lock:
            wanted = {NUMBERS: ((1, len(names)), np.dtype(np.float32))}
            made = self._session.run({THUMBNAIL: cells[np.newaxis]}, wanted)[0][0]
        if not np.isfinite(made).all():
            raise BundleError(f"{self._bundle.source}: gives values that are not numbers; the file is damaged")
        return {name: float(value) for name, value in zip(names, made, strict=True)}

    def recipe_of(self, numbers: Mapping[str, float], *, channels: int) -> Recipe:
        """Return the recipe with these numbers, rounded and within bounds, for a picture of so many channels."""
        left_out = (SPREAD, *(() if channels == 3 else _OF_COLOUR))
        values = {name: self._bounded(name, value) for name, value in numbers.items() if name not in left_out}
        steps = (*self._preprocess.steps, step("develop", **values), *self._postprocess.steps)
        return Recipe(*steps, name=self.metadata.name)

    def _bounded(self, name: str, value: float) -> float:
        bounds = self._parameters[name]
        return min(max(round(value, _DIGITS), bounds.minimum), bounds.maximum)


def is_planner(bundle: Bundle) -> bool:
    """Return whether a bundle is one that `NetworkPlanner` runs."""
    return bundle.metadata.kind == "planner"
