"""Types that several operators declare parameters with."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from diptych.core.parameters import Doc

Border: TypeAlias = Annotated[
    Literal["reflect", "nearest", "mirror", "constant", "wrap"],
    Doc("What lies outside the image, in SciPy's words; ``constant`` is black."),
]
"""SciPy's names: ``reflect`` d c b a | a b c d, ``mirror`` d c b | a b c d, ``constant`` is black."""

Channels: TypeAlias = Literal["together", "each"]
"""One curve from the statistics of all channels, which keeps the hue, or one curve for each channel."""
