"""Faster paths of `flip`."""

from __future__ import annotations

import cv2

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._kernels._opencv import by_channels

_CODES = {"horizontal": 1, "vertical": 0, "both": -1}


def _flip(image: Image, *, direction: str) -> Image:
    return by_channels(lambda part: cv2.flip(part, _CODES[direction]), image)


PATHS = (FastPath("OpenCV", ("uint8", "uint16", "float32"), _flip),)
