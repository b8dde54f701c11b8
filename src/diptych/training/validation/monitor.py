"""The monitor: what a generator does to pictures it has not been trained on, and one number to rank checkpoints by.

Nothing here needs pairs, or torch: a generator is any function from image to image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypedDict

import numpy as np

from diptych.core.color import luma
from diptych.core.errors import ImageError
from diptych.core.image import Image
from diptych.core.noise import measure_noise
from diptych.quality.appearance import Floats
from diptych.quality.checkerboard import find_checkerboard
from diptych.quality.score import DomainScore, MeasuredPicture, Score, StructureReference, as_float, as_floats
from diptych.quality.structure import Edges, color_correlation, contrast, diversity, rank_correlation
from diptych.recipes import Recipe
from diptych.training.validation.alarms import Measurements, alarms_of
from diptych.training.validation.metrics import ValidationMetrics

Generator: TypeAlias = Callable[[Image], Image]
"""From a float32 image (H, W, C) in [0, 1] to one of the same height and width."""

_WHITE = 254.5 / 255
_GOOD = 0.9  # a score from which on there is nothing to be said against leaving pictures as they are


class Monitor:
    """Evaluates generators on held-out pictures of both domains.

    Parameters
    ----------
    source, target : sequence of ndarray
        Held-out pictures of the contract, of any sizes, one or more each; up to 32 of 256 to 512 px a side are meant.
        `source` as in the files, `target` as the generator should make them.
    preprocess : Recipe, optional
        What a source picture goes through before the generator sees it.
    prepared : sequence of ndarray, optional
        The source pictures after `preprocess`, if they were prepared whole and then cut; in place of `preprocess`.
    settled : int
        Steps after which an output that is still the input is worth an alarm.

    Raises
    ------
    ImageError
        If a picture breaks the contract, or there is none.

    Notes
    -----
    **Structure, noise and change are measured against the prepared picture**, which is what the generator was given: its
    range is used, where the raw one may lie within a few levels of black. **Inversion is measured against the raw
    picture**: rank correlation does not care about the range, and so it answers for the whole enhancer.

    **Structure** is the cosine of the normalised gradients (see `diptych.training.losses.structure`) on blocks of 2 and
    of 4 px. The reference is the input after non-local means of the strength of its own noise; the cosine is divided by
    that of the noisy input with this reference and cut off at 1. So removing noise costs nothing, and copying it gains
    nothing.

    **The score** is that of `diptych.quality.DomainScore`: a product of factors for tone, colour, noise, colour noise and
    detail, against the target, and for structure that the prepared input does not have. The cycle error takes no part: a
    generator can hide what it needs for the way back in noise, and some objectives have no way back.

    References
    ----------
    Hidden codes: Chu, Zhmoginov and Sandler, "CycleGAN, a Master of Steganography", NIPS workshop (2017).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bright = [rng.random((32, 32, 1)).astype(np.float32) for _ in range(4)]
    >>> dark = [image / 4 for image in bright]
    >>> monitor = Monitor(dark, bright)
    >>> found = monitor.evaluate(0, lambda image: 4 * image)
    >>> round(found.structure, 3), found.score > monitor.evaluate(0, lambda image: image).score
    (1.0, True)
    >>> [alarm.kind for alarm in monitor.evaluate(0, lambda image: 1 - image).alarms]
    ['inversion', 'hallucination']
    """

    def __init__(
        self,
        source: Sequence[Image],
        target: Sequence[Image],
        *,
        preprocess: Recipe | None = None,
        prepared: Sequence[Image] | None = None,
        settled: int = 500,
    ) -> None:
        recipe = preprocess if preprocess is not None and prepared is None else Recipe()
        self.source = as_floats(source, "source")
        self.target = as_floats(target, "target")
        self.prepared = as_floats(
            [recipe(image) for image in self.source] if prepared is None else prepared, "prepared"
        )
        if len(self.prepared) != len(self.source):
            raise ImageError(
                f"Monitor: {len(self.source)} source pictures, but {len(self.prepared)} prepared; give one for each"
            )
        self._settled = settled
        self._measure()

    def _measure(self) -> None:
        self._raw = [luma(image) for image in self.source]
        self._inputs = [MeasuredPicture.of(image) for image in self.prepared]
        targets = [MeasuredPicture.of(image) for image in self.target]
        self._structure = StructureReference(self.prepared, baseline=self._inputs)
        self._score = DomainScore(targets)
        self._target_noise = float(np.mean([one.noise for one in targets]))
        cast = self._score.score(self._inputs, [0.0] * len(self._inputs)).amounts["color"]
        self._known: _Known = {
            "input_cast": cast,
            "input_burnt": _burnt(self.prepared),
            "target_burnt": _burnt(self.target),
            **_compared(self.source, self.target),
        }
        self._input_checkerboard = find_checkerboard([one.luma for one in self._inputs])

    def evaluate(self, step: int, forward: Generator, backward: Generator | None = None) -> ValidationMetrics:
        """Measure what a generator does to the held-out pictures.

        Parameters
        ----------
        step : int
            Step of the training.
        forward, backward : callable
            From a float32 image ``(H, W, C)`` in [0, 1] to another, source to target and back; without a way back there is
            no cycle error.

        Returns
        -------
        ValidationMetrics
            Deterministic, but for `seconds`.

        Raises
        ------
        ImageError
            If an output breaks the contract (NaN, a value outside [0, 1]) or has another height or width than its input.
        """
        began = time.perf_counter()
        outputs = [_applied(forward, image, "forward") for image in self.prepared]
        measured = [MeasuredPicture.of(image) for image in outputs]
        edges = [one.edges() for one in measured]
        score = self._score.score(measured, self._structure.coarsely_added(edges))
        found = self._compare(step, outputs, measured, edges, score)
        return ValidationMetrics(
            step=step,
            score=score.value,
            score_error=score.error,
            parts=score.parts,
            structure=float(np.mean(found.kept)),
            added=float(np.mean(found.added)),
            cycle_error=self._cycle_error(outputs, forward, backward),
            luma_correlation=float(np.median(found.luma)),
            worst_correlation=min(found.luma),
            diversity=found.diversity,
            noise=found.noise,
            target_noise=found.target_noise,
            alarms=alarms_of(found),
            seconds=time.perf_counter() - began,
        )

    def rows(self, forward: Generator, backward: Generator | None = None, *, count: int = 6) -> list[list[Image]]:
        """Return rows of a contact sheet: source, prepared if it differs, output, and back again."""
        shown = []
        for raw, image in list(zip(self.source, self.prepared, strict=True))[:count]:
            output = _applied(forward, image, "forward")
            row = [raw, output] if np.array_equal(raw, image) else [raw, image, output]
            shown.append(row if backward is None else [*row, _applied(backward, output, "backward")])
        return shown

    def _compare(
        self,
        step: int,
        outputs: list[Floats],
        measured: list[MeasuredPicture],
        edges: list[tuple[Edges, ...]],
        score: Score,
    ) -> Measurements:
        colors = [color_correlation(a, b) for a, b in zip(self.source, outputs, strict=True)]
        change = float(np.mean([_change(a, b) for a, b in zip(self.prepared, outputs, strict=True)]))
        return Measurements(
            luma=[rank_correlation(a, b.luma) for a, b in zip(self._raw, measured, strict=True)],
            color=[value for value in colors if value is not None],
            kept=self._structure.kept(edges),
            added=self._structure.added(edges),
            diversity=_relative_diversity(self._inputs, measured),
            noise=float(np.mean([one.noise for one in measured])),
            input_noise=float(np.mean([one.noise for one in self._inputs])),
            target_noise=self._target_noise,
            relative_noise=_relative_noise(measured),
            input_relative_noise=_relative_noise(self._inputs),
            checkerboard=find_checkerboard([one.luma for one in measured]),
            input_checkerboard=self._input_checkerboard,
            change=change if step >= self._settled and score.value < _GOOD else float("nan"),
            burnt=_burnt(outputs),
            cast=score.amounts["color"],
            **self._known,
        )

    def _cycle_error(self, outputs: list[Floats], forward: Generator, backward: Generator | None) -> float | None:
        if backward is None:
            return None
        there = [
            (image, _applied(backward, output, "backward"))
            for image, output in zip(self.prepared, outputs, strict=True)
        ]
        back = [(image, _applied(forward, _applied(backward, image, "backward"), "forward")) for image in self.target]
        return float(np.mean([np.mean([np.abs(a - b).mean() for a, b in pairs]) for pairs in (there, back)]))


def _applied(generator: Generator, image: Floats, name: str) -> Floats:
    output = as_float(generator(image), f"the output of {name}")
    if output.shape[:2] != image.shape[:2]:
        raise ImageError(
            f"{name} made {output.shape[:2]} of {image.shape[:2]} rows and columns; give back the same size"
        )
    return output


def _burnt(images: Sequence[Floats]) -> float:
    return float(np.mean([np.mean(image > _WHITE) for image in images]))


class _Compared(TypedDict):
    brightness: tuple[float, float]
    span: tuple[float, float]
    relative_raw_noise: tuple[float, float]


class _Known(_Compared):
    input_cast: float
    input_burnt: float
    target_burnt: float


def _compared(source: Sequence[Floats], target: Sequence[Floats]) -> _Compared:
    """Return what tells which of two folders has the better pictures."""
    lumas = [[luma(image) for image in side] for side in (source, target)]
    spans = [[float(np.subtract(*np.percentile(one, (99, 1)))) for one in side] for side in lumas]
    a, b = (float(np.median([one.mean() for one in side])) for side in lumas)
    c, d = (float(np.median(side)) for side in spans)
    e, f = (float(np.median([measure_noise(one).luma_level for one in side])) for side in (source, target))
    return {"brightness": (a, b), "span": (c, d), "relative_raw_noise": (e / max(a, 0.01), f / max(b, 0.01))}


def _change(before: Floats, after: Floats) -> float:
    if before.shape != after.shape:  # other channels
        before, after = luma(before), luma(after)
    return float(np.abs(after - before).mean())


def _relative_diversity(inputs: Sequence[MeasuredPicture], outputs: Sequence[MeasuredPicture]) -> float:
    before, after = (diversity([one.luma for one in side]) for side in (inputs, outputs))
    return after / before if before > 0.01 else 1.0


def _relative_noise(measured: Sequence[MeasuredPicture]) -> float:
    return float(np.mean([one.noise / max(contrast(one.luma), 0.01) for one in measured]))
