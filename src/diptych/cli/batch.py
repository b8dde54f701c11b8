"""Many pictures through one enhancer: which output belongs to which input, and the work itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from diptych.cli.arguments import in_options
from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.errors import DiptychError, ParameterError

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer
    from diptych.photo import FoundPhoto

Existing = Literal["refuse", "overwrite", "skip"]

_VARIANTS = (".darker", ".brighter")


@dataclass(frozen=True)
class Job:
    """One picture to do; `brighter` says how many times the spread of the plan brighter, or darker."""

    input: Path
    output: Path
    brighter: int = 0


@dataclass(frozen=True)
class Result:
    """What became of one picture."""

    input: str
    output: str
    status: Literal["done", "skipped", "failed"]
    reason: str
    seconds: float
    notes: tuple[str, ...] = ()
    """What the reader tolerated or left out."""
    plan: list[dict[str, Any]] | None = None
    """The steps that were done, if they were planned."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


def plan_jobs(found: Sequence[FoundPhoto], output: str | None, *, variants: bool = False) -> list[Job]:
    """Give each input its output, or with `variants` three; refuse the call if two inputs would write the same file.

    Without `output` a picture is written beside its input as ``NAME.enhanced.SUFFIX``. `output` is a file if it has the
    suffix of a picture, is no folder and there is one input; otherwise a folder, in which the folders of the input are
    kept. The darker and the brighter variant of ``NAME.SUFFIX`` are ``NAME.darker.SUFFIX`` and ``NAME.brighter.SUFFIX``.
    """
    if output is None:
        jobs = [Job(one.path, _beside(one.path)) for one in found]
    elif _is_file(output, len(found)):
        if len(found) > 1:
            names = ", ".join(str(one.path) for one in found[:3]) + (", ..." if len(found) > 3 else "")
            raise ParameterError(f"-o {output} is one file and there are {len(found)} inputs ({names}); give a folder")
        jobs = [Job(one.path, Path(output)) for one in found]
    else:
        jobs = [Job(one.path, Path(output) / one.relative) for one in found]
    if variants:
        jobs = [Job(one.input, path, times) for one in jobs for times, path in _variants(one.output)]
    _refuse_collisions(jobs)
    return jobs


def _variants(path: Path) -> list[tuple[int, Path]]:
    darker, brighter = (path.with_name(f"{path.stem}{name}{path.suffix}") for name in _VARIANTS)
    return [(-1, darker), (0, path), (1, brighter)]


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.enhanced{path.suffix}")


def is_output(path: Path, output: str | None) -> bool:
    """Tell whether something that lies in an input folder is an output of an earlier run: never an input again."""
    if path.stem.removesuffix(_VARIANTS[0]).removesuffix(_VARIANTS[1]).endswith(".enhanced"):
        return True
    outputs = [] if output is None else [one for _, one in _variants(Path(output))]
    return any(path.name == one.name and path.resolve() == one.resolve() for one in outputs)


def counted_others(count: int) -> str:
    """Return the line that says how many files are neither pictures nor videos.

    >>> counted_others(2)
    '2 other files left out'
    """
    return f"{count:,} other file{'s' * (count > 1)} left out"


def unreadable(path: Path) -> Result:
    """Return the failure of a picture or video of a kind that cannot be read."""
    from diptych.photo import unreadable_reason

    return Result(str(path), "", "failed", f"{path}: {unreadable_reason(path)}", 0.0)


def _is_file(output: str, inputs: int) -> bool:
    from diptych.photo import readable_suffixes

    path, known = Path(output), readable_suffixes()
    if path.is_dir() or output.endswith(("/", "\\")):
        return False
    if inputs == 1 and path.suffix and path.suffix.lower() not in known:
        raise ParameterError(
            f"-o {output}: '{path.suffix}' cannot be written; give one of {', '.join(sorted(known))}, or a folder as {output}/"
        )
    return path.suffix.lower() in known


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    inputs = {job.input.resolve() for job in jobs}
    seen: dict[Path, Path] = {}
    for job in jobs:
        target = job.output.resolve()
        if target in inputs:
            raise ParameterError(f"{job.output} is an input as well; choose another output with -o")
        if target in seen:
            raise ParameterError(f"{seen[target]} and {job.input} both go to {job.output}; run them apart")
        seen[target] = job.input


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

    def _guarded(self, job: Job, stop: threading.Event) -> Result:
        started = time.perf_counter()
        status: Literal["done", "skipped", "failed"] = "done"
        reason = ""
        notes: tuple[str, ...] = ()
        plan: list[dict[str, Any]] | None = None
        try:
            if stop.is_set():
                status, reason = "skipped", "interrupted"
            elif self.existing == "skip" and job.output.exists():
                status, reason = "skipped", "the output exists already"
            else:
                notes, plan = self._do(job)
        except DiptychError as error:
            # An enhancer does not know which file its image is of.
            named = str(error).startswith((str(job.input), str(job.output)))
            status, reason = "failed", str(error) if named else f"{job.input}: {error}"
        except MemoryError:
            status, reason = "failed", f"{job.input}: not enough memory; run with --jobs 1, or reduce the picture"
        except OSError as error:
            from diptych.photo import write_error

            status, reason = "failed", str(write_error(job.output, error))
        except Exception as error:  # a bug must not take the other pictures with it
            status, reason = "failed", f"{job.input}: unexpected {type(error).__name__}: {error}; please report it"
        reason = in_options(reason)
        seconds = round(time.perf_counter() - started, 3)
        return Result(str(job.input), str(job.output), status, reason, seconds, notes, plan)

    def _do(self, job: Job) -> tuple[tuple[str, ...], list[dict[str, Any]] | None]:
        from diptych.core.errors import PhotoExistsError
        from diptych.photo import read, write
        from diptych.photo.writer import reduction
        from diptych.recipes import Planner
        from diptych.runtime import enhance, plan
        from diptych.runtime.enhancing import brighter

        if self.existing == "refuse" and job.output.exists():
            raise PhotoExistsError(f"{job.output}: exists already; use `existing='overwrite'` or `existing='skip'`")
        photo, enhancer = read(job.input, max_pixels=self.max_pixels), self.enhancer
        planned: list[dict[str, Any]] | None = None
        if isinstance(enhancer, Planner):
            recipe = plan(photo, brighter(photo, enhancer, job.brighter))
            enhancer, planned = recipe, [step.as_dict() for step in recipe.steps]
        photo = enhance(photo, enhancer)
        job.output.parent.mkdir(parents=True, exist_ok=True)
        write(job.output, photo, overwrite=self.existing == "overwrite", quality=self.quality)
        lost = reduction(job.output, photo.pixels.dtype, photo.bits)
        return (*photo.notes, *([lost] if lost else [])), planned


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
