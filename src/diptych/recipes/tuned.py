"""The recipes for pictures of a kind: what ``diptych enhance --for`` does. Tuned by eye, on one half of a folder of each kind.

Each is an ordinary recipe, to begin with: ``diptych show underwater`` prints its steps.
"""

from __future__ import annotations

from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import step


def underwater() -> Recipe:
    """Return the recipe against the green or blue of water and its veil, after which colours are toned down."""
    return Recipe(
        step("white_balance", amount=0.8, norm=3.0),
        step("stretch", low=0.3, high=99.7),  # the channels together: each by itself burns what little red there is
        step("develop", saturation=0.8),
        name="underwater",
        summary="Take away the colour cast and the veil of water.",
    )


def haze() -> Recipe:
    """Return the recipe against haze, fog and smoke, which keeps skies from turning neon."""
    return Recipe(
        step("dehaze", omega=0.85, t0=0.5),  # a lower t0 raises noise and blocks of a sky to neon colours
        step("stretch", low=0.1, high=99.9),
        name="haze",
        summary="Take away haze, fog or smoke, but for a rest that keeps skies calm.",
    )


def xray() -> Recipe:
    """Return the recipe for radiographs: the measured noise, and all of the range."""
    return Recipe(
        step("denoise_nlm", strength="auto"),
        step("stretch", low=0.005, high=99.995),
        name="xray",
        summary="Take away the noise of a radiograph, as much as is measured, and use the whole range.",
    )


def scan() -> Recipe:
    """Return the recipe for scanned prints, films and the pictures of line cameras: clean, of full range, a little sharper."""
    return Recipe(
        step("denoise_nlm", strength=0.01),
        step("stretch", low=0.1, high=99.9),
        step("unsharp_mask", sigma=1.0, amount=0.5),
        name="scan",
        summary="Take away a little noise, use the whole range, and sharpen a little.",
    )


def document() -> Recipe:
    """Return the recipe for photographed pages: even light, white paper, black letters."""
    return Recipe(
        step("flatten_background", sigma=30.0),
        step("stretch", low=1.0, high=70.0, channels="each"),
        name="document",
        summary="Even out the light on a page, and make the paper white.",
    )
