"""A step: an operator with chosen values."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from diptych import operators
from diptych.core.image import Image
from diptych.core.operator import Declaration
from diptych.core.parameters import Value
from diptych.recipes import denoise, refine


@dataclass(frozen=True)
class Step:
    """An operator with a value for each of its parameters. Make one with :func:`step`, which checks them.

    Two steps are equal if they name the same operator and values; a step can be called like its operator.

    Attributes
    ----------
    operator : str
        Its name.
    parameters : tuple of (str, value)
        A value for each parameter, in the order of the operator.
    """

    operator: str
    parameters: tuple[tuple[str, Value], ...]

    @property
    def declaration(self) -> Declaration:
        """What is known of its operator."""
        return declaration_of(self.operator)

    @property
    def by_rows(self) -> bool:
        """Whether it can be applied to a picture that is read by rows and never whole in memory."""
        known, values = self.declaration, dict(self.parameters)
        if known.undecided(values):
            return False
        in_strips = known.keeps_shape and known.halo(**values) is not None
        return in_strips or known.curve is not None or known.by_rows is not None

    @property
    def undecided(self) -> tuple[str, ...]:
        """The parameters that are ``auto``: chosen for each image."""
        found = self.declaration.undecided(dict(self.parameters))
        return tuple(parameter.name for parameter in found)

    def __call__(self, image: Image, /) -> Image:
        """Apply the operator to an image of the contract."""
        return self.declaration.function(image, **dict(self.parameters))

    def as_dict(self) -> dict[str, Value]:
        """Return its operator and values, as JSON has them, without those that are None; of a model its name.

        >>> step("gamma", gamma=0.5).as_dict()
        {'operator': 'gamma', 'gamma': 0.5}
        """
        values = {name: _plain(value) for name, value in self.parameters}
        return {"operator": self.operator} | {name: value for name, value in values.items() if value is not None}

    def __repr__(self) -> str:
        defaults = {one.name: one.default for one in self.declaration.parameters}
        chosen = [
            f", {name}={_brief(value) if isinstance(value, tuple) else repr(value)}"
            for name, value in self.parameters
            if value != defaults[name]
        ]
        return f"step({self.operator!r}{''.join(chosen)})"

    def __str__(self) -> str:
        chosen = [f"{name}={_brief(value)}" for name, value in self.parameters if value is not None]
        return " ".join([self.operator, *chosen])


def step(operator: str, /, **parameters: Value) -> Step:
    """Return the step that applies an operator with these parameters; the others take their defaults.

    Parameters
    ----------
    operator : str
        Name of an operator; `diptych.operators.names()` lists them. Or ``denoise`` or ``refine``, see `diptych.recipes.denoise`
        and `diptych.recipes.refine`.
    **parameters
        As the operator declares them. A reference image is reduced to what the recipe can keep of it (for
        `match_histogram`, its quantiles).

    Returns
    -------
    Step
        A frozen value.

    Raises
    ------
    UnknownNameError
        If there is no such operator.
    ParameterError
        If a parameter is unknown, missing or out of its bounds.

    Examples
    --------
    >>> print(step("gamma", gamma=0.5))
    gamma gamma=0.5
    """
    declaration = declaration_of(operator)
    checked = declaration.check(declaration.freeze(declaration.check(parameters)))
    return Step(operator, tuple(checked.items()))


@functools.cache
def declaration_of(name: str) -> Declaration:
    """Return the declaration of an operator, or of ``denoise`` or ``refine``, which no catalogue lists as they need a model."""
    own = next((one for one in (denoise.DECLARATION, refine.DECLARATION) if one.name == name), None)
    return own or operators.declaration(name)


def _plain(value: Value) -> Value:
    if isinstance(value, tuple):
        return [list(row) for row in value]
    return getattr(value, "reference", value)  # of a model


def _brief(value: Value) -> str:
    if isinstance(value, tuple):
        return f"<{len(value)} x {len(value[0])}>"
    value = getattr(value, "reference", value)  # of a model
    return f"{value:g}" if isinstance(value, float) else str(value)
