"""What can go wrong with a generator, in words: what was seen, and which weight to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diptych.quality.checkerboard import VISIBLE, Checkerboard

Kind = Literal[
    "inversion", "collapse", "swapped", "hallucination", "checkerboard", "noise", "burnt", "cast", "unchanged"
]

FATAL: frozenset[str] = frozenset({"inversion", "collapse"})
"""Kinds that make a generator unusable, whatever its score: it never becomes the best."""

_INVERTED = -0.3  # a correlation below this is no accident
_COLLAPSED = 0.4  # of the differences between the inputs
_ADDED = 0.6  # of the squared gradients; a Gaussian blur of 3 px reaches 0.4 to 0.6 where a picture is all fine texture
_KEPT = 0.5
_PROMINENT = 3.0
_MORE = 1.25  # times as bright, or as rich in contrast, is more than chance
_LEAST_NOISE = 0.02  # of the luma
_BURNT = 0.03
_CAST, _CASTS = 0.06, 2.0  # an intensity; times that of the input


@dataclass(frozen=True)
class Alarm:
    """What was seen, in words, and its kind."""

    kind: Kind
    message: str

    @property
    def fatal(self) -> bool:
        """Whether the generator is unusable."""
        return self.kind in FATAL


@dataclass(frozen=True)
class Measurements:
    """What the alarms are raised by; lists have a value for each held-out source picture.

    Attributes
    ----------
    luma, color : list of float
        Correlation of the output's luma and of its colour differences with the source's; color only for pictures that
        have any.
    kept, added : list of float
        Structure of the source that the output has, and what the output has besides.
    diversity : float
        Differences between the outputs over those between the inputs.
    noise, input_noise, target_noise : float
        Standard deviation of the noise of outputs, inputs and target pictures, as intensities.
    relative_noise, input_relative_noise : float
        The same over the contrast of the pictures, which a mere brightening does not change.
    checkerboard, input_checkerboard : Checkerboard
        The most prominent pattern of 2 or 4 px.
    change : float
        Mean absolute difference of output and input; nan while it is too early to expect one.
    burnt, input_burnt, target_burnt : float
        Share of the values that are white, in outputs, inputs and target pictures.
    cast, input_cast : float
        How far the colour casts of outputs and inputs are from the target's, beyond chance, as intensities.
    brightness, span, relative_raw_noise : (float, float)
        Medians of the luma, of its range from the 1st to the 99th percentile, and of the noise over the luma, of the source as
        in the files and of the target.
    """

    luma: list[float]
    color: list[float]
    kept: list[float]
    added: list[float]
    diversity: float
    noise: float
    input_noise: float
    target_noise: float
    relative_noise: float
    input_relative_noise: float
    checkerboard: Checkerboard
    input_checkerboard: Checkerboard
    change: float
    burnt: float
    input_burnt: float
    target_burnt: float
    cast: float
    input_cast: float
    brightness: tuple[float, float]
    span: tuple[float, float]
    relative_raw_noise: tuple[float, float]


def alarms_of(found: Measurements) -> tuple[Alarm, ...]:
    """Return the alarms that these measurements give rise to, fatal ones first."""
    messages: dict[Kind, str] = {
        "inversion": _inversion(found),
        "collapse": _collapse(found),
        "swapped": _swapped(found),
        "hallucination": _hallucination(found),
        "checkerboard": _checkerboard(found),
        "noise": _noise(found),
        "burnt": _burnt(found),
        "cast": _cast(found),
        "unchanged": _unchanged(found),
    }
    return tuple(Alarm(kind, message) for kind, message in messages.items() if message)


def _inversion(found: Measurements) -> str:
    advice = "raise identity or structure, e.g. `weights.structure=1`"
    if count := _several(found.luma, below=_INVERTED):
        return (
            f"out is dark where in is bright in {count} of {len(found.luma)} pictures "
            f"(rank correlation down to {min(found.luma):.2f}); {advice}"
        )
    if count := _several(found.color, below=_INVERTED):
        return (
            f"colours are turned into their opposites in {count} of {len(found.color)} pictures "
            f"(correlation down to {min(found.color):.2f}); raise identity, e.g. `weights.identity=10`"
        )
    return ""


def _collapse(found: Measurements) -> str:
    if not found.diversity < _COLLAPSED:
        return ""
    return (
        f"the outputs look alike whatever goes in (their differences are {100 * found.diversity:.0f} % of those of the "
        f"inputs); raise cycle or structure, or lower discriminator_rate, e.g. `weights.structure=1`"
    )


def _swapped(found: Measurements) -> str:
    more = [found.brightness[0] > _MORE * found.brightness[1], found.span[0] > _MORE * found.span[1]]
    less = [found.brightness[1] > _MORE * found.brightness[0], found.span[1] > _MORE * found.span[0]]
    ours, theirs = found.relative_raw_noise
    noisy = theirs > max(2 * ours, _LEAST_NOISE)
    if any(less) or ours > max(_MORE * theirs, _LEAST_NOISE) or sum(more) + 2 * noisy < 2:
        return ""
    words = [word for word, holds in zip(("brighter", "richer in contrast"), more, strict=True) if holds]
    said = " and ".join([*words, *["less noisy"] * noisy])
    return (
        f"the pictures to improve look better than those they are to be like: {said}; if A and B were exchanged, begin a new "
        f"run with `B A`"
    )


def _burnt(found: Measurements) -> str:
    if found.burnt < _BURNT + 2 * max(found.input_burnt, found.target_burnt):
        return ""
    return (
        f"{100 * found.burnt:.0f} % of the values of the outputs are burnt to white (before {100 * found.input_burnt:.0f} %, "
        f"target {100 * found.target_burnt:.0f} %); raise identity or structure, or lower learning_rate, "
        f"e.g. `weights.identity=5`"
    )


def _cast(found: Measurements) -> str:
    if found.cast < max(_CAST, _CASTS * found.input_cast):
        return ""
    return (
        f"the outputs have a colour cast: {255 * found.cast:.0f} levels of 255 from the colours of B, before "
        f"{255 * found.input_cast:.0f}; raise identity or cycle, e.g. `weights.identity=5`"
    )


def _hallucination(found: Measurements) -> str:
    if count := _several([-value for value in found.added], below=-_ADDED):
        return (
            f"edges that are not in the input are in the output of {count} of {len(found.added)} pictures "
            f"(up to {100 * max(found.added):.0f} % of what is there); raise structure or cycle, e.g. `weights.structure=2`"
        )
    kept = float(np.mean(found.kept))
    if kept < _KEPT:
        return (
            f"the outputs keep {100 * kept:.0f} % of the structure of the inputs; raise structure or cycle, "
            f"e.g. `weights.structure=2`"
        )
    return ""


def _checkerboard(found: Measurements) -> str:
    board, given = found.checkerboard, found.input_checkerboard
    if board.amplitude < VISIBLE or board.prominence < _PROMINENT * max(given.prominence, 1):
        return ""
    return (
        f"the outputs have a pattern of {board.period} px with an amplitude of {255 * board.amplitude:.1f} levels of 255; use "
        f"generators that upsample by resize and convolution, e.g. `forward.upsampling=resize`, or raise total_variation, "
        f"e.g. `weights.total_variation=0.1`"
    )


def _noise(found: Measurements) -> str:
    enough = found.noise > max(0.01, 1.2 * found.target_noise)
    if not enough or found.relative_noise <= 1.3 * found.input_relative_noise:
        return ""
    return (
        f"the outputs are noisier than the inputs (standard deviation {255 * found.noise:.1f} levels of 255, before "
        f"{255 * found.input_noise:.1f}, target {255 * found.target_noise:.1f}); raise total_variation or lower adversarial, "
        f"e.g. `weights.total_variation=0.1`"
    )


def _unchanged(found: Measurements) -> str:
    if not found.change < VISIBLE:
        return ""
    return (
        f"the output is the input (they differ by {255 * found.change:.1f} levels of 255 on average); lower identity, cycle or "
        f"structure, e.g. `weights.identity=0.5`, or give the discriminator time"
    )


def _several(values: Sequence[float], *, below: float) -> int:
    """Return how many values are below a bound if that is one in eight or more, otherwise 0."""
    count = sum(value < below for value in values)
    return count if count >= max(1.0, len(values) / 8) else 0
