"""What can be said of a call before anything is read, and without torch: its folders, run directory, first weights and time."""

from __future__ import annotations

import math
import os
from pathlib import Path

from diptych.core.errors import ParameterError, TrainingError
from diptych.data.folder import check_apart, check_there
from diptych.training.run import directory

PathLike = str | os.PathLike[str]


def check_call(
    *,
    source: PathLike | None,
    target: PathLike | None,
    out: PathLike,
    init: PathLike | None = None,
    resume: bool = False,
    minutes: float | None = None,
    first: bool = True,
) -> None:
    """Raise the error of a call of `train` that cannot succeed, before anything heavy is done for it.

    Parameters
    ----------
    source, target, out, init, resume, minutes
        As for `train`.
    first : bool
        Whether this is the first process of the run, which makes the run directory; others may find it made.

    Raises
    ------
    DataError, ParameterError, TrainingError
        As `train` says.
    """
    folders = [folder for folder in (source, target) if folder is not None]
    for folder in folders:
        check_there(folder)
    if source is not None and target is not None:
        check_apart(source, target)
    directory.check_outside(out, *folders)
    if minutes is not None and not 0 < minutes < math.inf:
        raise ParameterError(f"training: minutes = {minutes!r}; give a number above 0, e.g. 10")
    if init is not None and not Path(init).exists():
        raise TrainingError(f"{init}: no such file; `init` takes a generator file or a run directory")
    if first and not resume:
        directory.check_new(out)
