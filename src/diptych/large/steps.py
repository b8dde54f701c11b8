"""The steps of a recipe on a picture that is read by rows.

A step with a halo works on the rows it is asked for and those around them; a curve looks at the whole picture once, when it
needs its distribution, and then works pixel by pixel. Between steps there are floats, as in memory, and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import Image, to_float
from diptych.core.operator import Declaration, as_floats
from diptych.core.parameters import Value
from diptych.large.rows import CountedTones, LazyRows, Rows, every, in_floats, through_curve
from diptych.recipes import Step

_SAMPLED_SIDE = 768  # px of the shorter side of a subsample, or a little more


def after_steps(steps: Sequence[Step], rows: Rows) -> Rows:
    """Return the picture after the steps, in floats.

    Raises
    ------
    ParameterError
        If a step needs the whole picture, or changes its size.
    """
    for one in steps:
        rows = _after(one.declaration, dict(one.parameters), rows)
    return rows


def _after(declaration: Declaration, parameters: dict[str, Value], rows: Rows) -> Rows:
    if declaration.undecided(parameters):
        raise ParameterError(f"{declaration.name}: auto looks at the whole picture; give the value for large pictures")
    if declaration.curve is not None:
        return through_curve(rows, declaration.curve(CountedTones(rows), **as_floats(parameters)))
    halo = declaration.halo(**parameters)
    if halo is None and declaration.by_rows is not None:
        step = max(1, min(rows.shape[:2]) // _SAMPLED_SIDE)
        sample = to_float(every(rows, step))
        floats = in_floats(rows)
        return LazyRows(floats, declaration.by_rows(sample, rows.shape, step, **parameters), floats.dtype)
    if halo is None or not declaration.keeps_shape:
        raise ParameterError(
            f"the step {declaration.name} needs the whole picture at once and cannot be done by rows; leave it out, or give "
            f"the picture the memory that it needs"
        )

    def work(strip: Image, _: int) -> Image:
        return declaration.function(np.ascontiguousarray(to_float(strip)), **parameters)

    floats = in_floats(rows)
    return LazyRows(floats, work, floats.dtype, halo=halo)
