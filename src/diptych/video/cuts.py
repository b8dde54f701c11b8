"""Where a video cuts from one scene to another."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

Thumbnail = NDArray[np.float32]

_ROWS, _COLUMNS = 18, 32
_DARK = 24.0  # of 255: what lies much lower is black, and as good as alike
_LEAST = 0.2  # stops of brightness by which the blocks of the thumbnail change on average
_TIMES = 4.0  # and how many times what they change around it: no fade or pan
_AROUND = 8  # frames
_FLASH = 2  # frames, after which the scene is there again
SHORTEST = 0.3
"""Seconds; a scene that is shorter belongs to the next one."""


def thumbnail(luma: NDArray[np.floating[Any]]) -> Thumbnail:
    """Return the brightness of blocks in stops, ``(18, 32)``, of luma ``(H, W)`` from 0 to 255.

    Examples
    --------
    >>> thumbnail(np.full((72, 64), 40, np.float32)).shape
    (18, 32)
    """
    height, width = luma.shape
    if height < _ROWS or width < _COLUMNS:
        luma = np.pad(luma, ((0, max(0, _ROWS - height)), (0, max(0, _COLUMNS - width))), mode="edge")
        height, width = luma.shape
    rows = np.add.reduceat(luma, np.arange(_ROWS) * height // _ROWS, axis=0)
    blocks = np.add.reduceat(rows, np.arange(_COLUMNS) * width // _COLUMNS, axis=1)
    sizes = np.outer(
        np.diff(np.arange(_ROWS + 1) * height // _ROWS), np.diff(np.arange(_COLUMNS + 1) * width // _COLUMNS)
    )
    return np.log2(blocks / sizes + _DARK).astype(np.float32)


class Cuts:
    """Takes the thumbnails of all frames in turn, and then tells where the cuts are.

    A cut is a change that is large, much larger than those around it, and lasting: neither a fade, nor a pan, nor a flash.

    Examples
    --------
    >>> cuts = Cuts()
    >>> dark, light = np.zeros((18, 32), np.float32), np.ones((18, 32), np.float32)
    >>> seen = [cuts.add(one) for one in [dark] * 10 + [light] * 10]
    >>> cuts.found()
    [10]
    """

    def __init__(self) -> None:
        self._last: deque[Thumbnail] = deque(maxlen=2 * _FLASH + 2)
        self._changes: list[float] = []
        self._lasting: list[float] = []

    def add(self, one: Thumbnail) -> bool:
        """Take the next frame, and return whether it may be the first of a scene."""
        self._last.append(one)
        change = _apart(self._last[-2], one) if len(self._last) > 1 else 0.0
        before = float(np.median(self._changes[-_AROUND:])) if self._changes else 0.0
        self._changes.append(change)
        self._lasting.append(change)
        self._look_back()
        return change > _LEAST and change > _TIMES * before

    def _look_back(self) -> None:
        """Compare what lies on both sides of a change, now that the frames after it are known."""
        index = len(self._lasting) - 1 - _FLASH
        if index < 1 or self._lasting[index] <= _LEAST:
            return
        last = list(self._last)
        before = last[-_FLASH - 2]
        lasting = min(self._lasting[index], _apart(before, last[-1]))
        if len(last) == 2 * _FLASH + 2:
            lasting = min(lasting, _apart(last[0], last[-_FLASH - 1]))
        self._lasting[index] = lasting

    def found(self) -> list[int]:
        """Return the numbers of the frames that begin a scene, without the first."""
        return [index for index, change in enumerate(self._lasting) if change > _LEAST and self._stands_out(index)]

    def _stands_out(self, index: int) -> bool:
        around = self._changes[max(0, index - _AROUND) : index] + self._changes[index + 1 : index + 1 + _AROUND]
        return not around or self._lasting[index] > _TIMES * float(np.median(around))


def _apart(one: Thumbnail, other: Thumbnail) -> float:
    return float(np.abs(one - other).mean())
