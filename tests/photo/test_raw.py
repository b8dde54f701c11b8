"""Camera RAW: a DNG whose scene is known is developed to that scene, and what breaks the decoder breaks nothing else."""

from __future__ import annotations

import importlib.util
import io
import struct
import sys

import numpy as np
import pytest
import tifffile

from diptych.core.errors import MissingExtraError, ParameterError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import decode, encode, identify, read, write

installed = pytest.mark.skipif(importlib.util.find_spec("rawpy") is None, reason="needs the extra raw")
XYZ_TO_SRGB = [3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572]
BLACK, WHITE = 256, 4095


def scene(height: int = 64, width: int = 96) -> np.ndarray:
    """Linear light (H, W, 3)."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    return np.stack([0.1 + 0.5 * x, 0.2 + 0.3 * y, 0.4 - 0.3 * x], axis=-1)


def dng(light: np.ndarray, *, dng_version: bool = True, orientation: int = 1) -> bytes:
    """A DNG of a camera whose colours are those of linear sRGB."""
    mosaic = light[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = light[::2, ::2, 0], light[1::2, 1::2, 2]
    samples = np.rint(BLACK + mosaic * (WHITE - BLACK)).astype(np.uint16)
    matrix = [int(part) for value in XYZ_TO_SRGB for part in (round(value * 10000), 10000)]
    tags = [
        (271, 2, 0, "Diptych", True),
        (272, 2, 0, "Test", True),
        (274, 3, 1, orientation, True),
        (700, 1, 4, b"<x/>", True),
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes((0, 1, 1, 2)), True),
        (50714, 3, 1, BLACK, True),
        (50717, 3, 1, WHITE, True),
        (50708, 2, 0, "Diptych Test", True),
        (50721, 10, 9, matrix, True),
        (50728, 5, 3, (1, 1, 1, 1, 1, 1), True),
        (50778, 3, 1, 21, True),
    ]
    tags += [(50706, 1, 4, bytes((1, 4, 0, 0)), True), (50707, 1, 4, bytes((1, 1, 0, 0)), True)] if dng_version else []
    out = io.BytesIO()
    tifffile.imwrite(out, samples, photometric=32803, extratags=tags, metadata=None, software=False)
    return out.getvalue()


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


@installed
def test_a_known_scene_is_developed_to_itself():
    photo = decode(dng(scene()))
    assert (photo.format, photo.pixels.dtype, photo.pixels.shape) == ("raw", np.uint16, (64, 96, 3))
    error = np.abs(photo.pixels[4:-4, 4:-4] / 65535 - srgb(scene())[4:-4, 4:-4])
    assert error.mean() < 0.01
    assert error.max() < 0.05
    assert b"Diptych\0" in photo.exif
    assert photo.xmp == b"<x/>"
    assert "developed" in photo.notes[0]


@installed
def test_turned_cameras():
    photo = decode(dng(scene(), orientation=6))
    assert photo.pixels.shape == (96, 64, 3)
    upright = decode(dng(scene()))
    assert np.abs(photo.pixels.astype(int) - np.rot90(upright.pixels, -1)).mean() < 300
    write_and_read = decode(encode(photo, "tiff"))
    assert write_and_read.pixels.shape == (96, 64, 3), "turned once"


@installed
def test_it_is_written_as_another_format(tmp_path, cli_enhance):
    (tmp_path / "a.dng").write_bytes(dng(scene()))
    assert identify(tmp_path / "a.dng") == "raw"
    assert cli_enhance(tmp_path / "a.dng") == 0
    assert read(tmp_path / "a.enhanced.tif").format == "tiff"
    assert cli_enhance(tmp_path / "a.dng", "--format", "jxl") == 0
    assert b"Diptych\0" in read(tmp_path / "a.enhanced.jxl").exif
    assert cli_enhance(tmp_path / "a.dng", "--format", "raw") == 2
    with pytest.raises(PhotoFormatError, match="only be read"):
        write(tmp_path / "b.dng", read(tmp_path / "a.dng"))


@pytest.fixture
def cli_enhance():
    from diptych.cli.app import main

    def run(*arguments) -> int:
        try:
            main(["enhance", *map(str, arguments), "--op", "gamma"])
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run


def test_raw_is_known_by_its_content():
    from diptych.photo.raw import is_raw

    assert is_raw(io.BytesIO(dng(scene())))
    assert is_raw(io.BytesIO(dng(scene(), dng_version=False)))
    plain = io.BytesIO()
    tifffile.imwrite(plain, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    assert not is_raw(plain)
    assert is_raw(io.BytesIO(b"II*\0\x10\0\0\0CR\2\0" + bytes(40)))
    assert not is_raw(io.BytesIO(b"II*\0" + struct.pack("<I", 1 << 30)))


@installed
def test_size_is_checked_before_developing():
    with pytest.raises(PhotoTooLargeError, match="96 x 64"):
        decode(dng(scene()), max_pixels=96 * 64 - 1)


@installed
@pytest.mark.parametrize("cut", [200, 900, 3000, -10])
def test_truncated_files_are_refused_or_read(cut):
    with pytest.raises(PhotoFormatError, match="a: "):
        decode(dng(scene())[: min(cut, 3000)], name="a")


@installed
def test_a_decoder_that_dies_is_a_refusal(monkeypatch, tmp_path):
    from diptych.photo import raw

    program = tmp_path / "raw.py"
    program.with_name("raw_child.py").write_text("import os; os.abort()")
    monkeypatch.setattr(raw, "__file__", str(program))
    with pytest.raises(PhotoFormatError, match="the RAW decoder stopped"):
        decode(dng(scene()))


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "rawpy" else found(name, *rest)
    )
    with pytest.raises(MissingExtraError, match=r"a\.dng: camera RAW needs rawpy; pip install 'diptych\[raw\]'"):
        decode(dng(scene()), name="a.dng")
    assert sys.executable


def test_it_cannot_be_written():
    from diptych.photo.formats import by_name

    with pytest.raises(ParameterError, match="only be read"):
        by_name("raw").check_written()
