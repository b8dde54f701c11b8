"""The plan of a scene: numbers of key frames, smoothed over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.core.parameters import Value
from diptych.recipes import Recipe, Step
from diptych.recipes.wishes import undone

_SECONDS = 1.0
"""Standard deviation of the Gaussian by which key frames count."""

_TOLERANCE = 2.0
"""How many usual steps from key frame to key frame a number must lie from the middle of its scene to count as another."""

Numbers = NDArray[np.float64]


class ScenePlan:
    """The recipe of one scene at any time.

    Every number is the mean of those of the key frames around, by how near they are and how bright: what a fade leaves of a
    picture has little to say. Within what the numbers scatter from key frame to key frame they stay where they are, so that the
    noise of a still scene does not move them. A step that some key frames lack fades in and out.

    Parameters
    ----------
    times : sequence of float
        Of the key frames, in seconds, ascending.
    brightness : sequence of float
        Their mean values.
    recipes : sequence of Recipe
        Their plans.

    Examples
    --------
    >>> from diptych.recipes import step
    >>> plans = [Recipe(step("develop", exposure=value)) for value in (1.0, 1.02, 0.99, 1.01)]
    >>> scene = ScenePlan([0, 1, 2, 3], [0.1] * 4, plans)
    >>> scene.at(0.5) == scene.at(2.5)
    True
    """

    def __init__(self, times: Sequence[float], brightness: Sequence[float], recipes: Sequence[Recipe]) -> None:
        self._times = np.array(times, np.float64)
        light = np.maximum(np.array(brightness, np.float64), 1e-4)
        self._light = 3 * np.log(light / light.max())
        self._name = recipes[0].name
        middle = int(np.argsort(light)[len(light) // 2])
        self._steps = [_Track(steps, middle) for steps in _filled(recipes, self._times)]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is done."""
        return not self._steps

    def at(self, time: float) -> Recipe:
        """Return the recipe at a time in seconds."""
        logarithms = self._light - ((time - self._times) / _SECONDS) ** 2 / 2
        shares = np.exp(logarithms - logarithms.max())
        shares /= shares.sum()
        return Recipe(*(track.mixed(shares) for track in self._steps), name=self._name)


class _Track:
    """One step over the key frames of a scene."""

    def __init__(self, steps: Sequence[Step], middle: int) -> None:
        self._operator = steps[0].operator
        self._fixed: dict[str, Value] = dict(steps[middle].parameters)
        values = [dict(one.parameters) for one in steps]
        self._names = [name for name in self._fixed if all(_moves(one[name]) for one in values)]
        self._numbers: Numbers = np.array([[one[name] for name in self._names] for one in values], np.float64)
        self._center = np.median(self._numbers, axis=0)
        steady = np.median(np.abs(np.diff(self._numbers, axis=0)), axis=0) if len(steps) > 1 else 0 * self._center
        self._tolerance = _TOLERANCE * steady

    def mixed(self, shares: Numbers) -> Step:
        """Return the step whose numbers are a mean of those of the key frames."""
        if not self._names:
            return Step(self._operator, tuple(self._fixed.items()))
        away = shares @ self._numbers - self._center
        kept = self._center + np.sign(away) * np.maximum(np.abs(away) - self._tolerance, 0)
        numbers = {name: round(float(one), 5) for name, one in zip(self._names, kept, strict=True)}
        return Step(self._operator, tuple({**self._fixed, **numbers}.items()))


def _moves(value: Value) -> bool:
    return isinstance(value, float)


def _filled(recipes: Sequence[Recipe], times: Numbers) -> list[list[Step]]:
    """Return each step that any of the recipes has, for all of them: where it is missing, as it changes nothing."""
    named = [_named(one) for one in recipes]
    keys: list[tuple[str, int]] = []
    for one in named:
        place = 0
        for key in one:
            if key in keys:
                place = keys.index(key) + 1
            else:
                keys.insert(place, key)
                place += 1
    found = []
    for key in keys:
        present = [index for index, one in enumerate(named) if key in one]
        row = []
        for index, one in enumerate(named):
            nearest = min(present, key=lambda other: abs(times[other] - times[index]))
            row.append(one[key] if key in one else undone(named[nearest][key]))
        found.append(row)
    return found


def _named(recipe: Recipe) -> dict[tuple[str, int], Step]:
    found: dict[tuple[str, int], Step] = {}
    for one in recipe.steps:
        count = sum(operator == one.operator for operator, _ in found)
        found[one.operator, count] = one
    return found
