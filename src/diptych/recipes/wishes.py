"""From a plan and wishes to the recipe that is done: offsets on the numbers of its steps."""

from __future__ import annotations

from collections.abc import Callable

from diptych.core.errors import ParameterError
from diptych.core.parameters import Value
from diptych.core.wishes import Wishes
from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import Step, step

_DENOISE, _DEVELOP, _LEARNED = "denoise_photo", "develop", "denoise"

_LEAST_DENOISE = 0.01
"""Of noise, as an intensity: the default of `denoise_photo`. A wish for more adds at least its share of it."""

_SHADOWS = 2.0
"""Added to the slope in the shadows by the whole wish; as much as `auto` gives to a picture of large deep shadows."""

_LOCALLY = {"local": 0.6, "toe": 2 / 255, "protect": 1.5}
"""How shadows are opened where the plan does not say it: as `auto` does it where a scene has lights of its own."""

_WARMTH = 0.25
"""Added to the warmth of `develop` by the whole wish: red times 1.28, blue times 0.78."""


def _linear(neutral: float) -> Callable[[float, float], float]:
    return lambda planned, strength: neutral + strength * (planned - neutral)


def _geometric(planned: float, strength: float) -> float:
    return float(planned**strength)


_none, _one = _linear(0), _linear(1)

# Between the picture as it is and the plan, each number goes from the value that changes nothing to that of the plan. What is
# not here, such as the share of the surroundings, says only how the others act.
_BETWEEN: dict[str, dict[str, Callable[[float, float], float]]] = {
    "deblock": {"strength": _none},
    _DENOISE: {"luma": _none, "chroma": _none},
    _LEARNED: {"strength": _none},
    "levels": {"black": _none, "white": _one, "gamma": _geometric},
    _DEVELOP: {
        "exposure": _none,
        "gamma": _geometric,
        "shadows": _none,
        "saturation": _one,
        "warmth": _none,
        "tint": _none,
    },
}

SCALABLE = tuple(_BETWEEN)
"""The operators of which a part can be done: what a planner plans."""


def apply_wishes(recipe: Recipe, wishes: Wishes, denoising: Callable[[], Step | None] = lambda: None) -> Recipe:
    """Return a plan with the wishes of a user.

    `brightness`, `shadows`, `warmth` and `saturation` are offsets on the numbers of the step `develop`, `denoise` one on those
    of `denoise_photo`; a step that is asked for and not there is added. Then `strength` takes every number towards the value
    that changes nothing, gamma in its logarithm. Numbers are clamped to what the operators allow.

    Parameters
    ----------
    recipe : Recipe
        A plan: a recipe of numbers, of the operators that planners use.
    wishes : Wishes
        Without any, the plan comes back as it is.
    denoising : function
        Returns the step that takes all noise away, of which a plan without one gets the share that is wished; by default, and
        where it returns None, some `denoise_photo`.

    Returns
    -------
    Recipe
        An ordinary recipe; without steps if strength is 0.

    Raises
    ------
    ParameterError
        If the strength lies between 0 and 1 and the plan has a step of another operator.

    Examples
    --------
    >>> plan = Recipe(step("develop", exposure=2.0))
    >>> print(apply_wishes(plan, Wishes(strength=0.5, brightness=1)).steps[0].parameters[0])
    ('exposure', 1.5)
    """
    if not wishes.given:
        return recipe
    if wishes.strength == 0:
        return Recipe(name=recipe.name, summary=recipe.summary)
    steps = _developed(_denoised(recipe.steps, wishes.denoise, denoising), wishes)
    if wishes.strength < 1:
        steps = tuple(_part(one, wishes.strength) for one in steps)
    return Recipe(*steps, name=recipe.name, summary=recipe.summary)


def undone(one: Step) -> Step:
    """Return a step as strength 0 leaves it, with the numbers that change nothing; one that no planner plans as it is.

    >>> undone(step("develop", exposure=2.0, local=0.6)) == step("develop", local=0.6)
    True
    """
    return _part(one, 0) if one.operator in _BETWEEN else one


def _denoised(steps: tuple[Step, ...], wish: float, denoising: Callable[[], Step | None]) -> tuple[Step, ...]:
    if wish == -1:
        return tuple(one for one in steps if not one.declaration.denoises)
    if wish > 0 and not {_DENOISE, _LEARNED} & {one.operator for one in steps}:
        if whole := denoising():
            return (_part(whole, wish), *steps)
        steps = (step(_DENOISE, luma=0.0, chroma=0.0), *steps)
    return tuple(_denoised_more(one, wish) if wish and one.operator in (_DENOISE, _LEARNED) else one for one in steps)


def _denoised_more(one: Step, wish: float) -> Step:
    if one.operator == _LEARNED:
        return _changed(one, {"strength": dict(one.parameters)["strength"] * (1 + wish)})

    def more(planned: float) -> float:
        return planned + wish * (planned if wish < 0 else max(planned, _LEAST_DENOISE))

    return _changed(one, {name: more(dict(one.parameters)[name]) for name in ("luma", "chroma")})


def _developed(steps: tuple[Step, ...], wishes: Wishes) -> tuple[Step, ...]:
    if not wishes.given.keys() & {"brightness", "shadows", "warmth", "saturation"}:
        return steps
    names = [one.operator for one in steps]
    if _DEVELOP not in names:
        return (*steps, _wished(step(_DEVELOP), wishes))
    place = names.index(_DEVELOP)
    return (*steps[:place], _wished(steps[place], wishes), *steps[place + 1 :])


def _wished(one: Step, wishes: Wishes) -> Step:
    planned = dict(one.parameters)
    shadows, wish = planned["shadows"], wishes.shadows
    changes = {
        "exposure": planned["exposure"] + wishes.brightness,
        "shadows": shadows + wish * (shadows if wish < 0 else _SHADOWS),
        "warmth": planned["warmth"] + wishes.warmth * _WARMTH,
        "saturation": planned["saturation"] * (1 + wishes.saturation),
    }
    if wish > 0 and shadows == 0:
        changes |= _LOCALLY
    return _changed(one, changes)


def _part(one: Step, strength: float) -> Step:
    if one.operator not in _BETWEEN:
        raise ParameterError(
            f"strength = {strength:g}: the plan has the step {one.operator}, of which there is no part; give 0 or 1"
        )
    planned = dict(one.parameters)
    return _changed(one, {name: between(planned[name], strength) for name, between in _BETWEEN[one.operator].items()})


def _changed(one: Step, changes: dict[str, float]) -> Step:
    """Return a step with other numbers, within what its operator allows."""
    values: dict[str, Value] = dict(one.parameters)
    for name, value in changes.items():
        declared = one.declaration.parameter(name)
        values[name] = round(min(max(value, declared.minimum), declared.maximum), 5)
    return step(one.operator, **values)
