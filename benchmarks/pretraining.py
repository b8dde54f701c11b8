"""What first weights from pre-training are worth: pictures and steps that a training needs with and without them.

    python benchmarks/pretraining.py FOLDER OUT [--steps 200] [--pretraining 400]

FOLDER holds good photographs. A quarter is kept for the score. The others are the unlabelled pictures of the pre-training: it
gives back squares that were taken away and undoes a degradation. The training that follows is another one: it learns to undo
haze, from all of the pictures or from every fifth. The score is the PSNR on the pictures that were kept, in haze of their
own, so that its reference is exact. Everything runs through `diptych.training.train`, the second part with `init`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import diptych as dp
from diptych.core.image import to_float
from diptych.metrics import psnr
from diptych.networks import Degradation, Mobile, build
from diptych.training import load_generator, preset, train

SIDE = 256
NETWORK = Mobile(width=16, depth=3)
HAZE = Degradation(kind="haze")


def prepare(folder: str, out: Path) -> dict[str, Path]:
    """Write small copies of the pictures: `all`, every fifth of them, and those that are kept."""
    parts = {name: out / "pictures" / name for name in ("all", "fifth", "kept")}
    for part in parts.values():
        part.mkdir(parents=True, exist_ok=True)
    training = 0
    for number, path in enumerate(sorted(Path(folder).iterdir())):
        where = [parts["kept"]] if number % 4 == 3 else [parts["all"]]
        if where[0] == parts["all"]:
            where += [parts["fifth"]] if training % 5 == 0 else []
            training += 1
        pixels = dp.read(path).pixels
        small = dp.operators.zoom(pixels[..., :3], factor=min(1.0, SIDE / min(pixels.shape[:2])), interpolation="area")
        for one in where:
            dp.write(one / f"{number:04}.png", small, overwrite=True)
    return parts


def degraded_pairs(folder: Path, most: int = 32) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs (hazy, good) of the pictures that were kept: with exact references."""
    degradation = build(HAZE, seed=77)
    found = []
    for number, path in enumerate(sorted(folder.iterdir())[:most]):
        good = np.ascontiguousarray(to_float(dp.read(path).pixels)[:SIDE, :SIDE], np.float32)
        degradation.samples.fill_(10_000 + number)
        with torch.no_grad():
            dark = degradation(torch.from_numpy(good.transpose(2, 0, 1)[None].copy()))[0].numpy().transpose(1, 2, 0)
        found.append((np.ascontiguousarray(dark), good))
    return found


def score(run: Path, pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the mean PSNR of the best generator so far."""
    enhance = load_generator(run)
    return float(np.mean([psnr(enhance(dark), good) for dark, good in pairs]))


def pretrain(folder: Path, out: Path, steps: int) -> Path:
    """Train on masked and dark pictures; return the run."""
    config = preset("pretraining").updated({"forward": NETWORK, "steps": steps, "eval_every": steps})
    if not (out / "report.html").exists():
        train(config, source=folder, out=out)
    return out


def learn(
    folder: Path, out: Path, pairs: list[tuple[np.ndarray, np.ndarray]], *, steps: int, init: Path | None
) -> dict:
    """Train on hazy pictures; return the score at every validation."""
    done = out / "scores.json"
    if done.exists():
        return json.loads(done.read_text())
    found: dict[str, float] = {}
    config = preset("pretraining").updated(
        {
            "forward": NETWORK,
            "degradation": HAZE,
            "steps": steps,
            "eval_every": steps // 4,
            "mask_ratio": 0.0,
            "degraded_ratio": 1.0,
        }
    )

    def look(entry: dict) -> None:
        if entry["event"] == "validation":
            found[str(entry["step"])] = round(score(out, pairs), 3)

    train(config, source=folder, out=out, init=init, on_event=look)
    found["end"] = round(score(out, pairs), 3)
    done.write_text(json.dumps(found))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--pretraining", type=int, default=400)
    asked = parser.parse_args()
    parts = prepare(asked.folder, asked.out)
    pairs = degraded_pairs(parts["kept"])
    print(f"{len(list(parts['all'].iterdir()))} pictures, a fifth of them {len(list(parts['fifth'].iterdir()))}")
    print(f"input: {np.mean([psnr(dark, good) for dark, good in pairs]):.2f} dB", flush=True)
    first = pretrain(parts["all"], asked.out / "first", asked.pretraining)
    for share, init in (("fifth", first), ("all", None), ("fifth", None), ("all", first)):
        name = f"{share}-{'init' if init else 'fresh'}"
        found = learn(parts[share], asked.out / name, pairs, steps=asked.steps, init=init)
        print(f"{name:12s}", " ".join(f"{step}:{value:.2f}" for step, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
