"""Pictures as bytes: what `read` and `write` do, without a file."""

from __future__ import annotations

import io
from dataclasses import replace

from diptych.core.errors import ImageError, ParameterError, PhotoError, PhotoFormatError
from diptych.photo import formats
from diptych.photo.picture import Photo
from diptych.photo.reading import finish, naming_errors, one_line
from diptych.photo.writing import fit


def decode(data: bytes, *, name: str = "picture", max_pixels: int = 200_000_000) -> Photo:
    """Return the photo that the bytes of a JPEG, PNG, TIFF, WebP or BMP file hold, as `read` would.

    Parameters
    ----------
    data : bytes
        A whole file. The caller bounds its length.
    name : str
        What to call it in messages.
    max_pixels : int
        The largest size that is decoded, checked before; four channels count as one pixel.

    Raises
    ------
    PhotoFormatError
        If the content is not a picture, is damaged or cut off, or is one that `read` would not read.
    PhotoTooLargeError
        If it has more than `max_pixels` pixels, or does not fit into the memory.

    Examples
    --------
    >>> import numpy as np
    >>> data = encode(Photo(np.full((4, 6), 300, np.uint16)), "png")
    >>> decode(data).pixels.max()
    np.uint16(300)
    """
    with naming_errors(name):
        if not data:
            raise PhotoFormatError("is empty; send a whole picture")
        chosen = formats.by_content(data[:32])
        decoded = chosen.codec().decode(io.BytesIO(data), max_pixels)
        return replace(finish(replace(decoded, format=chosen.name)), source=name)


def encode(photo: Photo, format_name: str, *, quality: int = 95) -> bytes:
    """Return the bytes that `write` would write for a photo.

    Parameters
    ----------
    photo : Photo
        What to encode.
    format_name : {"jpeg", "png", "tiff", "webp", "bmp"}
        As `Photo.format` has it.
    quality : int
        1 to 100, for JPEG and WebP.

    Raises
    ------
    PhotoFormatError
        If the format has no room for the channels, the alpha or the metadata.
    PhotoError
        If it cannot be encoded.
    ParameterError
        If there is no such format, or `quality` is out of its bounds.
    """
    chosen = next((item for item in formats.FORMATS if item.name == format_name), None)
    if chosen is None:
        names = ", ".join(item.name for item in formats.FORMATS)
        raise ParameterError(f"format is {format_name!r}; give one of {names}")
    if not 1 <= quality <= 100:
        raise ParameterError(f"quality is {quality}; give 1 to 100")
    name = photo.source or "picture"
    try:
        return chosen.codec().encode(fit(photo, chosen), quality)
    except PhotoFormatError as error:
        raise PhotoFormatError(f"{name}: {error}") from error
    except (PhotoError, ParameterError, ImageError):
        raise
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        raise PhotoError(f"{name}: cannot be encoded ({one_line(error)}); take TIFF or PNG") from error
