"""Steps and recipes: the whole of what is done to an image, as a value that can be compared, printed and saved."""

from diptych.core.wishes import Wishes
from diptych.recipes.automatic import auto
from diptych.recipes.calibration import calibrate
from diptych.recipes.planning import Planned, Planner, wished
from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import Step, step
from diptych.recipes.wishes import apply_wishes

__all__ = [
    "Planned",
    "Planner",
    "Recipe",
    "Step",
    "Wishes",
    "apply_wishes",
    "auto",
    "calibrate",
    "step",
    "wished",
]
