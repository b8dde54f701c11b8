"""TIFF of several pages, each with its own size, depth and metadata. Specification: as for `tiff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from diptych.core.errors import PhotoTooLargeError
from diptych.photo import ifd, tiff, tiff_page

if TYPE_CHECKING:
    from diptych.photo.frames import Frames


def decode_frames(stream: BinaryIO, max_pixels: int) -> Frames | None:
    """Decode all full-size pages; None if there is but one."""
    from diptych.photo.frames import Frames

    header = ifd.read_header(stream)
    found = tiff_page.full_size(stream, header)
    if len(found) < 2:
        return None
    pages = [tiff_page.checked(stream, header, one, max_pixels) for one in found]
    total = sum(page.width * page.height * -(-page.samples // 4) for page in pages)
    if total > max_pixels:
        error = PhotoTooLargeError(
            f"has {len(pages)} pages of {total} pixels together, more than max_pixels = {max_pixels}; if you trust the file, "
            f"raise it to `max_pixels={total}`"
        )
        error.pixels = total
        raise error
    return Frames(tuple(tiff.decode_page(stream, page) for page in pages))


def encode_frames(frames: Frames, quality: int) -> bytes:
    """Return the bytes of a TIFF of several pages; `quality` is not used."""
    return tiff.encode_pages(frames.photos)
