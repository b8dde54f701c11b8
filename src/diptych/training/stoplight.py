"""The stop light: which reading is the best so far, and when there is nothing more to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.core.errors import ParameterError
from diptych.training.readings import AnyReading, reading_from


class StopLight:
    """Keeps the best reading, and turns red when none has been better for a while.

    A reading with a red alarm (inversion, collapse) is never the best, whatever its score; a run that has nothing else is
    stopped like one that does not improve.

    Parameters
    ----------
    patience : int
        Readings in a row without a new best after which to stop, 1 or more.
    warm_up : int
        The first readings, which may be the best but are not counted against the patience, 0 or more.

    Raises
    ------
    ParameterError
        If one of them is out of its bounds.

    Examples
    --------
    >>> from diptych.training.readings import Reading
    >>> light = StopLight(patience=2)
    >>> def reading(step, score):
    ...     return Reading(step, score, 1.0, 0.0, 0.5, None, 1.0, 1.0, 1.0, 0.0, 0.0)
    >>> [light.update(reading(step, score)) for step, score in enumerate([0.4, 0.6, 0.5, 0.6])]
    [True, True, False, False]
    >>> light.should_stop, light.best.step
    (True, 1)
    """

    def __init__(self, *, patience: int, warm_up: int = 0) -> None:
        if patience < 1 or warm_up < 0:
            raise ParameterError(
                f"StopLight: patience = {patience}, warm_up = {warm_up}; give a patience >= 1 and a warm_up >= 0"
            )
        self._patience = patience
        self._warm_up = warm_up
        self._seen = 0
        self._waited = 0
        self._best: AnyReading | None = None

    def update(self, reading: AnyReading) -> bool:
        """Take in a reading; return whether it is the new best."""
        self._seen += 1
        better = not reading.red and (self._best is None or reading.score > self._best.score)
        if better:
            self._best, self._waited = reading, 0
        elif self._seen > self._warm_up:
            self._waited += 1
        return better

    @property
    def best(self) -> AnyReading | None:
        """The best reading so far; None if there is none without a red alarm."""
        return self._best

    @property
    def waited(self) -> int:
        """Readings since the last new best, the warm-up not counted."""
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
    def from_state(cls, state: Mapping[str, Any]) -> StopLight:
        """Make a stop light that goes on from where the one that gave this state was."""
        light = cls(patience=state["patience"], warm_up=state["warm_up"])
        light._seen, light._waited = state["seen"], state["waited"]
        light._best = None if state["best"] is None else reading_from(state["best"])
        return light
