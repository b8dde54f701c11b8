"""Writing DICOM: a new instance, derived from the one that was read. Specification: DICOM PS3.3, C.7.6.1.1 and C.12.1."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

import diptych
from diptych.core.errors import PhotoFormatError
from diptych.photo.dicom_library import lenient
from diptych.photo.photo import Photo

_MM = 25.4
_SHOWN = "Shown values, not those that were measured"
_OUTDATED = (
    "ModalityLUTSequence", "VOILUTSequence", "VOILUTFunction", "WindowCenterWidthExplanation", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "SmallestImagePixelValue", "LargestImagePixelValue", "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries", "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "PaletteColorLookupTableUID", "PixelAspectRatio", "ICCProfile", "ColorSpace",
    "PixelIntensityRelationship", "PixelIntensityRelationshipSign", "RescaleType", "PresentationLUTShape",
    "PixelDataProviderURL", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
)  # fmt: skip
_OUTDATED_GROUPS = ("FrameVOILUTSequence", "PixelValueTransformationSequence")


def encode_all(photos: Sequence[Photo]) -> bytes:
    """Return the bytes of a DICOM file of these frames, uncompressed, with all other elements of the file that they are from.

    It has an instance and a series identifier of its own, both made from those of the source, so that the same picture gives
    the same file; its image type is DERIVED, its values are the shown ones (MONOCHROME2 or RGB).
    """
    if photos[0].dicom is None:
        raise PhotoFormatError("DICOM is written of pictures that were read from DICOM; write PNG or TIFF")
    if len({photo.pixels.shape for photo in photos}) > 1 or len({photo.pixels.dtype for photo in photos}) > 1:
        raise PhotoFormatError("DICOM cannot hold frames of several sizes or depths; write a TIFF")
    with lenient() as pydicom:
        data = pydicom.dcmread(io.BytesIO(photos[0].dicom))
        samples = np.stack([photo.pixels for photo in photos])
        _derive(pydicom, data, samples)
        _take_out(data)
        _describe(data, samples, photos[0].dpi)
        out = io.BytesIO()
        pydicom.dcmwrite(out, data, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def _derive(pydicom: Any, data: Any, samples: np.ndarray[Any, Any]) -> None:
    """Make the data set that of a new instance, which names its source."""
    source = pydicom.Dataset()
    source.ReferencedSOPClassUID = data.get("SOPClassUID", "")
    source.ReferencedSOPInstanceUID = data.get("SOPInstanceUID", "")
    content = hashlib.sha256(samples.tobytes()).hexdigest()
    old = str(data.get("SOPInstanceUID", ""))
    data.SOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[old, content])
    data.SeriesInstanceUID = pydicom.uid.generate_uid(entropy_srcs=["diptych", str(data.get("SeriesInstanceUID", old))])
    kinds = [str(one) for one in data.get("ImageType") or ()]
    data.ImageType = ["DERIVED", *(kinds[1:] or ["PRIMARY"])]
    data.DerivationDescription = f"Enhanced for display by Diptych {diptych.__version__}. {_SHOWN}."
    data.SourceImageSequence = [source]
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.MediaStorageSOPClassUID = data.get("SOPClassUID", "")
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian


def _take_out(data: Any) -> None:
    """Remove what held for the samples of the source."""
    _remove(data, _OUTDATED)
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in data.get(groups) or []:
            _remove(group, _OUTDATED_GROUPS)


def _remove(data: Any, keywords: Sequence[str]) -> None:
    for keyword in keywords:
        if keyword in data:
            delattr(data, keyword)


def _describe(data: Any, samples: np.ndarray[Any, Any], dpi: tuple[float, float] | None) -> None:
    """Describe the samples (frames, H, W) or (frames, H, W, 3)."""
    frames, data.Rows, data.Columns = samples.shape[:3]
    if frames > 1 or "NumberOfFrames" in data:
        data.NumberOfFrames = frames
    bits = 8 * samples.dtype.itemsize
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit, data.PixelRepresentation = bits - 1, 0
    data.SamplesPerPixel = 3 if samples.ndim == 4 else 1
    data.PhotometricInterpretation = "RGB" if samples.ndim == 4 else "MONOCHROME2"
    if samples.ndim == 4:
        data.PlanarConfiguration = 0
    else:
        _remove(data, ("PlanarConfiguration",))
        data.WindowCenter, data.WindowWidth = 1 << bits - 1, 1 << bits
    if "RescaleSlope" in data or "RescaleIntercept" in data:
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, 0, "US"
    if dpi and "PixelSpacing" in data:
        data.PixelSpacing = [round(_MM / dpi[1], 8), round(_MM / dpi[0], 8)]
    content = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OW" if bits > 8 else "OB"
