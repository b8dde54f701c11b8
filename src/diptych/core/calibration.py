"""Estimates of a denoiser's error from the noisy picture alone.

Two estimates, both over a few parts of the picture, so that memory and time do not grow with it:

- *recorrupted* (Pang et al., CVPR 2021): of a noisy picture x, and z drawn like its noise, ``x + a z`` and ``x - z / a`` have
  independent noise. The distance of ``f(x + a z)`` from the latter is, but for a constant, that from the clean picture. The
  noise is measured, and drawn as it correlates (`diptych.core.noise.NoiseModel`). Drawn in pairs z, -z, this is Stein's
  estimate (SURE) by differences.
- *invariant* (Batson and Royer, ICML 2019): single pixels are replaced by the mean of their neighbours before f sees them,
  and f is compared with the pixels it has not seen. Nothing need be known of the noise but that it is independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import FloatImage, Image, to_float
from diptych.core.noise import NoiseModel, measure_noise
from diptych.core.noise.model import local_mean
from diptych.core.parameters import Auto, Parameter, Value

Method = Literal["recorrupted", "invariant"]
Denoiser = Callable[[FloatImage], Image]

LEAST_SIDE = 16  # a smaller picture tells too little
_SIDE, _ACROSS = 128, 4  # parts of a large picture: a grid of squares, so many across at most
_SHARE = 0.25  # the a of the recorruption: the denoiser sees 3 % more noise than there is
_MARGIN = 1.0  # standard deviations from black and white: nearer, too much of the noise is cut off
_STRIDE, _FRAME = 4, 4  # of the pixels that are left out
_MASKED = 8192  # pixels left out, over all parts and masks
_COARSE_FACTOR = 1.5  # between the values that are tried first
_REFINEMENTS = 2  # times that it is halved around the best
_COARSE_PROBES = 6  # probes that the first, coarse search uses
_RING = np.array([[0.5, 1, 0.5], [1, 0, 1], [0.5, 1, 0.5]], np.float32) / 6


@dataclass(frozen=True, eq=False)
class Probe:
    """A picture for a denoiser, what its result is compared with, and where."""

    picture: FloatImage
    target: FloatImage
    mask: NDArray[np.bool_]

    def error(self, denoise: Denoiser) -> tuple[float, int]:
        """Return the sum of the squared differences, and of how many values."""
        difference = (to_float(denoise(self.picture)) - self.target)[self.mask]
        return float(np.sum(difference * difference, dtype=np.float64)), difference.size


def probes(image: Image, method: Method) -> list[Probe]:
    """Return the probes of an image ``(H, W, C)``; none if it is too small or shows no noise."""
    if min(image.shape[:2]) < LEAST_SIDE:
        return []
    parts = [np.ascontiguousarray(to_float(part), np.float32) for part in _parts(image)]
    return list(_invariant(parts) if method == "invariant" else _recorrupted(parts, measure_noise(image)))


def risk(probes: Sequence[Probe], denoise: Denoiser) -> float:
    """Return the estimated mean squared error of the denoiser, up to a constant that depends on the picture only."""
    errors, counts = zip(*(probe.error(denoise) for probe in probes), strict=True)
    return float(sum(errors)) / max(sum(counts), 1)


def measured(image: Image, parameters: Sequence[Parameter]) -> dict[str, Value]:
    """Return the values of those parameters that the noise model of the image ``(H, W, C)`` says."""
    asked = [(one, _auto(one)) for one in parameters if _auto(one).measured]
    if not asked:
        return {}
    if min(image.shape[:2]) < LEAST_SIDE:
        return {one.name: _rounded(one, bounds.minimum) for one, bounds in asked}
    model = measure_noise(image)
    found = [(one, bounds, float(getattr(model, bounds.measured))) for one, bounds in asked]
    return {one.name: _rounded(one, min(max(value, bounds.minimum), bounds.maximum)) for one, bounds, value in found}


def search(
    probes: Sequence[Probe], denoiser: Callable[[Mapping[str, Value]], Denoiser], parameters: Sequence[Parameter]
) -> dict[str, Value]:
    """Return the values of the parameters that minimise the risk, rounded to three digits.

    Several are found in turn, twice over. Without a probe each has the value that changes least.
    """
    found = {one.name: _rounded(one, _auto(one).minimum) for one in parameters}
    if not probes:
        return found
    for _ in range(1 if len(found) == 1 else 2):
        for one in parameters:
            rest = {name: value for name, value in found.items() if name != one.name}
            found[one.name] = _least(probes, partial(_with, denoiser, rest, one.name), one)
    return found


def _with(
    denoiser: Callable[[Mapping[str, Value]], Denoiser], rest: Mapping[str, Value], name: str, value: Value
) -> Denoiser:
    return denoiser({**rest, name: value})


def _least(probes: Sequence[Probe], denoiser: Callable[[Value], Denoiser], parameter: Parameter) -> Value:
    """Return the value that minimises the risk: integers are tried one by one, numbers on a geometric grid that is refined."""
    bounds = _auto(parameter)
    if parameter.kind == "integer":
        values = range(int(bounds.minimum), int(bounds.maximum) + 1, parameter.step)
        return min(values, key=lambda value: risk(probes, denoiser(value)))
    count = math.ceil(math.log(bounds.maximum / bounds.minimum) / math.log(_COARSE_FACTOR))
    factor = (bounds.maximum / bounds.minimum) ** (1 / count)
    coarse = [_rounded(parameter, bounds.minimum * factor**k) for k in range(count + 1)]
    subset = probes[:: max(2, len(probes) // _COARSE_PROBES)]
    best = min(coarse, key=lambda value: risk(subset, denoiser(value)))
    risks = {best: risk(probes, denoiser(best))}
    for _ in range(_REFINEMENTS):
        factor = factor**0.5
        for value in (_rounded(parameter, best / factor), _rounded(parameter, best * factor)):
            if bounds.minimum <= value <= bounds.maximum and value not in risks:
                risks[value] = risk(probes, denoiser(value))
        best = min(risks, key=lambda value: (risks[value], value))
    return best


def _rounded(parameter: Parameter, value: float) -> Value:
    return int(value) if parameter.kind == "integer" else float(f"{value:.3g}")


def _auto(parameter: Parameter) -> Auto:
    assert parameter.auto is not None
    return parameter.auto


def _parts(image: Image) -> Iterator[Image]:
    """Yield the image, or of a large one a grid of squares."""
    starts = [_starts(length) for length in image.shape[:2]]
    sides = [length if len(start) == 1 else _SIDE for length, start in zip(image.shape[:2], starts, strict=True)]
    for top in starts[0]:
        for left in starts[1]:
            yield image[top : top + sides[0], left : left + sides[1]]


def _starts(length: int) -> list[int]:
    count = min(length // _SIDE, _ACROSS)
    return [int(start) for start in np.linspace(0, length - _SIDE, count).round()] if count > 1 else [0]


def _recorrupted(parts: list[FloatImage], model: NoiseModel) -> Iterator[Probe]:
    if not model.visible:
        return
    for number, part in enumerate(parts):
        sigma, mean = model.sigma_map(part), local_mean(part)
        noise = model.draw(part, np.random.default_rng(number))
        interior = (mean > _MARGIN * sigma) & (mean < 1 - _MARGIN * sigma)
        mask = interior if interior.mean() > 0.1 else np.ones_like(interior)
        for drawn in (noise, -noise):
            yield Probe(np.clip(part + _SHARE * drawn, 0, 1), part - drawn / _SHARE, mask)


def _invariant(parts: list[FloatImage]) -> Iterator[Probe]:
    masks = -(-_MASKED * _STRIDE**2 // sum(part.shape[0] * part.shape[1] for part in parts))
    # In this order the first few masks are far from each other.
    order = [(5 * k % 16 // _STRIDE, 5 * k % 16 % _STRIDE) for k in range(min(masks, _STRIDE**2))]
    for part in parts:
        means = _ring_mean(part)
        for down, across in order:
            mask = np.zeros(part.shape, bool)
            mask[_FRAME + down : -_FRAME : _STRIDE, _FRAME + across : -_FRAME : _STRIDE] = True
            yield Probe(np.where(mask, means, part), part, mask)


def _ring_mean(part: FloatImage) -> FloatImage:
    height, width = part.shape[:2]
    padded = np.pad(part, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    shifted: Any = (
        _RING[y, x] * padded[y : y + height, x : x + width] for y in range(3) for x in range(3) if (y, x) != (1, 1)
    )
    return np.clip(sum(shifted), 0, 1)
