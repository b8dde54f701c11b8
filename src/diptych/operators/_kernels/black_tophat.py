"""Faster paths of `black_tophat`."""

from __future__ import annotations

from diptych.operators._kernels._morphology import paths

PATHS = paths("black_tophat", "de", "")
