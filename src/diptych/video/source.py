"""A video file that is read: its frames as arrays, and what is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any

import numpy as np

from diptych.core.errors import PhotoFormatError, PhotoTooLargeError
from diptych.video.names import load_av

_HDR = {16: "PQ", 18: "HLG"}
_FULL, _LIMITED = 2, 1
_UNKNOWN = 2
_SWSCALE = {6: 5, 10: 9}
"""FFmpeg's numbers of matrices that swscale knows by another."""

_DAMAGED = "is damaged, or no video; get a whole copy"


@dataclass(frozen=True)
class Look:
    """What an encoder has to know of the frames.

    Attributes
    ----------
    width, height : int
        In px, as stored.
    depth : int
        Bits of a value.
    sampling : {"420", "422", "444"}
        Of the chroma.
    tags : dict
        Range, primaries, transfer and matrix, by FFmpeg's numbers.
    matrix : tuple of int or None
        How a player turns the picture: FFmpeg's display matrix.
    """

    width: int
    height: int
    depth: int
    sampling: str
    tags: dict[str, int]
    matrix: tuple[int, ...] | None

    @property
    def planes(self) -> str:
        """The format of planes of 16 bits."""
        return f"yuv{self.sampling}p16le"

    @property
    def matrix_of_colors(self) -> int:
        """The matrix of luma and chroma, by swscale's number."""
        named = self.tags["colorspace"]
        return _SWSCALE.get(_usual_matrix(self.height) if named == _UNKNOWN else named, named)


class Source:
    """A video that is open. Use it in ``with``.

    Parameters
    ----------
    path : path
        The file.
    max_pixels : int
        Larger frames are refused before they are decoded.

    Raises
    ------
    PhotoFormatError
        If it is no video that can be read, is HDR or interlaced, or has no frames; also while it is read.
    PhotoTooLargeError
        If its frames have more pixels.
    """

    def __init__(self, path: str | os.PathLike[str], max_pixels: int) -> None:
        self._av = load_av()
        self.path = os.fspath(path)
        self.damaged = 0
        try:
            # Only files: a playlist may name others, and addresses.
            self.container = self._av.open(self.path, options={"protocol_whitelist": "file"}, metadata_errors="replace")
        except self._av.FileNotFoundError:
            raise PhotoFormatError(f"{self.path}: does not exist; check the path") from None
        except (self._av.FFmpegError, ValueError, OSError) as error:
            raise PhotoFormatError(f"{self.path}: {_DAMAGED} ({_reason(error)})") from None
        try:
            self.stream = self._first()
            self._prepare(max_pixels)
        except BaseException:
            self.container.close()
            raise

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    def _first(self) -> Any:
        pictures = self._av.stream.Disposition.attached_pic
        for stream in self.container.streams.video:
            if not stream.disposition & pictures and stream.codec_context is not None:
                return stream
        raise PhotoFormatError(f"{self.path}: has no video in it that can be decoded; give another file")

    def _prepare(self, max_pixels: int) -> None:
        context = self.stream.codec_context
        width, height = context.width, context.height
        if width < 1 or height < 1 or context.pix_fmt is None:
            raise PhotoFormatError(f"{self.path}: {_DAMAGED}")
        if width * height > max_pixels:
            raise PhotoTooLargeError(
                f"{self.path}: has frames of {width} x {height} px, more than max_pixels = {max_pixels}; if you trust the "
                f"file, raise it to `max_pixels={width * height}`"
            )
        if context.color_trc in _HDR:
            raise PhotoFormatError(
                f"{self.path}: is HDR video ({_HDR[context.color_trc]}), which is not enhanced; convert it to SDR first"
            )
        context.thread_type = "AUTO"
        context.options = {
            "max_pixels": str(2 * (width + 256) * (height + 256))
        }  # also of what comes later in the stream

    @property
    def time_base(self) -> Fraction:
        """Seconds of a tick of the time stamps."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average."""
        return self.stream.average_rate or self.stream.guessed_rate or Fraction(25)

    @property
    def has_opacity(self) -> bool:
        """Whether its frames have a channel of opacity, which is not read."""
        return any(one.is_alpha for one in self.stream.codec_context.format.components)

    @property
    def expected(self) -> int:
        """How many frames there should be; 0 if unknown."""
        if self.stream.frames:
            return int(self.stream.frames)
        duration = self.container.duration
        return int(duration / 1e6 * float(self.rate)) if duration else 0

    def packets(self) -> Iterator[Any]:
        """Yield the packets of all streams, in the order of the file; at last an empty one of the video."""
        try:
            for packet in self.container.demux():
                if packet.dts is not None or packet.stream is self.stream:
                    yield packet
        except (self._av.FFmpegError, ValueError):
            self.damaged += 1  # the rest of the file

    def decoded(self, packet: Any) -> list[Any]:
        """Return the frames that a packet of the video completes; none if it is damaged, which is counted."""
        try:
            frames = packet.decode()
        except (self._av.FFmpegError, ValueError):
            self.damaged += 1
            return []
        return [self._checked(frame) for frame in frames]

    def frames(self) -> Iterator[Any]:
        """Yield all frames of the video."""
        for packet in self.packets():
            if packet.stream is self.stream:
                yield from self.decoded(packet)

    def _checked(self, frame: Any) -> Any:
        if frame.interlaced_frame:
            raise PhotoFormatError(f"{self.path}: is interlaced, which is not enhanced; deinterlace it first")
        return frame

    def look_of(self, frame: Any) -> Look:
        """Return what an encoder has to know, from the first frame."""
        name = frame.format.name
        context = self.stream.codec_context
        sampling = next((one for one in ("422", "444") if one in name), "420")
        if name.startswith(("gbr", "rgb", "bgr")) or frame.width % 2 or (frame.height % 2 and sampling == "420"):
            sampling = "444"
        full = frame.color_range == _FULL or name.startswith(("yuvj", "gbr", "rgb", "bgr"))
        tags = {
            "color_range": _FULL if full else _LIMITED,
            "color_primaries": frame.color_primaries,
            "color_trc": frame.color_trc,
            "colorspace": frame.colorspace
            or _usual_matrix(frame.height),  # 0 is RGB, which is written as luma and chroma
        }
        return Look(
            context.width, context.height, frame.format.components[0].bits, sampling, tags, _matrix_of(self._av, frame)
        )


def _usual_matrix(height: int) -> int:
    """Return the matrix that players take where none is named, by FFmpeg's number: BT.709, or BT.601 of small pictures."""
    return 1 if height >= 720 else 6


def _matrix_of(av: Any, frame: Any) -> tuple[int, ...] | None:
    kind = av.sidedata.sidedata.Type.DISPLAYMATRIX
    if kind not in [one.type for one in frame.side_data]:
        return None
    return tuple(np.frombuffer(bytes(frame.side_data[kind]), "<i4")[:9].tolist())


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)
