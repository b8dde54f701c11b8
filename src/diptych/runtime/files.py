"""`enhance_files`: many files, as the command does them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import fields

from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.core.parallel import available_cores
from diptych.core.wishes import Wishes
from diptych.photo import kinds_read, search, sweep_temporary
from diptych.recipes import wished
from diptych.runtime.batch import Batch, Existing, Result, unreadable
from diptych.runtime.enhancing import meant
from diptych.runtime.outputs import Naming, plan_jobs

Path = str | os.PathLike[str]


def enhance_files(  # noqa: PLR0913 (each is an option of the command)
    paths: Path | Sequence[Path],
    out: Path | None = None,
    enhancer: Enhancer | Path | None = None,
    *,
    model: Path | None = None,
    progress: Callable[[int, int, Result], object] | None = None,
    existing: Existing = "refuse",
    format: str | None = None,
    suffix: str | None = None,
    quality: int = QUALITY,
    max_pixels: int = MAX_PIXELS,
    jobs: int = 0,
    **wishes: float,
) -> list[Result]:
    """Enhance files and write the results, each whole or not at all; a failure does not stop the others.

    Parameters
    ----------
    paths : path or sequence of path
        Pictures, folders, which are searched recursively, and patterns.
    out : path, optional
        A folder, in which the subfolders of the inputs are kept, or for one picture a file. By default
        ``NAME.enhanced.SUFFIX`` beside each input.
    enhancer : Enhancer, str or path, optional
        As of `diptych.enhance`.
    model : str or path, optional
        As of `diptych.enhance`: a model's name or file, or ``none``.
    progress : function, optional
        Called as ``progress(done, total, result)`` in this thread after each picture; what it raises ends the work.
    existing : {"refuse", "skip", "overwrite"}
        What to do where a result exists: count it as failed, leave the picture out, or replace it.
    format : str, optional
        Name of the format to write, ``"png"`` for instance; by default that of each input.
    suffix : str, optional
        What is put after the names of the inputs, before the ending.
    quality : int
        1 to 100, for JPEG, WebP, AVIF and JPEG XL.
    max_pixels : int
        Larger pictures are refused.
    jobs : int
        Pictures at a time, on threads; 0 is one for each core.
    **wishes : float
        `strength`, `brightness`, `shadows`, `warmth`, `saturation` and `denoise`, as of `diptych.enhance`.

    Returns
    -------
    list of Result
        One for each input, in order: `input`, `output`, `status` (done, skipped or failed), `reason`, `seconds`, `notes` and
        `plan`.

    Raises
    ------
    ParameterError
        If there is no picture, two results would have one name, or a parameter is wrong; nothing was written then.
    UnknownNameError, BundleError, RecipeError
        If the enhancer cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from diptych.photo import write
    >>> folder = tempfile.mkdtemp()
    >>> write(f"{folder}/dark.png", np.full((60, 80, 3), 12, np.uint8))
    >>> [result.status for result in enhance_files(folder, f"{folder}/out", brightness=0.5)]
    ['done']
    """
    if existing not in ("refuse", "skip", "overwrite"):
        raise ParameterError(f"`existing` is {existing!r}; give refuse, skip or overwrite")
    if unknown := wishes.keys() - {one.name for one in fields(Wishes)}:
        raise TypeError(f"enhance_files() has no parameter '{min(unknown)}'")
    naming = Naming(None if out is None else os.fspath(out), format, suffix)
    inputs = [os.fspath(one) for one in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    found = search(inputs, exclude=naming.is_output)
    planned = plan_jobs(found.photos, naming)
    if not planned and not found.unreadable:
        raise ParameterError(f"no pictures in {', '.join(inputs) or 'no path'}; give {kinds_read()} files")
    chosen = wished(meant(enhancer, model), Wishes(**wishes))
    batch = Batch(chosen, existing, max_pixels, quality, max(1, min(jobs or available_cores(), len(planned))))
    for folder in {job.output.parent for job in planned if job.output.parent.is_dir()}:
        sweep_temporary(folder)  # what a killed run has left
    results = [unreadable(path) for path in found.unreadable]
    total = len(planned) + len(results)
    for done, result in enumerate(results, 1):
        _tell(progress, done, total, result)
    for result in batch.run(planned):
        results.append(result)
        _tell(progress, len(results), total, result)
    order = {str(job.input): index for index, job in enumerate(planned)}
    return sorted(results, key=lambda result: order.get(result.input, len(order)))


def _tell(progress: Callable[[int, int, Result], object] | None, done: int, total: int, result: Result) -> None:
    if progress is not None:
        progress(done, total, result)
