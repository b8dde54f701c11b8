"""What to print of the log of a training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diptych.cli.arguments import in_options
from diptych.cli.progress import duration


def lines_of(entry: dict[str, Any]) -> list[str]:
    """Return what to print of an entry of the log; losses are left to the bar and the log."""
    say = {
        "begin": _begin_lines,
        "progress": _progress_lines,
        "schedule": _schedule_lines,
        "init": lambda entry: [_init_line(name, part) for name, part in entry["networks"].items()],
        "calibration": _calibration_lines,
        "preprocess": _preprocess_lines,
        "rollback": _rollback_lines,
        "skipped": lambda entry: [f"skipped: {entry['picture']}: {entry['reason']}"],
        "validation": _validation_lines,
        "end": _end_lines,
    }.get(entry["event"])
    return say(entry) if say else []


def _begin_lines(entry: dict[str, Any]) -> list[str]:
    counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in entry["pictures"].items())
    threads = f"; threads: {entry['threads']}" if "threads" in entry else ""
    return [f"step {entry['step']} of {entry['steps']}; pictures: {counts}{threads}"]


def _progress_lines(entry: dict[str, Any]) -> list[str]:
    left = duration(entry["seconds_left"])
    return [f"step {entry['step']} of {entry['steps']}: {entry['images_per_second']:.2g} images/s, {left} left"]


def _schedule_lines(entry: dict[str, Any]) -> list[str]:
    return [
        f"{entry['steps']} steps fit into the time, at {entry['step_seconds']:.3g} s each; a validation every "
        f"{entry['eval_every']}, at {entry['validation_seconds']:.2g} s"
    ]


def _calibration_lines(entry: dict[str, Any]) -> list[str]:
    before, after = entry["distance_before"], entry["distance_after"]
    before, after = max(0.0, before), max(0.0, after)  # below 0: no farther than chance
    return [f"degradation model: its distance from A was {before:.2f}, and is {after:.2f} after the fit"]


def _preprocess_lines(entry: dict[str, Any]) -> list[str]:
    scores, chosen = entry["scores"], entry["chosen"]
    others = sorted((name for name in scores if name != chosen), key=lambda name: -float(scores[name]))[:3]
    line = f"first result: {chosen}, which the score chose ({scores[chosen]:.3f} of 1"
    return [line + "".join(f"; {name} {scores[name]:.3f}" for name in others) + ")"]


def _rollback_lines(entry: dict[str, Any]) -> list[str]:
    turned = ", ".join(_turned(entry["turned"]))
    return [f"step {entry['step']}: {entry['reason']}: back to the weights of step {entry['to']}, with {turned}"]


def _turned(values: dict[str, Any], table: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _turned(value, f"{name}.")
        else:
            yield f"{table}{name} {value:g}"


def _validation_lines(entry: dict[str, Any]) -> list[str]:
    best = " (the best so far)" if entry["best"] == entry["step"] else ""
    if "loss" in entry:
        numbers = f"held-out loss {entry['loss']:.4f}{best}"
    else:
        weakest = min(entry["parts"], key=lambda name: float(entry["parts"][name]))
        numbers = f"score {entry['score']:.3f} ± {entry['score_error']:.3f} of 1{best}"
        numbers += f", weakest in {weakest} ({entry['parts'][weakest]:.2f}), structure kept {entry['structure']:.2f}"
        if entry["cycle_error"] is not None:
            numbers += f", cycle error {entry['cycle_error']:.3f}"
    alarms = [f"  {alarm['kind']}: {in_options(alarm['message'])}" for alarm in entry["alarms"]]
    return [f"step {entry['step']}: {numbers}", *alarms]


def _end_lines(entry: dict[str, Any]) -> list[str]:
    after = " > ".join(entry["postprocess"]) or "nothing"
    best = (
        f"that of step {entry['best']} is kept"
        if entry["best"] != 0
        else "no generator was better than the first result"
    )
    return [f"done after {entry['step']} steps; {best}; classical step after the network: {after}"]


def _init_line(name: str, part: dict[str, Any]) -> str:
    taken = f"{name}: {part['weights']:,} of {part['of']:,} weights are those of --init"
    if not part["left"]:
        return taken
    more = f" and {len(part['left']) - 3} more" if len(part["left"]) > 3 else ""
    return f"{taken}; fresh are {', '.join(part['left'][:3])}{more}"
