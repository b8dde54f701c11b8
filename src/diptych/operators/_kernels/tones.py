"""Faster paths that all tone operators share: tables for integers, one pass over strips for floats."""

from __future__ import annotations

from collections.abc import Callable

from diptych.core.image import Image
from diptych.core.operator import Declaration, FastPath, as_floats
from diptych.core.parameters import Value
from diptych.core.tones import CurveMaker, identity_table, next_table
from diptych.operators.tones import FastImageTones, apply_table, histograms, map_curves


def paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster paths of a tone operator."""
    assert declaration.curve is not None
    return (
        FastPath("look-up table", ("uint8", "uint16"), _on_levels(declaration.curve)),
        FastPath("strips", ("float32",), _on_floats(declaration.curve)),
    )


def _on_levels(curve: CurveMaker) -> Callable[..., Image]:
    def run(image: Image, **parameters: Value) -> Image:
        table = identity_table(image.dtype, image.shape[2])
        after = next_table(curve, table, lambda: histograms(image), **as_floats(parameters))
        return apply_table(image, after, image.dtype)

    return run


def _on_floats(curve: CurveMaker) -> Callable[..., Image]:
    def run(image: Image, **parameters: Value) -> Image:
        return map_curves([curve(FastImageTones(image), **as_floats(parameters))], image)

    return run
