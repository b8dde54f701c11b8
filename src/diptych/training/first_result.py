"""The classical first result that a painter begins with, chosen by the score: no pairs are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from diptych.core.image import Image, from_float, to_float
from diptych.data import PhotoFolder
from diptych.data.preparation import mean_quantiles
from diptych.quality import DomainScore, MeasuredPicture, Score, StructureReference
from diptych.quality.appearance import Floats
from diptych.quality.score import as_float
from diptych.recipes import Recipe, Step, step
from diptych.recipes import tuned as kinds

_SOURCES, _TARGETS = 16, 48  # pictures that are looked at
_SIDE = 256  # px of the middle of each that is scored; the recipes see all of it
_GAIN = 0.01  # of the score, that one more step must be worth
_PERCENTILES = (0.005, 0.5)
_SATURATIONS = (0.6, 0.8, 1.25)
_BETWEEN = np.dtype(np.uint16)

Steps = tuple[Step, ...]


class FirstResult(NamedTuple):
    """What was chosen, its name, and the score of each that was tried."""

    recipe: Recipe
    name: str
    scores: Mapping[str, float]

    def entry(self) -> dict[str, Any]:
        """Return the entry of the log."""
        scores = {name: round(score, 4) for name, score in self.scores.items()}
        return {
            "event": "preprocess",
            "chosen": self.name,
            "steps": [one.operator for one in self.recipe.steps],
            "scores": scores,
        }


def choose_first_result(source: PhotoFolder, target: PhotoFolder, denoiser: Step | None) -> FirstResult:
    """Choose what to do with the pictures of the source before any network, by the score against the target as it is.

    Tried are nothing, stretches, histogram specification (half and whole) and the recipes for kinds of pictures; the first
    three also after the denoiser. To the best of these a change of saturation is added if that is worth it, and what was
    brightened is denoised once more if that is.

    Parameters
    ----------
    source, target : PhotoFolder
        The pictures of both domains, without preprocessing.
    denoiser : Step or None
        What takes the noise of the source away; None where it has none to speak of.

    Returns
    -------
    FirstResult
        One step more must gain 0.01 of the score; and that anything is done, or colours changed, more than the standard error.
    """
    trial = _Trial(source, target)
    color = source.channels == 3
    first = {"none": ()} | _tones(target)
    if denoiser is not None:
        first |= {
            ", ".join(["denoise", *([] if name == "none" else [name])]): (denoiser, *s) for name, s in first.items()
        }
    first |= {name: recipe.steps for name, recipe in _of_kinds(color=color).items()}
    chosen = trial.best(first)
    if color:
        more = {f"saturation {value:g}": step("develop", saturation=value) for value in _SATURATIONS}
        chosen = trial.better(chosen, more)
    if denoiser is not None:
        chosen = trial.better(chosen, {"denoise": step("denoise_photo", luma="auto", chroma="auto")})
    return FirstResult(Recipe(*trial.tried[chosen], name=chosen), chosen, trial.scores)


def _tones(target: PhotoFolder) -> dict[str, Steps]:
    quantiles = mean_quantiles(target)
    stretches: dict[str, Steps] = {
        f"stretch {low:g}": (step("stretch", low=low, high=100 - low),) for low in _PERCENTILES
    }
    return stretches | {
        name: (step("specify_histogram", quantiles=quantiles, amount=amount),)
        for name, amount in (("half specify", 0.5), ("specify", 1.0))
    }


def _of_kinds(*, color: bool) -> dict[str, Recipe]:
    made = (kinds.underwater(), kinds.haze()) if color else (kinds.xray(),)
    return {recipe.name: recipe for recipe in made}


class _Trial:
    """Scores recipes on some pictures, each once."""

    def __init__(self, source: PhotoFolder, target: PhotoFolder) -> None:
        pictures = [source.picture(index) for index in _evenly(len(source), _SOURCES)]
        self._sources = [from_float(to_float(picture), _BETWEEN) for picture in pictures]
        wanted = [_middle(target.picture(index)) for index in _evenly(len(target), _TARGETS)]
        self._score = DomainScore([MeasuredPicture.of(image) for image in wanted])
        self._structure = StructureReference([_middle(image) for image in self._sources])
        self._made: dict[Steps, list[Image]] = {(): self._sources}
        self.tried: dict[str, Steps] = {}
        self._found: dict[str, Score] = {}

    @property
    def scores(self) -> dict[str, float]:
        """The score of each that was tried."""
        return {name: found.value for name, found in self._found.items()}

    def best(self, candidates: Mapping[str, Steps]) -> str:
        """Return the name of the best; an earlier one that is less than the gain behind is as good, the first if it may be."""
        for name, steps in candidates.items():
            self._try(name, steps)
        best = max(candidates, key=lambda name: self._found[name].value)
        if not self._is_better(best, next(iter(candidates))):
            return next(iter(candidates))
        return next(name for name in candidates if self._found[name].value >= self._found[best].value - _GAIN)

    def better(self, name: str, more: Mapping[str, Step]) -> str:
        """Return the name of the best with one more step, or the name as it is if none is worth it."""
        longer = {f"{name}, {word}": (*self.tried[name], one) for word, one in more.items()}
        for word, steps in longer.items():
            self._try(word, steps)
        best = max(longer, key=lambda word: self._found[word].value)
        return best if self._is_better(best, name) else name

    def _try(self, name: str, steps: Steps) -> None:
        measured = [MeasuredPicture.of(_middle(image)) for image in self._results(steps)]
        added = self._structure.coarsely_added([one.edges() for one in measured])
        self.tried[name], self._found[name] = steps, self._score.score(measured, added)

    def _is_better(self, name: str, other: str) -> bool:
        """Tell whether one is better than another by the gain, and by more than the standard error of their difference."""
        a, b = self._found[name], self._found[other]
        sides = ((a.shares, b.shares), (a.target_shares, b.target_shares))
        error = np.hypot(*(np.std(np.subtract(*side)) / np.sqrt(max(len(side[0]) - 1, 1)) for side in sides))
        return bool(a.value - b.value > max(_GAIN, error))

    def _results(self, steps: Steps) -> Sequence[Image]:
        """Return the pictures after some steps; what is denoised first is kept, as others begin with it."""
        if steps not in self._made:
            made = [Recipe(steps[-1])(image) for image in self._results(steps[:-1])]
            if len(steps) > 1 and not steps[-1].declaration.denoises:
                return made
            self._made[steps] = made
        return self._made[steps]


def _evenly(count: int, most: int) -> list[int]:
    return [int(index) for index in np.unique(np.linspace(0, count - 1, min(most, count)).round())]


def _middle(image: Image) -> Floats:
    top, left = (max(0, (length - _SIDE) // 2) for length in image.shape[:2])
    return as_float(image[top : top + _SIDE, left : left + _SIDE], "picture")
