"""Writing pictures to files and to bytes, with all the metadata that the format can hold."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from diptych.core.defaults import QUALITY
from diptych.core.errors import ImageError, MissingExtraError, ParameterError, PhotoError, PhotoFormatError
from diptych.core.image import Image, check_image, white_level
from diptych.photo import cicp, formats, icc, jxl_write
from diptych.photo.atomic import atomic_write, check_target
from diptych.photo.formats import Format
from diptych.photo.photo import Photo
from diptych.photo.samples import to_depth


def write(
    path: str | os.PathLike[str], photo: Photo | Image, *, overwrite: bool = False, quality: int = QUALITY
) -> None:
    """Write a photo or an image array atomically.

    The suffix of `path` decides the format. EXIF, colour profile, resolution, XMP and alpha are written with the pixels.

    ======  ==============================  ==================================================================
    format  depths kept                     otherwise
    ======  ==============================  ==================================================================
    PNG     uint8, uint16                   floats become 16-bit; lossless
    TIFF    uint8, uint16, float32/64       any number of channels; lossless; `value_range` mapped back
    JPEG    uint8                           rounded to 8 bits; colour in full resolution (4:4:4); no alpha
    WebP    uint8                           rounded to 8 bits; grey becomes RGB; lossless at quality 100 or as read
    BMP     uint8                           rounded to 8 bits; no metadata but the resolution
    HEIC    uint8, uint16 (10 or 12 bits)   as AVIF; needs the extra ``heic``
    DICOM   uint8, uint16                   only of what was DICOM: derived from it; needs the extra ``dicom``
    GIF     uint8                           at most 256 colours; opacity all or nothing; no metadata but XMP and comment
    AVIF    uint8, uint16 (10 or 12 bits)   rounded to 12 bits; colour in full resolution (4:4:4); lossless at quality 100
    JXL     uint8, uint16                   floats become 16-bit; lossless at quality 100; opacity always is
    ======  ==============================  ==================================================================

    Parameters
    ----------
    path : path
        The target; its folder must exist.
    photo : Photo or ndarray, shape (H, W) or (H, W, C)
        The picture to write.
    overwrite : bool
        Replace an existing file.
    quality : int
        1 to 100, for JPEG, WebP, AVIF, JPEG XL and HEIC.

    Raises
    ------
    PhotoFormatError
        If the format cannot hold the channels, the alpha or the metadata; the message suggests one that can.
    PhotoExistsError
        If the file exists and `overwrite` is False.
    PhotoError
        If the file cannot be written; an existing file is left intact.
    ImageError, ParameterError
        If the pixels violate the image contract, or `quality` is out of its bounds.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "five.tif")
    >>> write(path, np.zeros((4, 6, 5), np.uint16))
    """
    check_quality(quality)
    with naming_errors(os.fspath(path)):
        form = formats.by_suffix(path)
        fitted = fit(photo if isinstance(photo, Photo) else Photo(check_image(photo)), form)
        check_target(path, overwrite=overwrite)
        content = form.codec().encode(fitted, quality)
    atomic_write(path, content, overwrite=overwrite)


def encode(photo: Photo, format_name: str, *, quality: int = QUALITY) -> bytes:
    """Return the bytes of the file that `write` would write.

    Parameters
    ----------
    photo : Photo
        The picture to encode.
    format_name : {"jpeg", "png", "tiff", "webp", "bmp", "avif", "jxl", "heic", "gif", "dicom"}
        As in `Photo.format`.
    quality : int
        1 to 100, for JPEG, WebP, AVIF, JPEG XL and HEIC.

    Raises
    ------
    PhotoFormatError
        If the format cannot hold the channels, the alpha or the metadata.
    PhotoError
        If the picture cannot be encoded.
    ParameterError
        If there is no such format, or `quality` is out of its bounds.

    Examples
    --------
    >>> encode(Photo(np.zeros((4, 6), np.uint8)), "bmp")[:2]
    b'BM'
    """
    form = formats.by_name(format_name)
    check_quality(quality)
    with naming_errors(photo.source or "picture"):
        return form.codec().encode(fit(photo, form), quality)


def reduction(path: str | os.PathLike[str], dtype: np.dtype[np.generic], bits: int | None = None) -> str | None:
    """Return what is lost of samples of this type in the format that `path` names; None if nothing is.

    `bits` says of how many the samples are where these are fewer than those of the type.

    >>> reduction("scan.jpg", np.dtype("uint16")), reduction("scan.png", np.dtype("uint16"))
    ('uint16 was reduced to uint8, the most that JPEG holds', None)
    """
    form = formats.by_suffix(path)
    written = _depth(dtype, form)
    if dtype.kind != "b" and written.name == "uint16" and (bits or 16) > form.bits:
        return f"{dtype} was reduced to {form.bits} bits, the most that {form.label} holds"
    if dtype.kind == "b" or written == dtype:
        return None
    return f"{dtype} was reduced to {written}, the most that {form.label} holds"


def losses(path: str | os.PathLike[str], photo: Photo) -> tuple[str, ...]:
    """Return what the format that `path` names cannot hold of a photo, each in a few words; colours are converted where needed.

    >>> losses("night.gif", Photo(np.zeros((4, 6, 3), np.uint8), exif=b"II*"))
    ('its colours were reduced to 256 at most, as GIF has them', 'its EXIF is left out, which GIF cannot hold')
    """
    form = formats.by_suffix(path)
    found = [reduction(path, photo.pixels.dtype, photo.bits)]
    if form.name == "gif" and photo.pixels.ndim == 3:
        found.append("its colours were reduced to 256 at most, as GIF has them")
    if (
        form.name == "gif"
        and photo.alpha is not None
        and not np.isin(photo.alpha, (0, white_level(photo.alpha.dtype))).all()
    ):
        found.append("its opacity became all or nothing, as GIF has it")
    texts = photo.text.keys() - ({"Comment"} if "comment" in form.metadata else set())
    kept = {"EXIF": photo.exif, "XMP": photo.xmp, "IPTC": photo.iptc, "texts": texts}
    lost = [name for name, content in kept.items() if content and name not in form.metadata]
    lost += ["resolution"] if form.name == "gif" and photo.dpi else []
    if lost:
        verb = "is" if len(lost) == 1 and lost != ["texts"] else "are"
        found.append(f"its {' and '.join(lost)} {verb} left out, which {form.label} cannot hold")
    return tuple(one for one in found if one)


def check_quality(quality: int) -> None:
    """Refuse a quality that is not 1 to 100."""
    if not 1 <= quality <= 100:
        raise ParameterError(f"quality is {quality}; give 1 to 100")


@contextlib.contextmanager
def naming_errors(name: str) -> Iterator[None]:
    """Turn what an encoder raises into a `PhotoError` that begins with `name`."""
    try:
        yield
    except PhotoFormatError as error:
        raise PhotoFormatError(f"{name}: {error}") from error
    except MissingExtraError as error:
        raise MissingExtraError(f"{name}: {error}") from error
    except (PhotoError, ParameterError, ImageError):
        raise
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        raise PhotoError(f"{name}: cannot be encoded ({' '.join(str(error).split())}); write a TIFF or PNG") from error


def fit(photo: Photo, form: Format) -> Photo:
    """Convert a photo to a depth of a format; a `PhotoFormatError` says what the format cannot hold."""
    pixels = check_image(photo.pixels, "pixels")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels not in (1, 3) and not form.any_channels:
        raise PhotoFormatError(f"{form.label} cannot hold {channels} channels; write a TIFF (.tif)")
    if photo.alpha is not None and not form.alpha:
        raise PhotoFormatError(f"{form.label} cannot hold transparency; write PNG, TIFF or WebP")
    dtype = _depth(pixels.dtype, form)
    pixels = np.ascontiguousarray(to_depth(pixels, dtype))
    profile = icc.matching(photo.icc_profile, channels)
    if profile is None and photo.color_chunks and channels in (1, 3) and not _holds(form, photo.color_chunks):
        profile = cicp.profile_of(photo.color_chunks, grey=channels == 1)
    if profile and not (form.profile and (form.grey or channels == 3)):
        pixels, profile = icc.to_srgb(pixels, profile, grey=form.grey and channels == 1), None
    return replace(
        photo,
        pixels=pixels,
        alpha=None if photo.alpha is None else to_depth(photo.alpha, dtype),
        icc_profile=profile,
    )


def _holds(form: Format, chunks: Mapping[str, bytes]) -> bool:
    """Tell whether a format can hold the colours that these chunks describe without a profile."""
    codes = cicp.code_points(chunks)
    if form.name == "png":
        return True
    return form.code_points and codes is not None and (form.name != "jxl" or jxl_write.holds(codes))


def _depth(dtype: np.dtype[np.generic], form: Format) -> np.dtype[np.generic]:
    """Return the depth to write: the same if the format has it, otherwise its deepest integers (bool: uint8)."""
    if dtype.name in form.depths:
        return dtype
    integers = [name for name in form.depths if name.startswith("uint")]
    return np.dtype("uint8" if dtype.kind == "b" else integers[-1])
