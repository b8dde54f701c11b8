"""Every family gets its best parameters, on the half of the pictures that is there to tune on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from diptych.advice.candidates import Candidate, of_recipe
from diptych.advice.families import Steps, denoisers, facts_of, families
from diptych.advice.judging import Judge, judge_of
from diptych.advice.pictures import Half, Tell
from diptych.core.image import Image, from_float, to_float
from diptych.recipes import Recipe

_WIDE = np.dtype(np.uint16)


def tuned(half: Half, tell: Tell) -> list[Candidate]:
    """Return the best recipe of each family, and with denoising before it, where there is noise.

    Parameters
    ----------
    half : Half
        The pictures to tune on.
    tell : callable
        Is told what is being done.

    Returns
    -------
    list of Candidate
        The untouched pictures first.
    """
    facts, judge = facts_of(half), judge_of(half)
    # As in a recipe, 16 bits lie between the steps.
    plain = [from_float(to_float(image), _WIDE) for image in half.sources]
    best: dict[str, Steps] = {}
    for name, grid in families(facts).items():
        tell(f"tuning: {name}")
        best[name] = grid[_best(judge, [plain], grid)[1]]
    found = [of_recipe(name, Recipe(*steps, name=name)) for name, steps in best.items()]
    calmers = denoisers(facts)
    if calmers:
        tell("tuning: denoising")
    calmed = [[Recipe(calmer)(image) for image in plain] for calmer in calmers]
    for name, steps in best.items() if calmers else ():
        calmer = calmers[_best(judge, calmed, [steps])[0]]
        label = "denoise" if name == "untouched" else f"denoise, {name}"
        found.append(of_recipe(label, Recipe(calmer, *steps, name=label)))
    return found


def _best(judge: Judge, starts: Sequence[Sequence[Image]], grid: Sequence[Steps]) -> tuple[int, int]:
    """Return which of the starts, and which of the grid after it, has the highest merit; of equals the first."""
    places = list(itertools.product(range(len(starts)), range(len(grid))))
    merits = [judge.mark([Recipe(*grid[j])(image) for image in starts[i]]).merit for i, j in places]
    return places[int(np.argmax(merits))]
