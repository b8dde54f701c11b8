"""Metadata that tie pixels to positions, after the pixels have moved: resolution in EXIF, and the fields of GeoTIFF.

Specification: EXIF 2.32, section 4.6.4; GeoTIFF 1.1 (OGC 19-008), section 7.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diptych.photo import exif, ifd

_SCALE, _TIEPOINTS, _TRANSFORMATION, _KEYS = 33550, 33922, 34264, 34735
_RASTER_TYPE, _POINT = 1025, 2
_DOUBLE = 12

Matrix = NDArray[np.float64]


def resolution(pair: tuple[float, float], mapping: Matrix) -> tuple[float, float]:
    """Return the resolution in x and y after a map from new pixels to old ones.

    >>> resolution((300, 150), np.diag([2.0, 2.0, 1.0]))
    (150.0, 75.0)
    """
    lengths = np.hypot(*(mapping[:2, :2] / np.array(pair)[:, np.newaxis]))
    return float(1 / lengths[0]), float(1 / lengths[1])


def moved(block: bytes, mapping: Matrix, size: tuple[int, int]) -> bytes:
    """Return an EXIF block for pixels that were moved; `size` is their width and height now."""
    block = exif.upright(block, *size) or block
    known = exif.directory(block)
    if known is None:
        return block
    content, order = known
    stored = [_numbers(content.fields.get(tag), order) for tag in (exif.X_RESOLUTION, exif.Y_RESOLUTION)]
    if all(len(values) == 1 and values[0] > 0 for values in stored):
        block = exif.with_raw_resolution(block, resolution((stored[0][0], stored[1][0]), mapping))
    geographic = _geographic(content.fields, order, mapping)
    if not geographic:
        return block
    # The values have new lengths, so that the block is written anew.
    content, order = exif.directory(block) or known
    kept = {tag: item for tag, item in content.fields.items() if tag not in (_SCALE, _TIEPOINTS, _TRANSFORMATION)}
    return exif.block_of(replace(content, fields={**kept, **geographic}), order, 1)


def _numbers(field: ifd.Field | None, order: str) -> tuple[float, ...]:
    if field is None:
        return ()
    if field.type == _DOUBLE:
        return struct.unpack(f"{order}{field.number}d", field.data)
    if field.type == 3:
        return struct.unpack(f"{order}{field.number}H", field.data)
    if field.type == 5:
        parts = struct.unpack(f"{order}{2 * field.number}I", field.data)
        return tuple(top / bottom if bottom else 0.0 for top, bottom in zip(parts[::2], parts[1::2], strict=True))
    return ()


def _geographic(fields: Mapping[int, ifd.Field], order: str, mapping: Matrix) -> dict[int, ifd.Field]:
    """Return the fields of GeoTIFF after the map; nothing if there are none."""
    scale, ties, transformation = (_numbers(fields.get(tag), order) for tag in (_SCALE, _TIEPOINTS, _TRANSFORMATION))
    half = 0.0 if _is_point(_numbers(fields.get(_KEYS), order)) else 0.5
    shift = np.array([[1, 0, half], [0, 1, half], [0, 0, 1]])
    raster = (
        shift @ mapping @ np.linalg.inv(shift)
    )  # raster coordinates begin at the corner of a pixel, or in its centre
    if len(transformation) == 16:
        world = np.array(transformation).reshape(4, 4)
    elif len(scale) == 3 and len(ties) >= 6:
        i, j, k, x, y, z = ties[:6]
        world = np.diag([scale[0], -scale[1], scale[2], 1.0])
        world[:3, 3] = x - i * scale[0], y + j * scale[1], z - k * scale[2]
    elif ties and len(ties) % 6 == 0:
        points = np.array(ties).reshape(-1, 6)
        pixels = np.column_stack([points[:, :2], np.ones(len(points))])
        points[:, :2] = (pixels @ np.linalg.inv(raster).T)[:, :2]
        return {_TIEPOINTS: _doubles(points.ravel(), order)}
    else:
        return {}
    four = np.eye(4)
    four[np.ix_([0, 1, 3], [0, 1, 3])] = raster
    world = world @ four
    if len(transformation) != 16 and world[0, 0] > 0 > world[1, 1] and not world[0, 1] and not world[1, 0]:
        corner = (0, 0, 0, *world[:3, 3])
        return {_SCALE: _doubles((world[0, 0], -world[1, 1], world[2, 2]), order), _TIEPOINTS: _doubles(corner, order)}
    return {_TRANSFORMATION: _doubles(world.ravel(), order)}


def _is_point(keys: tuple[float, ...]) -> bool:
    return any(keys[at : at + 2] == (_RASTER_TYPE, 0) and keys[at + 3] == _POINT for at in range(4, len(keys) - 3, 4))


def _doubles(values: object, order: str) -> ifd.Field:
    numbers = np.asarray(values, np.float64).ravel().tolist()
    return ifd.Field(_DOUBLE, len(numbers), struct.pack(f"{order}{len(numbers)}d", *numbers))
