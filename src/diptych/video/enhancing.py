"""`enhance_video`: a video through one enhancer, in two passes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO

from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.enhancer import Enhancer
from diptych.core.errors import PhotoError
from diptych.core.parallel import threads
from diptych.photo import atomic_write
from diptych.photo.atomic import check_target
from diptych.runtime import DefaultEnhancer
from diptych.video.names import container_of, load_av
from diptych.video.pixels import Pixels
from diptych.video.sink import Sink, pix_fmt
from diptych.video.source import Source
from diptych.video.steadying import Steadying, Timed
from diptych.video.survey import Clock, Survey, survey

Progress = Callable[[int, int], object]

_AHEAD = 4  # frames under way besides those that a thread works on


@dataclass(frozen=True)
class VideoReport:
    """What became of a video.

    Attributes
    ----------
    frames, scenes : int
        How many it has.
    notes : tuple of str
        What was left out or tolerated, and whether nothing was to be done.
    """

    frames: int
    scenes: int
    notes: tuple[str, ...] = ()


def enhance_video(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    enhancer: Enhancer | None = None,
    *,
    steady: bool = True,
    overwrite: bool = False,
    quality: int = QUALITY,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> VideoReport:
    """Enhance a video. Sound, subtitles, chapters, time stamps, rotation and colour tags are kept; the file appears whole.

    The first pass finds the cuts and plans twice a second; within a scene the numbers of the plans are smoothed over time, so
    that nothing flickers. The second pass does it. A video that calls for nothing is copied as it is.

    Parameters
    ----------
    source, target : path
        The video, and the result: ``.mp4``, ``.m4v``, ``.mov``, ``.mkv`` or ``.webm``.
    enhancer : Enhancer, optional
        By default a `DefaultEnhancer` of the profile fast. What does not plan is applied to each frame as it is.
    steady : bool
        Whether noise is averaged over time where nothing moves; only in scenes in which something is done.
    overwrite : bool
        Replace an existing file.
    quality : int
        1 to 100, of the encoder.
    max_pixels : int
        Frames with more are refused.
    progress : function, optional
        Called as ``progress(done, total)`` after each frame of either pass; what it raises ends the work.

    Returns
    -------
    VideoReport
        How many frames and scenes, and what was left out.

    Raises
    ------
    MissingExtraError
        If PyAV is not installed: ``pip install 'diptych[video]'``.
    PhotoError
        If the file cannot be read or written.

    Notes
    -----
    FFmpeg's decoders are written in C, and a hostile file may crash them: `enhance_apart` does the same in another process.

    Examples
    --------
    ``enhance_video("clip.mp4", "bright.mp4").frames``
    """
    check_target(target, overwrite=overwrite)
    container = container_of(target)
    av = load_av()
    chosen = DefaultEnhancer(profile="fast") if enhancer is None else enhancer
    counter = _Counter(progress)
    with Source(source, max_pixels) as opened:
        counter.total = 2 * opened.expected
        found = survey(opened, chosen, counter.step)
    counter.total = 2 * found.frames
    notes: list[str] = []

    def content(stream: BinaryIO) -> None:
        with Source(source, max_pixels) as again, Sink(stream, target, container, again) as sink:
            work = _Work(again, sink, found, chosen, steady=steady)
            try:
                work.run(quality, counter.step)
            except av.FFmpegError as error:
                raise PhotoError(
                    f"{os.fspath(target)}: cannot be written ({error.strerror}); try another container"
                ) from None
            notes.extend(sink.left_out)
            if again.damaged:
                notes.append(f"{again.damaged} damaged pieces of the file were left out")
            if work.is_untouched:
                notes.append("calls for nothing; copied as it is")
            elif again.has_opacity:
                notes.append("has opacity, which is left out")

    atomic_write(target, content, overwrite=overwrite)
    return VideoReport(found.frames, len(found.scenes), tuple(notes))


class _Counter:
    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._done, self.total = progress, 0, 0

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, max(self.total, self._done))


class _Work:
    """The second pass: decode, steady, enhance on threads, encode in order."""

    def __init__(self, source: Source, sink: Sink, found: Survey, enhancer: Enhancer, *, steady: bool) -> None:
        self._source, self._sink, self._found, self._enhancer = source, sink, found, enhancer
        self._pixels, self._clock = Pixels(found.look), Clock(source)
        self._steadying = Steadying(self._pixels, wanted=steady)
        self._pix_fmt = pix_fmt(found.look)
        self.is_untouched = all(scene.is_untouched for scene in found.scenes)

    def run(self, quality: int, say: Callable[[], object]) -> None:
        """Write the result; `say` is called after each frame."""
        look = None if self.is_untouched else self._found.look
        self._sink.begin(look, self._found.size, quality)
        workers = threads()
        under_way: deque[Future[Any]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            try:
                for ready in self._ready(copied=look is None, say=say):
                    under_way.append(pool.submit(self._done, ready))
                    while len(under_way) > workers + _AHEAD:
                        self._sink.encode(under_way.popleft().result())
                while under_way:
                    self._sink.encode(under_way.popleft().result())
            finally:
                for one in under_way:
                    one.cancel()
        if look is not None:
            self._sink.encode(None)

    def _ready(self, *, copied: bool, say: Callable[[], object]) -> Iterator[Timed]:
        """Yield the frames to enhance, and copy what is not enhanced on the way."""
        for packet in self._source.packets():
            if packet.stream is not self._source.stream or copied:
                self._sink.copy(packet)
                continue
            for frame in self._source.decoded(packet):
                yield from self._steadying.add(self._timed(frame))
                say()
        yield from self._steadying.rest()

    def _timed(self, frame: Any) -> Timed:
        stamp = self._clock.stamp(frame)
        time = self._clock.seconds(stamp)
        return Timed(frame, self._found.scene_at(time), stamp, time)

    def _done(self, one: Timed) -> Any:
        image = self._pixels.image(one.frame)
        enhancer = self._enhancer if one.scene.plan is None else one.scene.plan.at(one.time)
        made = self._pixels.frame(enhancer(image), self._pix_fmt)
        made.pts, made.time_base = one.stamp, self._source.time_base
        return made
