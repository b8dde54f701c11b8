"""How far is what `advise` recommends without references from the truly best that it tried?

    python benchmarks/score_advice.py DATA [--out benchmarks/results/score_advice]

For six problems whose truth is known (`score_problems.py`; up to 24 pictures of A and 96 of B, 256 px) `advise A B`
recommends without references. Then every candidate is measured against the truth, on the pictures that were held out: how
many decibels of PSNR are lost against the best of them, and of what `advise` with references decides by (the mean of PSNR
and -10 log10(1 - SSIM)).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import diptych as dp
from diptych.advice import advise
from diptych.advice.evaluator import ReferenceEvaluator
from diptych.advice.pictures import read_pictures
from score_problems import Problem, problems

PROBLEMS = ("lol_dev", "xray", "real_noise", "haze", "low_contrast", "dark")
SOURCES, TARGETS = 24, 96


def loss_of(problem: Problem, folder: Path) -> dict[str, Any]:
    """Return what was recommended, what was best, and the decibels between them."""
    sides = {"a": problem.sources, "b": problem.targets, "truth": problem.truth}
    for side, pictures in sides.items():
        (folder / side).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            dp.write(folder / side / f"{number:02}.png", np.rint(255 * picture).astype(np.uint8))
    advice = advise(folder / "a", folder / "b")
    held_out = read_pictures(folder / "a", folder / "b", reference=folder / "truth").held_out
    truth = ReferenceEvaluator(held_out.references)
    rows = []
    for one in advice.measured:
        found = truth.evaluate([one.candidate.enhancer(image) for image in held_out.sources])
        rows.append(
            {
                "name": one.candidate.name,
                "score": one.scores.value,
                "error": getattr(one.scores, "error", None),
                "quality": found.value,
                **found.figures,
            }
        )
    chosen = next(row for row in rows if row["name"] == advice.recommended.candidate.name)
    best = {name: max(rows, key=lambda row: row[name]) for name in ("psnr", "quality")}
    return {
        "problem": problem.name,
        "recommended": chosen["name"],
        "best": best["quality"]["name"],
        "psnr": chosen["psnr"],
        "ssim": chosen["ssim"],
        **{f"{name}_loss": row[name] - chosen[name] for name, row in best.items()},
        "candidates": rows,
    }


def to_markdown(lines: list[dict[str, Any]]) -> str:
    text = [
        "| problem | recommended | PSNR | SSIM | loss in PSNR (dB) | loss in PSNR and SSIM (dB) | best |",
        "|---|---|---|---|---|---|---|",
    ]
    text += [
        f"| {line['problem']} | {line['recommended']} | {line['psnr']:.2f} | {line['ssim']:.3f} | {line['psnr_loss']:.2f} | "
        f"{line['quality_loss']:.2f} | {line['best']} |"
        for line in lines
    ]
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", default=PROBLEMS, metavar="PROBLEM")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/score_advice"))
    options = parser.parse_args()
    lines = []
    for problem in problems(options.data, tuple(options.only), sources=SOURCES, targets=TARGETS):
        with tempfile.TemporaryDirectory() as folder:
            lines.append(loss_of(problem, Path(folder)))
        print(to_markdown(lines[-1:]).splitlines()[-1], flush=True)
        options.out.with_suffix(".json").write_text(json.dumps(lines, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(to_markdown(lines))


if __name__ == "__main__":
    main()
