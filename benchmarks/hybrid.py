"""Is a classical step before a light network worth it? SciPy alone, other classical ways, the network alone, and both.

    python benchmarks/hybrid.py DATA --work FOLDER [--steps 400] [--report] [--json FILE]

DATA is the folder that holds ``lol``. Three CycleGANs (the preset ``quick``, seven minutes each on two cores) are trained,
unpaired, on the halves of ``lol/train``; they differ in the classical step before the network alone: none, a stretch, and the
first result that the score chooses. They are as their runs left them. What is trained or measured in FOLDER already is taken
from there. SciPy gets the best of its settings by the 40 pairs of ``lol/dev``. With ``--report`` the 15 pairs of
``lol/eval15``, by which nothing is chosen, are a second table.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

import diptych as dp
from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.image import Image, from_float, to_float
from diptych.evaluation import evaluate
from diptych.recipes import catalogue
from diptych.runtime import DefaultEnhancer
from diptych.training import Run, preset, train
from diptych.training.generator_file import load_generator
from figures import Values, to_markdown, with_interval

METRICS = {"psnr": 2, "ssim": 3, "niqe": 2}
"""And with how many digits they are given."""
PERCENTILES = ((0.5, 99.5), (1.0, 99.0), (2.0, 98.0))
FILTERS = ("none", "gaussian", "median", "uniform")
NETWORKS = {
    "none": "light CycleGAN alone",
    "stretch": "stretch, light CycleGAN",
    "auto": "first result, light CycleGAN",
}
GAMMAS = (0.4, 0.5, 0.6, 0.7, 0.8)
SCIPY, GAMMA, FIRST = "SciPy alone", "SciPy and a gamma", "classical first result"


@dataclass(frozen=True)
class SciPy:
    """Percentile normalisation of the whole picture, a small filter of `scipy.ndimage`, and a power."""

    low: float
    high: float
    smooth: str
    gamma: float = 1.0

    @property
    def spec(self) -> EnhancerSpec:
        return EnhancerSpec(f"stretch {self.low:g}-{self.high:g}, {self.smooth}, gamma {self.gamma:g}", "")

    def __call__(self, image: Image, /) -> Image:
        floats = to_float(image)
        low, high = np.percentile(floats, [self.low, self.high])
        lit = np.clip((floats - low) / max(high - low, 1e-6), 0, 1)
        if self.smooth == "gaussian":
            lit = ndimage.gaussian_filter(lit, (1, 1, 0))
        elif self.smooth != "none":
            lit = getattr(ndimage, f"{self.smooth}_filter")(lit, (3, 3, 1))
        return from_float((lit**self.gamma).astype(np.float32), image.dtype)


def best_scipy(pairs: Path, tried: list[SciPy]) -> SciPy:
    """Return the settings with the highest PSNR on pairs."""
    found = np.zeros(len(tried))
    for path in sorted((pairs / "low").iterdir()):
        image, truth = dp.read(path).pixels, dp.read(pairs / "high" / path.name).pixels
        found += [dp.metrics.psnr(one(image), truth) for one in tried]
    return tried[int(found.argmax())]


def trained(data: Path, work: Path, kind: str, steps: int) -> Run:
    """Return the run that is there, or train it."""
    run = Run(work / f"{kind}-{steps}")
    if run.best.exists():
        return run
    changes = {"preprocess": kind, "steps": steps, "eval_every": max(1, steps // 4)}
    return train(preset("quick").updated(changes), source=data / "low", target=data / "normal", out=run.path)


def enhancers(data: Path, work: Path, steps: int) -> tuple[dict[str, Enhancer | None], dict[str, str]]:
    """Return what is compared, and of each what it consists of."""
    plain = best_scipy(data / "dev", [SciPy(*both, kind) for both in PERCENTILES for kind in FILTERS])
    scipy = {SCIPY: plain, GAMMA: best_scipy(data / "dev", [replace(plain, gamma=one) for one in GAMMAS])}
    runs = {kind: trained(data / "train", work, kind, steps) for kind in NETWORKS}
    networks = {label: load_generator(runs[kind].path) for kind, label in NETWORKS.items()}
    first = runs["auto"].preprocess
    found: dict[str, Enhancer | None] = {
        "input": None,
        **scipy,
        "rules, auto": catalogue.find("auto"),
        FIRST: first,
    }
    consists = {label: one.spec.name for label, one in scipy.items()}
    consists[FIRST] = " > ".join(step.operator for step in first.steps)
    for kind, label in NETWORKS.items():
        consists[label] = f"{networks[label].spec.summary}; step {kept(runs[kind])} of {last(runs[kind])}"
    return found | networks | {"default enhancer": DefaultEnhancer()}, consists


def kept(run: Run) -> int:
    """Return the step whose generator a run has kept; 0 is its first result."""
    return int(max(run.validations(), key=lambda one: one["score"])["step"])


def last(run: Run) -> int:
    return int(run.validations()[-1]["step"])


def measured(name: str, enhancer: Enhancer | None, pairs: Path, work: Path) -> Values:
    """Return the metrics of each picture, from the file of an earlier run if there is one."""
    file = work / f"{pairs.name}-{name.replace(' ', '_').replace(',', '')}.json"
    if not file.exists():
        report = evaluate({name: enhancer}, pairs / "low", references=pairs / "high", metrics=list(METRICS))
        rows = report.rows_of(candidate=name)
        file.write_text(json.dumps({row.image: {key: row.values[key] for key in METRICS} for row in rows}))
    return json.loads(file.read_text())


def table(found: dict[str, Values]) -> dict[str, dict[str, Any]]:
    """Return means with intervals, and the difference in PSNR from SciPy alone, also as a share of it."""
    base = {image: one["psnr"] for image, one in found[SCIPY].items()}
    rows: dict[str, dict[str, Any]] = {}
    for name, values in found.items():
        more = [one["psnr"] - base[image] for image, one in values.items()]
        rows[name] = {
            key: with_interval([one[key] for one in values.values()], digits) for key, digits in METRICS.items()
        }
        rows[name]["more PSNR than SciPy alone, dB"] = with_interval(more, 2)
        share = 100 / float(np.mean(list(base.values())))
        rows[name]["the same, %"] = with_interval([share * one for one in more], 1)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    lol = given.data / "lol"
    compared, consists = enhancers(lol, given.work, given.steps)
    result: dict[str, Any] = {"about": {"diptych": dp.__version__, "steps": given.steps}, "consists of": consists}
    for name in ("dev", *(["eval15"] if given.report else [])):
        values = {label: measured(label, one, lol / name, given.work) for label, one in compared.items()}
        result[name] = table(values)
        print(to_markdown(name, result[name]), flush=True)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
