"""``diptych advise``: what should be done with these pictures?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from diptych.cli.arguments import in_options
from diptych.cli.interrupt import check
from diptych.cli.progress import note, printable

if TYPE_CHECKING:
    from diptych.advice import Advice
    from diptych.training import TrainConfig


def advise(
    source: Annotated[str, typer.Argument(metavar="A", help="A folder of pictures to improve (searched recursively).")],
    target: Annotated[str, typer.Argument(metavar="B", help="A folder of pictures as they should look; no pairs.")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write the recommended recipe, FILE.toml.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="DIR", help="What pictures of A should look like: files of the same names.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A model's .onnx file to try as well; repeat it.")
    ] = None,
    train: Annotated[str | None, typer.Option(metavar="RUN", help="Also train a model in this new folder.")] = None,
    preset: Annotated[
        str, typer.Option(metavar="quick|planner|...", help="Settings of that training: quick takes minutes.")
    ] = "quick",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of that training, e.g. steps=500; repeat it."),
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write everything that was found as JSON.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of pictures, and of the intervals.")] = 0,
) -> None:
    """Say what to do with the pictures of A: the simplest that is not significantly worse than the best, and why.

    Tries tuned recipes, auto, the default enhancer, models in files and, if asked, a quick training on up to 24 pictures of
    A, against up to 96 of B; without a training that takes a minute or two.
    """
    from diptych.advice import advise as find_advice
    from diptych.core.errors import ParameterError
    from diptych.photo import check_target

    if (change or preset != "quick") and not train:
        raise ParameterError("--set and --preset are for a training; add --train RUN, or leave them out")
    if output is not None and not output.lower().endswith(".toml"):
        raise ParameterError(f"-o {output}: a recipe is a TOML file; give a name that ends in .toml")
    for file in (output, json_file):
        if file is not None:
            check_target(file, overwrite=overwrite)
    advice = find_advice(
        source,
        target,
        reference=reference,
        models_in=model or (),
        training=_settings(source, target, preset, change or []) if train else None,
        run=train,
        seed=seed,
        tell=_tell,
    )
    check()
    _print(advice, source, output)
    _write(advice, output, json_file, overwrite)
    for problem in advice.problems:
        note(f"failed: {in_options(problem)}")
    if advice.problems:
        raise typer.Exit(1)


def _tell(text: str) -> None:
    check()
    note(text)


def _settings(source: str, target: str, preset: str, change: list[str]) -> TrainConfig:
    from diptych.cli.train import read_changes, settings_of
    from diptych.core.errors import ParameterError

    settings = settings_of(source, target, preset, None, {"--set": read_changes(change)}, None)
    if len(settings.folders) == 1:
        raise ParameterError(
            f"--preset {preset} learns from one folder; advise compares models that learn from two: give quick, mobile, "
            f"planner or ugatit"
        )
    return settings


def _write(advice: Advice, output: str | None, json_file: str | None, overwrite: bool) -> None:
    from diptych.photo import atomic_write

    if output is not None and advice.recipe is not None:
        advice.recipe.save(output, overwrite=overwrite)
        note(f"wrote {output}")
    elif output is not None:
        note(f"{output} is not written: '{advice.recommended.candidate.name}' is no recipe; the command above uses it")
    if json_file is not None:
        atomic_write(json_file, (advice.to_json() + "\n").encode(), overwrite=overwrite)
        note(f"wrote {json_file}")


def _print(advice: Advice, source: str, output: str | None) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    console.print(_table(advice))
    console.print(f"Recommended: {advice.why}")
    if advice.recipe is not None and advice.recipe.steps:
        console.print("".join(f"  {step}\n" for step in advice.recipe.steps), end="", soft_wrap=True)
    commands = advice.commands(source, output or "advised.toml")
    if commands and advice.recipe is not None and output is None:
        commands = ("(with -o advised.toml, which writes the recipe)", *commands)
    for command in commands:
        console.print(f"  {command}", soft_wrap=True)
    for text in advice.notes:
        console.print(text, style="dim")


def _table(advice: Advice) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    referenced = bool(advice.objective_unit)
    figures = list(advice.recommended.scores.figures) if referenced else ["weakest in"]  # a row fits into 80 columns
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for head in (advice.objective_unit or advice.objective_name, "", *figures):
        table.add_column(head, justify="right")
    table.add_column("niqe", justify="right")
    table.add_column("ms/MP", justify="right")
    for one, gap in zip(advice.measured, advice.gaps, strict=True):
        mark = "> " if one is advice.recommended else "  "
        verdict = "out" if one.alarms else "worse" if gap.worse else "as good"
        values = one.scores.figures
        numbers = [_number(name, values[name]) for name in figures] if referenced else [_weakest(values)]
        niqe = "–" if one.niqe is None else f"{one.niqe:.2f}"
        value = f"{one.scores.value:.2f}" if advice.objective_unit else f"{one.scores.value:.3f}"
        cells = [mark + one.candidate.name, value, verdict, *numbers, niqe, f"{1000 * one.seconds_per_megapixel:.1f}"]
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _weakest(parts: dict[str, float]) -> str:
    name = min(parts, key=lambda part: parts[part])
    return f"{name} {parts[name]:.2f}"


def _number(name: str, value: float) -> str:
    return f"{value:.2f}" if name == "psnr" else f"{value:.3f}"
