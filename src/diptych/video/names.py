"""Which files are videos, and which containers are written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from diptych.core.errors import MissingExtraError, PhotoFormatError
from diptych.photo.search import VIDEO_SUFFIXES

WRITTEN = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Suffixes that are written, and what FFmpeg calls their container."""


def is_video(path: str | os.PathLike[str]) -> bool:
    """Return whether a path has the suffix of a video that can be read, in either case.

    Parameters
    ----------
    path : path
        Any name; the file need not exist.

    Examples
    --------
    >>> is_video("clip.MP4"), is_video("photo.jpg")
    (True, False)
    """
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def output_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of the result: that of the input, or ``.mp4`` where its container is not written.

    Parameters
    ----------
    path : path
        The video that is read.

    Examples
    --------
    >>> output_suffix("clip.MOV"), output_suffix("clip.avi")
    ('.MOV', '.mp4')
    """
    suffix = Path(path).suffix
    return suffix if suffix.lower() in WRITTEN else ".mp4"


def container_of(path: str | os.PathLike[str]) -> str:
    """Return what FFmpeg calls the container of an output.

    Raises
    ------
    PhotoFormatError
        If videos are not written with this suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN:
        raise PhotoFormatError(f"{os.fspath(path)}: videos are written as {', '.join(WRITTEN)}; name the output so")
    return WRITTEN[suffix]


def load_av() -> Any:
    """Return PyAV.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import av
    except ImportError:
        raise MissingExtraError("videos need PyAV, which is not installed; pip install 'diptych[video]'") from None
    av.logging.set_level(None)
    return av
