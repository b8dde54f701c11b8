"""Every family gets its best parameters, on the pictures to tune on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from diptych.advice.candidates import Candidate, of_recipe
from diptych.advice.evaluator import Evaluator, evaluator_for
from diptych.advice.families import Steps, denoisers, families, folder_statistics
from diptych.advice.pictures import Split, Tell
from diptych.core.image import Image, from_float, to_float
from diptych.recipes import Recipe

_BETWEEN = np.dtype(np.uint16)


def tuned(split: Split, tell: Tell) -> list[Candidate]:
    """Return the best recipe of each family, and with denoising before it, where there is noise.

    Parameters
    ----------
    split : Split
        The pictures to tune on.
    tell : callable
        Is told what is being done.

    Returns
    -------
    list of Candidate
        The untouched pictures first.
    """
    folders, evaluator = folder_statistics(split), evaluator_for(split)
    # As in a recipe, 16 bits lie between the steps.
    plain = [from_float(to_float(image), _BETWEEN) for image in split.sources]
    best: dict[str, Steps] = {}
    for name, grid in families(folders).items():
        tell(f"tuning: {name}")
        best[name] = grid[_best(evaluator, [plain], grid)[1]]
    found = [of_recipe(name, Recipe(*steps, name=name)) for name, steps in best.items()]
    denoising = denoisers(folders)
    if denoising:
        tell("tuning: denoising")
    denoised = [[Recipe(denoiser)(image) for image in plain] for denoiser in denoising]
    for name, steps in best.items() if denoising else ():
        denoiser = denoising[_best(evaluator, denoised, [steps])[0]]
        label = "denoise" if name == "untouched" else f"denoise, {name}"
        found.append(of_recipe(label, Recipe(denoiser, *steps, name=label)))
    return found


def _best(evaluator: Evaluator, starts: Sequence[Sequence[Image]], grid: Sequence[Steps]) -> tuple[int, int]:
    """Return which of the starts, and which of the grid after it, has the highest objective value; of equals the first."""
    pairs = list(itertools.product(range(len(starts)), range(len(grid))))
    values = [evaluator.evaluate([Recipe(*grid[j])(image) for image in starts[i]]).value for i, j in pairs]
    return pairs[int(np.argmax(values))]
