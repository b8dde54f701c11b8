"""What is tried, and how complex it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from diptych.core.enhancer import Enhancer
from diptych.recipes import Recipe


class Complexity(IntEnum):
    """Kinds of enhancers, the simplest first."""

    NOTHING = 0
    CLASSICAL = 1
    DENOISING = 2
    MODEL = 3
    TRAINED = 4


@dataclass(frozen=True)
class Candidate:
    """One that is tried.

    Attributes
    ----------
    name : str
        What to call it.
    enhancer : Enhancer
        What does it.
    complexity : Complexity
        Its kind.
    steps : int
        How many steps a picture goes through; 1 for a model, 2 if noise is taken away before it.
    option : str
        What `diptych enhance` is given to use it; empty for what it does by itself, and for a recipe, whose file has no
        name yet.
    prior_command : str
        The command to run before that; empty for none.
    """

    name: str
    enhancer: Enhancer
    complexity: Complexity
    steps: int
    option: str = ""
    prior_command: str = ""

    @property
    def recipe(self) -> Recipe | None:
        """The recipe, if it is one."""
        return self.enhancer if isinstance(self.enhancer, Recipe) else None

    @property
    def rank(self) -> tuple[int, int]:
        """What "simpler" means: the complexity first, then the number of steps."""
        return int(self.complexity), self.steps


def of_recipe(name: str, recipe: Recipe) -> Candidate:
    """Return the candidate that is a recipe."""
    denoises = any(step.declaration.denoises for step in recipe.steps)
    complexity = Complexity.DENOISING if denoises else Complexity.CLASSICAL if recipe.steps else Complexity.NOTHING
    return Candidate(name, recipe, complexity, len(recipe.steps))
