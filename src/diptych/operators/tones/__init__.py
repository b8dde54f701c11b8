"""Running tone curves: histograms and look-up tables of integer images, fast statistics of float images, curves over strips.

The curves themselves are `diptych.core.tones`, which says what all this computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import FloatImage, Image, white_level
from diptych.core.parallel import in_chunks, in_strips
from diptych.core.tones import LEVELS, Curve, ImageTones, SmoothCurve, StraightCurve, TableCurve


def histograms(image: Image) -> NDArray[np.int64]:
    """Return the counts of every level of an integer image ``(H, W, C)``, as ``(C, L)``."""
    if image.dtype == np.uint8:
        return _summed(_count_bytes, image, 256)
    from diptych.operators.tones._numba import count

    return _summed(count, image, LEVELS)


def _summed(kernel: Callable[..., None], image: Image, levels: int) -> NDArray[np.int64]:
    channels = image.shape[2]
    parts: list[NDArray[np.uint32]] = []

    def work(start: int, stop: int) -> None:
        found = np.zeros((channels, levels), np.uint32)
        kernel(image[start:stop].reshape(-1, channels), found)
        parts.append(found)

    in_strips(work, image.shape[0])
    return np.sum(parts, axis=0, dtype=np.int64)


def _count_bytes(pixels: Image, counts: NDArray[np.uint32]) -> None:
    # OpenCV counts in float32, which is exact up to 2 ** 24.
    for start in range(0, len(pixels), 1 << 23):
        piece = pixels[start : start + (1 << 23)]
        planes = piece.reshape(1, -1, piece.shape[1]) if piece.shape[1] <= 4 else None
        for c in range(piece.shape[1]):
            source, index = (planes, c) if planes is not None else (np.ascontiguousarray(piece[:, c])[np.newaxis], 0)
            counts[c] += cv2.calcHist([source], [index], None, [256], [0, 256]).ravel().astype(np.uint32)


def apply_table(image: Image, table: FloatImage, dtype: np.dtype[Any]) -> Image:
    """Return ``table[image]`` in `dtype`: `table` is ``(L, C)`` float32 in [0, 1], one column for each channel."""
    if np.dtype(dtype).kind == "u":
        table = np.rint(table * np.float32(white_level(np.dtype(dtype))))
    stored = np.ascontiguousarray(table.astype(dtype))
    same = all(np.array_equal(stored[:, 0], stored[:, c]) for c in range(1, stored.shape[1]))
    if image.dtype == np.uint8 and stored.dtype == np.uint8 and (same or image.shape[2] in (3, 4)):
        lookup = stored[:, :1].reshape(256, 1, 1) if same else stored.reshape(256, 1, -1)
        return np.asarray(cv2.LUT(image.reshape(image.shape[0], -1) if same else image, lookup)).reshape(image.shape)
    return _look_up(image, stored, same)


def _look_up(image: Image, table: Image, same: bool) -> Image:
    from diptych.operators.tones._numba import look_up_all, look_up_each

    result = np.empty(image.shape, table.dtype)

    def work(start: int, stop: int) -> None:
        rows, out = image[start:stop].reshape(-1, image.shape[2]), result[start:stop].reshape(-1, image.shape[2])
        if same:
            look_up_all(rows.reshape(-1), np.ascontiguousarray(table[:, 0]), out.reshape(-1))
        else:
            look_up_each(rows, table, out)

    in_strips(work, image.shape[0])
    return result


class FastImageTones(ImageTones):
    """The same distribution as `ImageTones`, found faster."""

    def percentiles(self, q: list[float], *, each: bool) -> NDArray[np.float64]:
        """See `Tones`."""
        from diptych.operators._kernels._percentile_numba import percentiles

        if not each:
            return percentiles(self._image.reshape(-1), q).reshape(len(q), 1)
        channels = [np.ascontiguousarray(self._image[:, :, c]).ravel() for c in range(self._image.shape[2])]
        return np.stack([percentiles(channel, q) for channel in channels], axis=1)

    def counts(self) -> NDArray[np.int64]:
        """See `Tones`."""
        from diptych.operators.tones._numba import count_floats

        return _summed(count_floats, self._image, LEVELS)

    def power_means(self, norm: float) -> NDArray[np.float64]:
        """See `Tones`."""
        if norm != int(norm):
            return super().power_means(norm)
        from diptych.operators.tones._numba import power_sums

        # Fixed pieces, summed in their order: the number of threads must not show in the last digit.
        rows = 16
        sums = np.zeros((-(-self._image.shape[0] // rows), self._image.shape[2]))

        def work(start: int, stop: int) -> None:
            for piece in range(start, stop):
                part = self._image[piece * rows : (piece + 1) * rows]
                power_sums(part.reshape(-1, part.shape[2]), int(norm), sums[piece])

        in_strips(work, len(sums), smallest=1)
        pixels = self._image.shape[0] * self._image.shape[1]
        return np.asarray(sums.sum(axis=0) / pixels) ** (1 / norm)


def map_curves(curves: list[Curve], image: FloatImage) -> FloatImage:
    """Apply curves, one after the other, in one pass over a float image: piece by piece, each small enough for the cache."""
    result = np.empty_like(image)
    piece = max(1, 65536 // (image.shape[1] * image.shape[2]))

    def work(rows: slice) -> None:
        values = image[rows]
        for curve in curves:
            _write(curve, values, result[rows])
            values = result[rows]
            values.flags.writeable = False  # as the image is: one kind of array, one compiled kernel

    in_chunks(work, image.shape[0], piece)
    return result


def _write(curve: Curve, values: FloatImage, out: FloatImage) -> None:
    """Write ``curve(values)``, clipped to [0, 1]; `out` may be `values`. The last axis is the channels."""
    if values.dtype == np.float32 and isinstance(curve, SmoothCurve):
        _write_smooth(curve, values, out)
        return
    if values.dtype == np.float32 and isinstance(curve, TableCurve):
        _write_table(curve, values, out)
    elif values.dtype == np.float32 and isinstance(curve, StraightCurve):
        _write_straight(curve, values, out)
    else:
        out[...] = curve(values)
    np.clip(out, 0, 1, out=out)


def _write_table(curve: TableCurve, values: FloatImage, out: FloatImage) -> None:
    from diptych.operators.tones import _numba

    pixels = values.reshape(-1, values.shape[-1])
    _numba.interpolate(pixels, curve.tables, curve.nearest, out.reshape(pixels.shape))


def _write_straight(curve: StraightCurve, values: FloatImage, out: FloatImage) -> None:
    rows, target = values.reshape(len(values), -1), out.reshape(len(out), -1)
    offset, scale = curve.offset, curve.scale
    if max(len(offset), len(scale)) > 1:
        # A long row of repeated factors: NumPy is slow when the innermost axis has three elements.
        columns, channels = values.shape[1], values.shape[2]
        offset, scale = (np.tile(np.broadcast_to(factor, channels), columns) for factor in (offset, scale))
    np.subtract(rows, offset, out=target)
    target *= scale


def _write_smooth(curve: SmoothCurve, values: FloatImage, out: FloatImage) -> None:
    """Write values within 1e-4 of the curve's; those of its table lie in [0, 1], and so does what is between."""
    from diptych.operators.tones import _numba

    _numba.smooth(values.view(np.int32).reshape(-1), curve.table(), out.reshape(-1))
