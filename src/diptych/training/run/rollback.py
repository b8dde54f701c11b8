"""Going back: a run whose losses are no numbers, or whose outputs went wrong, returns to its last good weights, and is turned.

The step goes on counting, so that a run ends when it was to end, and the pictures that follow are new ones. What was turned is
part of every checkpoint, so that a run that is resumed ends with the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.core.errors import TrainingError
from diptych.training.config import TrainConfig
from diptych.training.objectives.base import Objective
from diptych.training.objectives.unpaired import Unpaired
from diptych.training.run.checkpoint import checkpoints, load_checkpoint, step_of
from diptych.training.run.directory import Run
from diptych.training.validation.metrics import Validation

FAR = 0.8
"""Times the best score: a validation below it has drifted."""

_MOST = 8  # in a row, before the run is given up
_RATES = ("learning_rate", "discriminator_rate")
_LEAST_RATE = 1e-8
_MOST_STRUCTURE = 64.0


class Rollback:
    """Takes a painter back to the last checkpoint of a validation, with lower rates and, where it went astray, more structure.

    Parameters
    ----------
    run : Run
        Where the checkpoints are.
    objective : Objective
        What is trained. Only painters of two folders are taken back.
    """

    def __init__(self, run: Run, objective: Objective) -> None:
        self._run = run
        self._objective = objective
        self._turned: dict[str, Any] = {}
        self._in_a_row = 0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds; nothing for a run that never went back."""
        return {"rollback": {"turned": self._turned, "in_a_row": self._in_a_row}} if self._turned else {}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        found = state.get("rollback", {})
        self._turned, self._in_a_row = found.get("turned", {}), found.get("in_a_row", 0)
        self._turn()

    def went_well(self) -> None:
        """Be told that a validation found nothing to go back for."""
        self._in_a_row = 0

    def back(self, step: int, reason: str, *, astray: bool) -> dict[str, Any]:
        """Load the last good weights, turn the rates and, if the outputs went astray, structure; return the entry for the log.

        Raises
        ------
        TrainingError
            If there is nothing to go back to, or it was gone back often in a row: the reason is named.
        """
        config, objective = self._objective.config, self._objective
        due = [path for path in checkpoints(self._run.checkpoints) if step_of(path) % config.eval_every == 0]
        if not due or not isinstance(objective, Unpaired) or self._in_a_row >= _MOST:
            raise TrainingError(
                f"{self._run.path}: at step {step} {reason}; the last checkpoint and the best generator are kept. Lower "
                f"learning_rate, give precision = float32, or lower a weight"
            )
        load_checkpoint(due[-1], objective)
        self._turned |= turned(config, astray=astray)
        self._in_a_row += 1
        self._turn()
        return {"event": "rollback", "step": step, "to": step_of(due[-1]), "reason": reason, "turned": self._turned}

    def _turn(self) -> None:
        if self._turned and isinstance(self._objective, Unpaired):
            self._objective.turn(self._objective.config.updated(self._turned))


def turned(config: TrainConfig, *, astray: bool) -> dict[str, Any]:
    """Return settings against what went wrong: half the learning rates; and twice the weight of structure, 1 at least."""
    values: dict[str, Any] = {
        name: max(getattr(config, name) / 2, _LEAST_RATE) for name in _RATES if hasattr(config, name)
    }
    structure = getattr(getattr(config, "weights", None), "structure", None)
    if astray and structure is not None:
        values["weights"] = {"structure": min(max(2 * structure, 1.0), _MOST_STRUCTURE)}
    return values


def drifted(found: Validation, best: Validation | None) -> str:
    """Return why a run should go back after a validation; nothing where it need not, as before anything was good."""
    if best is None:
        return ""
    if found.fatal:
        kinds = " and ".join(alarm.kind for alarm in found.alarms if alarm.fatal)
        return f"the outputs are of no use ({kinds})"
    if found.score < FAR * best.score:
        return f"the score is {found.score:.3f}, far below the {best.score:.3f} of step {best.step}"
    return ""
