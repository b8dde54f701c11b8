"""The step ``refine``: a model that refines the details of what the steps before it have made.

The model is an object, whatever opened it; a recipe's file names it by what it is, never by where it lies, and whoever runs
the recipe gives it (`Recipe.bind`).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, Protocol, runtime_checkable

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.operator import Declaration, operator
from diptych.core.parameters import Model, Range
from diptych.networks.refiner import MOST_STEPS

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
        What `diptych.runtime.OnnxRefiner` opens. In a recipe that was read from a file it is a name, see `Recipe.bind`.
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
            f"refine: '{model}' is only the name of a model; diptych.enhance(photo, recipe) finds one in the package, and "
            f"Recipe.bind takes any"
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
