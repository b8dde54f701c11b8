"""From how far a model is from its float version to what it loses against the truth, and back."""

from __future__ import annotations

import math

from diptych.runtime import Bundle

_ASSUMED = 25.0  # dB; what good enhancers reach against references


def drop_of(decibels: float, bundle: Bundle) -> float:
    """Return what a target about so many dB from the float model loses against the truth, in dB, without references.

    Where the float model is P dB from the truth and the target Q dB from the float model, and the two errors have nothing to
    do with each other, the loss is ``10 log10(1 + 10^((P - Q) / 10))``. P is the model's own score if it has one, else 25 dB,
    which few enhancers reach, so that the loss is rather overrated.

    >>> from diptych.runtime import BundleMetadata
    >>> facts = BundleMetadata(name="evening", channels_in=3, channels_out=3, multiple=4, receptive_field_radius=9)
    >>> round(drop_of(36.5, Bundle(facts, b"")), 2)
    0.3
    """
    return 10 * math.log10(1 + 10 ** ((_quality(bundle) - decibels) / 10))


def wanted_for(drop: float, bundle: Bundle) -> float:
    """Return how near to the float model a target must be to lose no more than that."""
    return _quality(bundle) - 10 * math.log10(max(10 ** (drop / 10) - 1, 1e-9))


def _quality(bundle: Bundle) -> float:
    score = bundle.metadata.scores.get("psnr")
    return float(score) if isinstance(score, int | float) and 0 < score < 60 else _ASSUMED
