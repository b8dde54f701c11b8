"""The value that a picture file becomes: its pixels and everything else the file knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image
from diptych.photo.exif import without_thumbnail


@dataclass(frozen=True, eq=False)
class Photo:
    """Pixels, and what their file knows about them.

    Attributes
    ----------
    pixels : ndarray, shape (H, W) or (H, W, C)
        Upright (the orientation is applied), RGB order where C = 3, read-only; uint8, uint16, float32 or float64.
        1-bit and palette files become uint8; floats lie in [0, 1].
    format : str
        "jpeg", "png", "tiff", "webp" or "bmp": what the file was by its content, whatever its name says.
    exif : bytes or None
        The EXIF block from its byte-order mark on (without the JPEG prefix), orientation reset to 1, all else
        untouched, maker notes included.
    icc_profile : bytes or None
        The colour profile that the pixels are in; None if there is none or it does not fit the channels.
    dpi : (float, float) or None
        Horizontal and vertical resolution, dots per inch.
    alpha : ndarray, shape (H, W), or None
        Opacity, straight (not multiplied into the pixels), kept aside so that enhancement leaves it alone.
    value_range : (float, float)
        What 0 and 1 stand for in the file. It differs from (0, 1) only for float files with values outside [0, 1]:
        the reader maps them linearly to [0, 1], and a float TIFF is written with the values mapped back.
    xmp : bytes or None
        The XMP packet.
    text : mapping of str to str
        PNG text chunks; the JPEG comment under "Comment".
    source : str
        Where it was read from, for messages.

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
    value_range: tuple[float, float] = (0.0, 1.0)
    xmp: bytes | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _read_only(self.pixels))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", _read_only(self.alpha))
            _check_alpha(self.pixels, self.alpha)

    def with_pixels(self, pixels: Image) -> Photo:
        """Return this photo with other pixels and everything else kept.

        The thumbnail in the EXIF block is unlinked, as it shows the old pixels.

        Parameters
        ----------
        pixels : ndarray, shape (H, W) or (H, W, C)
            An image; its size may differ if the photo has no alpha.

        Raises
        ------
        ImageError
            If `pixels` breaks the image contract, or alpha no longer fits its size.
        """
        exif = without_thumbnail(self.exif) if self.exif else None
        return replace(self, pixels=check_image(pixels, "pixels"), exif=exif)


def _read_only(array: Image) -> Image:
    view = array.view()
    view.flags.writeable = False
    return view


def _check_alpha(pixels: Image, alpha: Image) -> None:
    if alpha.shape != pixels.shape[:2]:
        raise ImageError(
            f"alpha has shape {alpha.shape} but the pixels are {pixels.shape[0]} x {pixels.shape[1]}; "
            f"resize alpha alike, or drop it with dataclasses.replace(photo, alpha=None)"
        )
