"""The learning rate."""

from __future__ import annotations


def rate_factor(step: int, *, steps: int, decay: float) -> float:
    """Return the factor of the learning rate: 1, and over the last share `decay` of the steps linearly towards 0.

    Zhu et al., ICCV 2017, section 4 (there: 100 epochs constant, 100 decaying).

    >>> [rate_factor(step, steps=8, decay=0.5) for step in (0, 4, 6, 7)]
    [1.0, 1.0, 0.5, 0.25]
    """
    constant = steps - round(steps * decay)
    return 1.0 if step < constant else (steps - step) / (steps - constant)
