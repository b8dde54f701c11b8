"""The step ``refine``: a model that refines the details of what the steps before it have made.

The model is an object, whatever opened it; a recipe's file names it by what it is, never by where it lies, and whoever runs
the recipe gives it (`bind`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, runtime_checkable

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.operator import Declaration, operator
from diptych.core.parameters import Model, Range
from diptych.networks.refiner import MOST_STEPS

if TYPE_CHECKING:
    from diptych.recipes.recipe import Recipe

SEEDS = 2**31 - 1


@runtime_checkable
class RefiningModel(Protocol):
    """What a step ``refine`` needs of a model; `diptych.runtime.OnnxRefiner` is one."""

    @property
    def reference(self) -> str:
        """What a recipe's file calls it: a name, ``@``, and 12 hexadecimal digits of its hash."""
        ...

    def refine(self, image: Image, *, strength: float, steps: int | None, seed: int) -> Image:
        """Return the refined image: same dtype, same number of axes."""
        ...


@operator(group="filter")
def refine(
    image: Image,
    *,
    model: Annotated[RefiningModel, Model("refine")],
    strength: Annotated[float, Range(0, 1)] = 0.3,
    steps: Annotated[int | None, Range(1, MOST_STEPS)] = None,
    seed: Annotated[int, Range(0, SEEDS)] = 0,
) -> Image:
    """Refine the details of a first result with a model.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.
    model : RefiningModel
        What `diptych.runtime.OnnxRefiner` opens. In a recipe that was read from a file it is a name, see `bind`.
    strength : float
        0 leaves the image as it is, 1 does the most.
    steps : int or None
        1 to 8; None for what the model was made for. More give more detail, and take longer.
    seed : int
        Decides the noise that details are made of.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Raises
    ------
    ParameterError
        If a parameter is out of its bounds, or the model is only named.
    """
    if isinstance(model, str):
        raise ParameterError(
            f"refine: '{model}' is only the name of a model; give the model itself, see recipes.refining.bind, or --refine FILE"
        )
    return model.refine(image, strength=strength, steps=steps, seed=seed)


DECLARATION: Declaration = refine.declaration  # type: ignore[attr-defined]


class Settings(NamedTuple):
    """How a picture is refined; see `refine`."""

    strength: float
    steps: int | None
    seed: int


def checked_settings(strength: object, steps: object, seed: object) -> Settings:
    """Return the settings; raise `ParameterError` with the bound if one is out of it."""
    given = {"strength": strength, "steps": steps, "seed": seed}
    return Settings(**{name: DECLARATION.parameter(name).check(value, "refine") for name, value in given.items()})


def bind(recipe: Recipe, model: RefiningModel) -> Recipe:
    """Return a recipe whose steps ``refine`` have this model in the place of a name.

    Raises
    ------
    ParameterError
        If such a step names another model.
    """
    from diptych.recipes.recipe import Recipe

    steps = [_bound(step, model) if step.operator == DECLARATION.name else step for step in recipe.steps]
    return Recipe(*steps, name=recipe.name, summary=recipe.summary)


def is_unbound(recipe: Recipe) -> bool:
    """Return whether a recipe has a step ``refine`` whose model is only named."""
    return any(isinstance(dict(step.parameters).get("model"), str) for step in recipe.steps)


def _bound(step: Any, model: RefiningModel) -> Any:
    from diptych.recipes.steps import Step

    values = dict(step.parameters)
    if isinstance(values["model"], str) and values["model"] != model.reference:
        raise ParameterError(
            f"refine: the recipe was made with the model {values['model']}, this is {model.reference}; give that one"
        )
    return Step(step.operator, tuple({**values, "model": model}.items()))
