"""A video file that is written: one stream encoded anew, the others packet by packet as they are."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, BinaryIO

from diptych.core.defaults import QUALITY
from diptych.core.errors import PhotoError
from diptych.video.names import load_av
from diptych.video.source import Look, Source

_MP4 = ("mp4", "mov")


class Sink:
    """A video that is being written. Use it in ``with``; it is complete when that ends without an error.

    Parameters
    ----------
    stream : binary stream
        Where the file goes; it can be written and searched.
    path : path
        What it will be called, for messages.
    container : str
        FFmpeg's name of the container.
    source : Source
        Whose other streams, chapters and titles go along.

    Attributes
    ----------
    left_out : list of str
        Streams that the container cannot hold.
    """

    def __init__(self, stream: BinaryIO, path: str | os.PathLike[str], container: str, source: Source) -> None:
        self._av = load_av()
        self._path, self._container, self._source = os.fspath(path), container, source
        # In MP4 the start of a stream is written in ticks of the whole file, which are 1 ms if nothing else is said.
        exact = {"movie_timescale": str(min(source.time_base.denominator, 1_000_000))} if container in _MP4 else {}
        self._output = self._av.open(stream, "w", format=container, options=exact)
        self._copies: dict[int, Any] = {}
        self.left_out: list[str] = []
        self.video: Any = None

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._output.close()
        except Exception:
            if error is None:
                raise

    def begin(self, look: Look | None, size: tuple[int, int], quality: int) -> None:
        """Make the streams: the video encoded anew, or as it is if `look` is None, and all others as they are.

        Parameters
        ----------
        look : Look or None
            Of the frames.
        size : tuple of int
            Width and height of the result in px.
        quality : int
            1 to 100.
        """
        source = self._source
        for stream in source.container.streams:
            if stream is source.stream and look is not None:
                self.video = self._encoder(look, size, quality)
                continue
            copy = self._copy_of(stream)
            if copy is not None:
                _describe(copy, stream)
                self._copies[stream.index] = copy
        self._output.metadata.update(_titles(source.container.metadata))
        self._output.set_chapters(source.container.chapters())

    def _copy_of(self, stream: Any) -> Any:
        """Return a new stream for the packets of another; None if there cannot be one, which is noted."""
        try:
            if stream.type != "data":  # of which no more is known than that players do not show it
                return self._output.add_stream_from_template(stream, opaque=True)
        except (ValueError, self._av.FFmpegError):
            pass
        if stream.type != "data" or not self._source.container.chapters():  # in MP4 a stream has the titles of chapters
            name = getattr(stream.codec_context, "name", None) or stream.metadata.get("handler_name") or stream.type
            self.left_out.append(f"{self._container} cannot hold the stream {stream.index} ({name}), which is left out")
        return None

    def _encoder(self, look: Look, size: tuple[int, int], quality: int) -> Any:
        codec, options = _codec(self._container, look, quality)
        stream = self._output.add_stream(codec, rate=self._source.rate, options=options)
        context = stream.codec_context
        context.width, context.height = size
        context.pix_fmt = pix_fmt(look)
        context.time_base = self._source.time_base
        if self._source.stream.sample_aspect_ratio is not None:
            context.sample_aspect_ratio = self._source.stream.sample_aspect_ratio
        for name, value in look.tags.items():
            setattr(context, name, value)
        if codec == "libx265" and self._container in _MP4:
            context.codec_tag = "hvc1"  # the one that all players know
        if look.matrix is not None:
            stream.set_display_matrix(look.matrix)
        _describe(stream, self._source.stream)
        return stream

    def encode(self, frame: Any | None) -> None:
        """Encode a frame; None for what is still under way."""
        self._output.mux(self.video.encode(frame))

    def copy(self, packet: Any) -> None:
        """Write a packet of the source as it is, if its stream has a place."""
        copy = self._copies.get(packet.stream_index)
        if copy is not None and packet.dts is not None:
            packet.stream = copy
            self._output.mux(packet)


def pix_fmt(look: Look) -> str:
    """Return the format of the frames that are encoded."""
    return f"yuv{look.sampling}p" + ("10le" if look.depth > 8 else "")


def _codec(container: str, look: Look, quality: int) -> tuple[str, dict[str, str]]:
    """Return the encoder and its options: H.264, HEVC for 10 bits; in WebM VP9, or AV1."""
    factor = min(max(18 + round(0.3 * (QUALITY - quality)), 10), 45)
    if container == "webm" and look.depth == 8:
        speed = {"deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
        return "libvpx-vp9", {"crf": str(factor * 63 // 51 + 6), "b": "0", **speed}
    if container == "webm":
        if look.sampling != "420":
            raise PhotoError("WebM holds 10 bits only with chroma in 4:2:0; write an .mkv")
        return "libsvtav1", {"crf": str(factor * 63 // 51 + 6), "preset": "10"}
    options = {
        "crf": str(factor),
        "preset": "veryfast",
        "bf": "0",
    }  # frames of type B come out lighter: they would flicker
    if look.depth == 8:
        return "libx264", options
    return "libx265", options | {"x265-params": "log-level=none"}


def _describe(stream: Any, like: Any) -> None:
    stream.metadata.update(_titles(like.metadata))
    if like.disposition is not None:
        stream.disposition = like.disposition


def _titles(metadata: dict[str, str]) -> dict[str, str]:
    """Return what a person has written, without what a muxer writes of itself."""
    own = ("encoder", "major_brand", "minor_version", "compatible_brands", "vendor_id", "duration")
    return {key: value for key, value in metadata.items() if key.lower() not in own}
