"""The advice: what was tried, what came of it, and what to do."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from diptych.advice.choice import Gap, Measured
from diptych.recipes import Recipe

FORMAT = 1


@dataclass(frozen=True)
class Advice:
    """The result of `diptych.advice.advise`.

    Attributes
    ----------
    measured : tuple of Measured
        Everything that was tried, best first.
    gaps : tuple of Gap
        For each of them, how far it is behind the best.
    recommended : Measured
        The simplest that is not significantly worse than the best.
    why : str
        In one or two sentences.
    objective_name, objective_unit : str
        What decided.
    tuned_on, evaluated_on : int
        Pictures of A that the parameters were tuned on, and that the figures are of.
    problems, notes : tuple of str
        What could not be read or run, and what to know when reading the numbers.
    """

    measured: tuple[Measured, ...]
    gaps: tuple[Gap, ...]
    recommended: Measured
    why: str
    objective_name: str
    objective_unit: str
    tuned_on: int
    evaluated_on: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def recipe(self) -> Recipe | None:
        """What is recommended, if it is a recipe; None for `auto` and for models."""
        return self.recommended.candidate.recipe

    def commands(self, source: str, recipe: str) -> tuple[str, ...]:
        """Return the commands that do it, to folder `source`, with the recipe in the file `recipe`."""
        candidate = self.recommended.candidate
        if candidate.recipe is not None and not candidate.recipe.steps:
            return ()
        option = candidate.option if candidate.recipe is None else f"--recipe {shlex.quote(recipe)}"
        use = f"diptych enhance {shlex.quote(source)} -o enhanced/ {option}".strip()
        return (candidate.prior_command, use) if candidate.prior_command else (use,)

    def to_json(self) -> str:
        """Return the advice as JSON, indented."""
        values = {
            "format": FORMAT,
            "recommended": self.recommended.candidate.name,
            "why": self.why,
            "objective": {"name": self.objective_name, "unit": self.objective_unit},
            "tuned_on": self.tuned_on,
            "evaluated_on": self.evaluated_on,
            "candidates": [_plain(one, gap) for one, gap in zip(self.measured, self.gaps, strict=True)],
            "problems": list(self.problems),
            "notes": list(self.notes),
        }
        return json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False)


def _plain(one: Measured, gap: Gap) -> dict[str, Any]:
    candidate = one.candidate
    return {
        "name": candidate.name,
        "kind": candidate.complexity.name.lower(),
        "steps": candidate.steps,
        "value": one.scores.value,
        **one.scores.figures,
        "niqe": one.niqe,
        "milliseconds_per_megapixel": 1000 * one.seconds_per_megapixel,
        "gap": {"mean": gap.difference, "interval": gap.interval, "significantly": gap.worse},
        "alarms": list(one.alarms),
        "recipe": candidate.recipe.to_toml() if candidate.recipe is not None else None,
    }
