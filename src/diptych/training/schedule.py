"""The learning rate."""

from __future__ import annotations

import math


def rate_factor(step: int, *, steps: int, decay: float) -> float:
    """Return the factor of the learning rate: 1, and over the last share `decay` of the steps linearly towards 0.

    Zhu et al., ICCV 2017, section 4 (there: 100 epochs constant, 100 decaying).

    >>> [rate_factor(step, steps=8, decay=0.5) for step in (0, 4, 6, 7)]
    [1.0, 1.0, 0.5, 0.25]
    """
    constant = steps - round(steps * decay)
    return 1.0 if step < constant else (steps - step) / (steps - constant)


def cosine_factor(step: int, *, steps: int, decay: float) -> float:
    """Return the factor of the learning rate: a rise over 100 steps, or a twentieth of them, and a fall along half a cosine.

    The fall takes the last share `decay` of the steps.
    Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017, equation 5.

    >>> [round(cosine_factor(step, steps=1000, decay=1.0), 2) for step in (0, 49, 500, 750)]
    [0.02, 0.99, 0.5, 0.15]
    """
    constant = steps - round(steps * decay)
    fallen = max(0.0, (step - constant) / max(steps - constant, 1))
    rise = max(1, min(100, steps // 20))
    return min(1.0, (step + 1) / rise) * (0.5 + 0.5 * math.cos(math.pi * fallen))
