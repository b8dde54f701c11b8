"""Faster paths of `morphological_gradient`."""

from __future__ import annotations

from diptych.operators._kernels._morphology import paths

PATHS = paths("morphological_gradient", "d", "e")
