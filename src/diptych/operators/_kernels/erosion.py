"""Faster paths of `erosion`."""

from __future__ import annotations

from diptych.operators._kernels._morphology import paths

PATHS = paths("erosion", "e")
