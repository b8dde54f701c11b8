"""The classical first result that a painter begins with, chosen by the score: no pairs are needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from diptych.core.image import Image, from_float, to_float
from diptych.core.noise import measure_noise
from diptych.core.parameters import Table
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
_CURVES = 40  # pictures of either folder whose tones are averaged
_STRONGER = (1.5, 2.0)  # times the measured noise
_NOISIER = 1.5  # times the noise of the target
_LEAST = 0.2 / 255  # of noise, that is told from none
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

    Tried are nothing, stretches, histogram specification (half and whole), a stretch with one curve for all pictures
    (`levels`) and half of a specification after it, and the recipes for kinds of pictures; all but the last also after the
    denoiser. Unless nothing is best, a change of saturation is added if that is worth it. Where the result is then still
    noisier than the target by half, it is denoised whatever the score says, which hardly sees the noise that a camera has
    smeared; and up to twice as much, if that is still so then. Last, it is denoised by what is measured in it, unless that
    costs as much as a step has to gain.

    Parameters
    ----------
    source, target : PhotoFolder
        The pictures of both domains, without preprocessing.
    denoiser : Step or None
        What takes the noise of the source away; None where it has none to speak of.

    Returns
    -------
    FirstResult
        One step more must gain 0.01 of the score; and that anything is done, more than the standard error.
    """
    trial = _Trial(source, target)
    color = source.channels == 3
    first = {"none": ()} | _tones(source, target)
    if denoiser is not None:
        first |= {
            ", ".join(["denoise", *([] if name == "none" else [name])]): (denoiser, *s) for name, s in first.items()
        }
    first |= {name: recipe.steps for name, recipe in _of_kinds(color=color).items()}
    chosen = trial.best(first)
    if color and chosen != "none":
        more = {f"saturation {value:g}": step("develop", saturation=value) for value in _SATURATIONS}
        chosen = trial.better(chosen, more)
    if denoiser is not None:
        chosen = trial.denoised_enough(chosen, denoiser)
        again = {"denoise": step("denoise_photo", luma="auto", chroma="auto")}  # what was brightened has its noise back
        chosen = trial.better(chosen, again, free=True)
    return FirstResult(Recipe(*trial.tried[chosen], name=chosen), chosen, trial.scores)


def score_untouched(source: PhotoFolder, target: PhotoFolder) -> dict[str, float]:
    """Return the parts of the score of the source as it is, against the target."""
    trial = _Trial(source, target)
    trial.best({"none": ()})
    return trial.parts_of("none")


def _tones(source: PhotoFolder, target: PhotoFolder) -> dict[str, Steps]:
    """Return what changes tones: each picture by itself; or all by one curve, and half of the way to the same tones."""
    quantiles = mean_quantiles(target, limit=_CURVES)
    stretches = {f"stretch {low:g}": step("stretch", low=low, high=100 - low) for low in _PERCENTILES}
    half, whole = (step("specify_histogram", quantiles=quantiles, amount=amount) for amount in (0.5, 1.0))
    found: dict[str, Steps] = {name: (one,) for name, one in stretches.items()}
    found |= {"half specify": (half,), "specify": (whole,)}
    # How bright a picture should be is told best by its highlights, and not well: so it is brought half-way to the mean.
    for name, one in stretches.items():
        found[f"{name}, levels, half specify"] = (one, _curve(source, (one,), quantiles), half)
    return found


def _curve(source: PhotoFolder, steps: Steps, quantiles: Table) -> Step:
    """Return the step `levels` that takes a folder, after some steps, to these mean quantiles."""
    names = [source.names[index] for index in _evenly(len(source), _CURVES)]
    ready = PhotoFolder(source.path, preprocess=Recipe(*steps), channels=source.channels, cache_bytes=0, names=names)
    return _curve_between(mean_quantiles(ready), quantiles)


def _curve_between(ours: Table, theirs: Table) -> Step:
    """Return the step `levels` that takes the mean quantiles of one folder nearest to those of another."""
    given, wanted = (np.asarray(table[0])[1:-1] for table in (ours, theirs))
    black = float(given[0])
    whites = np.clip(black + (given[-1] - black) * np.linspace(0.4, 1.6, 49), black + 0.01, 1)
    gammas = np.geomspace(0.25, 4, 49)
    values = np.clip((given - black) / (whites[:, np.newaxis] - black), 0, 1)
    errors = [np.square(values**gamma - wanted).mean(axis=1) for gamma in gammas]
    of_gamma, of_white = np.unravel_index(int(np.argmin(errors)), (len(gammas), len(whites)))
    white, gamma = (round(float(value), 4) for value in (whites[of_white], gammas[of_gamma]))
    return step("levels", black=round(black, 4), white=white, gamma=gamma)


def _of_kinds(*, color: bool) -> dict[str, Recipe]:
    made = (kinds.underwater(), kinds.haze()) if color else (kinds.xray(),)
    return {recipe.name: recipe for recipe in made}


class _Trial:
    """Scores recipes on some pictures, each once."""

    def __init__(self, source: PhotoFolder, target: PhotoFolder) -> None:
        pictures = [source.picture(index) for index in _evenly(len(source), _SOURCES)]
        self._sources = [from_float(to_float(picture), _BETWEEN) for picture in pictures]
        wanted = [_middle(target.picture(index)) for index in _evenly(len(target), _TARGETS)]
        self._target_noise = _noise_of(wanted[::2])
        self._score = DomainScore([MeasuredPicture.of(image) for image in wanted])
        self._structure = StructureReference([_middle(image) for image in self._sources])
        self._made: dict[Steps, list[Image]] = {(): self._sources}
        self.tried: dict[str, Steps] = {}
        self._found: dict[str, Score] = {}

    @property
    def scores(self) -> dict[str, float]:
        """The score of each that was tried."""
        return {name: found.value for name, found in self._found.items()}

    def parts_of(self, name: str) -> dict[str, float]:
        """Return the parts of the score of one that was tried."""
        return self._found[name].parts

    def best(self, candidates: Mapping[str, Steps]) -> str:
        """Return the name of the best; an earlier one that is less than the gain behind is as good, the first if it may be."""
        for name, steps in candidates.items():
            self._try(name, steps)
        best = max(candidates, key=lambda name: self._found[name].value)
        if not self._is_better(best, next(iter(candidates))):
            return next(iter(candidates))
        return next(name for name in candidates if self._found[name].value >= self._found[best].value - _GAIN)

    def better(self, name: str, more: Mapping[str, Step], *, free: bool = False) -> str:
        """Return the name of the best with one more step, or the name as it is if none is worth it (`free`: all cost it)."""
        longer = {f"{name}, {word}": (*self.tried[name], one) for word, one in more.items()}
        for word, steps in longer.items():
            self._try(word, steps)
        best = max(longer, key=lambda word: self._found[word].value)
        gain = self._found[best].value - self._found[name].value
        return best if gain > (-_GAIN if free else _GAIN) else name

    def denoised_enough(self, name: str, denoiser: Step) -> str:
        """Return the name of the same steps after as much denoising as they call for."""
        steps = self.tried[name]
        if denoiser not in steps:
            if any(one.declaration.denoises for one in steps) or not self._noisier(steps):
                return name
            name, steps = (f"denoise, {name}" if steps else "denoise"), (denoiser, *steps)
            self._try(name, steps)
        amounts = iter(_STRONGER)
        best = name
        while self._noisier(self.tried[best]) and (amount := next(amounts, None)):
            best = f"denoise {amount:g} times{name.removeprefix('denoise')}"
            self._try(best, (_times(denoiser, amount), *steps[1:]))
        return best

    def _noisier(self, steps: Steps) -> bool:
        """Tell whether the results are noisier than the target by half, in luma or in chroma."""
        ours = _noise_of(_middle(image) for image in self._results(steps))
        return any(a > _NOISIER * max(b, _LEAST) for a, b in zip(ours, self._target_noise, strict=True))

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


def _noise_of(images: Iterable[Floats]) -> tuple[float, float]:
    """Return the median noise of luma and of chroma."""
    found = [measure_noise(image) for image in images]
    luma, chroma = np.median([(one.luma_level, one.chroma_level) for one in found], axis=0)
    return float(luma), float(chroma)


def _times(denoiser: Step, amount: float) -> Step:
    values = dict(denoiser.parameters)
    return step("denoise_photo", **values | {name: min(amount * values[name], 0.5) for name in ("luma", "chroma")})


def _evenly(count: int, most: int) -> list[int]:
    return [int(index) for index in np.unique(np.linspace(0, count - 1, min(most, count)).round())]


def _middle(image: Image) -> Floats:
    top, left = (max(0, (length - _SIDE) // 2) for length in image.shape[:2])
    return as_float(image[top : top + _SIDE, left : left + _SIDE], "picture")
