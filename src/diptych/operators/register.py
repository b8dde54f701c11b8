"""Registration."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import Image, check_image
from diptych.core.operator import operator
from diptych.core.parameters import Reference, Table, TableOf, Value
from diptych.operators._alignment import Matrix, Plane, align, grey, rescale
from diptych.operators._borders import Border
from diptych.operators._resample import Interpolation, resample
from diptych.operators.zoom import average

Model: TypeAlias = Literal["translation", "euclidean", "affine"]

_THUMBNAIL_SIDE = 64  # px; longer side of the thumbnail that a recipe keeps


def _keep_thumbnail(parameters: dict[str, Value]) -> dict[str, Value]:
    # A recipe holds no images: it keeps a small grey thumbnail of the reference.
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
    """Align the image to a reference image of the same scene.

    ``out(p) = in(A p)`` with the matrix A of the model that maximises the correlation of ``in(A p)`` and ``reference(p)``:
    phase correlation on a coarse grid, then enhanced correlation coefficient (ECC) maximisation by OpenCV on finer and finer
    grids. Luma is compared; a change of brightness or contrast does not matter.

    Parameters
    ----------
    reference : ndarray, shape (H', W') or (H', W', C')
        The image to align to. One of another size is assumed to show the same field of view. A recipe keeps only a
        thumbnail of it.
    thumbnail : table
        Instead of a reference: rows of its luma, at most 64 pixels on a side, as a recipe keeps them. The accuracy is about
        a tenth of a pixel of the thumbnail.
    model : str
        ``translation``: a shift; ``euclidean``: a shift and a rotation; ``affine``: also scale and shear.

    Raises
    ------
    ImageError
        If the image or the reference violates the image contract.
    ParameterError
        If both a reference and a thumbnail are given, or a parameter is out of its bounds.

    Notes
    -----
    Meant for shifts up to a third of the image, rotations up to 30 degrees and scales up to 1.25; on photographs, the
    corners are then aligned to 0.2 pixels. The image is returned unchanged if no matrix increases the correlation, if either
    image is flat, or if a side has fewer than 12 pixels. `estimate_transform` of this module returns the matrix alone.

    References
    ----------
    Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 30 (2008), by `cv2.findTransformECC`; Kuglin and Hines, "The
    phase correlation image alignment method" (1975); compare `skimage.registration.phase_cross_correlation`.

    Examples
    --------
    >>> scene = np.add.outer(np.sin(np.arange(64) / 5), np.cos(np.arange(64) / 7)) / 4 + 0.5
    >>> moved = np.roll(scene, 3, axis=1)
    >>> bool(np.abs(register(moved, reference=scene) - scene)[4:-4, 4:-4].max() < 0.01)
    True
    """
    mapping = find_mapping(image, reference, thumbnail, model)
    return resample(image, mapping, image.shape[:2], interpolation, border)


def estimate_transform(image: Image, reference: Image, *, model: Model = "translation") -> Table:
    """Return the matrix, as `affine` takes it, that aligns an image to a reference image.

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
        If one of them violates the image contract.
    ParameterError
        If the model is unknown.

    Examples
    --------
    >>> scene = np.add.outer(np.sin(np.arange(64) / 5), np.cos(np.arange(64) / 7)) / 4 + 0.5
    >>> matrix = estimate_transform(np.roll(scene, 3, axis=1), scene)
    >>> bool(np.allclose(matrix, [[1, 0, 3], [0, 1, 0]], atol=0.05))
    True
    """
    if model not in ("translation", "euclidean", "affine"):
        raise ParameterError(f"register: model = {model!r} is not allowed; give one of translation, euclidean, affine")
    planes = [_channels(check_image(each, name)) for each, name in ((image, "image"), (reference, "reference"))]
    (a, b, c), (d, e, f) = find_mapping(planes[0], planes[1], None, model).tolist()
    return (e, d, f), (b, a, c)


def thumbnail_of(reference: Image) -> Table:
    """Return the luma of an image of the contract as rows of values in [0, 1], at most 64 pixels on a side.

    >>> len(thumbnail_of(np.zeros((480, 640, 3), np.uint8)))
    48
    """
    plane = grey(_channels(check_image(reference, "reference")))
    longer = max(*plane.shape, _THUMBNAIL_SIDE)
    small = _shrunk(
        plane, (max(plane.shape[0] * _THUMBNAIL_SIDE // longer, 1), max(plane.shape[1] * _THUMBNAIL_SIDE // longer, 1))
    )
    return tuple(tuple(row) for row in np.clip(np.round(small.astype(np.float64), 4), 0, 1).tolist())


def find_mapping(image: Image, reference: Image | None, thumbnail: Table | None, model: str) -> Matrix:
    """Return the 2 x 3 matrix, in (row, column) order, that aligns the image, which may have any depth."""
    if reference is not None and thumbnail is not None:
        raise ParameterError("register: give either a reference image or a thumbnail, not both")
    if reference is not None:
        target = grey(reference)
    elif thumbnail is not None:
        target = _plane(thumbnail)
    else:
        raise ParameterError("register: give the reference image to align to")
    picture = grey(image)
    common = min(picture.shape[0], target.shape[0]), min(picture.shape[1], target.shape[1])
    matrix = align(_shrunk(picture, common), _shrunk(target, common), model)
    return rescale(matrix, common, picture.shape, model)[::-1, [1, 0, 2]]


def _plane(thumbnail: Table) -> Plane:
    if len({len(row) for row in thumbnail}) != 1:
        raise ParameterError("register: thumbnail is not allowed; give rows of one length")
    return np.asarray(thumbnail, np.float32)


def _channels(image: Image) -> Image:
    return image if image.ndim == 3 else image[:, :, np.newaxis]


def _shrunk(plane: Plane, shape: tuple[int, int]) -> Plane:
    return average(average(plane[:, :, np.newaxis], shape[0], 0), shape[1], 1)[:, :, 0]
