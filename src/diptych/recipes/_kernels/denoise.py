"""The faster path of the step `denoise`: the model takes integers as they are."""

from __future__ import annotations

from diptych.core.operator import FastPath
from diptych.recipes.denoise import denoise_with

PATHS: tuple[FastPath, ...] = (FastPath("model", ("uint8", "uint16"), denoise_with, any_depth=True),)
