"""What was measured at a step, as plain numbers, and alarms in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from diptych.training.validation.alarms import Alarm


@dataclass(frozen=True)
class ValidationMetrics:
    """What the monitor measured at one step.

    Attributes
    ----------
    step : int
        Step of the training.
    score : float
        Ranks checkpoints, 0 to 1, higher is better: the product of `parts`.
    score_error : float
        Its standard error, from the pictures that were held out.
    parts : dict of str to float
        Factors of the score, 0 to 1: tone, color, noise, color noise, detail, structure; see `diptych.quality.DomainScore`.
    structure : float
        Kept structure, 0 to 1: correlation of the normalised gradients of the output with those of the denoised input, over
        that of the noisy input itself; at most 1.
    added : float
        Share of the squared gradients of the output that is not in the input, 0 to 1.
    cycle_error : float or None
        Mean absolute error of there and back, the mean of both ways round; None without a way back.
    luma_correlation, worst_correlation : float
        Spearman's rank correlation of luma in and out: median over the pictures, and the lowest.
    diversity : float
        Differences between the outputs over those between the inputs, brightness and contrast left out; 0 if all are the same.
    noise, target_noise : float
        Estimated standard deviation of the noise of outputs and target pictures, as an intensity.
    alarms : tuple of Alarm
        What is wrong, in words.
    seconds : float
        How long the measurement took, networks included. It takes no part in comparisons.
    """

    step: int
    score: float
    score_error: float
    parts: dict[str, float]
    structure: float
    added: float
    cycle_error: float | None
    luma_correlation: float
    worst_correlation: float
    diversity: float
    noise: float
    target_noise: float
    alarms: tuple[Alarm, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def fatal(self) -> bool:
        """Whether an alarm says that the generator is unusable."""
        return any(alarm.fatal for alarm in self.alarms)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; the alarms are dictionaries."""
        return asdict(self)


@dataclass(frozen=True)
class HeldOutLoss:
    """The loss of an objective of a single folder on held-out pictures, at one step.

    Attributes
    ----------
    step : int
        Step of the training.
    loss : float
        Of the averaged generator on pictures that were held out, the sum of the weighted losses; lower is better.
    alarms : tuple of Alarm
        What is wrong, in words.
    seconds : float
        How long it took. It takes no part in comparisons.
    """

    step: int
    loss: float
    alarms: tuple[Alarm, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def score(self) -> float:
        """Ranks checkpoints, higher is better: the loss with its sign turned."""
        return -self.loss

    @property
    def fatal(self) -> bool:
        """Whether an alarm says that the generator is unusable."""
        return any(alarm.fatal for alarm in self.alarms)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; the alarms are dictionaries."""
        return asdict(self)


Validation: TypeAlias = ValidationMetrics | HeldOutLoss


def validation_from(values: Mapping[str, Any]) -> Validation:
    """Return the validation whose `as_dict` gave these values."""
    kind = HeldOutLoss if "loss" in values else ValidationMetrics
    return kind(**{**values, "alarms": tuple(Alarm(**alarm) for alarm in values["alarms"])})
