"""Write docs/images/front.jpg, the picture of the front pages: a dark photograph, its plan, and what the plan makes of it.

python docs/make_front.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import diptych as dp
from diptych.cli.demo import sample

HERE = Path(__file__).parent
HEIGHT, PANEL = 300, 168
NUMBERS = ("shadows", "local", "toe", "protect", "follow")
"""What is not as in a picture that is left alone."""


def main() -> None:
    """Write the picture."""
    photo = sample().pixels
    plan = dp.plan(sample())
    width = round(photo.shape[1] * HEIGHT / photo.shape[0])
    size = {"height": HEIGHT, "width": width, "interpolation": "area"}
    before, after = (dp.operators.zoom(one, **size) for one in (photo, plan(photo)))
    dp.write(HERE / "images" / "front.jpg", np.hstack([before, panel(plan), after]), overwrite=True, quality=74)


def panel(plan: dp.Recipe) -> np.ndarray:
    """Return the plan as a picture."""
    image = Image.new("RGB", (PANEL, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    values = dict(plan.steps[-1].parameters)
    lines = [
        "the plan",
        "",
        *(step.operator for step in plan.steps),
        "",
        *(f"{name} {values[name]:.3g}" for name in NUMBERS),
    ]
    for index, line in enumerate(lines):
        draw.text((16, 20 + 25 * index), line, fill="black", font=ImageFont.load_default(17))
    return np.asarray(image)


if __name__ == "__main__":
    main()
