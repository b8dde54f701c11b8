"""TIFF and BigTIFF: one page, any number of channels. Specification: TIFF revision 6.0 and its technical notes.

Reading takes three steps: `tiff_page` checks the directories, refuses hostile files and those of several pages, and makes a
sanitized directory; tifffile decodes by that; `tiff_samples` turns the samples into pixels.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO, cast

import numpy as np

from diptych.core.errors import PhotoFormatError
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
    return decode_page(stream, tiff_page.read_page(stream, max_pixels))


def decode_page(stream: BinaryIO, page: tiff_page.Page) -> Photo:
    """Decode a page as stored."""
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
    fields = _described(whole)
    fields |= {} if dpi else _calibration(whole.fields)
    if fields.get(_DESCRIPTION, ifd.Field(2, 0, b"")).data.startswith(b'{"shape":'):
        del fields[_DESCRIPTION]  # tifffile's description of the stored array
    turn = page.number(exif.ORIENTATION, 1)
    if not fields and not whole.children and turn == 1:
        return None
    if dpi:
        fields |= exif.resolution_fields(dpi, page.header.order)
    return exif.block_of(replace(whole, fields=fields), page.header.order, turn)


def _described(whole: ifd.Directory) -> dict[int, ifd.Field]:
    return {tag: item for tag, item in whole.fields.items() if tag not in _STRUCTURE and item.type < 16}


def exif_of(whole: ifd.Directory, order: str) -> bytes:
    """Return an EXIF block of what a directory says that does not describe its samples; the picture is upright."""
    return exif.block_of(replace(whole, fields=_described(whole)), order, 1)


def _calibration(fields: Mapping[int, ifd.Field]) -> dict[int, ifd.Field]:
    """Return the fields of a resolution without a unit, which ImageJ uses for the scale of a microscope."""
    found = {tag: fields[tag] for tag in (exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.UNIT) if tag in fields}
    ones = {part[: len(part) // 2] == part[len(part) // 2 :] for part in (found[tag].data for tag in list(found)[:2])}
    none = exif.UNIT in found and found[exif.UNIT].data in (b"\1\0", b"\0\1")
    return found if len(found) == 3 and none and ones != {True} else {}


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a losslessly compressed TIFF file; `quality` is not used."""
    return encode_pages((photo,))


def encode_pages(photos: Sequence[Photo]) -> bytes:
    """Return the bytes of a TIFF of one page a photo, each with its metadata."""
    samples = [stored_samples(photo) for photo in photos]
    orders = {order_of(photo) for photo in photos if photo.exif} or {"<"}
    if len(orders) > 1:
        raise PhotoFormatError("pages have EXIF blocks of different byte orders; write each page as a file of its own")
    out = io.BytesIO()
    big = sum(one.nbytes for one in samples) > CLASSIC_LIMIT
    _write_pages(out, photos, samples, orders.pop(), big=big)
    add_fields(out, photos)
    return out.getvalue()


def stored_samples(photo: Photo) -> Image:
    """Return the samples of a photo, opacity included, in the values of its file."""
    pixels = tiff_samples.restore_range(photo.pixels, photo.value_range)
    return pixels if photo.alpha is None else np.dstack([pixels, photo.alpha])


def order_of(photo: Photo) -> str:
    """Return the byte order of a photo's EXIF block, or the usual one."""
    known = exif.directory(photo.exif) if photo.exif else None
    return known[1] if known else "<"


def _write_pages(out: BinaryIO, photos: Sequence[Photo], samples: Sequence[Image], order: str, *, big: bool) -> None:
    """Write pages without metadata but profile and resolution, losslessly compressed."""
    import tifffile

    with tifffile.TiffWriter(out, bigtiff=big, byteorder=order) as file:  # type: ignore[arg-type]
        for photo, page in zip(photos, samples, strict=True):
            channels = photo.pixels.shape[2] if photo.pixels.ndim == 3 else 1
            colours, extra = samples_of(photo, channels, photo.alpha is not None)
            file.write(
                page,
                photometric="rgb" if colours == 3 else "minisblack",
                planarconfig="contig" if page.ndim == 3 else None,
                extrasamples=extra or None,
                compression="zlib",
                predictor=True,
                iccprofile=photo.icc_profile,
                resolution=photo.dpi,
                resolutionunit="INCH" if photo.dpi else None,
                software=False,
                metadata=None,
            )


def samples_of(photo: Photo, channels: int, has_alpha: bool) -> tuple[int, list[str]]:
    """Return the number of colours (1 or 3) of a photo of so many channels, and the kinds of the other samples."""
    colours = channels - photo.extra_samples if photo.extra_samples else channels
    colours = 3 if colours == 3 else 1
    return colours, ["unspecified"] * (channels - colours) + ["unassalpha"] * has_alpha


def add_fields(out: BinaryIO, photos: Sequence[Photo]) -> None:
    """Append new directories to a TIFF, page by page: the fields of the written one and the metadata of a photo."""
    header = ifd.read_header(out)
    offsets, following = [header.first], 0
    while len(offsets) < len(photos):
        offsets.append(ifd.read_directory(out, header, offsets[-1])[1])
    for photo, offset in reversed(list(zip(photos, offsets, strict=True))):
        directory = _merged(photo, ifd.load(out, header, offset))
        base = out.seek(0, io.SEEK_END)
        base += base % 2
        out.seek(base)
        out.write(ifd.dump(directory, header.order, base, big=header.big, following=following))
        following = base
    out.seek(0)
    out.write(ifd.pack_header(header._replace(first=following)))


def _merged(photo: Photo, written: ifd.Directory) -> ifd.Directory:
    known, _ = (exif.directory(photo.exif) if photo.exif else None) or (ifd.Directory({}), "")
    fields = {tag: item for tag, item in known.fields.items() if tag not in _STRUCTURE}
    fields |= written.fields
    fields |= {} if photo.dpi else _calibration(known.fields)
    if photo.xmp:
        fields[_XMP] = ifd.Field(1, len(photo.xmp), photo.xmp)
    if photo.iptc:
        fields[_IPTC] = ifd.Field(7, len(photo.iptc), photo.iptc)
    return ifd.Directory(fields, known.children)
