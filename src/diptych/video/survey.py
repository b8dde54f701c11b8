"""The first pass over a video: its scenes, their plans and their noise."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError, PhotoFormatError
from diptych.core.image import Image
from diptych.recipes import Recipe
from diptych.video.cuts import SHORTEST, Cuts, thumbnail
from diptych.video.pixels import Pixels, plane_of
from diptych.video.smoothing import ScenePlan
from diptych.video.source import Look, Source
from diptych.video.steady import Noise, measure

EVERY = 0.5
"""Seconds from one key frame to the next."""

_LUMA_STEP = 4  # rows and columns of luma that the thumbnails look at
_QUIET = 25.0  # percentile of the key frames that the noise of a scene is read from: where least moves


class Plans(Protocol):
    """Whatever plans: a planner, or a recipe whose numbers are chosen for each image."""

    def plan(self, image: Image, /) -> Recipe:
        """Return the recipe for an image."""
        ...


@dataclass
class _Key:
    index: int
    time: float
    brightness: float
    recipe: Recipe
    noise: list[Noise] | None


@dataclass(frozen=True)
class Scene:
    """What lies between two cuts: when it begins, in seconds; its plan, or None where nothing plans; its noise by planes."""

    start: float
    plan: ScenePlan | None
    noise: tuple[Noise, ...]

    @property
    def is_untouched(self) -> bool:
        """Whether nothing is done."""
        return self.plan is not None and self.plan.is_empty


@dataclass(frozen=True)
class Survey:
    """What the first pass has found: the scenes, how many frames, how they look, and the size of the result in px."""

    scenes: list[Scene]
    frames: int
    look: Look
    size: tuple[int, int]
    _starts: list[float] = field(default_factory=list)

    def scene_at(self, time: float) -> Scene:
        """Return the scene of a frame by its time in seconds."""
        starts = [one.start for one in self.scenes]
        return self.scenes[max(bisect.bisect_right(starts, time + 1e-6) - 1, 0)]


class Clock:
    """Gives every frame its time stamp: its own, or where it has none, or one that goes back, the next possible."""

    def __init__(self, source: Source) -> None:
        self._base = source.time_base
        self._step = max(round(1 / (source.rate * self._base)), 1)
        self._last: int | None = None

    def stamp(self, frame: Any) -> int:
        """Return the time stamp in ticks."""
        stamp = frame.pts if frame.pts is not None else frame.dts
        if self._last is not None and (stamp is None or stamp <= self._last):
            stamp = self._last + (self._step if stamp is None else 1)
        self._last = int(stamp or 0)
        return self._last

    def seconds(self, stamp: int) -> float:
        """Return a time stamp in seconds."""
        return float(stamp * self._base)


def survey(source: Source, enhancer: Enhancer, say: Callable[[], object]) -> Survey:
    """Look at all frames and plan for key frames; `say` is called after each frame.

    Raises
    ------
    PhotoFormatError
        If there are no frames.
    ParameterError
        If the enhancer changes the number of channels.
    """
    cuts = Cuts()
    keys: list[_Key] = []
    times: list[float] = []
    plans: Plans | None = enhancer if hasattr(enhancer, "plan") else None  # type: ignore[assignment]
    look: Look | None = None
    size = (0, 0)
    for index, (time, frame, before) in enumerate(_timed(source)):
        if look is None:
            look = source.look_of(frame)
            pixels = Pixels(look)
            size = _size_of_result(pixels.image(frame), enhancer)
        planes = pixels.planes(frame)
        may_begin = cuts.add(thumbnail(plane_of(planes, 0)[::_LUMA_STEP, ::_LUMA_STEP].astype(np.float32) / 256))
        times.append(time)
        if plans is not None and (not keys or may_begin or time - keys[-1].time >= EVERY):
            noise = None if before is None or may_begin else _noise(planes, pixels.planes(before))
            image = pixels.image(frame)
            keys.append(_Key(index, time, float(image[::8, ::8].mean()) / 65535, plans.plan(image), noise))
        say()
    if look is None:
        raise PhotoFormatError(f"{source.path}: has no frames that can be decoded; get a whole copy")
    if plans is None:
        return Survey([Scene(times[0], None, ())], len(times), look, size)
    return Survey([_scene(times, *one) for one in _parted(cuts.found(), keys, times)], len(times), look, size)


def _timed(source: Source) -> Iterator[tuple[float, Any, Any]]:
    """Yield the time of each frame in seconds, the frame, and the one before."""
    clock, before = Clock(source), None
    for frame in source.frames():
        yield clock.seconds(clock.stamp(frame)), frame, before
        before = frame


def _size_of_result(image: Image, enhancer: Enhancer) -> tuple[int, int]:
    plan = getattr(enhancer, "plan", None)
    result = (enhancer if plan is None else plan(image))(image)
    if result.ndim != 3 or result.shape[2] != 3:
        raise ParameterError("a video keeps its three channels, which this enhancer changes; take another")
    return result.shape[1], result.shape[0]


def _noise(new: Any, old: Any) -> list[Noise]:
    return [measure(plane_of(new, index), plane_of(old, index)) for index in range(3)]


def _parted(cuts: list[int], keys: list[_Key], times: list[float]) -> list[tuple[int, list[_Key]]]:
    """Return the first frame of each scene, and its key frames."""
    starts = [0]
    for cut in cuts:
        if times[cut] - times[starts[-1]] < SHORTEST and len(starts) > 1:
            starts[-1] = cut  # what is that short does not get a plan of its own
        else:
            starts.append(cut)
    ends = [*starts[1:], len(times)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        own = [key for key in keys if start <= key.index < end]
        found.append((start, own or [min(keys, key=lambda key: abs(key.index - start))]))
    return found


def _scene(times: list[float], start: int, keys: list[_Key]) -> Scene:
    plan = ScenePlan([key.time for key in keys], [key.brightness for key in keys], [key.recipe for key in keys])
    measured = [key.noise for key in keys if key.noise is not None]
    noise = tuple(
        Noise(
            float(np.percentile([one[plane].pixel for one in measured], _QUIET)),
            float(np.percentile([one[plane].block for one in measured], _QUIET)),
        )
        for plane in range(3 if measured else 0)
    )
    return Scene(times[start], plan, noise or (Noise(0, 0),) * 3)
