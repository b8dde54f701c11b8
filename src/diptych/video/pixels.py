"""From frames to arrays and back, in 16 bits, by FFmpeg's swscale."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image
from diptych.video.names import load_av
from diptych.video.source import Look

_RGB = "rgb48le"
_FULL = 2


class Pixels:
    """Converts the frames of one video. Its methods may be called on several threads.

    Parameters
    ----------
    look : Look
        Of the frames.
    """

    def __init__(self, look: Look) -> None:
        self._av = load_av()
        self._look = look
        self._own = threading.local()
        self._flags = int(self._av.video.reformatter.Interpolation.BICUBIC) | int(
            self._av.video.reformatter.Interpolation.ACCURATE_RND
        )
        self._matrix = look.matrix_of_colors

    def planes(self, frame: Any) -> Any:
        """Return a frame as planes of 16 bits."""
        return self._converted(frame, self._look.planes, frame.color_range or self._range, self._range)

    def image(self, frame: Any) -> Image:
        """Return the pixels ``(H, W, 3)`` of a frame, uint16."""
        return self._converted(frame, _RGB, frame.color_range or self._range, _FULL).to_ndarray()

    def frame(self, image: Image, pix_fmt: str) -> Any:
        """Return the frame of pixels ``(H, W, 3)``, uint16."""
        new = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), _RGB)
        made = self._converted(new, pix_fmt, _FULL, self._range)
        for name, value in self._look.tags.items():
            setattr(made, name, value)
        return made

    def empty(self, like: Any) -> Any:
        """Return a frame of planes without content, with the colours of another."""
        made = self._av.VideoFrame(like.width, like.height, like.format.name)
        made.colorspace, made.color_range = like.colorspace, like.color_range
        return made

    @property
    def _range(self) -> int:
        return self._look.tags["color_range"]

    def _converted(self, frame: Any, form: str, start: int, end: int) -> Any:
        if not hasattr(self._own, "reformatter"):
            self._own.reformatter = self._av.video.reformatter.VideoReformatter()
        return self._own.reformatter.reformat(
            frame,
            width=self._look.width,
            height=self._look.height,
            format=form,
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            interpolation=self._flags,
            src_color_range=start,
            dst_color_range=end,
            threads=1,
        )


def plane_of(frame: Any, index: int) -> NDArray[np.uint16]:
    """Return a plane of 16 bits ``(H, W)``, with the columns that fill its lines up; it shares the frame's memory."""
    plane = frame.planes[index]
    return np.frombuffer(plane, np.uint16).reshape(plane.height, plane.line_size // 2)
