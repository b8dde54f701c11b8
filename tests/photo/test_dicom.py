"""DICOM: what is shown of the stored values, and that what is written is a derived instance."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from diptych.core.errors import MissingExtraError, PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import Photo, decode, encode, read, read_frames, write, write_frames

pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")
FILES = Path(pydicom.__file__).parent / "data" / "test_files"

pytestmark = pytest.mark.filterwarnings("ignore")  # of pydicom, where the tests themselves read


def dicom(stored: np.ndarray, **elements) -> bytes:
    """A CT slice of these stored values."""
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = CTImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.SeriesInstanceUID, data.StudyInstanceUID = generate_uid(), generate_uid()
    data.PatientName, data.PatientID, data.Modality = "Doe^Jane", "7", "CT"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.PixelSpacing = [0.5, 0.25]
    data.add_new(0x00091010, "LO", "a private element")
    data.add_new(0x00090010, "LO", "MAKER")
    bits = 8 * stored.dtype.itemsize
    data.Rows, data.Columns = stored.shape[-2:]
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit, data.SamplesPerPixel = bits - 1, 1
    data.PixelRepresentation = int(stored.dtype.kind == "i")
    data.PhotometricInterpretation = "MONOCHROME2"
    if stored.ndim == 3:
        data.NumberOfFrames = len(stored)
    for keyword, value in elements.items():
        setattr(data, keyword, value)
    data.PixelData = stored.tobytes()
    data["PixelData"].VR = "OW"
    out = io.BytesIO()
    pydicom.dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


STORED = np.arange(-1024, 1024, dtype=np.int16).reshape(32, 64)


def test_a_window_is_applied_after_the_rescale():
    photo = decode(dicom(STORED, RescaleSlope=2, RescaleIntercept=-100, WindowCenter=[40, 900], WindowWidth=[400, 9]))
    values = STORED * 2.0 - 100
    expected = np.clip((values - 39.5) / 399 + 0.5, 0, 1)
    np.testing.assert_allclose(photo.pixels / 65535, expected, atol=1e-5)
    assert photo.pixels.dtype == np.uint16
    assert photo.dpi == pytest.approx((101.6, 50.8))
    assert photo.notes == ("is shown by its window, 40 with a width of 400",)


@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
def test_other_windows(function):
    photo = decode(dicom(STORED, WindowCenter=0, WindowWidth=300, VOILUTFunction=function))
    linear = np.clip(STORED / 300 + 0.5, 0, 1)
    expected = 1 / (1 + np.exp(-4 * STORED / 300)) if function == "SIGMOID" else linear
    np.testing.assert_allclose(photo.pixels / 65535, expected, atol=1e-5)


def test_without_a_window_the_range_is_shown_and_padding_does_not_count():
    stored = STORED.copy()
    stored[0] = -2000
    photo = decode(dicom(stored, PixelPaddingValue=-2000))
    assert (photo.pixels[1, 0], photo.pixels[-1, -1], photo.pixels[0, 0]) == (0, 65535, 0)
    assert photo.notes == ("is shown from its least to its greatest value",)


def test_monochrome1_is_turned():
    plain = decode(dicom(STORED, WindowCenter=0, WindowWidth=300))
    turned = decode(dicom(STORED, WindowCenter=0, WindowWidth=300, PhotometricInterpretation="MONOCHROME1"))
    assert np.abs(turned.pixels.astype(int) + plain.pixels - 65535).max() <= 1


def test_eight_bits_stay_eight_bits(picture):
    photo = decode(dicom(picture("uint8", None), WindowCenter=128, WindowWidth=256))
    np.testing.assert_array_equal(photo.pixels, picture("uint8", None))


def test_what_is_written_is_a_derived_instance(tmp_path, picture):
    source = dicom(STORED, RescaleSlope=2, RescaleIntercept=-100, WindowCenter=40, WindowWidth=400,
                   PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=-2000)  # fmt: skip
    old = pydicom.dcmread(io.BytesIO(source))
    photo = decode(source)
    write(tmp_path / "a.dcm", photo.with_pixels(photo.pixels // 2))
    new = pydicom.dcmread(tmp_path / "a.dcm")
    assert new.ImageType == ["DERIVED", "PRIMARY", "AXIAL"]
    assert new.SOPInstanceUID != old.SOPInstanceUID
    assert new.file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID
    assert new.SeriesInstanceUID != old.SeriesInstanceUID
    assert new.StudyInstanceUID == old.StudyInstanceUID
    assert new.SourceImageSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID
    assert (new.PatientName, new[0x00091010].value, list(new.PixelSpacing)) == (
        "Doe^Jane",
        "a private element",
        [0.5, 0.25],
    )
    assert (new.PhotometricInterpretation, new.RescaleSlope, new.RescaleIntercept) == ("MONOCHROME2", 1, 0)
    assert "PixelPaddingValue" not in new
    assert "Diptych" in new.DerivationDescription
    np.testing.assert_array_equal(new.pixel_array, photo.pixels // 2)
    np.testing.assert_array_equal(read(tmp_path / "a.dcm").pixels, photo.pixels // 2)
    assert encode(photo, "dicom") == encode(photo, "dicom"), "the same picture, the same bytes"


def test_other_formats_from_dicom_and_dicom_from_others(tmp_path, picture):
    photo = decode(dicom(STORED, WindowCenter=0, WindowWidth=300))
    for suffix in (".png", ".tif", ".jxl"):
        write(tmp_path / f"a{suffix}", photo, quality=100)
        np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").pixels, photo.pixels)
    with pytest.raises(PhotoFormatError, match="read from DICOM"):
        write(tmp_path / "b.dcm", picture())


@pytest.mark.parametrize(("elements", "timed"), [({}, False), ({"FrameTime": 40}, True), ({"CineRate": 25}, True)])
def test_frames(tmp_path, elements, timed):
    stack = np.stack([STORED, STORED[::-1], STORED // 2])
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom(stack, WindowCenter=0, WindowWidth=300, **elements))
    frames = read_frames(path)
    assert (len(frames.photos), frames.timed) == (3, timed)
    assert set(frames.durations) <= {40}
    np.testing.assert_array_equal(frames.photos[0].pixels, frames.photos[1].pixels[::-1])
    write_frames(path, frames, overwrite=True)
    for one, other in zip(read_frames(path).photos, frames.photos, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    write_frames(tmp_path / ("a.gif" if timed else "a.tif"), frames)
    with pytest.raises(PhotoFormatError, match="3 frames"):
        read(path)
    with pytest.raises(PhotoTooLargeError, match="3 frames"):
        read_frames(path, max_pixels=3 * 32 * 64 - 1)


@pytest.mark.parametrize("path", sorted(FILES.glob("*.dcm")), ids=lambda path: path.name)
def test_files_of_many_makers_are_read_or_refused_by_name(tmp_path, path):
    refused = ""
    try:
        frames = read_frames(path)
    except PhotoError as error:
        refused = str(error)
    assert refused == "" or (refused.startswith(str(path)) and "Traceback" not in refused)
    if refused:
        return
    write_frames(tmp_path / "a.dcm", frames)
    for one, other in zip(read_frames(tmp_path / "a.dcm").photos, frames.photos, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small",
        "MR_small_RLE",
        "MR_small_bigendian",
        "MR_small_implicit",
        "MR_small_jp2klossless",
        "MR_small_jpeg_ls_lossless",
    ],
)
def test_every_compression_gives_the_same_picture(name):
    values = read(FILES / f"{name}.dcm").pixels
    if name != "CT_small":
        np.testing.assert_array_equal(values, read(FILES / "MR_small.dcm").pixels)
    assert values.std() > 1000


def test_colours_are_those_that_pydicom_gives():
    names = ("SC_rgb_rle", "examples_jpeg2k", "SC_ybr_full_422_uncompressed", "examples_rgb_color")
    for name in (one for one in names if (FILES / f"{one}.dcm").exists()):
        photo = read(FILES / f"{name}.dcm")
        assert np.abs(photo.pixels.astype(int) - pydicom.dcmread(FILES / f"{name}.dcm").pixel_array).max() <= 2


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingExtraError, match=r"diptych\[dicom\]"):
        decode(bytes(128) + b"DICM" + bytes(40))


def test_size_is_checked_before_decoding():
    with pytest.raises(PhotoTooLargeError, match="64 x 32"):
        decode(dicom(STORED), max_pixels=64 * 32 - 1)
    with pytest.raises(PhotoFormatError, match="no picture in it"):
        read(FILES / "reportsi.dcm")
    assert Photo(np.zeros((2, 2), np.uint8)).dicom is None
