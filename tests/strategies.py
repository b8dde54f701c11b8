"""Hypothesis strategies made from the operators' declarations."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from diptych.core.image import from_float
from diptych.core.operator import Declaration
from diptych.core.parameters import Parameter

DTYPES = ("uint8", "uint16", "float32")


@st.composite
def images(draw, dtypes=DTYPES, largest=64, channels=(1, 2, 3, 4, 5)):
    """Draw an image 1 x 1 to 64 x 64, grey or of 1 to 5 channels: noise, a smooth scene, few levels, or flat."""
    height, width = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    shape = draw(st.sampled_from([(height, width), *[(height, width, c) for c in channels]]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["noise", "smooth", "levels", "flat"]))
    values = rng.random(shape)
    if kind == "smooth":
        values = 0.1 * values + 0.6 * np.linspace(0, 1, width).reshape((1, width) + (1,) * (len(shape) - 2))
    elif kind == "levels":
        values = np.floor(values * 4) / 4
    elif kind == "flat":
        values = np.full(shape, values.flat[0])
    return from_float(values.astype(np.float32), np.dtype(draw(st.sampled_from(dtypes))))


def value(parameter: Parameter, largest: float = 20.0) -> st.SearchStrategy:
    """Return a strategy of allowed values, numbers not above `largest` above their minimum."""
    top = min(parameter.maximum, max(parameter.minimum + largest, 1.0))
    if parameter.kind == "number":
        return st.floats(parameter.minimum, top) if top > parameter.minimum else st.just(parameter.minimum)
    if parameter.kind == "integer":
        steps = int((top - parameter.minimum) // parameter.step)
        return st.integers(0, steps).map(lambda k: int(parameter.minimum) + k * parameter.step)
    if parameter.kind == "flag":
        return st.booleans()
    if parameter.kind == "choice":
        return st.sampled_from(parameter.choices)
    return st.just(parameter.default)


def example(parameter: Parameter):
    """Return an allowed value for a parameter that has no default."""
    if parameter.kind == "image":
        return np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    if parameter.kind == "table":
        return ((parameter.minimum, parameter.maximum),)
    if parameter.kind == "choice":
        return parameter.choices[0]
    return parameter.minimum


def examples(declaration: Declaration) -> dict:
    """Return arguments that make an operator run: its defaults, and an example for what has none."""
    given = {p.name: example(p) for p in declaration.parameters if p.required}
    if not given and declaration.parameters[0].kind == "image":
        given = {declaration.parameters[0].name: example(declaration.parameters[0])}
    return given


def arguments(declaration: Declaration, largest: float = 20.0) -> st.SearchStrategy:
    """Return a strategy of complete arguments for an operator; tables and images stay at their defaults."""
    return st.fixed_dictionaries({p.name: value(p, largest) for p in declaration.parameters if not p.required})
