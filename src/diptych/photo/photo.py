"""A picture in memory: its pixels, and the metadata of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image
from diptych.core.noise import JpegTables
from diptych.photo import georeference
from diptych.photo.exif import without_thumbnail


@dataclass(frozen=True, eq=False)
class Photo:
    """The pixels of a picture and the metadata of its file.

    Attributes
    ----------
    pixels : ndarray, shape (H, W) or (H, W, C)
        Upright (the EXIF orientation is applied), read-only, in RGB order if C = 3. The dtype is uint8, uint16, float32 or
        float64, with floats in [0, 1]; 1-bit and palette files give uint8.
    format : str
        "jpeg", "png", "tiff", "webp", "bmp", "avif", "jxl", "heic", "gif", "dicom" or "raw", by the content of the file.
    exif : bytes or None
        The EXIF block from its byte-order mark on (without the JPEG prefix), with orientation 1; everything else,
        maker notes included, is unchanged.
    icc_profile : bytes or None
        The ICC profile of the pixels; None if the file has none, or one for another number of channels.
    dpi : (float, float) or None
        Horizontal and vertical resolution in dots per inch.
    alpha : ndarray, shape (H, W), or None
        Straight (not premultiplied) opacity, kept separate so that enhancement leaves it unchanged.
    extra_samples : int
        How many of the channels, the last ones, are not colours: further samples of an RGB or grey TIFF.
    bits : int or None
        Bits of each sample in the file where uint16 pixels are from fewer: 10 or 12. AVIF is then written so too.
    lossless : bool
        Whether the file was a lossless WebP; it is then written so too.
    value_range : (float, float)
        The values in the file that 0 and 1 stand for. It differs from (0, 1) only for float files with values outside
        [0, 1], which are mapped linearly to [0, 1]; a float TIFF is written with the original range restored.
    xmp : bytes or None
        The XMP packet.
    color_chunks : mapping of str to bytes
        The chunks of a PNG that describe its colours (gAMA, cHRM, sRGB, cICP ...), or as cICP the code points of another
        format. Formats without them get a profile.
    iptc : bytes or None
        The IPTC-IIM records (captions, keywords and credits of press photographs).
    text : mapping of str to str
        PNG text chunks; JPEG comments under "Comment".
    dicom : bytes or None
        The elements of a DICOM file without its samples, as such a file: what is written with the pixels as a DICOM file again.
    jpeg : JpegTables or None
        Quantisation tables and block grid of a JPEG whose pixels these are, unturned.
    notes : tuple of str
        What the reader tolerated or left out, e.g. "has no end marker", for the user to know.
    source : str
        Path or name of the file, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> photo = Photo(np.zeros((2, 3), np.uint8), dpi=(300, 300))
    >>> photo.with_pixels(photo.pixels + 1).dpi
    (300, 300)
    """

    pixels: Image
    format: str = "png"
    exif: bytes | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    alpha: Image | None = None
    extra_samples: int = 0
    bits: int | None = None
    lossless: bool = False
    value_range: tuple[float, float] = (0.0, 1.0)
    xmp: bytes | None = None
    color_chunks: Mapping[str, bytes] = field(default_factory=dict)
    iptc: bytes | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    dicom: bytes | None = None
    jpeg: JpegTables | None = None
    notes: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _read_only(self.pixels))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", _read_only(self.alpha))
            _check_alpha(self.pixels, self.alpha)

    def __repr__(self) -> str:
        height, width, *channels = self.pixels.shape
        size = " x ".join(map(str, (width, height, *channels)))
        named = f" {self.source!r}" if self.source else ""
        return f"<Photo{named}: {size}, {self.pixels.dtype}, {self.format}>"

    def _repr_png_(self) -> bytes:
        """Return a small copy for a notebook."""
        from diptych.photo.preview import preview

        return preview(self.pixels)

    def with_pixels(self, pixels: Image) -> Photo:
        """Return a photo with new pixels and the same metadata.

        The thumbnail in the EXIF block is removed, as it shows the old pixels.

        Parameters
        ----------
        pixels : ndarray, shape (H, W) or (H, W, C)
            The new image; its size may differ if the photo has no alpha.

        Raises
        ------
        ImageError
            If `pixels` violates the image contract, or differs in size from alpha.
        """
        exif = without_thumbnail(self.exif) if self.exif else None
        return replace(self, pixels=check_image(pixels, "pixels"), exif=exif, jpeg=None)

    def moved(self, pixels: Image, alpha: Image | None, mapping: NDArray[np.float64]) -> Photo:
        """Return a photo with new pixels after a geometric operation; resolution and georeference follow it.

        Parameters
        ----------
        pixels : ndarray, shape (H, W) or (H, W, C)
            The new image.
        alpha : ndarray, shape (H, W), or None
            Its opacity.
        mapping : ndarray, shape (3, 3)
            From new pixels (x, y, 1) to old ones.
        """
        checked = check_image(pixels, "pixels")
        size = checked.shape[1], checked.shape[0]
        return replace(
            self,
            pixels=checked,
            jpeg=None,
            alpha=alpha,
            exif=georeference.moved(without_thumbnail(self.exif), mapping, size) if self.exif else None,
            dpi=georeference.resolution(self.dpi, mapping) if self.dpi else None,
        )


def _read_only(array: Image) -> Image:
    view = array.view()
    view.flags.writeable = False
    return view


def _check_alpha(pixels: Image, alpha: Image) -> None:
    if alpha.shape != pixels.shape[:2]:
        raise ImageError(
            f"alpha has shape {alpha.shape} but the pixels are {pixels.shape[0]} x {pixels.shape[1]}; "
            f"resize alpha too, or drop it with dataclasses.replace(photo, alpha=None)"
        )
