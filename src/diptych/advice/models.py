"""The candidates that are not recipes: auto, models in files, the one in the box, and one that is trained for the purpose."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.advice.candidates import Candidate, Effort
from diptych.advice.pictures import Half, Pictures, Tell, names_in
from diptych.core.errors import ParameterError, TrainingError, UnknownNameError
from diptych.recipes import auto
from diptych.recipes.steps import declaration_of

if TYPE_CHECKING:
    from diptych.training import CycleGANConfig


def automatic(half: Half) -> Candidate:
    """Return the recipe `auto`, as complex as the longest recipe that it makes for these pictures."""
    plans = [auto.plan(image).steps for image in half.sources]
    denoises = any(declaration_of(step.operator).denoises for plan in plans for step in plan)
    effort = Effort.DENOISING if denoises else Effort.CLASSICAL
    return Candidate("auto", auto, effort, max(map(len, plans)), "--recipe auto")


def models(files: Sequence[str | os.PathLike[str]]) -> list[Candidate]:
    """Return the model in the box, if there is one, in both of its profiles, and those in files.

    Raises
    ------
    BundleError
        If a file is not a bundle that this Diptych runs.
    ParameterError
        If a file is given twice.
    """
    from diptych import runtime

    paths = [os.fspath(file) for file in files]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise ParameterError(f"--model {twice} is given twice; give it once")
    found = _in_the_box()
    for path in paths:
        name = Path(path).name if [Path(one).name for one in paths].count(Path(path).name) == 1 else path
        found.append(Candidate(name, runtime.open_enhancer(path), Effort.MODEL, 1, f"--model {shlex.quote(path)}"))
    return found


def _in_the_box() -> list[Candidate]:
    from diptych import runtime

    try:
        file = runtime.default_model()
    except UnknownNameError:  # this installation has none
        return []
    fast = runtime.DefaultEnhancer(source=file, profile="fast")
    return [
        Candidate("model in the box", runtime.DefaultEnhancer(source=file), Effort.MODEL, 2),
        Candidate("model in the box, fast", fast, Effort.MODEL, 1, "--profile fast"),
    ]


def trained(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    out: str | os.PathLike[str],
    pictures: Pictures,
    *,
    config: CycleGANConfig,
    tell: Tell,
) -> Candidate:
    """Train a generator on all pictures but those that judge.

    Raises
    ------
    DataError, TrainingError
        If the folders cannot be trained on, or the run directory is not empty.
    MissingExtraError
        If what training needs is not installed.
    """
    from diptych.training import load_generator, train

    def say(entry: dict[str, Any]) -> None:
        if entry["event"] == "validation":
            tell(f"training: step {entry['step']} of {config.steps}, score {entry['score']:.3f}")

    with tempfile.TemporaryDirectory(prefix="diptych-advise-") as place:
        folders = [
            _without(folder, left_out, Path(place, name))
            for folder, left_out, name in zip((source, target), pictures.kept_out, "AB", strict=True)
        ]
        run = train(config, source=folders[0], target=folders[1], out=out, on_event=say)
    generator = load_generator(run.path)
    file = Path(run.path).resolve().name + ".onnx"
    before = f"diptych export {shlex.quote(os.fspath(out))} -o {shlex.quote(file)}"
    return Candidate("trained", generator, Effort.TRAINED, 1, f"--model {shlex.quote(file)}", before)


def check_run(out: str | os.PathLike[str]) -> None:
    """Refuse a run directory with something in it, and a training that cannot be, before any work."""
    from diptych.training import train  # noqa: F401  (says so if what it needs is missing)

    path = Path(out)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise TrainingError(f"{out}: is not an empty folder; give a new one to train into")


def _without(folder: str | os.PathLike[str], left_out: frozenset[str], place: Path) -> Path:
    """Make a folder of links to the pictures of another, but for some; of copies where links are not to be had."""
    for name in names_in(folder):
        if name in left_out:
            continue
        link = place / name
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(Path(folder, name).resolve())
        except OSError:
            shutil.copyfile(Path(folder, name), link)
    return place
