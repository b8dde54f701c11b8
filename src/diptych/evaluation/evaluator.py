"""Measuring: one image after the other, every candidate on it, every metric on the output."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.evaluation.columns import Column, Metrics, columns_of, mean_matched, niqe_model_name
from diptych.evaluation.comparison import compare, mean_score, notes_on, summarise, worst_first
from diptych.evaluation.domain_score import COLUMN, OutputScores
from diptych.evaluation.exhibits import Exhibit, byte_budget, exhibit, reduced
from diptych.evaluation.pairs import Item, Side, Source, Unpaired, pair, read_side
from diptych.evaluation.provenance import here_and_now, sha256
from diptych.evaluation.report import Report
from diptych.evaluation.results import Problem, Row
from diptych.evaluation.runners import INPUT, Enhancers, Runner, reason_of, runners_of
from diptych.photo import read, unreadable_reason

if TYPE_CHECKING:
    from diptych.metrics import NiqeModel

Progress = Callable[[Sequence[Item]], Iterable[Item]]


def evaluate(  # noqa: PLR0913 (each is a choice of its own)
    enhancers: Enhancers,
    images: Source | None = None,
    *,
    references: Source | None = None,
    target: str | os.PathLike[str] | None = None,
    metrics: Metrics | None = None,
    niqe_model: NiqeModel | None = None,
    seed: int = 0,
    gallery: int = 0,
    progress: Progress = iter,
) -> Report:
    """Run enhancers on images and measure the outputs.

    Images, references and ready outputs are paired by the name of the file, whatever its suffix. Files without a partner
    are left out and named in the report; so are, image by image, values that cannot be measured. One image is in memory
    at a time.

    Parameters
    ----------
    enhancers : mapping of str to Enhancer, None or path
        By name: an enhancer to run; None (or ``"input"``) for the untouched input; or a folder (or file) of ready outputs.
    images : path or list of paths
        Folder, file or pattern. May be left out if all candidates are folders of outputs.
    references : path or list of paths, optional
        What the images should look like.
    target : path, optional
        A folder of pictures as the outputs should look, no pairs: then there is a column ``score``, that of
        `diptych.quality.DomainScore`, which is what trainings and advice choose by. It needs `images`.
    metrics : sequence of str or MetricFunction, optional
        Names from `diptych.metrics.names`, or metrics of your own. By default ``psnr``, ``ssim`` and ``niqe`` with
        references, ``niqe`` and ``noise`` without. ``psnr`` and ``ssim`` come twice: as they are, and after the output is
        multiplied by the number that gives it the mean brightness of the reference.
    niqe_model : NiqeModel, optional
        The model that NIQE compares with; by default the one in the package.
    seed : int
        Seed of the bootstrap. The same call gives the same report, except for the times.
    gallery : int
        Number of images whose pictures are kept for `Report.to_html`: the worst by the first metric.
    progress : callable
        Wraps the list of images while it is gone through, e.g. ``tqdm.tqdm``.

    Returns
    -------
    Report
        Values, means, intervals, verdicts, problems and provenance.

    Raises
    ------
    ParameterError
        If there is nothing to do: no candidate, no such folder, no pictures, no pair, a metric that needs references.
    UnknownNameError
        If a metric is not known.
    MissingExtraError
        If a metric or enhancer needs an optional dependency that is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from diptych.photo import write
    >>> from diptych.recipes import Recipe, step
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write(folder / "a.png", np.arange(0, 64, dtype=np.uint8).reshape(8, 8))
    >>> enhancers = {"input": None, "brighter": Recipe(step("gamma", gamma=0.5))}
    >>> report = evaluate(enhancers, folder, references=folder, metrics=["psnr"])
    >>> [(row.candidate, round(row.values["psnr"], 1)) for row in report.rows]
    [('input', inf), ('brighter', 13.4)]
    """
    runners = runners_of(enhancers)
    if target is not None and images is None:
        raise ParameterError("evaluate: the score against target compares outputs with their images; give images")
    columns = columns_of(metrics, references is not None, niqe_model)
    items, unpaired, unreadable = _paired(runners, images, references)
    scores = None if target is None else OutputScores(target)
    evaluator = Evaluator(runners, columns, gallery, byte_budget(min(gallery, len(items))), scores)
    evaluator.problems += [Problem(str(path), "", "", unreadable_reason(path) or "") for path in unreadable]
    for item in progress(items):
        evaluator.measure(item)
    return _report(evaluator, unpaired, niqe_model_name(columns, niqe_model), seed)


def _paired(
    runners: Sequence[Runner], images: Source | None, references: Source | None
) -> tuple[list[Item], list[Unpaired], list[Path]]:
    if images is None and any(one.kind != "folder" for one in runners):
        raise ParameterError("evaluate: there are no images to enhance; give images")
    outputs = {one.name: read_side(one.folder, f"outputs of {one.name}") for one in runners if one.folder}
    inputs, wanted = _side(images, "images"), _side(references, "references")
    items, unpaired = pair(inputs, wanted, outputs)
    if not items:
        raise ParameterError(
            f"files are paired by name, and no image has all its partners (e.g. {unpaired[0].image}: {unpaired[0].reason}); "
            f"give files of the same names"
        )
    sides = [side for side in (inputs, wanted, *outputs.values()) if side]
    return items, unpaired, list(dict.fromkeys(path for side in sides for path in side.unreadable))


def _side(source: Source | None, label: str) -> Side | None:
    return None if source is None else read_side(source, label)


def _report(evaluator: Evaluator, unpaired: Sequence[Unpaired], niqe_model: str, seed: int) -> Report:
    names, columns, rows = [one.name for one in evaluator.runners], list(evaluator.columns), evaluator.rows
    if evaluator.scores is not None:
        columns, rows = [*columns, COLUMN], evaluator.scores.into(rows)
    sorted_rows = worst_first(rows, columns[0], evaluator.processed)
    summaries = summarise(sorted_rows, names, columns, seed)
    return Report(
        columns=tuple(columns),
        candidates=tuple(one.candidate(sorted_rows) for one in evaluator.runners),
        images=tuple(dict.fromkeys(row.image for row in sorted_rows)),
        rows=sorted_rows,
        summaries=summaries,
        verdicts=compare(sorted_rows, names, columns, summaries, seed),
        unpaired=tuple(unpaired),
        problems=tuple(evaluator.problems),
        notes=(
            *notes_on(columns, summaries, evaluator.problems, niqe_model, seed),
            *(() if evaluator.scores is None else evaluator.scores.notes),
        ),
        provenance=here_and_now(seed, niqe_model, evaluator.hashes),
        exhibits=tuple(one for _, one in evaluator.exhibits),
    )


@dataclass
class Evaluator:
    """Measures images one by one and keeps the results.

    Attributes
    ----------
    runners, columns
        The candidates and the metrics.
    gallery : int
        Number of images whose pictures are kept.
    budget : int
        Bytes that the pictures of one image may take.
    scores : OutputScores, optional
        What scores the outputs against a folder.
    rows, problems, hashes, exhibits
        The results so far.
    """

    runners: Sequence[Runner]
    columns: Sequence[Column]
    gallery: int
    budget: int
    scores: OutputScores | None = None
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    exhibits: list[tuple[float, Exhibit]] = field(default_factory=list)
    warm: bool = False

    @property
    def processed(self) -> set[str]:
        """The candidates that decide which image is worst: all but the untouched input, unless it is the only one."""
        return {one.name for one in self.runners if one.kind != INPUT} or {one.name for one in self.runners}

    def measure(self, item: Item) -> None:
        """Measure one image; a failure is recorded and the rest goes on."""
        files = [item.image, item.reference, *item.outputs.values()]
        self.hashes |= {str(file): sha256(file) for file in files if file is not None}
        try:
            image, reference = (_pixels(file) for file in (item.image, item.reference))
        except Exception as error:  # one bad file must not take the others with it
            self.problems.append(Problem(item.name, "", "", reason_of(error)))
            return
        self._warm_up(image)
        rows, outputs = self._run(item, image, reference)
        self.rows += rows
        if self.gallery and rows:
            self._keep(item.name, rows, image, reference, outputs)

    def _warm_up(self, image: Image | None) -> None:
        if image is not None and not self.warm:
            self.warm = True
            for runner in self.runners:
                runner.warm_up(image)

    def _run(self, item: Item, image: Image | None, reference: Image | None) -> tuple[list[Row], dict[str, Image]]:
        rows, outputs = [], {}
        take = None if self.scores is None or image is None else self.scores.of_image(item.name, image)
        for runner in self.runners:
            try:
                output, seconds = runner.output(item, image)
            except Exception as error:  # an enhancer may raise anything
                self.problems.append(Problem(item.name, runner.name, "", reason_of(error)))
                continue
            values = self._values(item.name, runner.name, output, reference)
            rows.append(Row(item.name, runner.name, values, seconds))
            if self.gallery:
                outputs[runner.name] = reduced(output)
            if take is not None:
                take(runner.name, output)
        return rows, outputs

    def _values(self, image: str, candidate: str, output: Image, reference: Image | None) -> dict[str, float]:
        unequal = reference is not None and _planes(output) != _planes(reference)
        columns = [one for one in self.columns if not (unequal and one.needs_reference)]
        if unequal and reference is not None:
            names = ", ".join(one.label for one in self.columns if one.needs_reference)
            reason = f"{_size(output)}, but the reference is {_size(reference)}; give both the same size"
            self.problems.append(Problem(image, candidate, names, reason))
        values: dict[str, float] = {}
        for column in columns:
            if column.mean_matched and column.key.removesuffix("_mean_matched") not in values:
                continue  # the plain metric failed, and the reason still holds
            try:
                values[column.key] = _value(column, output, reference)
            except Exception as error:
                self.problems.append(Problem(image, candidate, column.label, reason_of(error)))
        return values

    def _keep(
        self, name: str, rows: list[Row], image: Image | None, reference: Image | None, outputs: Mapping[str, Image]
    ) -> None:
        untouched = next((one.name for one in self.runners if one.kind == INPUT), INPUT)
        pictures = {**({untouched: image} if image is not None else {}), **outputs}
        made = exhibit(
            name,
            {label: reduced(one) for label, one in pictures.items()},
            None if reference is None else reduced(reference),
            untouched=None if image is None else untouched,
            budget=self.budget,
        )
        self.exhibits.append((mean_score(rows, self.columns[0], self.processed), made))
        self.exhibits.sort(key=lambda pair: (pair[0], pair[1].image))
        del self.exhibits[self.gallery :]


def _pixels(file: Path | None) -> Image | None:
    return None if file is None else read(file).pixels


def _value(column: Column, output: Image, reference: Image | None) -> float:
    if not column.needs_reference or reference is None:
        value = column.function(output)
    else:
        value = column.function(mean_matched(output, reference) if column.mean_matched else output, reference)
    if math.isnan(value):
        raise ArithmeticError(f"{column.label} is not a number")
    return float(value)


def _planes(image: Image) -> tuple[int, ...]:
    return (*image.shape, 1) if image.ndim == 2 else image.shape


def _size(image: Image) -> str:
    height, width, channels = _planes(image)
    return f"{width} x {height} pixels with {channels} channel{'s' * (channels != 1)}"
