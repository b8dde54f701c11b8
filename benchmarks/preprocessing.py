"""Does a classical step before the network help? Steps to the same validation score with none, stretch and specify.

``python benchmarks/preprocessing.py A B -o FOLDER [--steps 1200] [--crop 96] [--plot FILE.svg]``

Three trainings that differ in `preprocess` alone. Every kept checkpoint is read by one and the same monitor, which sees the
whole enhancer, from the raw held-out picture to the output of the network, so that the three curves have one scale (the monitor
of a run itself measures from the prepared picture). A run that is there already is not trained again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from diptych.networks import build
from diptych.training import Run, TrainConfig, preset, train
from diptych.training.data import TrainingData
from diptych.training.distributed import launch
from diptych.training.generator_file import read_tensors, run_network
from diptych.training.objectives import make_objective
from diptych.training.run.checkpoint import checkpoints
from diptych.training.validation.monitor import Monitor

KINDS = ("none", "stretch", "specify")
COLOURS = {"none": "#8a8a94", "stretch": "#2458c5", "specify": "#b4431a"}


def scores(run: Run, config: TrainConfig, data: TrainingData) -> Iterator[tuple[int, float]]:
    """Yield step and common score of every kept checkpoint."""
    monitor = Monitor(data.held_raw, data.held_target)
    module = build(config.forward).eval()
    prepared = data.held_source
    order = iter(prepared)
    yield 0, monitor.evaluate(0, lambda image: next(order)).score
    for path in checkpoints(run.checkpoints):
        tensors, state = read_tensors(path)
        prefix = "average_forward/"
        module.load_state_dict(
            {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        )
        outputs = iter([run_network(module, image) for image in prepared])
        yield state["step"], monitor.evaluate(state["step"], lambda image, outputs=outputs: next(outputs)).score


def plot(curves: dict[str, list[tuple[int, float]]], file: Path) -> None:
    """Draw the curves as an SVG."""
    last = max(step for curve in curves.values() for step, _ in curve)
    high = max(score for curve in curves.values() for _, score in curve) * 1.05
    lines = []
    for place, (kind, curve) in enumerate(curves.items()):
        points = " ".join(f"{50 + 580 * step / last:.1f},{250 - 230 * score / high:.1f}" for step, score in curve)
        lines.append(f'<polyline fill="none" stroke="{COLOURS[kind]}" stroke-width="2" points="{points}"/>')
        lines.append(f'<text x="560" y="{190 + 18 * place}" fill="{COLOURS[kind]}">{kind}</text>')
    for score in (0.0, 0.2, 0.4, 0.6, 0.8):
        if score < high:
            y = 250 - 230 * score / high
            lines.append(f'<line x1="50" x2="630" y1="{y:.1f}" y2="{y:.1f}" stroke="#8884"/>')
            lines.append(f'<text x="20" y="{y + 4:.1f}" fill="#888">{score:.1f}</text>')
    lines.append(f'<text x="630" y="270" text-anchor="end" fill="#888">{last} steps</text>')
    lines.append('<text x="20" y="12" fill="#888">score of the monitor</text>')
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 280" font-family="sans-serif" font-size="12">'
    file.write_text(f"{head}{''.join(lines)}</svg>\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    curves = {}
    for kind in KINDS:
        changes = {
            "preprocess": kind,
            "denoise": 0.0,
            "steps": options.steps,
            "eval_every": options.every,
            "crop": options.crop,
            "keep_checkpoints": 1000,
            "patience": 1000,
        }
        config = preset("quick").updated(changes)
        out, folders = options.output / kind, {"source": options.source, "target": options.target}
        run = Run(out) if (out / "report.html").exists() else train(config, **folders, out=out)
        curves[kind] = list(scores(run, config, make_objective(config, launch(config)).open_data(**folders)))
        print(kind, json.dumps([(step, round(score, 4)) for step, score in curves[kind]]), flush=True)
    best = max(score for _, score in curves["none"])
    for kind, curve in curves.items():
        reached = next((step for step, score in curve if score >= best), None)
        highest = max(score for _, score in curve)
        print(f"{kind:8} best {highest:.3f}; reached the best of none ({best:.3f}) after {reached} steps")
    if options.plot:
        plot(curves, options.plot)


if __name__ == "__main__":
    main()
