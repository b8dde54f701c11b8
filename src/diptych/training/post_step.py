"""The classical step after the network that a run proposes for itself, chosen without references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ImageError
from diptych.core.image import Image
from diptych.core.noise import noise_level
from diptych.core.parameters import Table
from diptych.recipes import Recipe, Step, step
from diptych.training._looks import Domain, Floats, look_of, luminance_of
from diptych.training._structure import Edges, edges_of, structure_kept
from diptych.training.monitoring import as_floats, reference_edges

STRENGTHS = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15)
"""Of non-local means; about the standard deviation of the noise."""

AMOUNTS = (0.5, 1.0)
"""Of histogram specification to the mean quantiles of the target."""

MOST = 16
"""Outputs that are looked at; more change little but the time."""

_POINTS = 65
_PLACES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_ERRORS = 2.0  # standard errors by which the tones have to differ
_GAIN_OF_DENOISING = 0.02
_GAIN_OF_TONES = 0.2


def propose_post_step(
    outputs: Sequence[Image], target: Sequence[Image], *, sources: Sequence[Image] | None = None
) -> Recipe:
    """Choose what to do with the outputs of a generator, looking at pictures of the target domain, but at no reference.

    The candidates are nothing, `denoise_nlm` of several strengths, and either of them before `specify_histogram` to the mean
    quantiles of the target, by half or wholly.

    Parameters
    ----------
    outputs : sequence of ndarray
        What the generator makes of held-out pictures of the source: images of the contract, one or more; the first 16 are used.
    target : sequence of ndarray
        Pictures of the target domain, not those of the outputs.
    sources : sequence of ndarray, optional
        What the outputs were made of, in their order: then structure is judged against them, otherwise against the outputs.

    Returns
    -------
    Recipe
        Named ``post``; without a step if nothing is best.

    Raises
    ------
    ImageError
        If a picture breaks the contract, there is none, or `sources` are not as many as `outputs`.

    Notes
    -----
    A candidate's merit is ``log(structure) - L``: kept structure and distance to the target domain as the monitor has
    them (see `diptych.training.monitoring.Monitor`); the best strength must gain 0.02. The texture part of L sees both too
    much noise and too much smoothing.

    Specification gives every picture the same tones, which is wrong for a domain of many kinds of pictures however right the
    mean is. So it is a candidate only if the outputs differ from the target by more than chance, with 2 standard errors as
    the root mean square over seven quantiles of luminance; and half of it, as the whole of it beyond half, must each gain 0.2.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> shades = [np.full((64, 64), level) for level in (0.3, 0.5, 0.4, 0.6)]
    >>> noisy = [shade + draw.normal(0, 0.05, shade.shape) for shade in shades]
    >>> [step.operator for step in propose_post_step(noisy, shades).steps]
    ['denoise_nlm']
    >>> propose_post_step(shades, shades).steps
    ()
    """
    made, wanted = as_floats(outputs, "outputs"), as_floats(target, "target")
    given = made if sources is None else as_floats(sources, "sources")
    if len(given) != len(made):
        raise ImageError(f"propose_post_step: {len(made)} outputs, but {len(given)} sources; give one for each")
    made, given = made[:MOST], given[:MOST]
    amounts = (0.0, *AMOUNTS) if _tones_differ(made, wanted) else (0.0,)
    judge = _Judge(made, wanted, given)
    quantiles = mean_quantiles(wanted)
    tones = [[step("specify_histogram", quantiles=quantiles, amount=amount)] if amount else [] for amount in amounts]
    calmer = [[step("denoise_nlm", strength=strength)] if strength else [] for strength in (0.0, *STRENGTHS)]
    merits = np.array([[judge.merit(results) for results in _each(made, first, tones)] for first in calmer])
    first, second = _choose(merits)
    steps = [*calmer[first], *tones[second]]
    return Recipe(*steps, name="post", summary="after the network; chosen without references")


class _Judge:
    def __init__(self, outputs: list[Floats], target: list[Floats], sources: list[Floats]) -> None:
        self._domain = Domain([look_of(image) for image in target])
        self._references = [reference_edges(image) for image in sources]
        self._own = [max(value, 1e-3) for value in self._kept(outputs)]

    def merit(self, results: list[Floats]) -> float:
        kept = [min(value / own, 1.0) for value, own in zip(self._kept(results), self._own, strict=True)]
        return float(np.log(max(float(np.mean(kept)), 1e-3))) - self._domain.away([look_of(image) for image in results])

    def _kept(self, images: list[Floats]) -> list[float]:
        return [structure_kept(a, _edges(b)) for a, b in zip(self._references, images, strict=True)]


def _each(outputs: list[Floats], first: list[Step], tones: list[list[Step]]) -> Iterator[list[Floats]]:
    # Denoising is the slow part: it is done once for all tones.
    calm = [Recipe(*first)(image) for image in outputs]
    return ([Recipe(*after)(image) for image in calm] for after in tones)


def _choose(merits: NDArray[np.float64]) -> tuple[int, int]:
    """Return the row (strength) and the column (amount) to take; what does more must be worth it."""
    strengths = [int(column.argmax()) if column.max() > column[0] + _GAIN_OF_DENOISING else 0 for column in merits.T]
    best = [merits[row, amount] for amount, row in enumerate(strengths)]
    chosen = 0
    for amount in range(1, len(best)):
        if best[amount] > best[chosen] + _GAIN_OF_TONES:
            chosen = amount
    return strengths[chosen], chosen


def mean_quantiles(images: Sequence[Image]) -> Table:
    """Return the mean quantile function of pictures, one row for all channels together, as `specify_histogram` takes it."""
    probabilities = np.linspace(0, 1, _POINTS)
    mean = np.mean([np.quantile(image, probabilities) for image in images], axis=0)
    return (tuple(np.round(np.clip(mean, 0, 1), 4).tolist()),)


def _edges(image: Floats) -> tuple[Edges, ...]:
    luminance = luminance_of(image)
    return edges_of(luminance, noise_level(luminance))


def _tones_differ(first: Sequence[Floats], second: Sequence[Floats]) -> bool:
    a, b = (np.array([np.quantile(luminance_of(image), _PLACES) for image in side]) for side in (first, second))
    # One picture says nothing of the spread; a hundredth is what can be seen.
    errors = a.var(axis=0) / max(len(a) - 1, 1) + b.var(axis=0) / max(len(b) - 1, 1) + 0.01**2
    return bool(np.sqrt(np.mean((a.mean(axis=0) - b.mean(axis=0)) ** 2 / errors)) > _ERRORS)
