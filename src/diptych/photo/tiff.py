"""TIFF and BigTIFF: one page, any number of channels. Specification: TIFF revision 6.0 and its technical notes.

Reading takes three steps: `tiff_page` checks the directories, refuses hostile files and those of several pages, and makes a
sanitized directory; tifffile decodes by that; `tiff_samples` turns the samples into pixels.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO, cast

import numpy as np

from diptych.core.image import Image
from diptych.photo import exif, icc, ifd, tiff_page, tiff_samples
from diptych.photo.photo import Photo

_XMP, _IPTC, _ICC = 700, 33723, 34675
_DESCRIPTION = 270
CLASSIC_LIMIT = (1 << 32) - (64 << 20)
"""Largest number of bytes of samples that is written as classic TIFF, not BigTIFF."""

# Silenced: messages about damaged files are in the exceptions already.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

# Fields that describe how pixels are stored or are private to other programs: not metadata.
_STRUCTURE = frozenset(
    (*range(254, 267), 273, *range(277, 285), *range(288, 298), 301, *range(317, 326), 330, *range(332, 348), 400)
) | {*range(512, 533), _XMP, _IPTC, 32997, 32998, 34377, _ICC, 37724, exif.ORIENTATION, *range(50706, 52600)}


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored."""
    page = tiff_page.read_page(stream, max_pixels)
    tiff_samples.check_kind(page)
    samples = _decode_samples(stream, page)
    profile = _value(stream, page, _ICC, icc.LARGEST)
    return _with_metadata(stream, page, tiff_samples.interpret(samples, page, profile))


def with_metadata(stream: BinaryIO, page: tiff_page.Page, photo: Photo) -> Photo:
    """Return a photo of pixels of a page with the metadata of the page."""
    profile = _value(stream, page, _ICC, icc.LARGEST)
    channels = photo.pixels.shape[2] if photo.pixels.ndim == 3 else 1
    return _with_metadata(stream, page, replace(photo, icc_profile=icc.matching(profile, channels)))


def _with_metadata(stream: BinaryIO, page: tiff_page.Page, photo: Photo) -> Photo:
    dpi = exif.resolution_of(stream, page.header, page.offset)
    return replace(
        photo,
        exif=_exif(stream, page, dpi),
        dpi=dpi,
        xmp=_value(stream, page, _XMP, icc.LARGEST),
        iptc=_value(stream, page, _IPTC, icc.LARGEST),
        notes=page.notes,
    )


def _decode_samples(stream: BinaryIO, page: tiff_page.Page) -> Image:
    """Decode the samples as (H, W, C)."""
    import tifffile

    with tifffile.TiffFile(tiff_page.sanitize(stream, page), name="image") as file:
        decoded = cast(tifffile.TiffPage, file.pages[0])
        samples = np.asarray(decoded.asarray(squeeze=False))
    # The five axes of tifffile: separate channel, depth, row, column, interleaved channel.
    return samples[0, 0] if samples.shape[0] == 1 else np.moveaxis(samples[:, 0, :, :, 0], 0, -1)


def _value(stream: BinaryIO, page: tiff_page.Page, tag: int, limit: int) -> bytes | None:
    entry = page.entries.get(tag)
    return ifd.read_bytes(stream, entry) if entry and entry.size <= limit else None


def _exif(stream: BinaryIO, page: tiff_page.Page, dpi: tuple[float, float] | None) -> bytes | None:
    try:
        whole = ifd.load(stream, page.header, page.offset)
    except ValueError:
        return None
    fields = {tag: item for tag, item in whole.fields.items() if tag not in _STRUCTURE and item.type < 16}
    fields |= {} if dpi else _calibration(whole.fields)
    if fields.get(_DESCRIPTION, ifd.Field(2, 0, b"")).data.startswith(b'{"shape":'):
        del fields[_DESCRIPTION]  # tifffile's description of the stored array
    turn = page.number(exif.ORIENTATION, 1)
    if not fields and not whole.children and turn == 1:
        return None
    if dpi:
        fields |= exif.resolution_fields(dpi, page.header.order)
    return exif.block_of(replace(whole, fields=fields), page.header.order, turn)


def _calibration(fields: Mapping[int, ifd.Field]) -> dict[int, ifd.Field]:
    """Return the fields of a resolution without a unit, which ImageJ uses for the scale of a microscope."""
    found = {tag: fields[tag] for tag in (exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.UNIT) if tag in fields}
    ones = {part[: len(part) // 2] == part[len(part) // 2 :] for part in (found[tag].data for tag in list(found)[:2])}
    none = exif.UNIT in found and found[exif.UNIT].data in (b"\1\0", b"\0\1")
    return found if len(found) == 3 and none and ones != {True} else {}


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a losslessly compressed TIFF file; `quality` is not used."""
    import tifffile

    pixels = tiff_samples.restore_range(photo.pixels, photo.value_range)
    colours, extra = samples_of(photo, pixels.shape[2] if pixels.ndim == 3 else 1, photo.alpha is not None)
    samples = pixels if photo.alpha is None else np.dstack([pixels, photo.alpha])
    known = exif.directory(photo.exif) if photo.exif else None
    order = known[1] if known else "<"
    big = samples.nbytes > CLASSIC_LIMIT
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        samples,
        byteorder=order,  # type: ignore[arg-type]
        bigtiff=big,
        photometric="rgb" if colours == 3 else "minisblack",
        planarconfig="contig" if samples.ndim == 3 else None,
        extrasamples=extra or None,
        compression="zlib",
        predictor=True,
        iccprofile=photo.icc_profile,
        resolution=photo.dpi,
        resolutionunit="INCH" if photo.dpi else None,
        software=False,
        metadata=None,
    )
    add_fields(out, photo)
    return out.getvalue()


def samples_of(photo: Photo, channels: int, has_alpha: bool) -> tuple[int, list[str]]:
    """Return the number of colours (1 or 3) of a photo of so many channels, and the kinds of the other samples."""
    colours = channels - photo.extra_samples if photo.extra_samples else channels
    colours = 3 if colours == 3 else 1
    return colours, ["unspecified"] * (channels - colours) + ["unassalpha"] * has_alpha


def add_fields(out: BinaryIO, photo: Photo) -> None:
    """Append a new first directory to a TIFF: the fields of the written one and the metadata of a photo."""
    known, _ = (exif.directory(photo.exif) if photo.exif else None) or (ifd.Directory({}), "")
    header = ifd.read_header(out)
    fields = {tag: item for tag, item in known.fields.items() if tag not in _STRUCTURE}
    fields |= ifd.load(out, header, header.first).fields
    fields |= {} if photo.dpi else _calibration(known.fields)
    if photo.xmp:
        fields[_XMP] = ifd.Field(1, len(photo.xmp), photo.xmp)
    if photo.iptc:
        fields[_IPTC] = ifd.Field(7, len(photo.iptc), photo.iptc)
    base = out.seek(0, io.SEEK_END)
    base += base % 2
    out.seek(base)
    out.write(ifd.dump(ifd.Directory(fields, known.children), header.order, base, big=header.big))
    out.seek(0)
    out.write(ifd.pack_header(header._replace(first=base)))
