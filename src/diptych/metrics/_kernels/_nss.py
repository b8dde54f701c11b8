"""The faster path of `diptych.metrics._nss.patches_of`: single precision, row of patches by row of patches."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.parallel import in_strips
from diptych.metrics._nss import HALVE, PATCH, Floats, Patches, check_patches, gaussian_window

# A row of the half-size normalised luma needs 3 rows of the half-size picture, and each of these 4 rows of the full one.
_MARGIN = 10


def fast(image: Image, patch: int = PATCH) -> Patches:
    """Measure the patches of an image; sides of patches must be even."""
    check_patches(image, patch)
    down, across = image.shape[0] // patch, image.shape[1] // patch
    moments, sharpness = np.zeros((down, across, 2, 5, 5)), np.zeros((down, across))
    flat = np.ascontiguousarray(image).reshape(image.shape[0], -1)
    flat = flat.view(np.uint8) if flat.dtype.kind == "b" else flat

    def work(start: int, stop: int) -> None:
        for row in range(start, stop):
            _row_of_patches(flat, image.shape[2], white_level(image.dtype), patch, row, moments, sharpness[row])

    in_strips(work, down, smallest=1)
    return Patches(moments.reshape(-1, 2, 5, 5), sharpness.ravel())


def _row_of_patches(
    flat: Image, channels: int, white: float, patch: int, row: int, moments: Floats, sharpness: Floats
) -> None:
    from diptych.metrics._kernels import nss_numba as kernels

    height, width = moments.shape[0] * patch, moments.shape[1] * patch
    window = gaussian_window().astype(np.float32)
    top, bottom = row * patch, (row + 1) * patch
    first, last = max(top - _MARGIN, 0), min(bottom + _MARGIN, height)
    full = np.empty((last - first, width), np.float32)
    kernels.luma_rows(flat, channels, white, first, last, full)
    contrast = np.empty((patch, width), np.float32)
    mscn = np.empty_like(contrast)
    kernels.normalise_rows(full, first, height, window, top, bottom, mscn, contrast)
    kernels.add_moments(mscn, patch, moments[row, :, 0])
    kernels.add_sharpness(contrast, patch, sharpness)
    top, bottom = top // 2, bottom // 2
    start, stop = max(top - 3, 0), min(bottom + 3, height // 2)
    half = np.empty((stop - start, width // 2), np.float32)
    kernels.halve_rows(full, first, height, HALVE.astype(np.float32), start, stop, half)
    small, ignored = (np.empty((bottom - top, width // 2), np.float32) for _ in range(2))
    kernels.normalise_rows(half, start, height // 2, window, top, bottom, small, ignored)
    kernels.add_moments(small, patch // 2, moments[row, :, 1])
