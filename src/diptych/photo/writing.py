"""Writing a picture in the format of its name, with everything the format can carry."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from diptych.core.errors import ImageError, ParameterError, PhotoError, PhotoFormatError
from diptych.core.image import Image, check_image
from diptych.photo import formats, icc
from diptych.photo.atomic import atomic_write, check_target
from diptych.photo.formats import Format
from diptych.photo.layout import to_depth
from diptych.photo.picture import Photo


def write(path: str | os.PathLike[str], photo: Photo | Image, *, overwrite: bool = False, quality: int = 95) -> None:
    """Write a photo or a plain image, whole or not at all.

    The suffix of `path` chooses the format; EXIF, colour profile, resolution, XMP and alpha go along.

    ======  ==============================  ==================================================================
    format  depths kept                     else
    ======  ==============================  ==================================================================
    PNG     uint8, uint16                   floats become 16-bit; lossless
    TIFF    uint8, uint16, float32/64       any number of channels; lossless; `value_range` mapped back
    JPEG    uint8                           rounded to 8 bits; colour in full resolution (4:4:4); no alpha
    WebP    uint8                           rounded to 8 bits; grey becomes RGB; lossless at quality 100
    BMP     uint8                           rounded to 8 bits; no alpha, of the metadata only the resolution
    ======  ==============================  ==================================================================

    Parameters
    ----------
    path : path
        The target; its folder must exist.
    photo : Photo or ndarray, shape (H, W) or (H, W, C)
        What to write.
    overwrite : bool
        Replace an existing file.
    quality : int
        1 to 100, for JPEG and WebP.

    Raises
    ------
    PhotoFormatError
        If the format has no room for the channels, the alpha or the metadata; the message suggests another.
    PhotoExistsError
        If the file exists and `overwrite` is False.
    PhotoError
        If the file cannot be written. Whatever was there before is still there.
    ImageError, ParameterError
        If the pixels break the image contract, or `quality` is out of its bounds.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "five.tif")
    >>> write(path, np.zeros((4, 6, 5), np.uint16))
    """
    if not 1 <= quality <= 100:
        raise ParameterError(f"quality is {quality}; give 1 to 100")
    name = os.fspath(path)
    try:
        chosen = formats.by_suffix(path)
        whole = photo if isinstance(photo, Photo) else Photo(check_image(photo))
        fitted = fit(whole, chosen)
        check_target(path, overwrite=overwrite)
        content = chosen.codec().encode(fitted, quality)
    except PhotoFormatError as error:
        raise PhotoFormatError(f"{name}: {error}") from error
    except (PhotoError, ParameterError, ImageError):
        raise
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        raise PhotoError(f"{name}: cannot be encoded ({' '.join(str(error).split())}); write a TIFF or PNG") from error
    atomic_write(path, content, overwrite=overwrite)


def fit(photo: Photo, chosen: Format) -> Photo:
    """Return the photo in a depth that a format has; a `PhotoFormatError` says what it cannot hold."""
    pixels = check_image(photo.pixels, "pixels")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels not in (1, 3) and not chosen.any_channels:
        raise PhotoFormatError(f"{chosen.label} cannot hold {channels} channels; write a TIFF (.tif)")
    if photo.alpha is not None and not chosen.alpha:
        raise PhotoFormatError(f"{chosen.label} cannot hold transparency; write PNG, TIFF or WebP")
    dtype = _depth(pixels.dtype, chosen)
    return replace(
        photo,
        pixels=np.ascontiguousarray(to_depth(pixels, dtype)),
        alpha=None if photo.alpha is None else to_depth(photo.alpha, dtype),
        icc_profile=icc.fitting(photo.icc_profile, channels),
    )


def _depth(dtype: np.dtype[np.generic], chosen: Format) -> np.dtype[np.generic]:
    """Return the depth to write: the same if the format has it, else the deepest integers it has (1 bit: 8)."""
    if dtype.name in chosen.depths:
        return dtype
    integers = [name for name in chosen.depths if name.startswith("uint")]
    return np.dtype("uint8" if dtype.kind == "b" else integers[-1])
