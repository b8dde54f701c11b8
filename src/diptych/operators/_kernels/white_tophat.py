"""Faster paths of `white_tophat`."""

from __future__ import annotations

from diptych.operators._kernels._morphology import paths

PATHS = paths("white_tophat", "", "ed")
