"""How far a target is from the float model, and what it therefore loses against the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.runtime import Bundle

_ASSUMED = 25.0  # dB; good enhancers reach this against references


def decibels(image: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the PSNR of two float pictures in [0, 1]; at most 100 dB, the value for equal ones."""
    error = float(np.mean((image.astype(np.float64) - other) ** 2))
    return min(100.0, -10 * float(np.log10(max(error, 1e-10))))


def drop_of(decibels: float, bundle: Bundle) -> float:
    """Return what a target about so many dB from the float model loses against the truth, in dB, without references.

    Where the float model is P dB from the truth and the target Q dB from the float model, and the two errors have nothing to
    do with each other, the loss is ``10 log10(1 + 10^((P - Q) / 10))``. P is the model's own score if it has one, else 25 dB,
    which few enhancers reach, so that the loss is overestimated rather than underestimated.

    >>> from diptych.runtime import BundleMetadata
    >>> metadata = BundleMetadata(name="evening", channels_in=3, channels_out=3, multiple=4, receptive_field_radius=9)
    >>> round(drop_of(36.5, Bundle(metadata, b"")), 2)
    0.3
    """
    return 10 * math.log10(1 + 10 ** ((_quality(bundle) - decibels) / 10))


def wanted_for(drop: float, bundle: Bundle) -> float:
    """Return the PSNR to the float model in dB that a target must reach to lose no more than `drop` dB; inverts `drop_of`."""
    return _quality(bundle) - 10 * math.log10(max(10 ** (drop / 10) - 1, 1e-9))


def _quality(bundle: Bundle) -> float:
    score = bundle.metadata.scores.get("psnr")
    return float(score) if isinstance(score, int | float) and 0 < score < 60 else _ASSUMED
