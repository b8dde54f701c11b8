"""The wishes as options of a command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from diptych.core.wishes import WISHES


def _option(name: str) -> Any:
    wish = WISHES[name]
    return typer.Option(metavar=wish.bounds, help=wish.doc)


Strength = Annotated[float, _option("strength")]
Brightness = Annotated[float, _option("brightness")]
Shadows = Annotated[float, _option("shadows")]
Warmth = Annotated[float, _option("warmth")]
Saturation = Annotated[float, _option("saturation")]
Denoise = Annotated[float, _option("denoise")]
