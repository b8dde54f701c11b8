"""Pictures of several frames: animations, and TIFFs of several pages."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol, cast

from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.errors import ParameterError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import formats, writer
from diptych.photo.atomic import atomic_write, check_target
from diptych.photo.photo import Photo
from diptych.photo.reader import check_limit, finish, naming_errors, open_picture

MOST_FRAMES = 10_000

_MODULES = {"gif": "gif", "png": "apng", "webp": "webp_frames", "tiff": "tiff_pages", "dicom": "dicom"}
"""By format: the module of its frames."""
_TIMED = ("gif", "png", "webp")  # DICOM holds frames with times and without


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of an animation, as they are shown one after the other, or the pages of a TIFF.

    Attributes
    ----------
    photos : tuple of Photo
        One or more; those of an animation have one size.
    durations : tuple of int
        How long each frame of an animation is shown, in milliseconds; empty for pages and for a single picture.
    loops : int
        How often an animation is shown; 0 is without end.

    Examples
    --------
    >>> import numpy as np
    >>> frames = Frames((Photo(np.zeros((2, 3), np.uint8)), Photo(np.ones((2, 3), np.uint8))), (40, 80))
    >>> frames.timed, len(frames.photos)
    (True, 2)
    """

    photos: tuple[Photo, ...]
    durations: tuple[int, ...] = ()
    loops: int = 0

    def __post_init__(self) -> None:
        if not self.photos:
            raise ParameterError("photos is empty; give one or more")
        if self.durations and len(self.durations) != len(self.photos):
            raise ParameterError(
                f"there are {len(self.photos)} photos and {len(self.durations)} durations; give as many"
            )

    @property
    def timed(self) -> bool:
        """Whether these are the frames of an animation."""
        return bool(self.durations)


class FramesCodec(Protocol):
    """The interface of a module of frames."""

    def decode_frames(self, stream: BinaryIO, max_pixels: int) -> Frames | None:
        """Decode all frames, upright or with their EXIF; None if there is but one. `max_pixels` bounds all together."""

    def encode_frames(self, frames: Frames, quality: int) -> bytes:
        """Return the bytes of a file; the format can hold depth, channels and alpha of each frame."""


def check_count(width: int, height: int, frames: int, max_pixels: int) -> None:
    """Refuse an animation of too many frames, or with too many pixels in all of them together."""
    formats.check_size(width, height, max_pixels)
    if frames > MOST_FRAMES:
        raise PhotoFormatError(f"has {frames} frames; split it into animations of at most {MOST_FRAMES}")
    if width * height * frames > max_pixels:
        error = PhotoTooLargeError(
            f"has {frames} frames of {width} x {height} pixels, more than max_pixels = {max_pixels}; if you trust the file, "
            f"raise it to `max_pixels={width * height * frames}`"
        )
        error.pixels = width * height * frames
        raise error


def _codec(name: str) -> FramesCodec | None:
    module = _MODULES.get(name)
    return cast(FramesCodec, importlib.import_module(f"diptych.photo.{module}")) if module else None


def read_frames(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Frames:
    """Read all frames of a GIF, PNG, WebP or DICOM file, or all pages of a TIFF; any other picture is a single one.

    Parameters
    ----------
    path : path
        A regular file.
    max_pixels : int
        Most pixels to decode, in all frames together. Checked before decoding.

    Returns
    -------
    Frames
        Each as `read` returns it, whole as it is shown: what an animation changes from one frame to the next is put together.

    Raises
    ------
    PhotoFormatError, PhotoTooLargeError, PhotoError
        As for `read`.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "two.gif")
    >>> write_frames(path, Frames(tuple(Photo(np.full((4, 6), v, np.uint8)) for v in (9, 99)), (40, 80)))
    >>> read_frames(path).durations
    (40, 80)
    """
    check_limit(max_pixels)
    name = os.fspath(path)
    with naming_errors(str(name)), open_picture(name, max_pixels) as (stream, form):
        codec = _codec(form.name)
        frames = codec.decode_frames(stream, max_pixels) if codec else None
        if frames is None:
            stream.seek(0)
            frames = Frames((form.codec().decode(stream, max_pixels),))
        photos = (finish(replace(photo, format=form.name)) for photo in frames.photos)
        return replace(frames, photos=tuple(replace(photo, source=str(name)) for photo in photos))


def write_frames(
    path: str | os.PathLike[str], frames: Frames, *, overwrite: bool = False, quality: int = QUALITY
) -> None:
    """Write an animation (GIF, PNG or WebP by the suffix of `path`) or the pages of a TIFF, atomically.

    A GIF has 256 colours a frame, and opacity that is all or nothing; a WebP has 8 bits, a PNG up to 16. Times are kept in
    milliseconds, in GIF in hundredths of a second.

    Parameters
    ----------
    path : path
        The target; its folder must exist.
    frames : Frames
        What to write; a single picture is written as `write` does.
    overwrite, quality
        As for `write`.

    Raises
    ------
    PhotoFormatError
        If the format holds a single picture, or no times, or has nothing but times.
    PhotoExistsError, PhotoError, ImageError, ParameterError
        As for `write`.

    Examples
    --------
    ``write_frames("loop.webp", frames, quality=80)``
    """
    if len(frames.photos) == 1:
        writer.write(path, frames.photos[0], overwrite=overwrite, quality=quality)
        return
    with writer.naming_errors(os.fspath(path)):
        check_target(path, overwrite=overwrite)
        content = encode_frames(frames, formats.by_suffix(path).name, quality=quality)
    atomic_write(path, content, overwrite=overwrite)


def encode_frames(frames: Frames, format_name: str, *, quality: int = QUALITY) -> bytes:
    """Return the bytes of the file that `write_frames` would write.

    Parameters
    ----------
    frames : Frames
        Several frames or pages.
    format_name : {"gif", "png", "webp", "tiff", "dicom"}
        As in `Photo.format`.
    quality : int
        1 to 100, for WebP.

    Raises
    ------
    PhotoFormatError
        If the format holds a single picture, or no times, or has nothing but times.

    Examples
    --------
    ``encode_frames(frames, "webp", quality=80)``
    """
    writer.check_quality(quality)
    form = formats.by_name(format_name)
    codec = _holding(form, frames)
    fitted = tuple(writer.fit(photo, form) for photo in frames.photos)
    if frames.timed and len({photo.pixels.shape[:2] for photo in fitted}) > 1:
        raise PhotoFormatError("the frames of an animation have several sizes; give them one")
    return codec.encode_frames(replace(frames, photos=fitted), quality)


def _holding(form: formats.Format, frames: Frames) -> FramesCodec:
    """Return the codec of a format for these frames; an error if the format cannot hold them."""
    codec = _codec(form.name)
    if codec is None:
        others = "GIF, PNG or WebP" if frames.timed else "a TIFF"
        raise PhotoFormatError(f"{form.label} holds one picture, not {len(frames.photos)}; write {others}")
    if form.name != "dicom" and frames.timed != (form.name in _TIMED):
        what, other = ("the times of an animation", "GIF, PNG or WebP") if frames.timed else ("pages", "a TIFF")
        raise PhotoFormatError(f"{form.label} cannot hold {what}; write {other}")
    return codec


def check_frames(source: str | os.PathLike[str], target: str | os.PathLike[str], *, max_pixels: int) -> None:
    """Raise the error that writing all frames of a file to another would raise, if the other's format cannot hold them.

    Parameters
    ----------
    source : path
        A picture; it is decoded only if it has several frames and is to become a file of another format.
    target : path
        Where they would be written to; nothing is.
    max_pixels : int
        As for `read_frames`.

    Raises
    ------
    PhotoFormatError, PhotoTooLargeError, PhotoError
        As for `read_frames` and `write_frames`.
    """
    form = formats.by_suffix(target)
    with naming_errors(os.fspath(source)), open_picture(os.fspath(source), max_pixels) as (stream, own):
        codec = None if own.name == form.name else _codec(own.name)
        frames = codec.decode_frames(stream, max_pixels) if codec else None
    if frames is not None:
        with writer.naming_errors(os.fspath(target)):
            _holding(form, frames)
