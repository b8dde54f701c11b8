"""Advise: read, tune, measure, choose."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from diptych.advice.candidates import Candidate, Complexity
from diptych.advice.choice import Measured, choose
from diptych.advice.evaluator import Evaluator, evaluator_for, niqe_of
from diptych.advice.models import automatic, check_run, models, trained
from diptych.advice.pictures import LONGEST, Pictures, Split, Tell, read_pictures
from diptych.advice.result import Advice
from diptych.advice.tuning import tuned
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image
from diptych.evaluation.runners import reason_of
from diptych.evaluation.statistics import FEWEST_FOR_A_VERDICT
from diptych.training.validation.monitor import Monitor

if TYPE_CHECKING:
    from diptych.training import TrainConfig

_CORNER = 128


def advise(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    reference: str | os.PathLike[str] | None = None,
    models_in: Sequence[str | os.PathLike[str]] = (),
    training: TrainConfig | None = None,
    run: str | os.PathLike[str] | None = None,
    seed: int = 0,
    tell: Tell = lambda text: None,
) -> Advice:
    """Find out what is the simplest thing that makes pictures like those of one folder look like those of another.

    Tuned classical recipes, `auto`, the default enhancer, models in files and, if asked for, a training are tried on up to 24
    pictures of A, no side longer than 512 px, against up to 96 of B. Half of them tune the parameters; the other half is held
    out, and the figures are of it.

    Parameters
    ----------
    source, target : path
        Folders of pictures to improve, and of pictures as they should look; searched recursively, four pictures each at
        least, no pairs.
    reference : path, optional
        What pictures of `source` should look like, files of the same names. Then PSNR and SSIM decide; otherwise the
        distance to `target` in tone, colour and texture, and the structure that is kept.
    models_in : sequence of path
        Model files to try.
    training : TrainConfig, optional
        Settings of a training to try; the held-out pictures take no part in it.
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
    >>> folder, rng = pathlib.Path(tempfile.mkdtemp()), np.random.default_rng(0)
    >>> for name, gain in (("dark", 0.25), ("bright", 1.0)):
    ...     (folder / name).mkdir()
    ...     for number in range(4):
    ...         grain = rng.integers(0, 256, (6, 6), np.uint8).repeat(8, 0).repeat(8, 1)
    ...         write(folder / name / f"{number}.png", (gain * grain).astype(np.uint8))
    >>> advice = advise(folder / "dark", folder / "bright")
    >>> advice.recommended.candidate.complexity.name, len(advice.recipe.steps)
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
    evaluator = evaluator_for(pictures.held_out)
    measured = []
    for one in candidates:
        tell(f"measuring: {one.name}")
        try:
            measured.append(_measure(one, pictures.held_out, evaluator))
        except Exception as error:  # an enhancer may raise anything, and the others go on
            problems.append(f"{one.name}: {reason_of(error)}")
    return _advice(measured, pictures, evaluator, problems, seed)


def _advice(
    measured: list[Measured], pictures: Pictures, evaluator: Evaluator, problems: list[str], seed: int
) -> Advice:
    ranked = sorted(measured, key=lambda one: -one.scores.value)
    choice = choose(ranked, evaluator, seed=seed)
    return Advice(
        measured=tuple(ranked),
        gaps=choice.gaps,
        recommended=choice.recommended,
        why=choice.why,
        objective_name=evaluator.objective_name,
        objective_unit=evaluator.unit,
        tuned_on=len(pictures.tuning.sources),
        evaluated_on=len(pictures.held_out.sources),
        problems=tuple(problems),
        notes=(*pictures.notes, *_notes(ranked, pictures, evaluator)),
    )


def _notes(measured: Sequence[Measured], pictures: Pictures, evaluator: Evaluator) -> list[str]:
    tuning, held_out = pictures.tuning, pictures.held_out
    others = f"{len(held_out.sources)} others of A" + (
        "" if held_out.references else f" and {len(held_out.targets)} of B"
    )
    notes = [
        f"tuned on {len(tuning.sources)} pictures of A and {len(tuning.targets)} of B; the figures are of {others}, "
        f"no side longer than {LONGEST} px"
    ]
    if len(held_out.sources) < FEWEST_FOR_A_VERDICT:
        notes.append(
            f"{len(held_out.sources)} held-out pictures are too few to tell a difference from chance: every one above "
            f"{evaluator.margin:g}{' ' * bool(evaluator.unit)}{evaluator.unit} counts. "
            f"Give {2 * FEWEST_FOR_A_VERDICT} pictures or more"
        )
    return notes + [f"{one.candidate.name} is ruled out: {alarm}" for one in measured for alarm in one.alarms]


def _measure(candidate: Candidate, split: Split, evaluator: Evaluator) -> Measured:
    if candidate.complexity == Complexity.NOTHING:
        outputs, times = split.sources, [0.0]
    else:
        candidate.enhancer(np.ascontiguousarray(split.sources[0][:_CORNER, :_CORNER]))  # what compiles does so now
        outputs, times = _run(candidate, split.sources)
    alarms: tuple[str, ...] = ()
    if candidate.complexity >= Complexity.MODEL:
        metrics = Monitor(split.sources, split.targets).evaluate(0, _given(outputs))
        alarms = tuple(alarm.message.partition(";")[0] for alarm in metrics.alarms if alarm.fatal)
    return Measured(candidate, evaluator.evaluate(outputs), niqe_of(outputs), statistics.median(times), alarms)


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
