"""Spoil pictures in many ways and read each: ``python fuzz_pictures.py plain|structured FIRST LAST [FORMAT]``, in a process.

With a FORMAT it is pictures of that one alone, and all their frames; without, of those that need no extra and have one frame.

Each must be read or refused in one line, in 5 s of processor time and 400 MiB, and what was read can be written in any format.
Whatever else happens (a crash, a hang, another exception) ends the process with a message. Linux.
"""

from __future__ import annotations

import faulthandler
import io
import os
import random
import resource
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms

from diptych.core.errors import DiptychError
from diptych.photo import Frames, Photo, TiffRows, decode, encode, encode_frames, read_frames, write_frames
from hostile_files import directory, rle
from mutations import WAYS

SECONDS, MEMORY, STUCK = 5.0, 400 << 20, 120
MOST_PIXELS, MOST_WRITTEN = 8_000_000, 500_000
FORMATS = ("jpeg", "png", "tiff", "webp", "bmp", "avif", "jxl", "gif")


def sources() -> Iterator[bytes]:
    """Small files of every format, in many variants, with all their metadata."""
    ramp = np.linspace(0, 255, 37 * 53 * 3).reshape(37, 53, 3)
    colour = np.rint(ramp / 2 + np.random.default_rng(0).integers(0, 99, ramp.shape)).astype(np.uint8)
    grey = np.ascontiguousarray(colour[..., 0])
    fields = directory((0x0112, 3, 1, 6), (0x010F, 2, 8, 8), (0x011A, 5, 1, 16), (0x8769, 4, 1, 40), (0x8825, 4, 1, 60))
    exif = b"II*\0\x08\0\0\0" + fields + directory((0xA002, 4, 1, 53), (0x927C, 7, 40, 8)) + bytes(99)
    exif = (
        exif[:8] + fields.replace(struct.pack("<I", 40), struct.pack("<I", 8 + len(fields))) + exif[8 + len(fields) :]
    )
    photo = Photo(
        colour, exif=exif, xmp=b"<x:xmpmeta><rdf:RDF></rdf:RDF></x:xmpmeta>", dpi=(90, 90), text={"Comment": "a"}
    )
    for name in FORMATS:
        yield encode(photo, name)
        yield encode(Photo(grey, exif=exif), name)
        if name in ("png", "tiff", "webp", "avif", "jxl", "gif"):
            yield encode(Photo(colour, alpha=grey), name)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged = replace(
        photo,
        icc_profile=profile,
        iptc=b"\x1c\2\x05\0\3abc",
        xmp=b"<x:xmpmeta><rdf:RDF>" + b"x" * 70_000 + b"</rdf:RDF>",
    )
    for name in ("jpeg", "png", "tiff", "webp"):
        yield encode(tagged, name)
    chunks = {"gAMA": struct.pack(">I", 45455), "cHRM": struct.pack(">8I", *[30000] * 8), "cICP": bytes((9, 16, 0, 1))}
    yield encode(Photo(colour, color_chunks=chunks), "png")
    yield rle(20, 12, b"\5\1\0\3abc\0\4\2\0\0\0\2\2\2" * 40)
    yield rle(20, 12, b"\5\1\0\3ab\4\2\0\0" * 40, bits=4)
    for name in ("png", "tiff"):
        yield encode(Photo(colour.astype(np.uint16) * 257), name)
    yield encode(Photo((colour / 255).astype(np.float32)), "tiff")
    for name, options in (
        ("JPEG", {"progressive": True}),
        ("JPEG", {"restart_marker_blocks": 2}),
        ("PNG", {"bits": 4}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
    ):
        yield _saved(
            Image.fromarray(colour).quantize(20) if name in ("PNG", "BMP") else Image.fromarray(colour), name, options
        )
    yield _saved(Image.fromarray(colour).convert("CMYK"), "JPEG", {})
    yield _saved(Image.fromarray(grey).convert("1"), "TIFF", {"compression": "group4"})
    for options in (
        {"compression": "lzw", "tile": (16, 16)},
        {"compression": "jpeg", "tile": (16, 16)},
        {"compression": "jpeg", "rowsperstrip": 16},
        {"compression": "packbits", "rowsperstrip": 5},
        {"compression": "zlib", "predictor": True, "bigtiff": True, "rowsperstrip": 4},
        {"rowsperstrip": 3, "byteorder": ">"},
        {"compression": "zstd", "tile": (32, 16)},
    ):
        out = io.BytesIO()
        tifffile.imwrite(out, colour, photometric="rgb", **options)
        yield out.getvalue()
    places = [(33550, 12, 3, (1.0, 1.0, 0.0), True), (33922, 12, 6, (0.0, 0.0, 0.0, 9.0, 9.0, 0.0), True)]
    out = io.BytesIO()
    tifffile.imwrite(out, colour, photometric="rgb", extratags=[*places, (34735, 3, 4, (1, 1, 0, 0), True)])
    yield out.getvalue()
    out = io.BytesIO()
    tifffile.imwrite(out, np.moveaxis(colour, -1, 0), planarconfig="separate", photometric="rgb")
    yield out.getvalue()


def of_format(name: str) -> Iterator[bytes]:
    """Small files of a format that a FORMAT of the command names."""
    rng = np.random.default_rng(0)
    colour = np.rint(np.linspace(0, 150, 37 * 53 * 3).reshape(37, 53, 3) + rng.integers(0, 99, (37, 53, 3))).astype(
        np.uint8
    )
    exif = b"II*\0\x08\0\0\0" + directory((0x0112, 3, 1, 6), (0x010F, 2, 8, 8), (0x8825, 4, 1, 60)) + bytes(99)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = np.ascontiguousarray(colour[..., 0])
    full = Photo(colour, exif=exif, xmp=b"<x:xmpmeta/>", icc_profile=profile, alpha=grey)
    deep = Photo(colour.astype(np.uint16) * 257, color_chunks={"cICP": bytes((9, 16, 0, 1))})
    if name in ("avif", "jxl", "heic"):
        yield from (encode(one, name) for one in (full, deep, Photo(grey), replace(full, alpha=None)))
        yield encode(full, name, quality=100)
    if name in ("gif", "png", "webp"):
        photos = [replace(full, pixels=colour // k, text={"Comment": "a"}) for k in (1, 2, 3)]
        yield encode_frames(Frames(tuple(photos), (30, 60, 90)), name)
        pictures = [Image.fromarray(colour // k) for k in (1, 2, 3)]
        pictures[1].paste(9, (3, 4, 20, 21))
        yield _saved(pictures[0], name.upper(), {"save_all": True, "append_images": pictures[1:], "duration": 40})
    if name == "gif":
        yield encode(full, name)
    if name == "raw":
        from photo.test_raw import dng, scene

        yield from (dng(scene()), dng(scene(), dng_version=False), dng(scene(), orientation=6))
    if name == "dicom":
        yield from _dicoms()


def _dicoms() -> Iterator[bytes]:
    import pydicom

    from photo.test_dicom import STORED, dicom

    yield dicom(STORED, RescaleSlope=2, RescaleIntercept=-100, WindowCenter=40, WindowWidth=400)
    yield dicom(np.stack([STORED] * 3), FrameTime=40)
    files = Path(pydicom.__file__).parent / "data" / "test_files"
    for file in (
        "MR_small_RLE",
        "MR_small_jp2klossless",
        "MR_small_jpeg_ls_lossless",
        "SC_rgb_small_odd_jpeg",
        "SC_rgb_rle_2frame",
    ):
        yield (files / f"{file}.dcm").read_bytes()


def _saved(image: Image.Image, name: str, options: dict) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def memory(field: str) -> int:
    """Return the resident memory (VmRSS) or its peak (VmHWM) in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field))


def attempt(data: bytes, rng: random.Random, file: Path) -> str:
    """Read a file's bytes, write what was read, and read a TIFF by rows."""
    outcome = "refused"
    try:
        photo = decode(data, name="a picture", max_pixels=MOST_PIXELS)
        outcome = "read"
        if photo.pixels.size <= MOST_WRITTEN:
            encode(photo.with_pixels(photo.pixels), rng.choice(FORMATS))
    except DiptychError as error:
        check_line(error)
    if data[:2] in (b"II", b"MM"):
        file.write_bytes(data)
        try:
            with TiffRows(file) as rows:
                for first in range(0, min(rows.shape[0], 100), 10):
                    rows.read(first, min(first + 10, rows.shape[0]))
        except DiptychError as error:
            check_line(error)
    return outcome


def attempt_frames(data: bytes, rng: random.Random, file: Path) -> str:
    """Read all frames of a file, and write what was read."""
    file.write_bytes(data)
    try:
        frames = read_frames(file, max_pixels=MOST_PIXELS)
        if sum(photo.pixels.size for photo in frames.photos) <= MOST_WRITTEN:
            if len(frames.photos) > 1:
                write_frames(file.with_suffix(".gif" if frames.timed else ".tif"), frames, overwrite=True)
            else:
                encode(frames.photos[0], rng.choice(("png", "jpeg", "avif", "jxl", "gif")))
    except DiptychError as error:
        check_line(error)
        return "refused"
    return "read"


def check_line(error: DiptychError) -> None:
    if len(str(error)) > 1000 or "\n" in str(error):
        raise AssertionError(f"not a line: {error}") from error


def main(way: str, first: int, last: int, name: str = "") -> None:
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    files = list(of_format(name) if name else sources())
    file = Path(tempfile.mkdtemp()) / "a.tif"
    tried = attempt_frames if name else attempt
    for data in files:
        assert tried(data, random.Random(0), file) == "read"  # whatever is imported on the way is imported now
    outcomes = {"read": 0, "refused": 0, "most_seconds": 0.0, "most_mib": 0}
    for seed in range(first, last):
        rng = random.Random(seed)
        data = WAYS[way](rng.choice(files), rng)
        os.write(1, f"{seed}\n".encode())
        faulthandler.dump_traceback_later(STUCK, exit=True)
        Path("/proc/self/clear_refs").write_text("5")
        before, started = memory("VmRSS"), time.process_time()
        outcomes[tried(data, rng, file)] += 1
        seconds, taken = time.process_time() - started, memory("VmHWM") - before
        taken = max(
            taken, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        )  # of RAW, in a process of its own
        if seconds > SECONDS or taken > MEMORY:
            raise AssertionError(f"{way} {seed}: {seconds:.1f} s, {taken >> 20} MiB")
        outcomes["most_seconds"] = max(outcomes["most_seconds"], round(seconds, 2))
        outcomes["most_mib"] = max(outcomes["most_mib"], taken >> 20)
    faulthandler.cancel_dump_traceback_later()
    os.write(1, f"{outcomes}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
