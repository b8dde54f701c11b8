"""``diptych enhance``: the main job."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from diptych.cli.arguments import OPTIONS, read_size, read_steps
from diptych.cli.compilation import prepare_for_default
from diptych.cli.large import enhance_by_rows, is_large
from diptych.cli.options import (
    FormatName,
    Jobs,
    MaxPixels,
    Model,
    Operators,
    Purpose,
    Quality,
    Quiet,
    RecipeName,
    Suffix,
    recipe_for,
)
from diptych.cli.outcomes import counted_others, spoken
from diptych.cli.pipe import check_pipe, enhance_pipe, is_pipe
from diptych.cli.progress import note, track
from diptych.cli.video import enhance_videos, jobs_of, parted, refuse_options
from diptych.cli.wishes import Brightness, Denoise, Saturation, Shadows, Strength, Warmth
from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.wishes import Wishes

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer
    from diptych.runtime import EnhancerChoice
    from diptych.runtime.batch import Batch, Existing, Result
    from diptych.runtime.outputs import Job, Naming


def enhance(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="IN", help="Pictures, videos, folders (searched recursively), globs, or -."),
    ],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="A file (for one input), a folder, or - . [default: NAME.enhanced.SUFFIX]"),
    ] = None,
    model: Model = None,
    purpose: Purpose = None,
    recipe: RecipeName = None,
    op: Operators = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="What a model's file may take, e.g. 1GiB. [default: a quarter of what is free]"
        ),
    ] = None,
    profile: Annotated[
        Literal["fast", "best"] | None,
        typer.Option(help="fast takes no noise away. [default: best; of videos fast]"),
    ] = None,
    strength: Strength = 1,
    brightness: Brightness = 0,
    shadows: Shadows = 0,
    warmth: Warmth = 0,
    saturation: Saturation = 0,
    denoise: Denoise = 0,
    variants: Annotated[
        int, typer.Option(metavar="1|3", help="3 also writes NAME.darker and NAME.brighter, by how unsure the plan is.")
    ] = 1,
    refine: Annotated[
        str | None, typer.Option(metavar="FILE", help="A refiner's .onnx file, to give the result its details.")
    ] = None,
    refine_strength: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="0 leaves the result as it is, 1 does the most. [default: 0.3]"),
    ] = None,
    refine_steps: Annotated[
        int | None, typer.Option(metavar="1-8", help="Steps of the refiner. [default: what it was made for]")
    ] = None,
    refine_seed: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Decides the details; the same seed, the same picture. [default: 0]"),
    ] = None,
    jobs: Jobs = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing outputs.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out inputs whose output exists: goes on after a stop.")
    ] = False,
    quality: Quality = QUALITY,
    max_pixels: MaxPixels = MAX_PIXELS,
    form: FormatName = None,
    suffix: Suffix = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    quiet: Quiet = False,
    large: Annotated[
        bool, typer.Option("--large", help="By rows, never whole in memory. [default: for TIFFs that would not fit]")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="local:N|tcp://HOST:PORT", help="On a Dask cluster; IN and -o are folders or URLs."),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="For --cluster: what became of each input. [default: OUT/manifest.jsonl]"),
    ] = None,
    retries: Annotated[
        int | None, typer.Option(min=0, max=100, help="For --cluster: tries after the first. [default: 3]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of what became of each input.")] = False,
) -> None:
    """Enhance pictures. Depth, EXIF, colour profile and transparency are kept; nothing is overwritten unasked."""
    from diptych.core.parallel import available_cores
    from diptych.runtime import EnhancerChoice, resolve_enhancer
    from diptych.runtime.batch import Batch
    from diptych.runtime.outputs import Naming

    existing = _existing(overwrite, skip_existing)
    converting = {"--format": form is not None, "--suffix": suffix is not None, "--dry-run": dry_run}
    never = {"--large": large, "--variants": variants != 1, **converting}
    _check_options(inputs, {"--manifest": manifest, "--retries": retries}, never, cluster)
    check_pipe(inputs, output, never | {"--format": False, "--json": as_json, "--cluster": cluster is not None})
    naming = Naming(output, form, suffix)
    quiet = quiet or as_json
    tones = {"brightness": brightness, "shadows": shadows, "warmth": warmth, "saturation": saturation}
    choice = EnhancerChoice(
        model=model,
        recipe=recipe_for(purpose, {"--model": model, "--recipe": recipe, "--op": op}),
        steps=read_steps(op),
        profile=profile,
        memory=None if memory is None else read_size(memory, "--memory"),
        refiner=refine,
        refine_strength=refine_strength,
        refine_steps=refine_steps,
        refine_seed=refine_seed,
        wishes=Wishes(strength=strength, denoise=denoise, **tones),
    )
    choice.check(OPTIONS)
    if cluster is not None:
        from diptych.cli.cluster import run

        run(cluster, inputs, output, choice, (quality, max_pixels), existing, retries, manifest, (quiet, as_json))
        return
    enhancer = resolve_enhancer(choice, called=OPTIONS)
    by_rows = is_large(inputs, output, large, max_pixels)
    _check_variants(variants, enhancer, by_rows=by_rows)
    if by_rows:
        _check_by_rows(converting)
        _finish([enhance_by_rows(inputs[0], output or "", enhancer, existing, quiet=quiet)], as_json, quiet)
        return
    batch = Batch(enhancer, existing, max_pixels, quality, jobs or available_cores())
    _finish(_run_all(batch, inputs, naming, choice, quiet, variants=variants > 1, dry=dry_run), as_json, quiet)


def _check_options(inputs: list[str], only: dict[str, Any], never: dict[str, bool], cluster: str | None) -> None:
    from diptych.core.errors import ParameterError

    refuse_options(inputs, {"--cluster": cluster is not None, **never})
    if cluster is None and (given := [option for option, value in only.items() if value is not None]):
        raise ParameterError(f"{given[0]} is for --cluster; leave it out, or give --cluster")
    if cluster is not None and (given := [option for option, value in never.items() if value]):
        raise ParameterError(f"{given[0]} is not for --cluster; leave it out")


def _existing(overwrite: bool, skip_existing: bool) -> Existing:
    from diptych.core.errors import ParameterError

    if overwrite and skip_existing:
        raise ParameterError("--overwrite and --skip-existing exclude each other; give one of them")
    return "overwrite" if overwrite else "skip" if skip_existing else "refuse"


def _check_variants(variants: int, enhancer: Enhancer, *, by_rows: bool) -> None:
    from diptych.core.errors import ParameterError
    from diptych.recipes import Planner

    if variants == 1:
        return
    if variants != 3:
        raise ParameterError(f"--variants {variants} is not allowed; give 1 or 3")
    if by_rows:
        raise ParameterError("--variants is not for pictures that are done by rows; give --brightness instead")
    if not isinstance(enhancer, Planner):
        raise ParameterError(f"--variants is for what plans, which '{enhancer.spec.name}' does not; leave it out")


def _check_by_rows(given: dict[str, bool]) -> None:
    from diptych.core.errors import ParameterError

    if wrong := [option for option, value in given.items() if value]:
        raise ParameterError(f"{wrong[0]} is not for pictures that are done by rows; leave it out")


def _run_all(
    batch: Batch, inputs: list[str], naming: Naming, choice: EnhancerChoice, quiet: bool, *, variants: bool, dry: bool
) -> list[Result]:
    """Enhance the videos that are named, and then the pictures."""
    if is_pipe(inputs, naming.output):
        return enhance_pipe(batch, inputs, naming, quiet)
    videos, pictures = parted(inputs)
    results = enhance_videos(jobs_of(videos, naming, len(pictures), choice, batch), batch.existing, quiet, dry=dry)
    if pictures or not videos:
        results += _run_pictures(batch, pictures, naming, quiet, variants=variants, dry=dry)
    return results


def _run_pictures(
    batch: Batch, inputs: list[str], naming: Naming, quiet: bool, *, variants: bool, dry: bool
) -> list[Result]:
    """Enhance what is named or lies in named folders, and say what else lies there."""
    from diptych.core.errors import ParameterError
    from diptych.photo import kinds_read, search
    from diptych.runtime.batch import unreadable
    from diptych.runtime.outputs import plan_jobs

    found = search(inputs, exclude=naming.is_output)
    planned = plan_jobs(found.photos, naming, variants=variants)
    if not planned and not found.unreadable:
        raise ParameterError(f"no pictures in {', '.join(inputs)}; give {kinds_read()} files")
    left_out = [unreadable(path) for path in found.unreadable]
    for result in left_out:
        note(f"failed: {result.reason}")
    if found.others and not quiet:
        note(counted_others(found.others))
    if dry:
        return [*_rehearse(batch, planned, quiet), *left_out]
    workers = max(min(batch.workers, len(planned)), 1)
    return [*_run(replace(batch, workers=workers), planned, quiet), *left_out]


def _rehearse(batch: Batch, jobs: list[Job], quiet: bool) -> list[Result]:
    results = [spoken(one) for one in batch.rehearse(jobs)]
    for number, result in enumerate(results, 1):
        _report(result, number, len(jobs), quiet)
    return results


def _run(batch: Batch, jobs: list[Job], quiet: bool) -> list[Result]:
    from diptych.photo import sweep_temporary
    from diptych.runtime import DefaultEnhancer

    if isinstance(batch.enhancer, DefaultEnhancer):
        prepare_for_default()
    for folder in {job.output.parent for job in jobs if job.output.parent.is_dir()}:
        sweep_temporary(folder)  # what a killed run has left
    results: list[Result] = []
    try:
        for result in track(map(spoken, batch.run(jobs)), len(jobs), "enhancing", quiet=quiet):
            results.append(result)
            _report(result, len(results), len(jobs), quiet)
    except KeyboardInterrupt:
        note(f"interrupted: {len(results)} of {len(jobs)} pictures done; go on with --skip-existing")
        raise
    order = {(str(job.input), str(job.output)): index for index, job in enumerate(jobs)}
    return sorted(results, key=lambda result: order[result.input, result.output])


def _report(result: Result, count: int, total: int, quiet: bool) -> None:
    if result.status == "failed":
        note(f"failed: {result.reason}")
    elif not quiet:
        arrow = {"done": "->", "planned": "would become"}.get(result.status, "skipped:")
        note(f"[{count}/{total}] {result.input} {arrow} {result.output}")
    for text in () if quiet else result.notes:
        note(f"note: {result.input}: {text}")


def _finish(results: list[Result], as_json: bool, quiet: bool) -> None:
    failed = sum(result.status == "failed" for result in results)
    if as_json:
        typer.echo(json.dumps([result.as_dict() for result in results], indent=2))
    elif len(results) > 1 and not quiet:
        done = "would be done" if any(result.status == "planned" for result in results) else "done"
        note(f"{len(results) - failed} of {len(results)} pictures {done}" + (f", {failed} failed" if failed else ""))
    if failed:
        raise typer.Exit(1)
