"""Reading a picture, whatever its format, and refusing what is not one in one line."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from diptych.core.errors import ParameterError, PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import exif, formats, icc
from diptych.photo.orientation import turn_upright
from diptych.photo.picture import Photo

_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")


def read(path: str | os.PathLike[str], *, max_pixels: int = 200_000_000) -> Photo:
    """Read a JPEG, PNG, TIFF, WebP or BMP file.

    The format is told by the content of the file, not by its name. The depth is kept, the orientation applied,
    transparency put aside as `alpha`, palettes resolved, ink (CMYK) converted to sRGB.

    Parameters
    ----------
    path : path
        A regular file.
    max_pixels : int
        The largest size that is decoded, checked before; four channels count as one pixel.

    Returns
    -------
    Photo
        Upright pixels (H, W) or (H, W, C) in uint8, uint16, float32 or float64 (floats in [0, 1]), and the metadata.

    Raises
    ------
    PhotoFormatError
        If the content is not a picture, is damaged or cut off, has several pages or frames, or a depth that the
        image contract does not have. Its message begins with `path`, as do those of the errors below.
    PhotoTooLargeError
        If it has more than `max_pixels` pixels.
    PhotoError
        If there is no such file, it is not a regular file, or may not be read.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from diptych.photo import write
    >>> path = os.path.join(tempfile.mkdtemp(), "grey.png")
    >>> write(path, np.full((4, 6), 300, np.uint16))
    >>> read(path).pixels.max()
    np.uint16(300)
    """
    if max_pixels < 1:
        raise ParameterError(f"max_pixels is {max_pixels}; give 1 or more")
    name = os.fspath(path)
    with naming_errors(str(name)), open_regular(name) as stream:
        return replace(finish(_decode(stream, max_pixels)), source=str(name))


@contextlib.contextmanager
def naming_errors(name: str) -> Iterator[None]:
    """Let nothing but a named `PhotoError` out of a decoder, whatever it raises."""
    try:
        yield
    except PhotoError as error:
        raise type(error)(f"{name}: {error}") from error
    except ImportError:  # a decoder is not installed
        raise
    except MemoryError as error:
        raise PhotoTooLargeError(f"{name}: does not fit into the memory; lower max_pixels or shrink it") from error
    # What decoders raise on hostile bytes is not documented anywhere, so this boundary is wide on purpose.
    except Exception as error:
        raise PhotoFormatError(f"{name}: is damaged ({one_line(error)}); get a whole copy of it") from error


def open_regular(path: str) -> BinaryIO:
    """Open a regular file to read its bytes; a `PhotoError` says why not, and leaves naming the file to the caller."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            # Without blocking, in case a pipe has taken the name since.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            stream = os.fdopen(handle, "rb")
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return stream
            stream.close()
    except FileNotFoundError:
        reason = "is a link to nothing; repair the link" if os.path.islink(path) else "no such file; check the path"
        raise PhotoError(reason) from None
    except PermissionError:
        raise PhotoError("no permission to read it; change its permissions") from None
    except (OSError, ValueError) as error:
        raise PhotoError(f"cannot be opened ({one_line(error)}); check the path") from None
    if stat.S_ISDIR(mode):
        raise PhotoError("is a folder; name the files in it, or expand it with find_photos")
    raise PhotoError("is a device, pipe or socket; give the path of a regular file")


def _decode(stream: BinaryIO, max_pixels: int) -> Photo:
    head = stream.read(32)
    if not head:
        raise PhotoFormatError("is empty; get a whole copy of it")
    chosen = formats.by_content(head)
    # Beside its pixels (16 bits of RGB and alpha) a file has metadata, but not without bound.
    if chosen.name != "tiff" and os.fstat(stream.fileno()).st_size > 8 * max_pixels + (64 << 20):
        raise PhotoTooLargeError(f"is too long for a picture of max_pixels = {max_pixels} (--max-pixels); raise it")
    stream.seek(0)
    return replace(chosen.codec().decode(stream, max_pixels), format=chosen.name)


def finish(photo: Photo) -> Photo:
    """Turn a picture upright and leave out metadata that does not fit it."""
    turn = exif.orientation(photo.exif) if photo.exif else 1
    pixels = turn_upright(photo.pixels, turn)
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    return replace(
        photo,
        pixels=pixels,
        # A new object: pixels and alpha must have one size at every moment.
        alpha=None if photo.alpha is None else turn_upright(photo.alpha, turn),
        exif=exif.upright(photo.exif, width, height) if photo.exif else None,
        xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", photo.xmp) if photo.xmp else None,
        dpi=photo.dpi if photo.dpi is None or turn < 5 else (photo.dpi[1], photo.dpi[0]),
        icc_profile=icc.fitting(photo.icc_profile, channels),
    )


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line that is not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
