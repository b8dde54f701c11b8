"""``diptych train``: two folders in, a trained generator out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diptych.cli.progress import note

if TYPE_CHECKING:
    from diptych.training import CycleGANConfig


def train(
    source: Annotated[str, typer.Argument(metavar="A", help="Folder of pictures to improve (searched deeply).")],
    target: Annotated[str, typer.Argument(metavar="B", help="Folder of pictures as they should look; no pairs.")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="RUN", help="The run directory.")],
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="quick|mobile|paper|render",
            help="Settings to start from: minutes, hours, the CycleGAN paper's, or a rendering and a camera.",
        ),
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings as a TOML file, over the preset's.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One setting, over all others, e.g. forward.width=24; repeat it."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with RUN from its newest checkpoint.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each entry of the log as a line of JSON.")] = False,
) -> None:
    """Train a generator from two folders without pairs. Look at them with `diptych check A B` first.

    RUN holds the settings, the log, contact sheets, checkpoints, a report and best.safetensors, which `diptych export` takes.
    Ctrl-C writes a checkpoint; --resume goes on as if nothing had happened.
    """
    from diptych.training import train as run_training

    settings = _settings(source, target, preset, config, change, output if resume else None)
    with _shown(settings, as_json) as show:
        try:
            run = run_training(settings, source=source, target=target, out=output, resume=resume, on_event=show)
        except KeyboardInterrupt:
            note(f"interrupted: {output} has a checkpoint; go on with --resume")
            raise
    note(f"the best generator: {run.best}; how it went: {run.path}/report.html")


def _settings(
    source: str, target: str, preset: str | None, config: str | None, change: list[str] | None, resumed: str | None
) -> CycleGANConfig:
    from diptych.training import Run
    from diptych.training import preset as find_preset
    from diptych.training.config import read_file
    from diptych.training.domains import channels_of

    if resumed and not (preset or config):
        from pathlib import Path

        settings = Run(Path(resumed)).config
    else:
        settings = find_preset(preset or "quick")
        grey = {"channels_in": channels_of(source), "channels_out": channels_of(target)}
        settings = settings.updated({"forward": grey, **({"identity": 0.0} if len(set(grey.values())) > 1 else {})})
    if config:
        settings = settings.updated(read_file(config), source=config)
    return settings.updated(read_changes(change or []), source="--set")


def read_changes(changes: list[str]) -> dict[str, Any]:
    """Read settings as they are typed: ``steps=500``, ``forward.width=24``, ``adversarial_kind=hinge``.

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
    except tomllib.TOMLDecodeError:
        return text.strip()


def _shown(settings: CycleGANConfig, as_json: bool) -> _Display:
    import sys

    if as_json:
        return _Display(lambda entry: typer.echo(json.dumps(entry)))
    if sys.stderr.isatty():
        return _Bar(settings.steps)
    return _Display(_plain)


class _Display:
    """Shows entries of the log; a context manager."""

    def __init__(self, show: Callable[[dict[str, Any]], None]) -> None:
        self._show = show

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self._show

    def __exit__(self, *error: object) -> None:
        return


class _Bar(_Display):
    """A progress bar with losses and speed; readings and what else happens are printed above it."""

    def __init__(self, steps: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=steps)
        super().__init__(self._advance)

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def _advance(self, entry: dict[str, Any]) -> None:
        if entry["event"] == "losses":
            text = " ".join(f"{_short(name)} {value:.3f}" for name, value in entry["losses"].items())
            text = f"{entry['images_per_second']:.1f} images/s  {text}"
            self._progress.update(self._task, completed=entry["step"], description=text)
        else:
            for line in lines_of(entry):
                self._progress.console.print(line, markup=False, highlight=False)


def _short(name: str) -> str:
    kind, _, part = name.partition(".")
    return kind[:5] + (f".{part[0]}" if part else "")


def _plain(entry: dict[str, Any]) -> None:
    for line in lines_of(entry):
        note(line)


def lines_of(entry: dict[str, Any]) -> list[str]:
    """Return what to print of an entry of the log; losses are left to the bar and the log."""
    step = entry.get("step", 0)
    if entry["event"] == "begin":
        counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in entry["pictures"].items())
        return [f"step {step} of {entry['steps']}; pictures: {counts}"]
    if entry["event"] == "camera":
        return [f"camera: its distance from A was {entry['before']:.2f}, and is {entry['after']:.2f} after the fit"]
    if entry["event"] == "skipped":
        return [f"skipped: {entry['picture']}: {entry['reason']}"]
    if entry["event"] == "reading":
        best = " (the best so far)" if entry["best"] == step else ""
        numbers = f"score {entry['score']:.3f}{best}, structure kept {entry['structure']:.2f}"
        numbers += f", distance to B {entry['domain_distance']:.2f}, cycle error {entry['cycle_error']:.3f}"
        return [f"step {step}: {numbers}", *(f"  {alarm['kind']}: {alarm['message']}" for alarm in entry["alarms"])]
    if entry["event"] == "end":
        after = " > ".join(entry["after"]) or "nothing"
        return [f"done after {step} steps; best at step {entry['best']}; classical step after the network: {after}"]
    return []
