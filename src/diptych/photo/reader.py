"""Reading pictures from files and from bytes; anything else is refused with a one-line message."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from diptych.core.defaults import MAX_PIXELS
from diptych.core.errors import MissingExtraError, ParameterError, PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import exif, formats, hdr, icc, raw, xmp
from diptych.photo.photo import Photo
from diptych.photo.samples import turn_upright


def read(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a JPEG, PNG, TIFF, WebP, BMP, AVIF, JPEG XL, HEIC, GIF, DICOM or camera RAW file.

    The content of the file decides the format, not its name. The depth is kept, the EXIF orientation applied, alpha
    separated from the colours, palettes are resolved, and CMYK is converted to sRGB. A picture of high dynamic range (PQ, HLG)
    is read as an ordinary screen shows it, and of one with a gain map the picture without it; the notes say so.

    Parameters
    ----------
    path : path
        A regular file.
    max_pixels : int
        Largest picture to decode; up to four channels count as one pixel. Checked before decoding.

    Returns
    -------
    Photo
        Upright pixels (H, W) or (H, W, C) of dtype uint8, uint16, float32 or float64 (floats in [0, 1]), and metadata.

    Raises
    ------
    PhotoFormatError
        If the content is no picture, is damaged or truncated, has several pages or frames, or has a depth outside the
        image contract. Like those below, the message begins with `path`.
    PhotoTooLargeError
        If the picture has more than `max_pixels` pixels.
    PhotoError
        If the file does not exist, is not a regular file, or may not be read.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from diptych.photo import write
    >>> path = os.path.join(tempfile.mkdtemp(), "grey.png")
    >>> write(path, np.full((4, 6), 300, np.uint16))
    >>> read(path).pixels.max()
    np.uint16(300)
    """
    check_limit(max_pixels)
    name = os.fspath(path)
    with naming_errors(str(name)), open_picture(name, max_pixels) as (stream, form):
        photo = form.codec().decode(stream, max_pixels)
        return replace(finish(replace(photo, format=form.name)), source=str(name))


def identify(path: str | os.PathLike[str]) -> str:
    """Return the name of the format that a file has by its first bytes, as in `Photo.format`; nothing is decoded.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    PhotoError
        If the file cannot be opened or is no picture.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from diptych.photo import write
    >>> path = os.path.join(tempfile.mkdtemp(), "grey.jxl")
    >>> write(path, np.zeros((4, 6), np.uint8))
    >>> identify(path)
    'jxl'
    """
    name = os.fspath(path)
    with naming_errors(str(name)), open_picture(name, sys.maxsize) as (_, form):
        return form.name


def decode(data: bytes, *, name: str = "picture", max_pixels: int = MAX_PIXELS) -> Photo:
    """Decode the bytes of a picture of any format, as `read` does a file.

    Parameters
    ----------
    data : bytes
        A whole file. The caller limits its length.
    name : str
        Name of the picture in messages.
    max_pixels : int
        As for `read`.

    Returns
    -------
    Photo
        As from `read`.

    Raises
    ------
    PhotoFormatError
        If the content is no picture, is damaged or truncated, or is a picture that `read` would refuse.
    PhotoTooLargeError
        If the picture has more than `max_pixels` pixels, or does not fit into memory.

    Examples
    --------
    >>> import numpy as np
    >>> from diptych.photo import encode
    >>> data = encode(Photo(np.full((4, 6), 300, np.uint16)), "png")
    >>> decode(data).pixels.max()
    np.uint16(300)
    """
    with naming_errors(name):
        if not data:
            raise PhotoFormatError("is empty; send a whole picture")
        stream = io.BytesIO(data)
        form = _format_of(stream)
        photo = form.codec().decode(stream, max_pixels)
        return replace(finish(replace(photo, format=form.name)), source=name)


@contextlib.contextmanager
def naming_errors(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a `PhotoError` whose message begins with `name`."""
    try:
        yield
    except PhotoError as error:
        raise type(error)(f"{name}: {error}") from error
    except MissingExtraError as error:
        raise MissingExtraError(f"{name}: {error}") from error
    except ImportError:
        raise
    except MemoryError as error:
        raise PhotoTooLargeError(f"{name}: does not fit into memory; lower max_pixels or shrink it") from error
    # Decoders do not document what they raise on hostile bytes, so every exception is caught here.
    except Exception as error:
        raise PhotoFormatError(f"{name}: is damaged ({one_line(error)}); get a whole copy of it") from error


def open_regular(path: str) -> BinaryIO:
    """Open a regular file for reading; the message of a `PhotoError` does not name the file, the caller does."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            # Non-blocking, in case the name has become a pipe since.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            stream = os.fdopen(handle, "rb")
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return stream
            stream.close()
    except FileNotFoundError:
        reason = "is a broken link; repair the link" if os.path.islink(path) else "no such file; check the path"
        raise PhotoError(reason) from None
    except PermissionError:
        raise PhotoError("no permission to read it; change its permissions") from None
    except (OSError, ValueError) as error:
        raise PhotoError(f"cannot be opened ({one_line(error)}); check the path") from None
    if stat.S_ISDIR(mode):
        raise PhotoError("is a folder; give the files in it")
    raise PhotoError("is a device, pipe or socket; give the path of a regular file")


def check_limit(max_pixels: int) -> None:
    """Refuse a limit of less than one pixel; ParameterError."""
    if max_pixels < 1:
        raise ParameterError(f"max_pixels is {max_pixels}; give 1 or more")


def _format_of(stream: BinaryIO) -> formats.Format:
    """Return the format of a file by its content, and go back to its start."""
    stream.seek(0)
    form = formats.by_content(stream.read(formats.HEAD))
    stream.seek(0)
    return formats.by_name("raw") if form.name == "tiff" and raw.is_raw(stream) else form


@contextlib.contextmanager
def open_picture(path: str, max_pixels: int) -> Iterator[tuple[BinaryIO, formats.Format]]:
    """Open a picture and tell its format; a file that is too long for the limit on pixels is refused."""
    with open_regular(path) as stream:
        if not stream.read(1):
            raise PhotoFormatError("is empty; get a whole copy of it")
        form = _format_of(stream)
        # Room for 16-bit RGBA samples, and 64 MiB of metadata.
        if form.name != "tiff" and os.fstat(stream.fileno()).st_size > 8 * max_pixels + (64 << 20):
            raise PhotoTooLargeError(f"is too long for max_pixels = {max_pixels}; raise `max_pixels`")
        stream.seek(0)
        yield stream, form


def finish(photo: Photo) -> Photo:
    """Turn a decoded picture upright, and drop metadata that do not fit it."""
    turn = exif.orientation(photo.exif) if photo.exif else 1
    pixels = turn_upright(photo.pixels, turn)
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    packet, dropped = xmp.without_parts(photo.xmp) if photo.xmp else (None, [])
    block = exif.upright(photo.exif, width, height) if photo.exif else None
    unreadable = ["has an unreadable EXIF block, which is left out"] if photo.exif and block is None else []
    finished = replace(
        photo,
        pixels=pixels,
        # Both in one step, as pixels and alpha must agree in size at all times.
        alpha=None if photo.alpha is None else turn_upright(photo.alpha, turn),
        exif=block,
        jpeg=photo.jpeg if turn == 1 else None,
        xmp=xmp.upright(packet) if packet else None,
        dpi=photo.dpi if photo.dpi is None or turn < 5 else (photo.dpi[1], photo.dpi[0]),
        icc_profile=icc.matching(photo.icc_profile, channels),
        notes=(*photo.notes, *unreadable, *(f"has a {name}, which is left out" for name in dropped)),
    )
    return hdr.for_screen(finished)


def one_line(error: BaseException) -> str:
    """Return the message of an error in one line of at most 160 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
