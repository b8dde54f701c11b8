"""The monitor: what a generator does to pictures it has not been trained on, and one number to rank checkpoints by.

Nothing here needs pairs, or torch: a generator is any function from image to image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from diptych import operators
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, to_float
from diptych.core.noise import noise_level
from diptych.recipes import Recipe
from diptych.training._grid import grid_of
from diptych.training._looks import Domain, Floats, Look, look_of, luminance_of
from diptych.training._structure import (
    Edges,
    color_correlation,
    contrast,
    differences,
    edges_of,
    rank_correlation,
    structure_added,
    structure_kept,
)
from diptych.training.alarms import Findings, alarms_of
from diptych.training.readings import Reading

__all__ = ["Generator", "Monitor", "Reading"]

Generator: TypeAlias = Callable[[Image], Image]
"""From a float32 image (H, W, C) in [0, 1] to one of the same height and width."""

_LEAST_DISTANCE = 0.5  # domains closer than this are told apart by chance


@dataclass(frozen=True)
class _Measured:
    """What is needed of a picture, measured once."""

    luminance: Floats
    noise: float
    look: Look

    @classmethod
    def of(cls, picture: Floats) -> _Measured:
        luminance = luminance_of(picture)
        return cls(luminance, noise_level(luminance), look_of(picture))

    @property
    def edges(self) -> tuple[Edges, ...]:
        return edges_of(self.luminance, self.noise)


class Monitor:
    """Judges generators on held-out pictures of both domains.

    Parameters
    ----------
    source, target : sequence of ndarray
        Held-out pictures of the contract, of any sizes, one or more each; up to 32 of 256 to 512 px a side are meant.
        `source` as in the files, `target` as the generator should make them.
    before : Recipe, optional
        What a source picture goes through before the generator sees it.
    prepared : sequence of ndarray, optional
        The source pictures after `before`, if they were prepared whole and then cut; in place of `before`.
    settled : int
        Steps after which an output that is still the input is worth an alarm.

    Raises
    ------
    ImageError
        If a picture breaks the contract, or there is none.

    Notes
    -----
    **Structure, noise and change are judged against the prepared picture**, which is what the generator was given: its
    range is used, where the raw one may lie within a few levels of black. **Inversion is judged against the raw
    picture**: rank correlation does not care about the range, and so it answers for the whole enhancer.

    **Structure** is the cosine of the normalised gradients (see `diptych.training.losses.structure`) on squares of 2 and
    of 4 px. The reference is the input after non-local means of the strength of its own noise; the cosine is divided by
    that of the noisy input with this reference and cut off at 1. So removing noise costs nothing, and copying it gains
    nothing.

    **Domain distance** compares tone (seven quantiles of luminance), colour (mean and spread of each channel's difference
    from luminance) and texture (logarithms of the noise and of the detail in four octaves), as they are distributed over
    the pictures: ``L = sum over the three of log(1 + D)`` with D the diagonal Fréchet distance in units of the target's
    own spread. L is taken less that of halves of the target, and divided by that of the input (at least by 0.5: domains
    that are closer are told apart by chance). The logarithm keeps a large distance in tone from hiding the rest.

    **The score** multiplies, since neither of the two is worth anything without the other: the input has all the
    structure, and any picture of the target no distance. The cycle error takes no part: a generator can hide what it needs
    for the way back in noise, and some objectives have no way back.

    References
    ----------
    Gradients: Heeger, "Normalization of cell responses in cat striate cortex", Visual Neuroscience 9 (1992). Distance:
    Dowson and Landau, "The Fréchet distance between multivariate normal distributions", Journal of Multivariate Analysis
    12 (1982). Hidden codes: Chu, Zhmoginov and Sandler, "CycleGAN, a Master of Steganography", NIPS workshop (2017).

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> bright = [draw.random((32, 32, 1)).astype(np.float32) for _ in range(4)]
    >>> dark = [image / 4 for image in bright]
    >>> monitor = Monitor(dark, bright)
    >>> reading = monitor.read(0, lambda image: 4 * image)
    >>> round(reading.structure, 3), reading.score > monitor.read(0, lambda image: image).score
    (1.0, True)
    >>> [alarm.kind for alarm in monitor.read(0, lambda image: 1 - image).alarms]
    ['inversion', 'invention']
    """

    def __init__(
        self,
        source: Sequence[Image],
        target: Sequence[Image],
        *,
        before: Recipe | None = None,
        prepared: Sequence[Image] | None = None,
        settled: int = 500,
    ) -> None:
        recipe = before if before is not None and prepared is None else Recipe()
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
        self._raw = [luminance_of(image) for image in self.source]
        self._inputs = [_Measured.of(image) for image in self.prepared]
        targets = [_Measured.of(image) for image in self.target]
        self._references = [reference_edges(image) for image in self.prepared]
        own = [structure_kept(a, one.edges) for a, one in zip(self._references, self._inputs, strict=True)]
        self._own = [max(value, 1e-3) for value in own]
        self._domain = Domain([one.look for one in targets])
        self._scale = max(self._domain.away([one.look for one in self._inputs]), _LEAST_DISTANCE)
        self._target_noise = float(np.mean([one.noise for one in targets]))
        self._grid_before = grid_of([one.luminance for one in self._inputs])

    def read(self, step: int, forward: Generator, backward: Generator | None = None) -> Reading:
        """Judge a generator.

        Parameters
        ----------
        step : int
            Step of the training.
        forward, backward : callable
            From a float32 image ``(H, W, C)`` in [0, 1] to another, source to target and back; without a way back there is
            no cycle error.

        Returns
        -------
        Reading
            Deterministic, but for `seconds`.

        Raises
        ------
        ImageError
            If an output breaks the contract (NaN, a value outside [0, 1]) or has another height or width than its input.
        """
        began = time.perf_counter()
        outputs = [_applied(forward, image, "forward") for image in self.prepared]
        measured = [_Measured.of(image) for image in outputs]
        found = self._find(step, outputs, measured)
        distance = self._domain.away([one.look for one in measured]) / self._scale
        structure = float(np.mean(found.kept))
        return Reading(
            step=step,
            score=structure * float(np.exp(-distance)),
            structure=structure,
            added=float(np.mean(found.added)),
            domain_distance=distance,
            cycle_error=self._cycle_error(outputs, forward, backward),
            luminance_correlation=float(np.median(found.luminance)),
            worst_correlation=min(found.luminance),
            diversity=found.diversity,
            noise=found.noise,
            target_noise=found.noise_target,
            alarms=alarms_of(found),
            seconds=time.perf_counter() - began,
        )

    def rows(self, forward: Generator, backward: Generator | None = None, *, count: int = 6) -> list[list[Image]]:
        """Return rows for `diptych.training.samples.sample_grid`: source, prepared if it differs, output, and back again."""
        shown = []
        for raw, image in list(zip(self.source, self.prepared, strict=True))[:count]:
            output = _applied(forward, image, "forward")
            row = [raw, output] if np.array_equal(raw, image) else [raw, image, output]
            shown.append(row if backward is None else [*row, _applied(backward, output, "backward")])
        return shown

    def _find(self, step: int, outputs: list[Floats], measured: list[_Measured]) -> Findings:
        edges = [one.edges for one in measured]
        kept = [structure_kept(a, b) for a, b in zip(self._references, edges, strict=True)]
        colors = [color_correlation(a, b) for a, b in zip(self.source, outputs, strict=True)]
        change = float(np.mean([_change(a, b) for a, b in zip(self.prepared, outputs, strict=True)]))
        return Findings(
            luminance=[rank_correlation(a, b.luminance) for a, b in zip(self._raw, measured, strict=True)],
            color=[value for value in colors if value is not None],
            kept=[min(value / own, 1.0) for value, own in zip(kept, self._own, strict=True)],
            added=[structure_added(a, b) for a, b in zip(self._references, edges, strict=True)],
            diversity=_diversity(self._inputs, measured),
            noise=float(np.mean([one.noise for one in measured])),
            noise_before=float(np.mean([one.noise for one in self._inputs])),
            noise_target=self._target_noise,
            relative_noise=_relative_noise(measured),
            relative_noise_before=_relative_noise(self._inputs),
            grid=grid_of([one.luminance for one in measured]),
            grid_before=self._grid_before,
            change=change if step >= self._settled else float("nan"),
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


def reference_edges(picture: Floats) -> tuple[Edges, ...]:
    """Return the edges of a picture ``(H, W, C)`` after non-local means of the strength of its own noise."""
    luminance = luminance_of(picture)
    noise = noise_level(luminance)
    return edges_of(operators.get("denoise_nlm")(luminance, strength=min(noise, 1.0)), noise)


def as_floats(images: Sequence[Image], name: str) -> list[Floats]:
    """Return checked float32 pictures ``(H, W, C)``; refuse an empty sequence."""
    if not len(images):
        raise ImageError(f"{name}: there is no picture; hold at least one out of each folder")
    return [_float(image, f"{name} picture {index}") for index, image in enumerate(images)]


def _float(image: Image, name: str) -> Floats:
    floats = to_float(check_image(image, name)).astype(np.float32, copy=False)
    return np.ascontiguousarray(floats if floats.ndim == 3 else floats[:, :, np.newaxis])


def _applied(generator: Generator, image: Floats, name: str) -> Floats:
    output = _float(generator(image), f"the output of {name}")
    if output.shape[:2] != image.shape[:2]:
        raise ImageError(
            f"{name} made {output.shape[:2]} of {image.shape[:2]} rows and columns; give back the same size"
        )
    return output


def _change(before: Floats, after: Floats) -> float:
    if before.shape != after.shape:  # other channels
        before, after = luminance_of(before), luminance_of(after)
    return float(np.abs(after - before).mean())


def _diversity(inputs: Sequence[_Measured], outputs: Sequence[_Measured]) -> float:
    before, after = (differences([one.luminance for one in side]) for side in (inputs, outputs))
    return after / before if before > 0.01 else 1.0


def _relative_noise(measured: Sequence[_Measured]) -> float:
    return float(np.mean([one.noise / max(contrast(one.luminance), 0.01) for one in measured]))
