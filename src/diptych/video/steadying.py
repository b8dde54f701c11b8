"""The frames of a video on their way from the decoder to the enhancer: their noise averaged over time, scene by scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from diptych.video.pixels import Pixels, plane_of
from diptych.video.steady import AHEAD, Steady
from diptych.video.survey import Scene


@dataclass(frozen=True)
class Timed:
    """A frame, its scene, and its time in ticks and in seconds."""

    frame: Any
    scene: Scene
    stamp: int
    time: float


class Steadying:
    """Takes frames in order, and yields them in order, a few of them later, with less noise where something is done.

    Parameters
    ----------
    pixels : Pixels
        Of the video.
    wanted : bool
        Whether anything is averaged.
    """

    def __init__(self, pixels: Pixels, *, wanted: bool) -> None:
        self._pixels, self._wanted = pixels, wanted
        self._scene: Scene | None = None
        self._means: list[Steady] = []
        self._waiting: list[Timed] = []

    def add(self, one: Timed) -> Iterator[Timed]:
        """Take the next frame, and yield those that are ready."""
        if one.scene is not self._scene:
            yield from self.rest()
            self._scene, self._means = one.scene, []
        if not self._wanted or one.scene.is_untouched or not one.scene.noise:
            yield one
        elif self._means:
            yield self._mixed(one)
        else:
            self._waiting.append(one)
            if len(self._waiting) == AHEAD:
                yield from self.rest()

    def rest(self) -> Iterator[Timed]:
        """Yield the frames that have been held back."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self._means = [Steady(one) for one in waiting[0].scene.noise]
        for one in reversed(waiting):
            planes = self._pixels.planes(one.frame)
            for index, mean in enumerate(self._means):
                mean.warm(plane_of(planes, index))
        while waiting:
            yield self._mixed(waiting.pop(0))

    def _mixed(self, one: Timed) -> Timed:
        planes = self._pixels.planes(one.frame)
        steadied = self._pixels.empty(planes)
        for index, mean in enumerate(self._means):
            mean.add(plane_of(planes, index), plane_of(steadied, index))
        return replace(one, frame=steadied)
