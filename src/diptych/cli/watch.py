"""``diptych watch``: new pictures in a folder are enhanced as they come."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from diptych.cli.arguments import OPTIONS, read_steps
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
from diptych.cli.outcomes import spoken
from diptych.cli.progress import note
from diptych.cli.watching import Watcher
from diptych.cli.wishes import Brightness, Denoise, Saturation, Shadows, Strength, Warmth
from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.wishes import Wishes

if TYPE_CHECKING:
    from diptych.runtime.batch import Batch, Result


def watch(
    folder: Annotated[str, typer.Argument(metavar="IN", help="The folder to watch, with the folders in it.")],
    output: Annotated[str, typer.Option("-o", "--output", help="The folder for results; subfolders are kept.")],
    model: Model = None,
    purpose: Purpose = None,
    recipe: RecipeName = None,
    op: Operators = None,
    profile: Annotated[
        Literal["fast", "best"] | None, typer.Option(help="fast takes no noise away. [default: best]")
    ] = None,
    strength: Strength = 1,
    brightness: Brightness = 0,
    shadows: Shadows = 0,
    warmth: Warmth = 0,
    saturation: Saturation = 0,
    denoise: Denoise = 0,
    every: Annotated[
        float, typer.Option(min=0.1, max=86400, help="Seconds between two looks; what grows meanwhile is not ready.")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="End when all that is there is done.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Do a picture again when it is newer than its result.")
    ] = False,
    jobs: Jobs = 0,
    quality: Quality = QUALITY,
    max_pixels: MaxPixels = MAX_PIXELS,
    form: FormatName = None,
    suffix: Suffix = None,
    quiet: Quiet = False,
) -> None:
    """Watch a folder and enhance each new picture into another one. What has a result is left out: stop and go on at will."""
    from diptych.core.parallel import available_cores
    from diptych.runtime import EnhancerChoice, resolve_enhancer
    from diptych.runtime.batch import Batch
    from diptych.runtime.outputs import Naming

    tones = {"brightness": brightness, "shadows": shadows, "warmth": warmth, "saturation": saturation}
    choice = EnhancerChoice(
        model=model,
        recipe=recipe_for(purpose, {"--model": model, "--recipe": recipe, "--op": op}),
        steps=read_steps(op),
        profile=profile,
        wishes=Wishes(strength=strength, denoise=denoise, **tones),
    )
    watcher = Watcher(Path(folder), Naming(output, form, suffix), again=overwrite)
    enhancer = resolve_enhancer(choice, called=OPTIONS)
    batch = Batch(
        enhancer, "overwrite" if overwrite else "skip", max_pixels, quality, workers=jobs or available_cores()
    )
    if not quiet:
        note(f"watching {folder} every {every:g} s, results go to {output}" + ("" if once else "; Ctrl-C ends it"))
    with _until_terminated() as stop:
        failed = _watch(watcher, batch, every, stop, once=once, quiet=quiet)
    if failed and once:
        raise typer.Exit(1)


def _watch(watcher: Watcher, batch: Batch, every: float, stop: threading.Event, *, once: bool, quiet: bool) -> int:
    """Look and enhance until it is over; return how many pictures have failed."""
    failed = 0
    while not stop.is_set():
        jobs = watcher.ready()
        for text in watcher.told():
            note(text)
        for result in map(spoken, batch.run(jobs)):
            watcher.settled(result)
            failed += result.status == "failed"
            _report(result, quiet)
            if stop.is_set():
                break
        if once and not jobs and not watcher.waiting:
            break
        stop.wait(every)
    return failed


def _report(result: Result, quiet: bool) -> None:
    if result.status == "failed":
        note(f"failed: {result.reason}")
    elif result.status == "done" and not quiet:
        note(f"{result.input} -> {result.output} ({result.seconds:.1f} s)")
        for text in result.notes:
            note(f"note: {result.input}: {text}")


@contextlib.contextmanager
def _until_terminated() -> Iterator[threading.Event]:
    """Yield an event that is set when the system asks the process to end: what is under way is finished first."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
