"""Write the tables of docs/formats.md: what comes back of every depth, opacity and metadata in every format, as tried here.

python docs/make_formats.py        # with the extras heic and dicom; tests/photo/test_formats_page.py compares the page
"""

from __future__ import annotations

import functools
import io
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from diptych.core.errors import DiptychError
from diptych.core.image import to_float
from diptych.photo import Frames, Photo, decode, encode, encode_frames
from diptych.photo.formats import FORMATS, Format
from diptych.photo.writer import losses

PAGE = Path(__file__).parent / "formats.md"
BEGIN, END = "<!-- made by docs/make_formats.py -->", "<!-- end -->"
DEPTHS = {"uint8": "8 bits", "uint16": "16 bits", "float32": "float"}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
IPTC = b"\x1c\2\x05\0\3abc"
TEXTS = {"Author": "Ann", "Comment": "Good"}
SIZE = (24, 32)


def pixels(dtype: str, *, grey: bool) -> np.ndarray:
    """Return a picture whose values use the whole depth."""
    rng = np.random.default_rng(3)
    values = rng.random((*SIZE, 3)) * 0.3 + np.linspace(0, 0.7, SIZE[1])[None, :, None]
    values = values[..., 0] if grey else values
    return np.rint(values * np.iinfo(dtype).max).astype(dtype) if dtype.startswith("uint") else values.astype(dtype)


def opacity(dtype: str) -> np.ndarray:
    """Return an opacity with all its values."""
    ramp = np.linspace(0, 1, SIZE[0] * SIZE[1]).reshape(SIZE)
    return np.rint(ramp * np.iinfo(dtype).max).astype(dtype) if dtype.startswith("uint") else ramp.astype(dtype)


def exif() -> bytes:
    """Return a block with a make and a maker note."""
    note = bytes(range(200))
    fields = struct.pack("<HHHII", 1, 0x010F, 2, 8, 44) + struct.pack("<I", 0)
    return b"II*\0\x08\0\0\0" + fields.ljust(36, b"\0") + b"Diptych\0" + note


@functools.cache  # it has the time in it
def profile() -> bytes:
    """Return a colour profile."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def source() -> bytes:
    """Return the elements of a DICOM file, which a DICOM file is made from."""
    import pydicom

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    data.PixelSpacing = [0.1, 0.1]
    out = io.BytesIO()
    pydicom.dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def back(form: Format, photo: Photo) -> Photo:
    """Return what comes back of a photo that was written in a format at its best quality."""
    photo = replace(photo, dicom=source()) if form.name == "dicom" else photo
    return decode(encode(photo, form.name, quality=100))


def precision(got: np.ndarray, expected: np.ndarray) -> str:
    """Return how well values have come back: exact, or to how many bits."""
    if got.dtype == expected.dtype and np.array_equal(got, expected):
        return "exact"
    error = np.abs(to_float(got).astype(float) - to_float(expected).astype(float)).max()
    bits = next((bits for bits in (16, 12, 8) if error <= 0.5 / ((1 << bits) - 1) + 1e-5), None)
    return f"{bits} bits" if bits else "lossy"


def cell(form: Format, dtype: str, *, grey: bool, alpha: bool) -> str:
    """Return what becomes of pixels, and of their opacity: exact, bits, or refused."""
    if not form.writes:
        return "read only"
    image = pixels(dtype, grey=grey)
    photo = Photo(image, alpha=opacity(dtype) if alpha else None)
    try:
        got = back(form, photo)
    except DiptychError:
        return "refused"
    as_colour = grey and got.pixels.ndim == 3
    expected = np.dstack([image] * 3) if as_colour else image
    if form.name == "gif" and alpha:
        return "256 colours, all or nothing"
    said = "256 colours" if form.name == "gif" and not grey else precision(got.pixels, expected)
    if alpha and got.alpha is not None:
        other = precision(got.alpha, opacity(dtype))
        said = said if other == said else f"{said}, opacity {other}"
    return f"{said}, as colour" if as_colour else said


def metadata(form: Format) -> Iterator[str]:
    """Yield what becomes of EXIF, XMP, IPTC, texts, the colour profile, the code points of colours, and the resolution."""
    if not form.writes:
        yield from ("read", "read", "", "", "", "", "read")
        return
    image = pixels("uint8", grey=False)
    tries: list[tuple[str, Photo, Callable[[Photo], Any]]] = [
        ("EXIF", Photo(image, exif=exif()), lambda photo: exif()[44:52] in (photo.exif or b"") and (photo.exif or b"")),
        ("XMP", Photo(image, xmp=XMP), lambda photo: photo.xmp == XMP),
        ("IPTC", Photo(image, iptc=IPTC), lambda photo: photo.iptc == IPTC),
        ("texts", Photo(image, text=TEXTS), lambda photo: photo.text == TEXTS),
        (
            "profile",
            Photo(image, icc_profile=profile()),
            lambda photo: photo.icc_profile == profile(),
        ),
        ("cICP", Photo(image, color_chunks={"cICP": b"\x0c\x0d\0\1"}), lambda photo: "cICP" in photo.color_chunks),
        ("resolution", Photo(image, dpi=(254.0, 254.0)), lambda photo: photo.dpi and abs(photo.dpi[0] - 254) < 0.5),
    ]
    for name, photo, kept in tries:
        got = back(form, photo)
        if kept(got):
            yield "kept"
        elif name in ("EXIF", "XMP", "IPTC", "texts", "resolution"):
            assert any(name in one for one in losses(f"a{form.suffixes[0]}", photo)), (form.name, name)
            yield "a comment" if got.text else "left out, said"
        elif name == "cICP":
            yield "as profile" if got.icc_profile else "as sRGB"
        else:
            yield "as sRGB" if name == "profile" else "lost"


def frames(form: Format) -> str:
    """Return whether a format holds animations and pages."""
    if not form.writes:
        return "one picture"
    photos = tuple(
        Photo(pixels("uint8", grey=False), dicom=source() if form.name == "dicom" else None) for _ in range(2)
    )
    found = []
    for what, durations in (("animation", (40, 80)), ("pages", ())):
        try:
            encode_frames(Frames(photos, durations), form.name)
            found.append(what)
        except DiptychError:
            continue
    return " and ".join(found) or "one picture"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def tables() -> str:
    """Return the tables of the page."""
    parts = []
    for grey in (False, True):
        head = [f"{'grey' if grey else 'RGB'} at quality 100"]
        head += [f"{name}{' and opacity' if alpha else ''}" for name in DEPTHS.values() for alpha in (False, True)]
        rows = [
            [form.label, *(cell(form, dtype, grey=grey, alpha=alpha) for dtype in DEPTHS for alpha in (False, True))]
            for form in FORMATS
        ]
        parts.append(table(head, rows))
    head = ["", "endings", "EXIF", "XMP", "IPTC", "texts", "ICC profile", "code points", "resolution", "frames"]
    rows = [[form.label, " ".join(form.suffixes), *metadata(form), frames(form)] for form in FORMATS]
    parts.append(table(head, rows))
    return "\n\n".join(parts)


def page(text: str) -> str:
    """Return the page with new tables."""
    return re.sub(rf"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n\n{tables()}\n\n{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
