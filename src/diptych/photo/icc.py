"""ICC colour profiles: validation, and conversion of CMYK to sRGB. Specification: ICC.1:2022."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import numpy as np

from diptych.core.image import Image

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

LARGEST = 16 << 20
"""Largest profile in bytes; four times the size of the largest press profiles."""

_SPACES = {1: b"GRAY", 3: b"RGB "}


def colour_space(profile: bytes | None) -> bytes:
    """Return the colour space signature of a profile, e.g. ``b"RGB "``; ``b""`` if it is not a valid profile."""
    if profile is None or len(profile) < 128 or profile[36:40] != b"acsp":
        return b""
    return profile[16:20]


def matching(profile: bytes | None, channels: int) -> bytes | None:
    """Return the profile if it is for images of that many channels, otherwise None.

    >>> matching(b"not a profile", 3) is None
    True
    """
    space = colour_space(profile)
    return profile if space and space == _SPACES.get(channels) else None


def cmyk_to_rgb(image: PillowImage, profile: bytes | None) -> PillowImage:
    """Convert a CMYK image to sRGB, by its profile if that is usable, otherwise by Pillow's formula."""
    from PIL import ImageCms

    if profile and colour_space(profile) == b"CMYK":
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            if converted is not None:
                return converted
    return image.convert("RGB")


def to_srgb(pixels: Image, profile: bytes, *, grey: bool) -> Image:
    """Convert uint8 pixels to sRGB by their profile, and to one channel if `grey`; they stay if the profile is unusable."""
    from PIL import Image as Pillow
    from PIL import ImageCms

    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        converted = ImageCms.profileToProfile(
            Pillow.fromarray(pixels),
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if converted is not None:
            result = np.asarray(converted)
            return np.ascontiguousarray(result[..., 0]) if grey else result
    return pixels
