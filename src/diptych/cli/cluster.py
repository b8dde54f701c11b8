"""``--cluster``: a folder or a bucket, picture by picture on the workers of a Dask cluster."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from diptych.cli.arguments import in_options
from diptych.cli.outcomes import counted_others
from diptych.cli.progress import note
from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.cluster import JobSpec, Outcome
    from diptych.runtime import EnhancerChoice
    from diptych.runtime.batch import Existing


def default_manifest(output: str) -> Path:
    """Return where the manifest lies if nothing is said: in the folder of the outputs, or for a URL here."""
    if "://" not in output:
        return Path(output) / "manifest.jsonl"
    return Path(f"manifest-{hashlib.sha256(output.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}.jsonl")


def run(
    cluster: str,
    inputs: list[str],
    output: str | None,
    choice: EnhancerChoice,
    limits: tuple[int, int],
    existing: Existing,
    retries: int | None,
    manifest: str | None,
    said: tuple[bool, bool],
) -> None:
    """Do the work on a cluster, and end; `limits` are quality and largest number of pixels, `said` is quiet and as JSON."""
    from diptych.cluster import JobSpec

    quality, max_pixels = limits
    quiet, as_json = said
    job = JobSpec(choice=choice, quality=quality, max_pixels=max_pixels)
    tries = 3 if retries is None else retries
    finish(enhance_on_cluster(cluster, inputs, output, job, existing, tries, manifest, quiet), as_json)


def enhance_on_cluster(
    cluster: str,
    inputs: list[str],
    output: str | None,
    job: JobSpec,
    existing: Existing,
    retries: int,
    manifest: str | None,
    quiet: bool,
) -> list[Outcome]:
    """Do the work, say what happens, and return the failures; with `quiet` all outcomes."""
    from diptych.cluster import Run, enhance_folder
    from diptych.cluster.connection import connected

    if len(inputs) != 1 or output is None:
        raise ParameterError("--cluster takes one folder or URL and -o with another; run several one after the other")
    file = manifest or default_manifest(output)
    run = Run(source=inputs[0], target=output, job=job, manifest=file, existing=existing, retries=retries)
    kept: list[Outcome] = []
    others: Counter[str] = Counter()
    count = 0
    with connected(cluster) as client:
        for outcome in enhance_folder(run, client, on_other=lambda _: others.update(["files"])):
            count += 1
            if quiet or outcome.status == "failed":
                kept.append(outcome)
            _report(outcome, count, quiet)
    if others and not quiet:
        note(counted_others(others.total()))
    return kept


def _report(outcome: Outcome, count: int, quiet: bool) -> None:
    if outcome.status == "failed":
        note(f"failed: {in_options(outcome.reason)}")
    elif not quiet:
        arrow = "->" if outcome.status == "done" else f"skipped ({outcome.reason}):"
        note(f"[{count}] {outcome.input} {arrow} {outcome.output}")


def finish(outcomes: list[Outcome], as_json: bool) -> None:
    """Print the list that was asked for, or what has failed, and end with the code that says so."""
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if as_json:
        typer.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    elif failed:
        note(f"{len(failed)} failed; a second run tries them again:")
        for outcome in failed:
            note(f"  {in_options(outcome.reason)}")
    if failed:
        raise typer.Exit(1)
