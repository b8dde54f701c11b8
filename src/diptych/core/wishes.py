"""What a user wishes for a picture, in the same words in Python, on the command line, over HTTP and on the page.

Nothing here needs NumPy, so that whoever only asks for names and bounds does not load it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, fields
from typing import Any

from diptych.core.errors import ParameterError


@dataclass(frozen=True)
class Wish:
    """What may be wished: a number between two bounds, of which one changes nothing."""

    minimum: float
    maximum: float
    neutral: float
    doc: str
    unit: str = ""

    @property
    def bounds(self) -> str:
        """What is allowed, in words."""
        return f"{self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()

    def check(self, name: str, value: object) -> float:
        """Return the value as a float, or raise `ParameterError` naming it."""
        try:
            if isinstance(value, bool | str):
                raise TypeError
            number = float(value)  # type: ignore[arg-type]
            if not self.minimum <= number <= self.maximum:  # False for NaN too
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise ParameterError(f"{name} = {repr(value)[:80]} is not allowed; give {self.bounds}") from None
        return number


def _wish(minimum: float, maximum: float, neutral: float, doc: str, unit: str = "") -> Any:
    return field(default=neutral, metadata={"wish": Wish(minimum, maximum, neutral, doc, unit)})


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a user wishes on top of what is planned for a picture. All defaults change nothing.

    Attributes
    ----------
    strength : float
        0 to 1: how much of all that is done; 0 is the picture as it is.
    brightness : float
        Stops of light, -3 to 3.
    shadows : float
        -1 to 1: with -1 shadows are not opened, with 1 they are opened by two more times their slope.
    warmth : float
        -1 (bluer) to 1 (more orange).
    saturation : float
        -1 (grey) to 1 (twice as colourful).
    denoise : float
        -1 (none) to 1 (twice as strong as planned, and where little is planned as `denoise_photo` does by default).

    Raises
    ------
    ParameterError
        If a wish is out of its bounds.

    Examples
    --------
    >>> Wishes(brightness=0.5).given
    {'brightness': 0.5}
    """

    strength: float = _wish(0, 1, 1, "0 leaves the picture as it is, 1 does all that is planned.")
    brightness: float = _wish(-3, 3, 0, "Brighter or darker than planned.", "stops")
    shadows: float = _wish(-1, 1, 0, "Opens the shadows more than planned; -1 not at all.")
    warmth: float = _wish(-1, 1, 0, "More orange, or bluer, than planned.")
    saturation: float = _wish(-1, 1, 0, "More colourful than planned; -1 is grey, 1 twice as colourful.")
    denoise: float = _wish(-1, 1, 0, "Takes more noise away than planned; -1 none, 1 twice as much.")

    def __post_init__(self) -> None:
        for name, wish in WISHES.items():
            object.__setattr__(self, name, wish.check(name, getattr(self, name)))

    @functools.cached_property
    def given(self) -> dict[str, float]:
        """The wishes that change something."""
        return {name: getattr(self, name) for name, wish in WISHES.items() if getattr(self, name) != wish.neutral}


WISHES: dict[str, Wish] = {one.name: one.metadata["wish"] for one in fields(Wishes)}
"""What may be wished, by name."""
