"""Steps and recipes: the whole of what is done to an image, as a value that can be compared, printed and saved."""

from diptych.recipes.automatic import auto
from diptych.recipes.calibration import calibrate
from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import Step, step

__all__ = ["Recipe", "Step", "auto", "calibrate", "step"]
