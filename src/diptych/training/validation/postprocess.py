"""The classical steps after the network that a run proposes for itself, chosen without references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma
from diptych.core.errors import ImageError
from diptych.core.image import Image
from diptych.quality.appearance import DomainStatistics, Floats, appearance_of, mean_quantiles
from diptych.quality.score import MeasuredPicture, StructureReference, as_floats
from diptych.recipes import Recipe, Step, step

STRENGTHS = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15)
"""Of non-local means; about the standard deviation of the noise."""

AMOUNTS = (0.5, 1.0)
"""Of histogram specification to the mean quantiles of the target."""

MOST = 16
"""Outputs that are looked at; more change little but the time."""

_TONES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_ERRORS = 2.0  # standard errors by which the tones have to differ
_GAIN_OF_DENOISING = 0.02
_GAIN_OF_TONES = 0.2


def propose_postprocess(
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
        What the outputs were made of, in their order: then structure is compared with theirs, otherwise with that of the
        outputs.

    Returns
    -------
    Recipe
        Named ``postprocess``; without a step if nothing is best.

    Raises
    ------
    ImageError
        If a picture breaks the contract, there is none, or `sources` are not as many as `outputs`.

    Notes
    -----
    The objective value of a candidate is ``log(structure) - L``: kept structure and distance to the target domain as the
    monitor has them (see `diptych.training.validation.monitor.Monitor`); the best strength must gain 0.02. The texture part
    of L sees both too much noise and too much smoothing.

    Specification gives every picture the same tones, which is wrong for a domain of many kinds of pictures however right the
    mean is. So it is a candidate only if the outputs differ from the target by more than chance, with 2 standard errors as
    the root mean square over seven quantiles of luma; and half of it, as the whole of it beyond half, must each gain 0.2.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> shades = [np.full((64, 64), level) for level in (0.3, 0.5, 0.4, 0.6)]
    >>> noisy = [shade + draw.normal(0, 0.05, shade.shape) for shade in shades]
    >>> [step.operator for step in propose_postprocess(noisy, shades).steps]
    ['denoise_nlm']
    >>> propose_postprocess(shades, shades).steps
    ()
    """
    made, wanted = as_floats(outputs, "outputs"), as_floats(target, "target")
    given = made if sources is None else as_floats(sources, "sources")
    if len(given) != len(made):
        raise ImageError(f"propose_postprocess: {len(made)} outputs, but {len(given)} sources; give one for each")
    made, given = made[:MOST], given[:MOST]
    amounts = (0.0, *AMOUNTS) if _tones_differ(made, wanted) else (0.0,)
    objective = _Objective(made, wanted, given)
    quantiles = mean_quantiles(wanted)
    tones = [[step("specify_histogram", quantiles=quantiles, amount=amount)] if amount else [] for amount in amounts]
    denoisers = [[step("denoise_nlm", strength=strength)] if strength else [] for strength in (0.0, *STRENGTHS)]
    values = np.array([[objective.value(results) for results in _each(made, first, tones)] for first in denoisers])
    first, second = _choose(values)
    steps = [*denoisers[first], *tones[second]]
    return Recipe(*steps, name="postprocess", summary="after the network; chosen without references")


class _Objective:
    def __init__(self, outputs: list[Floats], target: list[Floats], sources: list[Floats]) -> None:
        self._domain = DomainStatistics([appearance_of(image) for image in target])
        self._structure = StructureReference(sources, baseline=[MeasuredPicture.of(image) for image in outputs])

    def value(self, results: list[Floats]) -> float:
        measured = [MeasuredPicture.of(image) for image in results]
        kept = float(np.mean(self._structure.kept([one.edges() for one in measured])))
        return float(np.log(max(kept, 1e-3))) - self._domain.distance([one.appearance for one in measured])


def _each(outputs: list[Floats], first: list[Step], tones: list[list[Step]]) -> Iterator[list[Floats]]:
    # Denoising is the slow part: it is done once for all tones.
    denoised = [Recipe(*first)(image) for image in outputs]
    return ([Recipe(*second)(image) for image in denoised] for second in tones)


def _choose(values: NDArray[np.float64]) -> tuple[int, int]:
    """Return the row (strength) and the column (amount) to take; what does more must be worth it."""
    strengths = [int(column.argmax()) if column.max() > column[0] + _GAIN_OF_DENOISING else 0 for column in values.T]
    best = [values[row, amount] for amount, row in enumerate(strengths)]
    chosen = 0
    for amount in range(1, len(best)):
        if best[amount] > best[chosen] + _GAIN_OF_TONES:
            chosen = amount
    return strengths[chosen], chosen


def _tones_differ(first: Sequence[Floats], second: Sequence[Floats]) -> bool:
    a, b = (np.array([np.quantile(luma(image), _TONES) for image in side]) for side in (first, second))
    # One picture says nothing of the spread; a hundredth is what can be seen.
    errors = a.var(axis=0) / max(len(a) - 1, 1) + b.var(axis=0) / max(len(b) - 1, 1) + 0.01**2
    return bool(np.sqrt(np.mean((a.mean(axis=0) - b.mean(axis=0)) ** 2 / errors)) > _ERRORS)
