"""Videos among the inputs of ``diptych enhance``: one after the other, each in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.cli.arguments import in_options
from diptych.cli.progress import note
from diptych.core.errors import DiptychError, ParameterError

if TYPE_CHECKING:
    from diptych.runtime import EnhancerChoice
    from diptych.runtime.batch import Batch, Existing, Result
    from diptych.runtime.outputs import Naming
    from diptych.video import VideoJob

_TOO_LITTLE = "not enough memory; close other programs, or reduce the video"


def parted(inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the inputs that name a video, and the others.

    >>> parted(["a.jpg", "clip.mp4"])
    (['clip.mp4'], ['a.jpg'])
    """
    from diptych.video.names import is_video

    videos = [one for one in inputs if is_video(one) and not Path(one).is_dir()]
    return videos, [one for one in inputs if one not in videos]


def refuse_options(inputs: Sequence[str], options: dict[str, bool]) -> None:
    """Refuse options that are not for videos, with why, if there is one among the inputs.

    Parameters
    ----------
    inputs : sequence of str
        What is to be enhanced.
    options : dict
        Options, and whether they are given.
    """
    reasons = {
        "--cluster": "is one job, whose scenes are planned before the first frame is done",
        "--large": "is read frame by frame anyway",
        "--variants": "is written once; give --brightness instead",
        "--format": "is named by -o, as NAME.mkv",
    }
    videos, _ = parted(inputs)
    for option, reason in reasons.items():
        if videos and options.get(option):
            raise ParameterError(f"{option}: the video {videos[0]} {reason}; leave it out")


def jobs_of(videos: Sequence[str], naming: Naming, others: int, choice: EnhancerChoice, batch: Batch) -> list[VideoJob]:
    """Return what is done with each video: by the profile fast unless something else is named.

    Parameters
    ----------
    videos : sequence of str
        The videos.
    naming : Naming
        Where results go.
    others : int
        How many other inputs there are.
    choice : EnhancerChoice
        Which enhancer is meant.
    batch : Batch
        The conditions.

    Raises
    ------
    ParameterError
        If several inputs would go to one file, or an output is an input.
    """
    if not videos:
        return []
    from diptych.video import VideoJob

    if choice.profile is None and choice.is_default and choice.wishes.denoise <= 0:
        choice = replace(choice, profile="fast")
    options: dict[str, Any] = {"overwrite": batch.existing == "overwrite", "quality": batch.quality}
    options |= {"max_pixels": batch.max_pixels, "steady": choice.wishes.denoise > -1 and choice.wishes.strength > 0}
    pairs = zip(videos, _targets(videos, naming, others), strict=True)
    return [VideoJob(source, target, choice, **options) for source, target in pairs]


def _targets(videos: Sequence[str], naming: Naming, others: int) -> list[str]:
    """Return where each video goes: beside itself, to the file that is named, or into a folder."""
    from diptych.video.names import container_of, is_video

    names = [Path(one) for one in videos]
    output = naming.output
    if output is not None and is_video(output) and not Path(output).is_dir():
        container_of(output)
        if len(videos) + others > 1:
            raise ParameterError(f"-o {output} is one file and there are {len(videos) + others} inputs; give a folder")
        found = [Path(output)]
    else:
        _check_folder(output)
        found = [_named(one, naming) for one in names]
    for index, one in enumerate(found):
        if one.resolve() in {path.resolve() for path in names}:
            raise ParameterError(f"{one} is an input as well; choose another output with -o")
        if one in found[:index]:
            raise ParameterError(f"{names[found.index(one)]} and {names[index]} both go to {one}; run them apart")
    return [str(one) for one in found]


def _check_folder(output: str | None) -> None:
    """Refuse the name of a file that is none of a video: it would become a folder."""
    from diptych.photo import is_readable

    if output is not None and is_readable(output) and not Path(output).is_dir() and not output.endswith(("/", "\\")):
        raise ParameterError(f"{output}: is no name of a video; give one as NAME.mp4, or a folder as {output}/")


def _named(source: Path, naming: Naming) -> Path:
    from diptych.video.names import output_suffix

    folder = source.parent if naming.output is None else Path(naming.output)
    suffix = (".enhanced" if naming.output is None else "") if naming.suffix is None else naming.suffix
    return folder / f"{source.stem}{suffix}{output_suffix(source)}"


def enhance_videos(jobs: Sequence[VideoJob], existing: Existing, quiet: bool, *, dry: bool) -> list[Result]:
    """Enhance videos, or with `dry` say what would be done, and return what became of each."""
    from diptych.photo import sweep_temporary

    if dry:
        return [_rehearsed(job, existing, quiet=quiet) for job in jobs]

    for folder in {Path(job.target).parent for job in jobs}:
        folder.mkdir(parents=True, exist_ok=True)
        sweep_temporary(folder)  # what a killed run has left
    return [_enhanced(job, existing, quiet=quiet) for job in jobs]


def _rehearsed(job: VideoJob, existing: Existing, *, quiet: bool) -> Result:
    from diptych.runtime.batch import Result

    there = Path(job.target).exists()
    if existing == "skip" and there:
        return Result(job.source, job.target, "skipped", "the output exists already", 0.0)
    if existing == "refuse" and there:
        note(f"failed: {job.target}: exists already; give --overwrite or --skip-existing")
        return Result(job.source, job.target, "failed", f"{job.target}: exists already", 0.0)
    if not quiet:
        note(f"{job.source} would become {job.target}")
    return Result(job.source, job.target, "planned", "", 0.0)


def _enhanced(job: VideoJob, existing: Existing, *, quiet: bool) -> Result:
    from diptych.runtime.batch import Result
    from diptych.video import enhance_apart

    started = time.perf_counter()
    if existing == "skip" and Path(job.target).exists():
        return Result(job.source, job.target, "skipped", "the output exists already", 0.0)
    try:
        report = enhance_apart(job, progress=None if quiet else _Tenths(job.source))
    except (DiptychError, MemoryError) as error:
        reason = in_options(str(error)) if isinstance(error, DiptychError) else f"{job.source}: {_TOO_LITTLE}"
        note(f"failed: {reason}")
        return Result(job.source, job.target, "failed", reason, _since(started))
    seconds = _since(started)
    if not quiet:
        rate = f"{report.frames} frames in {seconds:.0f} s, {report.frames / max(seconds, 1e-3):.1f} a second"
        note(f"{job.source} -> {job.target} ({rate})")
    for text in () if quiet else report.notes:
        note(f"note: {job.source}: {text}")
    return Result(job.source, job.target, "done", "", seconds, report.notes)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


class _Tenths:
    """Says how far a video is, ten times."""

    def __init__(self, source: str) -> None:
        self._source, self._told = source, 0

    def __call__(self, done: int, total: int) -> Any:
        tenth = 10 * done // max(total, 1)
        if self._told < tenth < 10:
            self._told = tenth
            note(f"{self._source}: {10 * tenth} %")
