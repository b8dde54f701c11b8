"""DICOM, as it is shown: by its window, with black as black. Specification: DICOM PS3.3 (C.7.6.3, C.11), PS3.5, PS3.10.

It needs the extra ``dicom``: pydicom.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo.dicom_library import lenient, library
from diptych.photo.dicom_pixels import decoded_frame
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import to_depth

if TYPE_CHECKING:
    from diptych.photo.frames import Frames

_MM = 25.4
_DEFLATED = "1.2.840.10008.1.2.1.99"
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""Keywords of the elements that hold samples."""


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a single picture."""
    with lenient():
        data = _read(stream, max_pixels)
        frames = _number(data)
        if frames > 1:
            raise PhotoFormatError(f"has {frames} frames; extract the frames first")
        return _photos(data, 1)[0]


def decode_frames(stream: BinaryIO, max_pixels: int) -> Frames | None:
    """Decode all frames; None of a single picture."""
    from diptych.photo.frames import Frames

    with lenient():
        data = _read(stream, max_pixels)
        frames = _number(data)
        if frames < 2:
            return None
        return Frames(_photos(data, frames), _durations(data, frames))


def _read(stream: BinaryIO, max_pixels: int) -> Any:
    """Return the data set, whose size has been checked and whose samples are not decoded yet."""
    from diptych.photo.frames import check_count

    pydicom = library()
    head = pydicom.dcmread(stream, stop_before_pixels=True, specific_tags=["Rows", "Columns", "NumberOfFrames"])
    if getattr(head.file_meta, "TransferSyntaxUID", "") == _DEFLATED:
        raise PhotoFormatError("is a deflated DICOM file, whose size is not known before; save it without")
    stream.seek(0)
    data = pydicom.dcmread(stream)
    if not any(keyword in data for keyword in PIXELS):
        raise PhotoFormatError("has no picture in it, as reports and directories have none; give another file")
    rows, columns = int(data.get("Rows") or 0), int(data.get("Columns") or 0)
    check_size(columns, rows, max_pixels, int(data.get("SamplesPerPixel") or 1))
    check_count(columns, rows, _number(data), max_pixels)
    return data


def _number(data: Any) -> int:
    return max(int(data.get("NumberOfFrames") or 1), 1)


def _durations(data: Any, frames: int) -> tuple[int, ...]:
    """Return the times of the frames in milliseconds; nothing if they are not shown one after the other."""
    if data.get("FrameTimeVector") and len(data.FrameTimeVector) == frames:
        times = [float(one) for one in data.FrameTimeVector]
        return tuple(round(one) for one in (*times[1:], times[-1]))  # each is the time since the frame before
    rate = float(data.get("RecommendedDisplayFrameRate") or data.get("CineRate") or 0)
    time = float(data.get("FrameTime") or (1000 / rate if rate > 0 else 0))
    return (round(time),) * frames if time > 0 else ()


def _photos(data: Any, frames: int) -> tuple[Photo, ...]:
    colour = int(data.get("SamplesPerPixel") or 1) == 3 or data.get("PhotometricInterpretation") == "PALETTE COLOR"
    notes: list[str] = []
    show = _colours if colour else _display(data, frames, notes)
    pictures = [show(decoded_frame(data, index)) for index in range(frames)]
    spacing = [float(one) for one in data.get("PixelSpacing") or data.get("ImagerPixelSpacing") or ()]
    dpi = (_MM / spacing[1], _MM / spacing[0]) if len(spacing) == 2 and min(spacing) > 0 else None
    block = _without_pixels(data)
    return tuple(Photo(one, dpi=dpi, dicom=block, notes=tuple(notes)) for one in pictures)


def _colours(samples: NDArray[Any]) -> Image:
    if samples.dtype not in (np.uint8, np.uint16):
        raise PhotoFormatError(f"has colours of type {samples.dtype}; convert it to 8 or 16 bits first")
    return np.ascontiguousarray(samples)


class _Display:
    """From stored values to shown ones: rescale, window, polarity."""

    def __init__(self, data: Any, low: float, high: float) -> None:
        self.slope, self.intercept = _rescale(data)
        self.center, self.width, self.function = _window(data)
        ends = sorted((low * self.slope + self.intercept, high * self.slope + self.intercept))
        self.ends = ends[0], max(ends[1], ends[0] + 1e-12)
        self.inverted = data.get("PhotometricInterpretation") == "MONOCHROME1"
        stored = int(data.get("BitsStored") or 8)
        self.dtype = np.dtype(np.uint8 if stored <= 8 else np.uint16)

    def __call__(self, stored: NDArray[Any]) -> Image:
        values = stored * self.slope + self.intercept
        if self.width <= 0:
            shown = (values - self.ends[0]) / (self.ends[1] - self.ends[0])
        elif self.function == "SIGMOID":
            shown = 1 / (1 + np.exp(np.clip(-4 * (values - self.center) / self.width, -700, 700)))
        elif self.function == "LINEAR_EXACT":
            shown = (values - self.center) / self.width + 0.5
        else:
            shown = (values - (self.center - 0.5)) / max(self.width - 1, 1e-12) + 0.5
        shown = np.clip(np.nan_to_num(shown), 0, 1)
        shown = 1 - shown if self.inverted else shown
        return to_depth(shown, self.dtype)


def _display(data: Any, frames: int, notes: list[str]) -> _Display:
    _, width, _ = _window(data)
    if width > 0:
        show = _Display(data, 0, 1)
        notes.append(f"is shown by its window, {show.center:g} with a width of {show.width:g}")
        return show
    lows, highs = [], []
    padding = data.get("PixelPaddingValue")
    for index in range(frames):
        stored = decoded_frame(data, index)
        seen = stored if padding is None else stored[stored != padding]
        if seen.size:
            lows.append(float(seen.min()))
            highs.append(float(seen.max()))
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        low, high = 0.0, 1.0
    table = ", not by its look-up table" if data.get("VOILUTSequence") else ""
    notes.append(f"is shown from its least to its greatest value{table}")
    return _Display(data, low, high)


def _groups(data: Any, sequence: str) -> Any:
    """Return the first item of a sequence, which newer files have in the functional groups of all frames or of the first."""
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in list(data.get(keyword) or [])[:1]:
            if group.get(sequence):
                return group[sequence].value[0]
    return data


def _rescale(data: Any) -> tuple[float, float]:
    place = _groups(data, "PixelValueTransformationSequence")
    slope, intercept = place.get("RescaleSlope"), place.get("RescaleIntercept")
    return (1.0 if slope is None else float(slope)) or 1.0, 0.0 if intercept is None else float(intercept)


def _window(data: Any) -> tuple[float, float, str]:
    """Return centre, width (0 without a window) and function of the first window."""
    place = _groups(data, "FrameVOILUTSequence")
    center, width = (_first(place.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    function = str(place.get("VOILUTFunction") or "LINEAR")
    usable = center is not None and width is not None and np.isfinite([center, width]).all() and width > 0
    return (center or 0.0, width or 0.0, function) if usable else (0.0, 0.0, function)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value[0] if isinstance(value, list | tuple) or hasattr(value, "append") else value)


def _without_pixels(data: Any) -> bytes:
    """Return the data set without its samples, as a DICOM file."""
    pydicom = library()
    for keyword in PIXELS:
        if keyword in data:
            del data[keyword]
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    out = io.BytesIO()
    try:
        data.decode()  # of elements as they are stored, some could not be written otherwise
        pydicom.dcmwrite(out, data, implicit_vr=False, little_endian=True)
    except Exception as error:  # pydicom's messages are whole stack traces
        raise PhotoFormatError("has elements that make no sense; save it again with another program") from error
    return out.getvalue()


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a DICOM file derived from that of the photo; `quality` is not used."""
    from diptych.photo.dicom_write import encode_all

    return encode_all((photo,))


def encode_frames(frames: Frames, quality: int) -> bytes:
    """Return the bytes of a DICOM file of several frames; `quality` is not used."""
    from diptych.photo.dicom_write import encode_all

    return encode_all(frames.photos)
