"""The image contract: what an image is, the check, and the way from one depth to another.

An image is a plain array ``(H, W, C)`` or ``(H, W)``, any C >= 1, RGB order where C = 3, of one of these types:

========  ====================  =========================================================
dtype     black ... white       note
========  ====================  =========================================================
uint8     0 ... 255
uint16    0 ... 65535
float32   0.0 ... 1.0           values outside are refused, never guessed or rescaled
float64   0.0 ... 1.0           accepted; computed and returned in float64
bool      False ... True        accepted as 0.0 and 1.0; a result is True where >= 0.5
========  ====================  =========================================================

Whatever comes in goes out: same dtype, and ``(H, W)`` stays ``(H, W)``. Images are never written to.
"""

from __future__ import annotations

import os
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ImageError
from diptych.core.parallel import in_strips

Image: TypeAlias = NDArray[Any]
"""An array that keeps the image contract of this module."""

FloatImage: TypeAlias = NDArray[np.floating[Any]]
"""An image of shape ``(H, W, C)``, float32 or float64, in [0, 1]: what the body of an operator sees."""

DTYPES: tuple[str, ...] = ("uint8", "uint16", "float32", "float64", "bool")

# A float image may leave [0, 1] by rounding (a filter that rings by an ulp), not by more.
_SLACK = 1e-5
_ROWS = 64  # converted at a time
_BYTES = 1 << 20  # of a strip; to look through fewer is quicker than to start a thread


def check_image(image: object, name: str = "image") -> Image:
    """Return `image` in native byte order if it keeps the contract; refuse it otherwise.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        The array to check. It is copied only if its bytes are in foreign order or a float leaves [0, 1] by rounding.
    name : str
        What to call it in an error message.

    Returns
    -------
    ndarray
        The same array, in native byte order.

    Raises
    ------
    ImageError
        If it is not an array, is empty, has another dtype or shape, holds NaN or infinity, or leaves [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> check_image(np.zeros((4, 6, 3), np.uint8)).shape
    (4, 6, 3)
    """
    if not isinstance(image, np.ndarray):
        raise ImageError(f"{name} is {_kind(image)}; give {_instead(image)}")
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ImageError(f"{name} has shape {image.shape}; give (H, W) or (H, W, C) with no side of 0")
    if not image.dtype.isnative:
        image = image.astype(image.dtype.newbyteorder("="))
    if image.dtype.name not in DTYPES:
        raise ImageError(f"{name} has dtype {image.dtype}; {_conversion(image)}")
    return _check_range(image, name) if image.dtype.kind == "f" else image


def check_order(image: object, name: str = "image") -> None:
    """Refuse an array whose channels come first, as those of PyTorch do: its columns would be taken for channels.

    It looks at the shape alone: whether it is an image at all, `check_image` tells.

    Raises
    ------
    ImageError
        If the first side is 1, 3 or 4, and the others are 32 and more.

    Examples
    --------
    >>> check_order(np.zeros((480, 640, 3), np.uint8))
    """
    if isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[0] in (1, 3, 4) and min(image.shape[1:]) >= 32:
        raise ImageError(
            f"{name} has shape {image.shape}, channels first; give image.transpose(1, 2, 0), which is (H, W, C)"
        )


def _kind(image: object) -> str:
    module = type(image).__module__.partition(".")[0]
    return {"PIL": "a PIL image", "torch": "a torch tensor"}.get(module, f"a {type(image).__name__}")


def _instead(image: object) -> str:
    module = type(image).__module__.partition(".")[0]
    if module == "PIL":
        return 'numpy.asarray(image), of the mode "RGB" or "L"'
    if module == "torch":
        return "a NumPy array (H, W, C), for example tensor.permute(1, 2, 0).cpu().numpy()"
    if isinstance(image, str | os.PathLike):
        return "what diptych.read(path) returns, or its pixels"
    return "a NumPy array of shape (H, W) or (H, W, C)"


def _conversion(image: Image) -> str:
    if image.dtype.kind in "iu":
        low, high = int(image.min()), int(image.max())
        if low >= 0 and high <= 65535:
            fits = "uint8" if high <= 255 else "uint16"
            return f"its values, {low} to {high}, fit image.astype(numpy.{fits}), if {fits} is the depth that they have"
        return f"its values are {low} to {high}; map them to uint16 or to floats in [0, 1]"
    return f"convert it to one of {', '.join(DTYPES)}"


def _check_range(image: Image, name: str) -> Image:
    # Read as whole numbers, floats from 0 to 1 are the smallest of all: one quick pass clears nearly every image.
    bits, one = (np.uint32, 0x3F800000) if image.itemsize == 4 else (np.uint64, 0x3FF0000000000000)
    if image.flags.c_contiguous and _highest(image.view(bits)) <= one:
        return image
    # min and max carry NaN through, so that they answer both questions.
    low, high = float(image.min()), float(image.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(f"{name} holds NaN or infinity; replace them first, e.g. with numpy.nan_to_num")
    if low < -_SLACK or high > 1 + _SLACK:
        raise ImageError(
            f"{name} has values from {low:g} to {high:g}; a float image lies in [0, 1]: "
            f"divide by its white level first, or clip it"
        )
    return np.clip(image, 0, 1) if low < 0 or high > 1 else image


def _highest(numbers: NDArray[np.unsignedinteger[Any]]) -> int:
    found: list[int] = []
    in_strips(lambda a, b: found.append(int(numbers[a:b].max())), len(numbers), _BYTES // numbers[0].nbytes + 1)
    return max(found)


def white_level(dtype: np.dtype[Any]) -> float:
    """Return the value of white for a dtype of the contract (255, 65535 or 1).

    >>> white_level(np.dtype("uint16"))
    65535.0
    """
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def to_float(image: Image) -> FloatImage:
    """Return the image as floats in [0, 1]: float64 stays float64, everything else becomes float32.

    >>> float(to_float(np.full((1, 1), 255, np.uint8))[0, 0])
    1.0
    """
    if image.dtype.kind == "f":
        return image
    floats = image.astype(np.float32)
    if image.dtype.kind == "u":
        floats /= np.float32(white_level(image.dtype))
    return floats


def from_float(image: FloatImage, dtype: np.dtype[Any]) -> Image:
    """Clip a float image to [0, 1] and store it as `dtype`, correctly rounded.

    >>> from_float(np.array([[0.5, 2.0]]), np.dtype("uint8")).tolist()
    [[128, 255]]
    """
    clipped = np.clip(image, 0, 1)
    if dtype.kind == "u":
        clipped *= white_level(dtype)
        return np.rint(clipped, out=clipped).astype(dtype)
    return clipped >= 0.5 if dtype.kind == "b" else clipped.astype(dtype, copy=False)


def convert(image: Image, dtype: np.dtype[Any]) -> Image:
    """Return the image in another dtype of the contract, correctly rounded; itself if it has that dtype.

    >>> convert(np.full((1, 1), 255, np.uint8), np.dtype("uint16")).tolist()
    [[65535]]
    """
    if image.dtype == dtype:
        return image
    result = np.empty(image.shape, dtype)
    for start in range(0, len(image), _ROWS):  # the floats of a whole picture would be its largest copy
        result[start : start + _ROWS] = from_float(to_float(image[start : start + _ROWS]), dtype)
    return result
