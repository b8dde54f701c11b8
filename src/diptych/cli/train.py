"""``diptych train``: two folders in, or one, a trained generator out."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from diptych.cli.progress import note
from diptych.cli.train_folders import say_what_is_odd
from diptych.cli.training_display import shown

if TYPE_CHECKING:
    from diptych.training import TrainConfig


def train(
    source: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="Folder of pictures to improve (searched recursively); with --objective refine, the folder B.",
        ),
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="RUN", help="The run directory.")],
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="B", help="Folder of pictures as they should look; no pairs. For cyclegan, cut and planner."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Settings to start from; by default what the score finds fit. Two folders: quick (minutes), mobile (hours), "
            "paper (the CycleGAN paper's), "
            "cut and fastcut (without a way back), planner (writes a recipe), ugatit. "
            "A alone: zero_reference, denoiser, pretraining. B alone: refine.",
        ),
    ] = None,
    purpose: Annotated[
        Literal["underwater", "haze", "xray", "scan", "document", "low-light"] | None,
        typer.Option("--for", help="What the pictures are: a painter begins at the recipe for that."),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to learn. From two folders: cyclegan, cut, planner. From A alone: zero_reference, neighbor2neighbor, "
            "reconstruction. From good pictures (B) alone: refine.",
        ),
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings as a TOML file, over the preset's.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One setting, over all others, e.g. weights.cycle=5; repeat it."
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="First weights: a generator file or run directory of the same kind of network."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="How long it may take: the run measures its own speed and sets steps and eval_every by it.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue RUN from its newest checkpoint.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each entry of the log as a line of JSON.")] = False,
) -> None:
    """Train a generator from two folders without pairs, or from one. Check them with `diptych check A B` first.

    RUN holds the settings, the log, contact sheets, checkpoints, a report and best.safetensors, which `diptych export` takes.
    Ctrl-C writes a checkpoint and a generator; --resume continues as if nothing had happened.
    """
    from diptych.training.call import check_call

    begun = {"preprocess": purpose} if purpose and purpose != "low-light" else {}
    values: dict[str, dict[str, Any]] = {
        "--objective": {"objective": objective} if objective else {},
        "--for": begun,
        "--set": read_changes(change or []),
    }
    first = os.environ.get("RANK", "0") == "0"  # of several processes, which torchrun numbers
    check_call(source=source, target=target, out=output, init=init, resume=resume, minutes=minutes, first=first)
    if not (preset or objective or config or resume or begun) and target is not None:
        preset = chosen_preset(source, target, values["--set"])
    settings = settings_of(source, target, preset, config, values, output if resume else None)
    folders = _folders(settings, source, target)
    settings.check_folders(**{name: folders.get(name) is not None for name in ("source", "target")})
    if resume and minutes:
        note("--minutes is for a new run: one that is resumed keeps its steps")
    if folders.get("source") and folders.get("target") and not resume:
        say_what_is_odd(str(folders["source"]), str(folders["target"]))
    from diptych.training import train as run_training

    with shown(settings.steps, as_json) as show:

        def on_event(entry: dict[str, Any]) -> None:
            show(entry)
            if not as_json and entry["event"] in ("begin", "end"):
                _say_outside(output, entry)

        try:
            run = run_training(
                settings, **folders, out=output, init=init, resume=resume, minutes=minutes, on_event=on_event
            )
        except KeyboardInterrupt:
            _say_interrupted(output)
            raise
    note(f"the best generator: {run.best}; how it went: {run.path}/report.html")


def chosen_preset(source: str, target: str, changes: dict[str, Any]) -> str | None:
    """Return the preset that the score finds fit for two folders, and say why; None if settings of one are given."""
    from diptych.training import preset
    from diptych.training.suggestion import accepts, suggest

    if not accepts("planner", changes):
        return None
    preset("planner").updated(changes, source="--set")  # what is out of bounds is said before the pictures are read
    found = suggest(source, target)
    note(f"--preset {found.preset}, as {found.why}; another: --preset NAME")
    return found.preset


def _say_interrupted(output: str) -> None:
    """Say what there is, and how to go on."""
    from pathlib import Path

    from diptych.training import Run

    run = Run(Path(output))
    if not (run.path / "run.json").exists():
        note("interrupted before the training began; nothing was written")
        return
    stopped = [entry for entry in run.entries() if entry["event"] == "interrupted"]
    if run.best.exists() and stopped:
        step = stopped[-1]["generator"]
        which = (
            f"the generator of step {step}"
            if step
            else "the classical first result, which no generator was better than"
        )
        note(f"{run.best} is {which}: diptych export {output} -o MODEL.onnx")
    saved = sorted(run.checkpoints.glob("step-*.safetensors"))
    there = (
        f"; the checkpoint is of step {int(saved[-1].stem.removeprefix('step-'))}" if saved else " before a checkpoint"
    )
    note(f"interrupted{there}; go on with --resume")


def _say_outside(output: str, entry: dict[str, Any]) -> None:
    """Say when the training begins and ends, and not only at its export, which steps no graph can have inside."""
    from pathlib import Path

    from diptych.export.whole import outside_graph
    from diptych.training import Run

    if entry["event"] == "begin":
        where, steps = "before", [step.operator for step in Run(Path(output)).preprocess.steps]
    else:
        where, steps = "after", [step.split()[0] for step in entry["postprocess"]]
    names = outside_graph(steps)
    if names:
        without = "; --set denoise=0 trains without it" if names == ["denoise_photo"] else ""
        note(
            f"{where} the network comes {', '.join(names)}: Diptych runs it, but export --whole cannot put it into a file "
            f"for other programs{without}"
        )


def settings_of(
    source: str,
    target: str | None,
    preset: str | None,
    file: str | None,
    values: dict[str, dict[str, Any]],
    resumed: str | None,
) -> TrainConfig:
    """Return the settings of a run: those of a preset, of a file over them, and `values` over both."""
    from pathlib import Path

    from diptych.core.errors import ParameterError
    from diptych.training import Run, choose_config
    from diptych.training.config import read_file

    if resumed and not Path(resumed, "config.toml").is_file():
        raise ParameterError(f"{resumed}: is not a run directory; leave --resume out to begin a new run")
    if resumed and not (preset or file):
        settings = Run(Path(resumed)).config
        for name, found in values.items():
            settings = settings.updated(found, source=name)
        return settings
    written = {file: read_file(file)} if file else {}
    folders = [source] if target is None else [source, target]
    return choose_config(folders, preset_name=preset, values={**written, **values})


def _folders(settings: TrainConfig, source: str, target: str | None) -> dict[str, str | None]:
    # What learns from one folder has it as its first argument, whichever it is.
    alone = target is None and settings.folders == ("target",)
    return {"source": None, "target": source} if alone else {"source": source, "target": target}


def read_changes(changes: list[str]) -> dict[str, Any]:
    """Read settings as they are typed: ``steps=500``, ``weights.cycle=5``, ``adversarial_kind=hinge``.

    >>> read_changes(["steps=500", "forward.name=unet", "forward.depth=5"])
    {'steps': 500, 'forward': {'name': 'unet', 'depth': 5}}
    """
    values: dict[str, Any] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key.strip():
            from diptych.core.errors import ParameterError

            raise ParameterError(f"--set {change}: is not KEY=VALUE; write e.g. --set steps=500")
        table, *rest = key.strip().split(".", 1)
        if rest:
            values.setdefault(table, {})[rest[0]] = _value(text)
        else:
            values[table] = _value(text)
    return values


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text.strip()
