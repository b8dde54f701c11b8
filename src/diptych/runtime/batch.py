"""Many pictures through one enhancer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.errors import DiptychError, ParameterError
from diptych.runtime.outputs import Job

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer

Existing = Literal["refuse", "overwrite", "skip"]
_EXISTS = "the output exists already"


@dataclass(frozen=True)
class Result:
    """What became of one picture."""

    input: str
    output: str
    status: Literal["done", "planned", "skipped", "failed"]
    reason: str
    seconds: float
    notes: tuple[str, ...] = ()
    """What the reader tolerated or left out."""
    plan: list[dict[str, Any]] | None = None
    """The steps that were done, if they were planned."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


def unreadable(path: Path) -> Result:
    """Return the failure of a picture or video of a kind that cannot be read."""
    from diptych.photo import unreadable_reason

    return Result(str(path), "", "failed", f"{path}: {unreadable_reason(path)}", 0.0)


@dataclass(frozen=True)
class Batch:
    """An enhancer and the conditions under which it runs on many pictures."""

    enhancer: Enhancer
    existing: Existing = "refuse"
    max_pixels: int = MAX_PIXELS
    quality: int = QUALITY
    workers: int = 1

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Do the jobs on `workers` threads and yield each result as it comes; one failure does not stop the others."""
        stop = threading.Event()
        pool = ThreadPoolExecutor(self.workers)
        try:
            yield from _in_flight(pool, lambda job: self._guarded(job, stop), jobs, limit=2 * self.workers)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def rehearse(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Tell of each job what would become of it, by the start of its input and by what exists; nothing is written."""
        for job in jobs:
            result = Result(str(job.input), str(job.output), "planned", "", 0.0)
            try:
                if job.problem:
                    raise ParameterError(job.problem)
                if self.existing == "skip" and job.output.exists():
                    result = replace(result, status="skipped", reason=_EXISTS)
                else:
                    self._check(job)
            except DiptychError as error:
                result = replace(result, status="failed", reason=str(error))
            yield result

    def _check(self, job: Job) -> None:
        from diptych.photo import check_target, identify
        from diptych.photo.frames import check_frames

        identify(job.input)
        check_frames(job.input, job.output, max_pixels=self.max_pixels)
        if job.output.parent.is_dir():
            check_target(job.output, overwrite=self.existing == "overwrite")

    def _guarded(self, job: Job, stop: threading.Event) -> Result:
        started = time.perf_counter()
        status: Literal["done", "skipped", "failed"] = "done"
        reason = ""
        notes: tuple[str, ...] = ()
        plan: list[dict[str, Any]] | None = None
        try:
            if job.problem:
                raise ParameterError(job.problem)
            if stop.is_set():
                status, reason = "skipped", "interrupted"
            elif self.existing == "skip" and job.output.exists():
                status, reason = "skipped", _EXISTS
            else:
                notes, plan = self._do(job)
        except DiptychError as error:
            # An enhancer does not know which file its image is of.
            named = str(error).startswith((str(job.input), str(job.output)))
            status, reason = "failed", str(error) if named else f"{job.input}: {error}"
        except MemoryError:
            status, reason = "failed", f"{job.input}: not enough memory; run with `jobs=1`, or reduce the picture"
        except OSError as error:
            from diptych.photo import write_error

            status, reason = "failed", str(write_error(job.output, error))
        except Exception as error:  # a bug must not take the other pictures with it
            status, reason = "failed", f"{job.input}: unexpected {type(error).__name__}: {error}; please report it"
        seconds = round(time.perf_counter() - started, 3)
        return Result(str(job.input), str(job.output), status, reason, seconds, notes, plan)

    def _do(self, job: Job) -> tuple[tuple[str, ...], list[dict[str, Any]] | None]:
        from diptych.core.errors import PhotoExistsError
        from diptych.photo import read_frames, write_frames
        from diptych.photo.writer import losses
        from diptych.runtime.frames import enhance_frames

        if self.existing == "refuse" and job.output.exists():
            raise PhotoExistsError(f"{job.output}: exists already; use `existing='overwrite'` or `existing='skip'`")
        frames = read_frames(job.input, max_pixels=self.max_pixels)
        frames, recipes = enhance_frames(frames, self.enhancer, job.brighter)
        job.output.parent.mkdir(parents=True, exist_ok=True)
        write_frames(job.output, frames, overwrite=self.existing == "overwrite", quality=self.quality)
        notes = [note for photo in frames.photos for note in (*photo.notes, *losses(job.output, photo))]
        planned = [step.as_dict() for recipe in recipes for step in recipe.steps] if recipes else None
        return tuple(dict.fromkeys(notes)), planned


def _in_flight(
    pool: ThreadPoolExecutor, work: Callable[[Job], Result], jobs: Sequence[Job], limit: int
) -> Iterator[Result]:
    # Never more than `limit` pictures are under way, however many there are.
    waiting: set[Future[Result]] = set()
    for job in jobs:
        waiting.add(pool.submit(work, job))
        if len(waiting) >= limit:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
