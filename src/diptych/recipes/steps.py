"""A step: an operator with chosen values."""

from __future__ import annotations

from dataclasses import dataclass

from diptych import operators
from diptych.core.image import Image
from diptych.core.parameters import Value


@dataclass(frozen=True)
class Step:
    """An operator with a value for each of its parameters. Make one with :func:`step`, which checks them.

    Two steps are equal if they name the same operator and values; a step can be called like its operator.
    """

    operator: str
    parameters: tuple[tuple[str, Value], ...]

    def __call__(self, image: Image, /) -> Image:
        """Apply the operator to an image of the contract."""
        return operators.get(self.operator)(image, **dict(self.parameters))

    def __str__(self) -> str:
        chosen = [f"{name}={_brief(value)}" for name, value in self.parameters if value is not None]
        return " ".join([self.operator, *chosen])


def step(operator: str, /, **parameters: Value) -> Step:
    """Return the step that applies an operator with these parameters; the others take their defaults.

    Parameters
    ----------
    operator : str
        Name of an operator; `diptych.operators.names()` lists them.
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
    declaration = operators.declaration(operator)
    checked = declaration.check(declaration.freeze(declaration.check(parameters)))
    return Step(operator, tuple(checked.items()))


def _brief(value: Value) -> str:
    if isinstance(value, tuple):
        return f"<{len(value)} x {len(value[0])}>"
    return f"{value:g}" if isinstance(value, float) else str(value)
