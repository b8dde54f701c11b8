"""A video in a process of its own: a damaged file may take down the decoder, and no more."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from diptych.core import errors
from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.errors import DiptychError, PhotoFormatError
from diptych.photo import sweep_temporary
from diptych.runtime import EnhancerChoice, resolve_enhancer
from diptych.video.enhancing import Progress, VideoReport, enhance_video

_PATIENCE = 20.0  # seconds for the process to leave no half file behind, before it is killed
_SELDOM = 0.2  # seconds between two messages on the progress


@dataclass(frozen=True)
class VideoJob:
    """One video: as the arguments of `enhance_video`, with the enhancer as an `EnhancerChoice`.

    Attributes
    ----------
    source, target : str
        The video, and the result.
    choice : EnhancerChoice
        Which enhancer is meant.
    steady, overwrite, quality, max_pixels
        As of `enhance_video`.
    """

    source: str
    target: str
    choice: EnhancerChoice = field(default_factory=lambda: EnhancerChoice(profile="fast"))
    steady: bool = True
    overwrite: bool = False
    quality: int = QUALITY
    max_pixels: int = MAX_PIXELS


def enhance_apart(job: VideoJob, *, progress: Progress | None = None) -> VideoReport:
    """Enhance a video in a process of its own, which ends with this call, or with the process that made it.

    Parameters
    ----------
    job : VideoJob
        What is to be done.
    progress : function, optional
        Called now and then as ``progress(done, total)``.

    Returns
    -------
    VideoReport
        As of `enhance_video`.

    Raises
    ------
    DiptychError
        As `enhance_video`; a `PhotoFormatError` if the decoder crashes.

    Examples
    --------
    ``enhance_apart(VideoJob("clip.mp4", "bright.mp4"))``
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, job))
    with _without_interrupts():
        process.start()
    theirs.close()
    try:
        return _answer(ours, job, progress)
    except EOFError:
        process.join()
        code = process.exitcode or 0
        reason = f"signal {-code}" if code < 0 else f"exit code {code}"
        sweep_temporary(os.path.dirname(os.path.realpath(job.target)))
        raise PhotoFormatError(
            f"{job.source}: its decoder has ended ({reason}); the file is damaged, or there is not enough memory"
        ) from None
    finally:
        ours.close()  # which the process takes as a call to end
        process.join(_PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
            sweep_temporary(os.path.dirname(os.path.realpath(job.target)))


def _answer(connection: Connection, job: VideoJob, progress: Progress | None) -> VideoReport:
    while True:
        message: tuple[Any, ...] = connection.recv()
        if message[0] == "progress":
            if progress is not None:
                progress(message[1], message[2])
        elif message[0] == "report":
            return VideoReport(*message[1:])
        elif message[0] == "memory":
            raise MemoryError
        else:
            kind = getattr(errors, message[1], None)
            if isinstance(kind, type) and issubclass(kind, DiptychError):
                raise kind(message[2])
            raise RuntimeError(f"{job.source}: unexpected {message[1]}: {message[2]}; please report it")


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, which the process that is started inherits: it ends when this one closes the connection."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _StoppedError(Exception):
    """The process that wanted the video is gone, or has been interrupted."""


def _child(connection: Connection, job: VideoJob) -> None:
    """Do the job and answer; give up when the other end is closed."""
    stop = threading.Event()
    threading.Thread(target=_watch, args=(connection, stop), daemon=True).start()
    told = [0.0]

    def tell(done: int, total: int) -> None:
        if stop.is_set():
            raise _StoppedError
        if time.monotonic() - told[0] >= _SELDOM:
            told[0] = time.monotonic()
            connection.send(("progress", done, total))

    with contextlib.suppress(_StoppedError, BrokenPipeError, ConnectionResetError):
        connection.send(_done(job, tell))


def _done(job: VideoJob, tell: Progress) -> tuple[Any, ...]:
    try:
        report = enhance_video(
            job.source,
            job.target,
            resolve_enhancer(job.choice),
            steady=job.steady,
            overwrite=job.overwrite,
            quality=job.quality,
            max_pixels=job.max_pixels,
            progress=tell,
        )
    except (_StoppedError, BrokenPipeError, ConnectionResetError):
        raise
    except MemoryError:
        return ("memory",)
    except Exception as error:  # told by the other process
        return ("error", type(error).__name__, str(error))
    return ("report", report.frames, report.scenes, report.notes)


def _watch(connection: Connection, stop: threading.Event) -> None:
    with contextlib.suppress(EOFError, OSError):
        connection.recv()
    stop.set()
    time.sleep(_PATIENCE)
    os._exit(1)  # whatever keeps it
