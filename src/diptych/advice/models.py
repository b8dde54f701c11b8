"""The candidates that are not recipes: auto, models in files, the default enhancer, and one that is trained for the purpose."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.advice.candidates import Candidate, Complexity
from diptych.advice.pictures import Pictures, Split, Tell, names_in
from diptych.core.errors import ParameterError, TrainingError, UnknownNameError
from diptych.recipes import auto

if TYPE_CHECKING:
    from diptych.training import TrainConfig


def automatic(split: Split) -> Candidate:
    """Return the recipe `auto`, as complex as the longest recipe that it makes for these pictures."""
    plans = [auto.plan(image).steps for image in split.sources]
    denoises = any(step.declaration.denoises for plan in plans for step in plan)
    complexity = Complexity.DENOISING if denoises else Complexity.CLASSICAL
    return Candidate("auto", auto, complexity, max(map(len, plans)), "--recipe auto")


def models(files: Sequence[str | os.PathLike[str]]) -> list[Candidate]:
    """Return the default enhancer, if its model is installed, in both of its profiles, and those in files.

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
        raise ParameterError(f"the model {twice} is given twice; give it once")
    found = _default()
    for path in paths:
        name = Path(path).name if [Path(one).name for one in paths].count(Path(path).name) == 1 else path
        found.append(Candidate(name, runtime.open_enhancer(path), Complexity.MODEL, 1, f"--model {shlex.quote(path)}"))
    return found


def _default() -> list[Candidate]:
    from diptych import runtime

    try:
        runtime.default_model()
    except UnknownNameError:  # this installation has no model
        return []
    fast = runtime.DefaultEnhancer(profile="fast")
    return [
        Candidate("default enhancer", runtime.DefaultEnhancer(), Complexity.MODEL, 2),
        Candidate("default enhancer, fast", fast, Complexity.MODEL, 1, "--profile fast"),
    ]


def trained(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    out: str | os.PathLike[str],
    pictures: Pictures,
    *,
    config: TrainConfig,
    tell: Tell,
) -> Candidate:
    """Train a generator on all pictures but the held-out ones.

    Raises
    ------
    DataError, TrainingError
        If the folders cannot be trained on, or the run directory is not empty.
    MissingExtraError
        If what training needs is not installed.
    """
    from diptych.training import load_generator, train

    def say(record: dict[str, Any]) -> None:
        if record["event"] == "validation":
            tell(f"training: step {record['step']} of {config.steps}, score {record['score']:.3f}")

    with tempfile.TemporaryDirectory(prefix="diptych-advise-") as folder_of_links:
        folders = [
            _without(folder, left_out, Path(folder_of_links, name))
            for folder, left_out, name in zip((source, target), pictures.held_out_names, "AB", strict=True)
        ]
        run = train(config, source=folders[0], target=folders[1], out=out, on_event=say)
    generator = load_generator(run.path)
    file = Path(run.path).resolve().name + ".onnx"
    export = f"diptych export {shlex.quote(os.fspath(out))} -o {shlex.quote(file)}"
    return Candidate("trained", generator, Complexity.TRAINED, 1, f"--model {shlex.quote(file)}", export)


def check_run(out: str | os.PathLike[str]) -> None:
    """Refuse a run directory with something in it, and a training that cannot be, before any work."""
    from diptych.training import train  # noqa: F401  (says so if what it needs is missing)

    path = Path(out)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise TrainingError(f"{out}: is not an empty folder; give a new one to train into")


def _without(folder: str | os.PathLike[str], left_out: frozenset[str], folder_of_links: Path) -> Path:
    """Make a folder of links to the pictures of another, but for some; of copies where links are not to be had."""
    for name in names_in(folder):
        if name in left_out:
            continue
        link = folder_of_links / name
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(Path(folder, name).resolve())
        except OSError:
            shutil.copyfile(Path(folder, name), link)
    return folder_of_links
