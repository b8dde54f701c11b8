"""Trainings of some minutes on a GPU: `unet`, `mobile` and `resnet` on dark photographs and X-rays, and a planner.

Several run at the same time on one card, as many as the cores feed, each in a process of its own; the speeds are therefore
those of a shared card. Pairs that no training has seen are scored afterwards, for the report only: nothing is chosen by them.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import diptych as dp
from diptych.core.enhancer import Enhancer
from diptych.core.image import Image
from diptych.metrics import psnr, ssim
from diptych.recipes import auto
from diptych.training import Run, choose_config, load_generator, train
from gpu_part import Part, Row, peak_mib

CORES_EACH = 2
SCORING = 0.15  # share of the time
PROBLEMS = {
    "photographs": ("lol/train/low", "lol/train/normal", "lol/dev/low", "lol/dev/high"),
    "X-rays": (
        *("domains/xray/train/low", "domains/xray/train/normal"),
        *("domains/xray/test/low", "domains/xray/test/high"),
    ),
}
NETWORKS: dict[str, dict[str, Any]] = {
    "mobile": {"forward": {"name": "mobile"}, "learning_rate": 1e-3},
    "unet": {"forward": {"name": "unet", "residual": True}, "learning_rate": 4e-4},
    "resnet": {"forward": {"name": "resnet", "residual": True}, "learning_rate": 4e-4},
}
CASES = [("photographs", "mobile"), ("photographs", "unet"), ("X-rays", "mobile"), ("X-rays", "unet")]
CASES += [("photographs", "resnet"), ("X-rays", "resnet")]
SETTINGS: dict[str, Any] = {"crop": 256, "batch": 4, "cache": 4096, "workers": 2}
TOY: dict[str, Any] = {"crop": 16, "batch": 1, "workers": 0, "denoise": 0.0, "preprocess": "none"}


def run(part: Part) -> None:
    """Train every network on every problem, and score."""
    together(part, CASES[:1] if part.toy else CASES)


def run_planner(part: Part) -> None:
    """Train a planner, and score it."""
    together(part, [("photographs", "planner")])


def together(part: Part, cases: list[tuple[str, str]]) -> None:
    """Train some cases at a time in processes of their own, and add a row for each as it ends."""
    assert part.data is not None
    there = [case for case in cases if (part.data / PROBLEMS[case[0]][0]).is_dir()]
    for problem in sorted({problem for problem, _ in cases} - {problem for problem, _ in there}):
        part.note(f"{problem}: no folder {PROBLEMS[problem][0]} in {part.data.name}: not trained")
    at_once = max(1, min(len(there), len(os.sched_getaffinity(0)) // CORES_EACH))
    rounds = -(-len(there) // at_once)
    each = part.left() / max(rounds, 1)
    if at_once > 1:
        part.note(f"{at_once} trainings at a time shared the card")
    for start in range(0, len(there), at_once):
        running = {case: begun(part, case, each) for case in there[start : start + at_once]}
        if start == 0:
            add_others(part, dict.fromkeys(problem for problem, _ in there))
        for (problem, name), process in running.items():
            process.wait()
            row = part.out / "runs" / f"{problem}-{name}.json"
            if row.exists():
                values = json.loads(row.read_text())
                part.keep(f"{problem} {name}", values.pop("log"))
                part.add(problem=problem, what=name, **values)
            else:
                last = (part.out / "runs" / f"{problem}-{name}.log").read_text().strip().splitlines()[-1:]
                part.note(f"{problem}, {name}: failed: {''.join(last)}")


def add_others(part: Part, problems: Iterable[str]) -> None:
    """Add the rows of the pictures as they are, and of the rules of `auto`."""
    assert part.data is not None
    for problem in problems:
        for name, enhancer in (("none", lambda image: image), ("auto", auto)):
            part.add(problem=problem, what=name, **scores(enhancer, part.data, problem, most=2 if part.toy else 1000))


def begun(part: Part, case: tuple[str, str], seconds: float) -> subprocess.Popen[bytes]:
    """Start a training in a process of its own."""
    folder = part.out / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, *case, str(seconds), part.device, str(part.data), str(part.out)]
    with open(folder / f"{'-'.join(case)}.log", "wb") as log:
        words = [*command, *(["toy"] if part.toy else [])]
        return subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)


def trained(case: tuple[str, str], seconds: float, device: str, data: Path, out: Path, *, toy: bool) -> None:
    """Train one case for so many seconds, scoring included, and write its row."""
    began = time.perf_counter()
    problem, name = case
    source, target = (data / folder for folder in PROBLEMS[problem][:2])
    if name == "planner":
        settings = {"batch": 2, "workers": 0, "calibration_steps": 2} if toy else {"cache": 4096, "workers": 4}
        preset = "planner"
    else:
        settings, preset = NETWORKS[name] | (TOY if toy else SETTINGS), "quick"
    if toy and name == "mobile":
        settings = settings | {"forward": {"name": "mobile", "width": 4, "depth": 1, "blocks": 0}}
    config = choose_config([source, target], preset_name=preset, values={"gpu": {**settings, "device": device}})
    run = Run(out / "runs" / f"{problem}-{name}")
    allowed = seconds * (1 - SCORING)

    def watch(entry: Row) -> None:
        if entry["event"] == "losses" and time.perf_counter() - began > allowed:
            raise KeyboardInterrupt  # which leaves a generator

    # A card that is shared becomes slower when the others begin: they are still reading when the speed is measured.
    with contextlib.suppress(KeyboardInterrupt):
        train(config, source=source, target=target, out=run.path, minutes=allowed / 60, on_event=watch)
    trained_seconds = time.perf_counter() - began
    enhance = load_generator(run.path)
    enhance.module.to(device)
    row = {**scores(enhance, data, problem, most=2 if toy else 1000), **about(run, trained_seconds)}
    row |= {"peak_mib": peak_mib(device), "log": kept_log(run)}
    (out / "runs" / f"{problem}-{name}.json").write_text(json.dumps(row))


def scores(enhance: Enhancer | Any, data: Path, problem: str, *, most: int) -> Row:
    """Return the mean PSNR and SSIM over the pairs of a problem."""
    low, high = (data / folder for folder in PROBLEMS[problem][2:])
    found = []
    for path in sorted(low.iterdir())[:most]:
        wanted = next(high.glob(f"{path.stem}.*"))
        result, reference = enhance(pixels(path)), pixels(wanted)
        found.append((psnr(result, reference), ssim(result, reference)))
    mean = np.mean(found, axis=0)
    return {"pairs": len(found), "psnr_db": round(float(mean[0]), 2), "ssim": round(float(mean[1]), 3)}


def pixels(path: Path) -> Image:
    """Return the pixels of a file."""
    return dp.read(path).pixels


def about(run: Run, seconds: float) -> Row:
    """Return what the log says of a run."""
    entries = run.entries()
    speeds = [entry["images_per_second"] for entry in entries if entry["event"] == "losses"]
    end = entries[-1]  # of the event end, or interrupted
    return {
        "steps": f"{end['step']} of {run.config.steps}",
        "best_step": end.get("best", end.get("generator")),
        "seconds": round(seconds, 1),
        "images_a_second": round(float(np.median(speeds)), 1),
        "after_the_network": " > ".join(step.split()[0] for step in end.get("postprocess", [])),
    }


def kept_log(run: Run, most: int = 24) -> list[Row]:
    """Return the validations and some of the losses of a run."""
    entries = run.entries()
    losses = [entry for entry in entries if entry["event"] == "losses"]
    chosen = {round(place) for place in np.linspace(0, len(losses) - 1, min(most, len(losses)))}
    some = [entry for number, entry in enumerate(losses) if number in chosen]
    others = [entry for entry in entries if entry["event"] not in ("losses", "skipped")]
    return sorted([*some, *others], key=lambda entry: entry["step"])


if __name__ == "__main__":
    words = sys.argv[1:]
    trained((words[0], words[1]), float(words[2]), words[3], Path(words[4]), Path(words[5]), toy="toy" in words[6:])
