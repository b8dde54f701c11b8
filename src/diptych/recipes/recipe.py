"""A recipe: steps in a row, itself an enhancer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import ParameterError
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.recipes import execution, toml
from diptych.recipes.calibration import calibrate
from diptych.recipes.denoise import DenoisingModel
from diptych.recipes.refine import RefiningModel
from diptych.recipes.steps import Step


@dataclass(frozen=True, init=False)
class Recipe:
    """A tuple of steps with a name. Frozen, comparable, callable, saved as TOML.

    Parameters
    ----------
    *steps : Step
        What is done, in order. No step at all leaves an image as it is.
    name, summary : str
        What to call it.

    Notes
    -----
    The result is that of the steps applied to floats and rounded once, at the end, so that an 8-bit picture does not lose
    levels on its way. How it is found without the memory that floats would need, `diptych.recipes.execution` tells.

    Examples
    --------
    >>> import numpy as np
    >>> from diptych.recipes import step
    >>> brighter = Recipe(step("stretch"), step("gamma", gamma=0.8), name="brighter")
    >>> brighter(np.arange(0, 100, dtype=np.uint8).reshape(10, 10)).max()
    np.uint8(255)
    """

    steps: tuple[Step, ...]
    name: str
    summary: str

    def __init__(self, *steps: Step, name: str = "recipe", summary: str = "") -> None:
        for index, step in enumerate(steps):
            if not isinstance(step, Step):
                raise ParameterError(f"Recipe: item {index} is a {type(step).__name__}; make steps with diptych.step")
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "summary", summary)

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them; by rows if each of its steps is."""
        summary = self.summary or " > ".join(step.operator for step in self.steps)
        return EnhancerSpec(self.name, summary, by_rows=all(step.by_rows for step in self.steps))

    @property
    def denoising(self) -> Recipe:
        """The denoising steps alone."""
        return Recipe(*(step for step in self.steps if step.declaration.denoises), name=self.name)

    def __call__(self, image: Image, /) -> Image:
        """Return the image after all steps: same dtype, same number of axes."""
        checked = check_image(image)
        result = execution.run(
            self.steps, np.ascontiguousarray(checked if image.ndim == 3 else checked[:, :, np.newaxis])
        )
        return result[:, :, 0] if image.ndim == 2 else result

    def plan(self, image: Image) -> Recipe:
        """Return the recipe with every parameter that is ``auto`` as it is chosen for this image.

        Examples
        --------
        >>> from diptych.recipes import step
        >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.05, (64, 64))
        >>> "auto" in str(Recipe(step("gaussian", sigma="auto")).plan(noisy))
        False
        """
        fixed: list[Step] = []
        checked = check_image(image)
        for one in self.steps:
            if not one.undecided:
                fixed.append(one)
                continue
            seen = Recipe(*fixed)(_promoted(checked)) if fixed else checked
            fixed.append(calibrate(seen, one))
        return Recipe(*fixed, name=self.name, summary=self.summary)

    @property
    def is_unbound(self) -> bool:
        """Whether a step has only the name of its model, as in a recipe that was read from a file."""
        return bool(self.unbound)

    @property
    def unbound(self) -> frozenset[str]:
        """The operators of the steps that have only the name of their model."""
        named = (step.operator for step in self.steps if isinstance(dict(step.parameters).get("model"), str))
        return frozenset(named)

    def bind(self, model: DenoisingModel | RefiningModel) -> Recipe:
        """Return the recipe with this model in the steps ``denoise``, or ``refine``, that name it.

        Raises
        ------
        ParameterError
            If such a step names another model.
        """
        steps = [_bound(step, model) if _is_for(step, model) else step for step in self.steps]
        return Recipe(*steps, name=self.name, summary=self.summary)

    def __repr__(self) -> str:
        return f"Recipe({', '.join([*map(repr, self.steps), f'name={self.name!r}'])})"

    def __str__(self) -> str:
        return "\n".join(str(step) for step in self.steps)

    def to_toml(self) -> str:
        """Return the text of the recipe's file."""
        return toml.dump(self.name, self.summary, self.steps)

    @classmethod
    def from_toml(cls, text: str, *, source: str = "recipe") -> Recipe:
        """Read a recipe from the text of its file; `source` names it in error messages.

        Raises
        ------
        RecipeError
            If the text is malformed, has unknown keys or a newer format version, or a step is not allowed.
        """
        name, summary, steps = toml.load(text, source)
        return cls(*steps, name=name, summary=summary)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the recipe to a TOML file, whole or not at all.

        Raises
        ------
        PhotoError
            If the file cannot be written, or exists already and `overwrite` is false.
        """
        from diptych.photo import atomic_write

        atomic_write(path, self.to_toml().encode(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file. Raises `RecipeError` naming the file."""
        return cls.from_toml(toml.read_text(path), source=str(path))


def _is_for(step: Step, model: DenoisingModel | RefiningModel) -> bool:
    return any(one.kind == "model" and hasattr(model, one.method) for one in step.declaration.parameters)


def _bound(step: Step, model: DenoisingModel | RefiningModel) -> Step:
    values = dict(step.parameters)
    if isinstance(values["model"], str) and values["model"] != model.reference:
        raise ParameterError(
            f"{step.operator}: the recipe was made with the model {values['model']}, this is {model.reference}; give that one"
        )
    return Step(step.operator, tuple({**values, "model": model}.items()))


def _promoted(image: Image) -> Image:
    """Return an image of few levels in 16 bits, as which it is kept between steps."""
    return image if image.dtype.kind == "f" else from_float(to_float(image), np.dtype(np.uint16))
