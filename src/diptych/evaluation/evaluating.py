"""Evaluate: one image after the other, every entry on it, every metric on that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from diptych.core.errors import ParameterError
from diptych.evaluation.columns import Metrics, columns_of, niqe_model_name
from diptych.evaluation.entries import Candidate, Enhancers, candidates_of
from diptych.evaluation.gallery import byte_budget
from diptych.evaluation.pairing import Item, Missing, Side, Source, pair, read_side
from diptych.evaluation.provenance import here_and_now
from diptych.evaluation.report import Report
from diptych.evaluation.table import compare, notes_on, summarise, worst_first
from diptych.evaluation.work import Work

if TYPE_CHECKING:
    from diptych.metrics import NiqeModel

Progress = Callable[[Sequence[Item]], Iterable[Item]]


def evaluate(
    enhancers: Enhancers,
    images: Source | None = None,
    *,
    references: Source | None = None,
    metrics: Metrics | None = None,
    niqe_model: NiqeModel | None = None,
    seed: int = 0,
    gallery: int = 0,
    progress: Progress = iter,
) -> Report:
    """Run enhancers on images and measure what comes out.

    Images, references and ready outputs belong together by the name of the file, whatever its suffix. What has no
    partner is left out of everything and named; so is, image by image, what cannot be measured. One image is in memory at
    a time.

    Parameters
    ----------
    enhancers : mapping of str to Enhancer, None or path
        By name: an enhancer to run; None (or ``"input"``) for the untouched input; or the folder (or file) of the ready
        outputs of one that was run elsewhere.
    images : path or list of paths
        Folder, file or pattern. May be left out if all entries are folders of outputs.
    references : path or list of paths, optional
        What the images should look like.
    metrics : sequence of str or MetricFunction, optional
        Names from `diptych.metrics.names`, or metrics of your own. By default ``psnr``, ``ssim`` and ``niqe`` with
        references, ``niqe`` and ``noise`` without. ``psnr`` and ``ssim`` come twice: as they are, and after the output was
        multiplied by the one number that gives it the mean brightness of the reference.
    niqe_model : NiqeModel, optional
        The model that NIQE compares with; by default the one of the package.
    seed : int
        Of the bootstrap. The same call gives the same report, but for the times.
    gallery : int
        Keep pictures for `Report.to_html` of so many images, those that are worst by the first metric.
    progress : callable
        Wraps the list of images while it is gone through, e.g. ``tqdm.tqdm``.

    Returns
    -------
    Report
        Values, means, intervals, verdicts, problems and provenance.

    Raises
    ------
    ParameterError
        If there is nothing to do: no entry, no such folder, no pictures, no pair, a metric that needs references.
    UnknownNameError
        If there is no metric of a name.
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
    >>> [(row.entry, round(row.values["psnr"], 1)) for row in report.rows]
    [('input', inf), ('brighter', 13.4)]
    """
    candidates = candidates_of(enhancers)
    columns = columns_of(metrics, references is not None, niqe_model)
    items, missing = _paired(candidates, images, references)
    work = Work(candidates, columns, gallery, byte_budget(min(gallery, len(items))))
    for item in progress(items):
        work.add(item)
    return _report(work, missing, niqe_model_name(columns, niqe_model), seed)


def _paired(
    candidates: Sequence[Candidate], images: Source | None, references: Source | None
) -> tuple[list[Item], list[Missing]]:
    if images is None and any(one.kind != "folder" for one in candidates):
        raise ParameterError("evaluate: there are no images to enhance; give images")
    outputs = {one.name: read_side(one.folder, f"outputs of {one.name}") for one in candidates if one.folder}
    items, missing = pair(_side(images, "images"), _side(references, "references"), outputs)
    if not items:
        raise ParameterError(
            f"evaluate: files pair by their names and no image has all its partners; "
            f"e.g. {missing[0].image}: {missing[0].reason}"
        )
    return items, missing


def _side(source: Source | None, label: str) -> Side | None:
    return None if source is None else read_side(source, label)


def _report(work: Work, missing: Sequence[Missing], niqe_model: str, seed: int) -> Report:
    names = [one.name for one in work.candidates]
    rows = worst_first(work.rows, work.columns[0], work.candidates)
    summaries = summarise(rows, names, work.columns, seed)
    return Report(
        columns=tuple(work.columns),
        entries=tuple(one.entry(rows) for one in work.candidates),
        images=tuple(dict.fromkeys(row.image for row in rows)),
        rows=rows,
        summaries=summaries,
        verdicts=compare(rows, names, work.columns, summaries, seed),
        missing=tuple(missing),
        problems=tuple(work.problems),
        notes=notes_on(work.columns, summaries, work.problems, niqe_model, seed),
        provenance=here_and_now(seed, niqe_model, work.hashes),
        exhibits=tuple(one for _, one in work.exhibits),
    )
