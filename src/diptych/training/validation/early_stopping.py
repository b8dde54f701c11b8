"""Early stopping: which validation is the best so far, and when to stop waiting for a better one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.core.errors import ParameterError
from diptych.training.validation.metrics import Validation, validation_from


class EarlyStopping:
    """Keeps the best validation, and stops a run when none has been better for a while.

    A validation with a fatal alarm (inversion, collapse) is never the best, whatever its score; a run that has nothing else
    is stopped like one that does not improve.

    Parameters
    ----------
    patience : int
        Validations in a row without a new best after which to stop, 1 or more.
    warm_up : int
        The first validations, which may be the best but are not counted against the patience, 0 or more.

    Raises
    ------
    ParameterError
        If one of them is out of its bounds.

    Examples
    --------
    >>> from diptych.training.validation.metrics import HeldOutLoss
    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.update(HeldOutLoss(step, loss)) for step, loss in enumerate([0.6, 0.4, 0.5, 0.4])]
    [True, True, False, False]
    >>> stopping.should_stop, stopping.best.step
    (True, 1)
    """

    def __init__(self, *, patience: int, warm_up: int = 0) -> None:
        if patience < 1 or warm_up < 0:
            raise ParameterError(
                f"EarlyStopping: patience = {patience}, warm_up = {warm_up}; give a patience >= 1 and a warm_up >= 0"
            )
        self._patience = patience
        self._warm_up = warm_up
        self._seen = 0
        self._waited = 0
        self._best: Validation | None = None

    def update(self, validation: Validation) -> bool:
        """Take in a validation; return whether it is the new best."""
        self._seen += 1
        better = not validation.fatal and (self._best is None or validation.score > self._best.score)
        if better:
            self._best, self._waited = validation, 0
        elif self._seen > self._warm_up:
            self._waited += 1
        return better

    @property
    def best(self) -> Validation | None:
        """The best validation so far; None if there is none without a fatal alarm."""
        return self._best

    @property
    def waited(self) -> int:
        """Validations since the last new best, the warm-up not counted."""
        return self._waited

    @property
    def should_stop(self) -> bool:
        """Whether the patience is used up."""
        return self._waited >= self._patience

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on, as plain values."""
        return {
            "patience": self._patience,
            "warm_up": self._warm_up,
            "seen": self._seen,
            "waited": self._waited,
            "best": None if self._best is None else self._best.as_dict(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> EarlyStopping:
        """Return one that goes on from where the one that gave this state was."""
        stopping = cls(patience=state["patience"], warm_up=state["warm_up"])
        stopping._seen, stopping._waited = state["seen"], state["waited"]
        best = state["best"]
        # A run of an earlier version was ranked by another score: the two do not compare.
        stopping._best = None if best is None or "domain_distance" in best else validation_from(best)
        return stopping
