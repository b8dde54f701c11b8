"""Removing the artefacts of JPEG: blocks, ringing, coloured squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from diptych.core.color import from_ycbcr, to_ycbcr
from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image
from diptych.core.noise import JpegTables, find_jpeg
from diptych.core.noise.blocks import dct_matrix
from diptych.core.operator import operator
from diptych.core.parameters import Range, Table, TableOf

SHIFTS = ((4, 4), (0, 4), (4, 0), (2, 2), (6, 6))
"""Rows and columns by which the grids of blocks are moved: the boundaries of each lie inside the blocks of the others."""
_SIDE = 8
_MCU = 16  # px that a block of chroma covers at half resolution
HALO = 3 * _MCU
"""Rows and columns around a pixel that its result depends on."""


def _halo(*, luma: Table | None, **_: object) -> int | None:
    return None if luma is None else HALO


@operator(group="denoising", halo=_halo)
def deblock(
    image: Image,
    *,
    luma: Annotated[Table | None, TableOf(1, 65535)] = None,
    chroma: Annotated[Table | None, TableOf(1, 65535)] = None,
    subsampling: Annotated[int, Range(1, 2)] = 2,
    top: Annotated[int, Range(0, 15, "px")] = 0,
    left: Annotated[int, Range(0, 15, "px")] = 0,
    strength: Annotated[float, Range(0, 2)] = 0.8,
) -> Image:
    """Remove the blocks and the ringing of JPEG compression, steered by its quantisation tables.

    On five grids, moved against that of the JPEG, the DCT coefficients of blocks of 8 x 8 px that are smaller than
    ``strength`` times their quantisation step are set to 0: in the blocks of the JPEG they would be 0, or were made
    by its boundaries. The results are averaged with the image, each block by one over the number of coefficients that it
    has left. Then every coefficient in the blocks of the JPEG is brought back to within half a step of what it was, as the
    picture that was compressed lies there. Without tables they are looked for in the pixels; an image that was never a
    JPEG is returned as it is.

    Parameters
    ----------
    luma : table, optional
        8 rows of 8 quantisation steps of luma, by rising frequency, for values of 0 to 255; of an image that is not
        RGB, those of all channels. By default the pixels tell all parameters but the last.
    chroma : table, optional
        The same of the colour differences; by default those of luma.
    subsampling : int
        2 if 2 x 2 px share a value of chroma (4:2:0), else 1.
    top : int
        Row where a block begins.
    left : int
        Column where a block begins.
    strength : float
        In quantisation steps; 0 leaves the image as it is.

    References
    ----------
    Nosratinia, "Enhancement of JPEG-compressed images by re-application of JPEG", Journal of VLSI Signal Processing 27
    (2001); weights as in Foi, Katkovnik and Egiazarian, "Pointwise shape-adaptive DCT", IEEE Transactions on Image
    Processing 16 (2007); constraint sets as in Zakhor, "Iterative procedures for reduction of blocking effects in
    transform image coding", IEEE Transactions on Circuits and Systems for Video Technology 2 (1992).

    Examples
    --------
    >>> blocks = np.kron(np.linspace(0.4, 0.6, 8)[np.newaxis], np.ones((64, 8)))
    >>> steps = [[16.0] * 8] * 8
    >>> smooth = deblock(blocks, luma=steps)
    >>> bool(np.abs(np.diff(smooth)).max() < 0.7 * np.abs(np.diff(blocks)).max())
    True
    """
    given: dict[str, Any] = {"luma": luma, "chroma": chroma, "subsampling": subsampling, "top": top, "left": left}
    return deblocked_image(image, _deblocked, **given, strength=strength)


def deblocked_image(
    image: FloatImage,
    work: Callable[[FloatImage, FloatImage, float], FloatImage],
    *,
    luma: Table | None,
    chroma: Table | None,
    subsampling: int,
    top: int,
    left: int,
    strength: float,
) -> FloatImage:
    """Deblock an image ``(H, W, C)``, whose planes `work` does."""
    if luma is None:
        found = find_jpeg(image)
        return image if found is None else deblocked_image(image, work, **as_parameters(found), strength=strength)
    if strength == 0 or np.max(luma) <= 1:
        return image
    tables = [_table(luma), _table(luma if chroma is None else chroma)]
    height, width, channels = image.shape
    color, dtype = channels == 3, image.dtype
    before = [(-start) % _MCU for start in (top, left)]
    after = [(-length - start) % _MCU for length, start in zip((height, width), before, strict=True)]
    padded = np.pad(image, (*zip(before, after, strict=True), (0, 0)), mode="symmetric")
    planes = np.multiply(np.moveaxis(to_ycbcr(padded) if color else padded, 2, 0), 255, dtype=np.float32, order="C")
    del padded, image  # of a large picture each is as much as the picture
    for number, plane in enumerate(planes):
        of_chroma = color and number > 0
        if of_chroma and subsampling == 2:
            half = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / np.float32(4)
            planes[number] += doubled(work(half, tables[1], strength) - half)
        else:
            planes[number] = work(plane, tables[of_chroma], strength)
    inside = planes[:, before[0] : before[0] + height, before[1] : before[1] + width]
    values = np.moveaxis(inside, 0, 2) / np.float32(255)
    del planes, inside
    result = from_ycbcr(values) if color else values
    return np.clip(result, 0, 1, out=result).astype(dtype, copy=False)


def as_parameters(tables: JpegTables) -> dict[str, Any]:
    """Return the parameters of `deblock` for a JPEG."""

    def rows(steps: tuple[int, ...]) -> Table | None:
        return tuple(tuple(map(float, steps[k : k + _SIDE])) for k in range(0, 64, _SIDE)) if steps else None

    top, left = tables.origin
    half = 2 if max(tables.subsampling) > 1 else 1
    return {
        "luma": rows(tables.luma),
        "chroma": rows(tables.chroma),
        "subsampling": half,
        "top": top,
        "left": left,
    }


def _table(steps: Table) -> FloatImage:
    table = np.asarray(steps, np.float32)
    if table.shape != (_SIDE, _SIDE):
        raise ParameterError(f"deblock: a quantisation table has 8 rows of 8 steps, not {table.shape}")
    return table


def _deblocked(plane: FloatImage, table: FloatImage, strength: float) -> FloatImage:
    """Return a plane ``(H, W)``, whose sides are whole blocks, without the boundaries of its blocks."""
    total, weights = plane.copy(), np.ones_like(plane)
    around = np.pad(plane, _SIDE, mode="symmetric")
    for down, across in SHIFTS:
        moved = around[down : around.shape[0] - _SIDE + down, across : around.shape[1] - _SIDE + across]
        found = _coefficients(moved)
        kept = np.abs(found) >= strength * table[:, np.newaxis]
        kept[:, 0, :, 0] = True
        weight = 1 / kept.sum(axis=(1, 3), dtype=np.float32, keepdims=True)
        own = _SIDE - down, _SIDE - across
        inside = slice(own[0], own[0] + plane.shape[0]), slice(own[1], own[1] + plane.shape[1])
        total += _image(found * kept * weight)[inside]
        weights += np.broadcast_to(weight, found.shape).reshape(moved.shape)[inside]
    allowed, wanted = _coefficients(plane), _coefficients(total / weights)
    half = table[:, np.newaxis] / 2
    return _image(np.clip(wanted, allowed - half, allowed + half))


def doubled(change: FloatImage) -> FloatImage:
    """Return a plane of twice the size, linear between the centres of the pixels."""
    for axis in (0, 1):
        ends = np.pad(change, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        length = change.shape[axis]
        near = [
            np.float32(0.75) * change + np.float32(0.25) * np.take(ends, range(k, k + length), axis) for k in (0, 2)
        ]
        shape = [2 * size if k == axis else size for k, size in enumerate(change.shape)]
        change = np.stack(near, axis + 1).reshape(shape)
    return change


def _coefficients(plane: FloatImage) -> FloatImage:
    """Return the DCT of the blocks of a plane, ``(H / 8, 8, W / 8, 8)``."""
    matrix, (height, width) = dct_matrix(_SIDE), plane.shape
    across = np.ascontiguousarray(plane).reshape(-1, _SIDE) @ matrix.T
    return (matrix @ across.reshape(-1, _SIDE, width)).reshape(height // _SIDE, _SIDE, width // _SIDE, _SIDE)


def _image(found: FloatImage) -> FloatImage:
    """Return the plane whose blocks have these coefficients."""
    matrix, (down, _, across, _) = dct_matrix(_SIDE), found.shape
    rows = matrix.T @ found.reshape(down, _SIDE, across * _SIDE)
    return (rows.reshape(-1, _SIDE) @ matrix).reshape(down * _SIDE, across * _SIDE)
