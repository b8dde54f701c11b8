"""Reading TIFF files by rows: tiles and strips are decoded on demand, so that the whole picture is never in memory."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, cast

import numpy as np

from diptych.core.errors import PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.core.image import Image
from diptych.photo import exif, formats, tiff, tiff_page, tiff_samples
from diptych.photo.photo import Photo
from diptych.photo.reader import open_regular

_PALETTE, _CMYK = 3, 5
_LARGEST_BAND = 512 << 20  # bytes
_KEPT = 3  # rows of tiles, which a strip and its halo may touch


class TiffRows:
    """A tiled or striped TIFF or BigTIFF picture that is read by rows. Close it, or use it as a context manager.

    Parameters
    ----------
    path : path
        A regular file.

    Attributes
    ----------
    shape : (int, int, int)
        Rows, columns and channels without alpha.
    dtype : dtype
        Dtype of the rows that `read` returns.
    has_alpha : bool
        Whether there is an alpha channel, see `read_alpha`.
    metadata : Photo
        The metadata of the file; its pixels are a placeholder of 1 x 1.

    Raises
    ------
    PhotoFormatError
        If it is not a TIFF, is damaged, or cannot be read by rows: it is one compressed strip, has a palette or inks, is
        stored rotated, or has floats outside [0, 1].
    PhotoError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from diptych.photo import write
    >>> path = os.path.join(tempfile.mkdtemp(), "grey.tif")
    >>> write(path, np.full((40, 60), 300, np.uint16))
    >>> with TiffRows(path) as rows:
    ...     rows.shape, rows.read(10, 12).max()
    ((40, 60, 1), np.uint16(300))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._name = os.fspath(path)
        try:
            self._stream = open_regular(self._name)
        except PhotoError as error:
            raise type(error)(f"{self._name}: {error}") from error
        try:
            self._open()
        except BaseException as error:
            self._stream.close()
            raise self._named(error) from error

    def _named(self, error: BaseException) -> BaseException:
        if isinstance(error, PhotoError):
            return type(error)(f"{self._name}: {error}")
        if isinstance(error, MemoryError):
            return PhotoTooLargeError(f"{self._name}: a part of it does not fit into memory; save it in smaller tiles")
        if isinstance(error, Exception) and not isinstance(error, ImportError):
            return PhotoFormatError(
                f"{self._name}: is damaged ({' '.join(str(error).split())[:160]}); get a whole copy"
            )
        return error

    def _open(self) -> None:
        import tifffile

        head = self._stream.read(32)
        if formats.by_content(head + bytes(16)).name != "tiff":
            raise PhotoFormatError("is not a TIFF; only TIFF and OME-Zarr can be read by rows")
        self._page = tiff_page.read_page(self._stream, sys.maxsize)
        tiff_samples.check_kind(self._page)
        self._check_layout()
        self._file = tifffile.TiffFile(tiff_page.sanitize(self._stream, self._page), name="image")
        self._decoded = cast(tifffile.TiffPage, self._file.pages[0])
        self._bands: OrderedDict[int, Image] = OrderedDict()
        first = self._interpreted(0, 1)
        channels = first.pixels.shape[2] if first.pixels.ndim == 3 else 1
        self.shape = (self._page.height, self._page.width, channels)
        self.dtype: np.dtype[Any] = first.pixels.dtype
        self.has_alpha = first.alpha is not None
        metadata = tiff.with_metadata(
            self._stream, self._page, Photo(first.pixels[:1, :1], format="tiff", extra_samples=first.extra_samples)
        )
        block = exif.upright(metadata.exif, self._page.width, self._page.height) if metadata.exif else None
        self.metadata = replace(metadata, exif=exif.without_thumbnail(block) if block else None)

    def _check_layout(self) -> None:
        page = self._page
        turn = page.number(exif.ORIENTATION, 1)
        if turn not in (0, 1):
            raise PhotoFormatError(f"is stored rotated (orientation {turn}); store it upright to read it by rows")
        if page.number(262, 1) in (_PALETTE, _CMYK):
            raise PhotoFormatError("has a palette or CMYK inks; convert it to grey or RGB to read it by rows")
        self._band = page.rows or page.number(323, 0)
        if self._band > 4096 and self._contiguous_offset() is None:
            raise PhotoFormatError(
                f"has compressed strips of {self._band} rows, which cannot be read in parts; save it in tiles"
            )
        tile = 1 if page.rows else page.number(322, 0) * page.number(323, 0)
        row = (1 if self._band > 4096 else self._band) * page.width
        largest = max(tile, row) * page.samples * -(-page.number(258, 1) // 8)
        if largest > _LARGEST_BAND:
            raise PhotoTooLargeError(
                f"has strips or rows of tiles of {largest >> 20} MiB, more than {_LARGEST_BAND >> 20} MiB; "
                f"save it in smaller tiles"
            )

    def _contiguous_offset(self) -> int | None:
        """Return the offset of the rows if they are contiguous and uncompressed, otherwise None."""
        page = self._page
        plain = page.number(259, 1) == 1 and page.number(258, 1) in (8, 16, 32, 64)
        plain = plain and page.number(317, 1) == 1 and page.number(266, 1) == 1
        if not (plain and page.rows == page.height and (page.samples == 1 or page.number(284, 1) == 1)):
            return None
        return page.segments[0][0]

    def read(self, first: int, last: int) -> Image:
        """Return rows `first` to ``last - 1``, shape ``(rows, W, C)``."""
        pixels = self._checked(first, last).pixels
        return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]

    def read_alpha(self, first: int, last: int) -> Image:
        """Return the alpha of rows `first` to ``last - 1``, shape ``(rows, W)``."""
        alpha = self._checked(first, last).alpha
        assert alpha is not None, "check has_alpha first"
        return alpha

    def _checked(self, first: int, last: int) -> Photo:
        try:
            return self._interpreted(first, last)
        except BaseException as error:
            raise self._named(error) from error

    def _interpreted(self, first: int, last: int) -> Photo:
        photo = tiff_samples.interpret(self._samples(first, last), self._page, None)
        if photo.value_range != (0.0, 1.0):
            raise PhotoFormatError("has floats outside [0, 1]; scale them to [0, 1] to read it by rows")
        return photo

    def _samples(self, first: int, last: int) -> Image:
        start = self._contiguous_offset() if self._band > 4096 else None
        if start is not None:
            return self._plain(start, first, last)
        rows = np.empty((last - first, self._page.width, self._page.samples), self._stored)
        for index in range(first // self._band, -(-last // self._band)):
            top = index * self._band
            low, high = max(first, top), min(last, top + self._band)
            rows[low - first : high - first] = self._decode_band(index)[low - top : high - top]
        return rows

    @property
    def _stored(self) -> np.dtype[Any]:
        # The decoder widens samples of fewer bits to the next type.
        return np.dtype(self._decoded.dtype).newbyteorder("=")

    def _plain(self, start: int, first: int, last: int) -> Image:
        page, width = self._page, self._page.width
        stored = np.dtype(self._decoded.dtype).newbyteorder(page.header.order)  # type: ignore[arg-type]
        row_bytes = width * page.samples * stored.itemsize
        self._stream.seek(start + first * row_bytes)
        content = self._stream.read((last - first) * row_bytes)
        if len(content) < (last - first) * row_bytes:
            raise PhotoFormatError("is truncated; get a whole copy of it")
        return np.frombuffer(content, stored).reshape(last - first, width, page.samples).astype(self._stored)

    def _decode_band(self, index: int) -> Image:
        """Decode a strip or a row of tiles; recent ones are cached."""
        if index in self._bands:
            self._bands.move_to_end(index)
            return self._bands[index]
        while len(self._bands) >= _KEPT:
            self._bands.popitem(last=False)
        top = index * self._band
        rows = min(self._band, self._page.height - top)
        band = np.zeros((rows, self._page.width, self._page.samples), self._stored)
        for segment, (plane, _, _, left, _), shape in self._segments(index):
            height, width = min(shape[1], rows), min(shape[2], self._page.width - left)
            channels = slice(plane, plane + 1) if self._separate else slice(None)
            if segment is not None:
                band[:height, left : left + width, channels] = segment[0, :height, :width]
        self._bands[index] = band
        return band

    @property
    def _separate(self) -> bool:
        return self._page.number(284, 1) == 2 and self._page.samples > 1

    def _segments(self, band: int) -> Iterator[tuple[Image | None, tuple[int, ...], tuple[int, ...]]]:
        page, decoded = self._page, self._decoded
        offsets, lengths = decoded.dataoffsets, decoded.databytecounts
        across = 1 if page.rows else -(-page.width // page.number(322, 1))
        down = -(-page.height // self._band)
        tables: dict[str, Any] = {"jpegtables": decoded.jpegtables} if page.number(259, 1) == 7 else {}
        for plane in range(page.samples if self._separate else 1):
            for index in range((plane * down + band) * across, (plane * down + band + 1) * across):
                self._file.filehandle.seek(offsets[index])
                data = self._file.filehandle.read(lengths[index])
                yield decoded.decode(data, index, **tables)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def stored_size(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Return the number of pixels of a TIFF and of bytes of its samples; None for other and damaged files.

    Parameters
    ----------
    path : path
        The file.

    Examples
    --------
    ``stored_size("slide.tif")``
    """
    try:
        with open_regular(os.fspath(path)) as stream:
            page = tiff_page.read_page(stream, sys.maxsize)
    except (PhotoError, ValueError, OverflowError, MemoryError):
        return None
    pixels = page.width * page.height
    return pixels, pixels * page.samples * -(-page.number(258, 1) // 8)
