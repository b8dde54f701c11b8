"""The operator `exposure` with its local lift on a picture that is read by rows: the surroundings are found on a smaller copy.

The guided filter gives ``q = a p + b``, where a and b are means over windows of an eighth of the shorter side. They are so
smooth that they can be found from every s-th pixel of every s-th row; only p, the brightness, is needed in full.

He and Sun, "Fast guided filter", arXiv:1505.00996.
"""

from __future__ import annotations

import numpy as np

from diptych.core.image import FloatImage, Image, to_float
from diptych.core.parameters import Value
from diptych.large.rows import Made, Rows, in_floats, some
from diptych.operators._guided import lines
from diptych.operators.exposure import brightened, curve, window

_SHORTER = 768  # px of the smaller copy's shorter side, or a little more
_EPSILON = 0.01


def exposed(rows: Rows, *, gain: float, lift: float, local: float, toe: float, protect: float, **rest: Value) -> Rows:
    """Return the picture after the operator with these parameters, in floats."""
    height, width, _ = rows.shape
    step = max(1, min(height, width) // _SHORTER)
    few = brightened(to_float(some(rows, step)), gain).max(axis=2)
    slope, offset = lines(few, few, max(1, round(window(rows.shape) / step)) | 1, _EPSILON)

    def work(strip: Image, first: int) -> Image:
        base = brightened(np.asarray(strip), gain)
        places = np.arange(first, first + len(base), dtype=np.float64)
        around = base.max(axis=2) * _between(slope, places, step, width) + _between(offset, places, step, width)
        around = np.clip(around, 1e-3, 1).astype(base.dtype)[:, :, np.newaxis]
        lifted = curve(around, lift, toe, protect) / around
        result = (1 - local) * curve(base, lift, toe, protect) + local * base * lifted
        return np.clip(result, 0, 1).astype(strip.dtype)

    floats = in_floats(rows)
    return Made(floats, work, floats.dtype)


def _between(values: FloatImage, places: FloatImage, step: int, width: int) -> FloatImage:
    """Return rows of a map, given at every `step`-th px, at every column."""
    down = np.minimum(np.asarray(places) / step, len(values) - 1)
    across = np.minimum(np.arange(width) / step, values.shape[1] - 1)
    low = np.minimum(down.astype(np.intp), max(len(values) - 2, 0))
    share = (down - low)[:, np.newaxis].astype(np.float32)
    high = np.minimum(low + 1, len(values) - 1)
    left = np.minimum(across.astype(np.intp), max(values.shape[1] - 2, 0))
    right, beside = np.minimum(left + 1, values.shape[1] - 1), (across - left).astype(np.float32)
    rows = values[low].astype(np.float32) * (1 - share) + values[high].astype(np.float32) * share
    return np.asarray(rows[:, left] * (1 - beside) + rows[:, right] * beside)
