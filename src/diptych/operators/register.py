"""Registration."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np

from diptych.core.color import luma
from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.operator import operator
from diptych.core.parameters import Reference, Table, TableOf, Value
from diptych.operators._alignment import Matrix, Plane, Warp, align, rescaled
from diptych.operators._resample import Interpolation, resample
from diptych.operators._shared import Border
from diptych.operators.zoom import average

Model: TypeAlias = Literal["translation", "euclidean", "affine"]

_KEPT = 64  # px; the longer side of what a recipe keeps of a reference


def _keep_thumbnail(parameters: dict[str, Value]) -> dict[str, Value]:
    # A recipe is a value and holds no picture: of a reference it keeps a small grey one.
    reference = parameters.pop("reference", None)
    return {**parameters, "thumbnail": thumbnail_of(reference)} if reference is not None else parameters


@operator(group="geometry", freeze=_keep_thumbnail)
def register(
    image: Image,
    *,
    reference: Annotated[Image | None, Reference()] = None,
    thumbnail: Annotated[Table | None, TableOf(0, 1)] = None,
    model: Model = "translation",
    interpolation: Interpolation = "linear",
    border: Border = "constant",
) -> Image:
    """Align the image to a reference picture of the same scene.

    ``out(p) = in(A p)`` with the matrix A of the model for which ``in(A p)`` is most like ``reference(p)``: phase correlation
    on a coarse grid, then Gauss-Newton steps on finer and finer ones, until they are a few thousandths of a pixel. Luma is
    compared; a change of brightness or contrast does not matter.

    Parameters
    ----------
    reference : ndarray, shape (H', W') or (H', W', C')
        The picture to align to. One of another size is taken to show the same field of view. A recipe keeps only a
        thumbnail of it.
    thumbnail : table
        In place of a reference: its luma in rows, as a recipe keeps it, at most 64 pixels on a side; finds shifts down to
        about a tenth of its own pixels.
    model : str
        ``translation``: a shift; ``euclidean``: a shift and a turn; ``affine``: also scale and shear.

    Raises
    ------
    ImageError
        If the image or the reference breaks the contract.
    ParameterError
        If both a reference and a thumbnail are given, or a parameter is out of its bounds.

    Notes
    -----
    Meant for shifts up to a third of the image, turns up to 30 degrees and scales up to 1.25; on photographs the corners
    then lie within 0.2 pixels. The image is returned as it is where no map makes the two more alike, where one of them is
    flat, and where a side is under 12 pixels. `estimate_transform` of this module returns the matrix alone.

    References
    ----------
    Baker and Matthews, "Lucas-Kanade 20 years on", International Journal of Computer Vision 56 (2004), section 3.2;
    Kuglin and Hines, "The phase correlation image alignment method" (1975); compare
    `skimage.registration.phase_cross_correlation`.

    Examples
    --------
    >>> scene = np.add.outer(np.sin(np.arange(64) / 5), np.cos(np.arange(64) / 7)) / 4 + 0.5
    >>> moved = np.roll(scene, 3, axis=1)
    >>> bool(np.abs(register(moved, reference=scene) - scene)[4:-4, 4:-4].max() < 0.01)
    True
    """
    mapping = found(image, reference, thumbnail, model, _warp)
    return resample(image, mapping[:2], image.shape[:2], interpolation, border)


def estimate_transform(image: Image, reference: Image, *, model: Model = "translation") -> Table:
    """Return the matrix, as `affine` takes it, that aligns an image to a reference picture.

    Parameters
    ----------
    image, reference : ndarray, shape (H, W) or (H, W, C)
        Images of the contract.
    model : str
        ``translation``, ``euclidean`` or ``affine``.

    Returns
    -------
    table
        Two rows of three numbers in x, y order, in pixels of the image.

    Raises
    ------
    ImageError
        If one of them breaks the contract.
    ParameterError
        If the model is another word.

    Examples
    --------
    >>> scene = np.add.outer(np.sin(np.arange(64) / 5), np.cos(np.arange(64) / 7)) / 4 + 0.5
    >>> matrix = estimate_transform(np.roll(scene, 3, axis=1), scene)
    >>> bool(np.allclose(matrix, [[1, 0, 3], [0, 1, 0]], atol=0.05))
    True
    """
    if model not in ("translation", "euclidean", "affine"):
        raise ParameterError(f"register: model = {model!r} is not allowed; give one of translation, euclidean, affine")
    planes = [
        _channels(to_float(check_image(each, name))) for each, name in ((image, "image"), (reference, "reference"))
    ]
    (a, b, c), (d, e, f) = found(planes[0], planes[1], None, model, _warp)[:2].tolist()
    return (e, d, f), (b, a, c)


def thumbnail_of(reference: Image) -> Table:
    """Return the luma of an image of the contract as rows of values in [0, 1], at most 64 pixels on a side.

    >>> len(thumbnail_of(np.zeros((480, 640, 3), np.uint8)))
    48
    """
    plane = _grey(_channels(to_float(check_image(reference, "reference"))))
    longer = max(*plane.shape, _KEPT)
    small = _shrunk(plane, (max(plane.shape[0] * _KEPT // longer, 1), max(plane.shape[1] * _KEPT // longer, 1)))
    return tuple(tuple(row) for row in np.clip(np.round(small.astype(np.float64), 4), 0, 1).tolist())


def found(image: FloatImage, reference: FloatImage | None, thumbnail: Table | None, model: str, warp: Warp) -> Matrix:
    """Return the 3 x 3 matrix, in (row, column) order, that aligns the image; `warp` is linear interpolation."""
    if reference is not None and thumbnail is not None:
        raise ParameterError("register: give either a reference image or a thumbnail, not both")
    if reference is None and thumbnail is None:
        raise ParameterError("register: give the reference image to align to")
    target = _plane(thumbnail) if thumbnail is not None else _grey(reference)
    picture = _grey(image)
    common = min(picture.shape[0], target.shape[0]), min(picture.shape[1], target.shape[1])
    matrix = align(_shrunk(picture, common), _shrunk(target, common), model, warp)
    return rescaled(matrix, common, picture.shape, model)


def _plane(thumbnail: Table | None) -> Plane:
    if thumbnail is None or len({len(row) for row in thumbnail}) != 1:
        raise ParameterError("register: thumbnail is not allowed; give rows of one length")
    return np.asarray(thumbnail, np.float32)


def _channels(image: Image) -> Image:
    return image if image.ndim == 3 else image[:, :, np.newaxis]


def _grey(image: FloatImage | None) -> Plane:
    assert image is not None
    return np.asarray(luma(image), np.float32)


def _shrunk(plane: Plane, shape: tuple[int, int]) -> Plane:
    return average(average(plane[:, :, np.newaxis], shape[0], 0), shape[1], 1)[:, :, 0]


def _warp(plane: Plane, matrix: Matrix) -> Plane:
    return resample(plane[:, :, np.newaxis], matrix[:2], (plane.shape[0], plane.shape[1]), "linear", "nearest")[:, :, 0]
