"""Advise: read, tune, measure, choose."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from diptych.advice.advice import Advice
from diptych.advice.candidates import Candidate, Effort
from diptych.advice.choosing import Measured, choose
from diptych.advice.judging import Judge, judge_of, niqe_of
from diptych.advice.models import automatic, check_run, models, trained
from diptych.advice.pictures import LONGEST, Half, Pictures, Tell, read_pictures
from diptych.advice.tuning import tuned
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image
from diptych.evaluation.runners import reason_of
from diptych.evaluation.statistics import FEWEST_FOR_A_VERDICT
from diptych.training.validation.monitor import Monitor

if TYPE_CHECKING:
    from diptych.training import CycleGANConfig

_CORNER = 128


def advise(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    reference: str | os.PathLike[str] | None = None,
    models_in: Sequence[str | os.PathLike[str]] = (),
    training: CycleGANConfig | None = None,
    run: str | os.PathLike[str] | None = None,
    seed: int = 0,
    tell: Tell = lambda text: None,
) -> Advice:
    """Find out what is the simplest thing that makes pictures like those of one folder look like those of another.

    Tuned classical recipes, `auto`, the model in the box, models in files and, if asked for, a training are tried on up to 24
    pictures of each folder, no side longer than 512 px. Half of them are there to tune on, the figures are of the other half.

    Parameters
    ----------
    source, target : path
        Folders of pictures to improve, and of pictures as they should look; searched deeply, four pictures each at least, no
        pairs.
    reference : path, optional
        What pictures of `source` should look like, files of the same names. Then PSNR and SSIM decide; otherwise the
        distance to `target` in tone, colour and texture, and the structure that is kept.
    models_in : sequence of path
        Model files to try.
    training : CycleGANConfig, optional
        Settings of a training to try; the pictures that judge take no part in it.
    run : path, optional
        Its run directory; both or neither.
    seed : int
        Of the choice of the pictures and of the bootstrap.
    tell : callable
        Is told, in words, what is being done.

    Returns
    -------
    Advice
        The same call gives the same advice, but for the times.

    Raises
    ------
    DataError
        If a folder is missing or too small, or one lies in the other.
    ParameterError
        If there is no such folder of references.
    BundleError
        If a model file is none.
    TrainingError
        If the run directory is not empty.
    MissingExtraError
        If training is asked for and what it needs is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from diptych.photo import write
    >>> place, draw = pathlib.Path(tempfile.mkdtemp()), np.random.default_rng(0)
    >>> for name, gain in (("dark", 0.25), ("bright", 1.0)):
    ...     (place / name).mkdir()
    ...     for number in range(4):
    ...         grain = draw.integers(0, 256, (6, 6), np.uint8).repeat(8, 0).repeat(8, 1)
    ...         write(place / name / f"{number}.png", (gain * grain).astype(np.uint8))
    >>> advice = advise(place / "dark", place / "bright")
    >>> advice.recommended.candidate.effort.name, len(advice.recipe.steps)
    ('CLASSICAL', 1)
    """
    if training is not None and run is not None:
        check_run(run)
    files = models(models_in)
    tell("reading pictures")
    pictures = read_pictures(source, target, reference=reference, seed=seed)
    candidates = [*tuned(pictures.tuning, tell), automatic(pictures.tuning), *files]
    if training is not None and run is not None:
        candidates.append(trained(source, target, run, pictures, config=training, tell=tell))
    problems = list(pictures.problems)
    judge = judge_of(pictures.judging)
    measured = []
    for one in candidates:
        tell(f"measuring: {one.name}")
        try:
            measured.append(_measure(one, pictures.judging, judge))
        except Exception as error:  # an enhancer may raise anything, and the others go on
            problems.append(f"{one.name}: {reason_of(error)}")
    return _advice(measured, pictures, judge, problems, seed)


def _advice(measured: list[Measured], pictures: Pictures, judge: Judge, problems: list[str], seed: int) -> Advice:
    ranked = sorted(measured, key=lambda one: -one.marks.merit)
    choice = choose(ranked, judge, seed=seed)
    return Advice(
        measured=tuple(ranked),
        behind=choice.behind,
        recommended=choice.recommended,
        why=choice.why,
        merit_name=judge.merit_name,
        merit_unit=judge.unit,
        tuned_on=len(pictures.tuning.sources),
        judged_on=len(pictures.judging.sources),
        problems=tuple(problems),
        notes=(*pictures.notes, *_notes(ranked, pictures, judge)),
    )


def _notes(measured: Sequence[Measured], pictures: Pictures, judge: Judge) -> list[str]:
    tuning, judging = pictures.tuning, pictures.judging
    others = f"{len(judging.sources)} others of A" + ("" if judging.references else f" and {len(judging.targets)} of B")
    notes = [
        f"tuned on {len(tuning.sources)} pictures of A and {len(tuning.targets)} of B; the figures are of {others}, "
        f"no side longer than {LONGEST} px"
    ]
    if len(judging.sources) < FEWEST_FOR_A_VERDICT:
        notes.append(
            f"{len(judging.sources)} pictures to be judged by are too few to tell a difference from chance: every one above "
            f"{judge.margin:g}{' ' * bool(judge.unit)}{judge.unit} counts. Give {2 * FEWEST_FOR_A_VERDICT} pictures or more"
        )
    return notes + [f"{one.candidate.name} is out: {alarm}" for one in measured for alarm in one.alarms]


def _measure(candidate: Candidate, half: Half, judge: Judge) -> Measured:
    if candidate.effort == Effort.NOTHING:
        outputs, times = half.sources, [0.0]
    else:
        candidate.enhancer(np.ascontiguousarray(half.sources[0][:_CORNER, :_CORNER]))  # what compiles does so now
        outputs, times = _run(candidate, half.sources)
    alarms: tuple[str, ...] = ()
    if candidate.effort >= Effort.MODEL:
        reading = Monitor(half.sources, half.targets).evaluate(0, _given(outputs))
        alarms = tuple(alarm.message.partition(";")[0] for alarm in reading.alarms if alarm.fatal)
    return Measured(candidate, judge.mark(outputs), niqe_of(outputs), statistics.median(times), alarms)


def _run(candidate: Candidate, images: Sequence[Image]) -> tuple[list[Image], list[float]]:
    outputs, times = [], []
    for image in images:
        started = time.perf_counter()
        output = check_image(candidate.enhancer(image))
        times.append((time.perf_counter() - started) / (image.shape[0] * image.shape[1] / 1e6))
        if output.shape[:2] != image.shape[:2]:
            raise ImageError(
                f"makes {output.shape[:2]} of {image.shape[:2]} rows and columns; give one that keeps the size"
            )
        outputs.append(output)
    return outputs, times


def _given(outputs: Sequence[Image]) -> Callable[[Image], Image]:
    """Return a generator that hands out what was made already, in its order."""
    left = iter(outputs)
    return lambda image: next(left)
