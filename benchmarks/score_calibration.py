"""Does the score without references rank outcomes as PSNR and SSIM do? Its fit, its table, its plot.

    python benchmarks/score_calibration.py DATA [--out benchmarks/results/score] [--plot docs/images/score.svg]

DATA has the pictures (none is in the repository). Twelve problems whose truth is known (`score_problems.py`): half of
them, of pictures that settings are chosen by, fit the units and weights of `diptych.quality.score.PARTS`; the others only
show how well they do. In each, enhancers, faults on purpose, and faults of an enhancer's outputs are ranked by the mean of
their ranks by PSNR and by SSIM; the figure of a problem is Spearman's rank correlation of that with the score. Beside it:
the score that was used before (structure kept times ``exp(-distance)``), and weights fitted without the problem itself.

Written are ``OUT.json`` (weights, problems, every outcome, one a line) and ``OUT.md`` (the tables).
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from diptych import metrics, operators
from diptych.quality import DomainScore, DomainStatistics, MeasuredPicture, StructureReference
from diptych.quality.score import PARTS
from score_problems import CHOOSES, REPORTS, Floats, Problem, candidates, problems

START, STEPS, LEAST_GAIN = 0.2, (1.5, 1.125), 1e-4
LEAST_DISTANCE = 0.5
MOST_DECIBELS = 50.0
MOST = 1e4  # of an amount, which may be infinite
Rows = list[dict[str, Any]]


def outcomes(problem: Problem) -> Rows:
    """Return what became of every candidate: PSNR, SSIM, the score with its parts, the former score."""
    stretch = operators.get("stretch")
    structure = StructureReference([np.asarray(stretch(image, low=0.0, high=99.9)) for image in problem.sources])
    targets = [MeasuredPicture.of(image) for image in problem.targets]
    domain, former = DomainScore(targets), _Former(problem.sources, targets)
    rows = []
    for name, outputs in candidates(problem):
        measured = [MeasuredPicture.of(image) for image in outputs]
        edges = [one.edges() for one in measured]
        score = domain.score(measured, structure.coarsely_added(edges))
        pairs = list(zip(outputs, problem.truth, strict=True))
        rows.append(
            {
                "problem": problem.name,
                "candidate": name,
                "psnr": float(np.mean([min(metrics.get("psnr")(a, b), MOST_DECIBELS) for a, b in pairs])),
                "ssim": float(np.mean([metrics.get("ssim")(a, b) for a, b in pairs])),
                "score": score.value,
                "error": score.error,
                "amounts": {name: min(amount, MOST) for name, amount in score.amounts.items()},
                "former": former.score(measured, structure.kept(edges)),
            }
        )
    return rows


class _Former:
    """Structure kept times ``exp(-distance)``, the distance in units of the inputs' own."""

    def __init__(self, sources: Sequence[Floats], targets: Sequence[MeasuredPicture]) -> None:
        self._domain = DomainStatistics([one.appearance for one in targets])
        inputs = [MeasuredPicture.of(image).appearance for image in sources]
        self._scale = max(self._domain.distance(inputs), LEAST_DISTANCE)

    def score(self, outputs: Sequence[MeasuredPicture], kept: Sequence[float]) -> float:
        distance = self._domain.distance([one.appearance for one in outputs]) / self._scale
        return float(np.mean(kept) * np.exp(-distance))


def truth(rows: Rows) -> NDArray[np.float64]:
    """Return the means of the ranks by PSNR and by SSIM."""
    ranks = (rankdata([row[name] for row in rows]) for name in ("psnr", "ssim"))
    return np.mean(list(ranks), axis=0)


def agreement(rows: Rows, values: Sequence[float]) -> float:
    return float(spearmanr(truth(rows), values)[0])


def costs(rows: Rows) -> NDArray[np.float64]:
    """Return ``log(1 + amount / unit)`` of each part, a row for each outcome."""
    return np.array([[np.log1p(row["amounts"][name] / part.unit) for name, part in PARTS.items()] for row in rows])


def fitted(found: dict[str, Rows], names: Sequence[str]) -> NDArray[np.float64]:
    """Return the weights that rank best within these problems, found one at a time by steps of an eighth and a half.

    Best is the mean of the rank correlations over all outcomes and over outputs alone. Of the weights only ratios matter,
    so the first stays as it is.
    """
    sides = [(costs(rows), truth(rows)) for name in names for rows in (found[name], outputs_only(found[name]))]

    def value(weights: NDArray[np.float64]) -> float:
        return float(np.mean([spearmanr(ranks, -part @ weights)[0] for part, ranks in sides]))

    best = np.array([part.weight for part in PARTS.values()])
    best[1:] = START
    for factor in STEPS:
        improved = True
        while improved:
            improved = False
            for index, step in itertools.product(range(1, len(best)), (factor, 1 / factor)):
                changed = best.copy()
                changed[index] *= step
                if value(changed) > value(best) + LEAST_GAIN:
                    best, improved = changed, True
    return best


def outputs_only(rows: Rows) -> Rows:
    """Return the outcomes but those that are the truth with a fault."""
    return [row for row in rows if not row["candidate"].startswith("truth")]


def table(found: dict[str, Rows]) -> Rows:
    """Return the rank correlations of each problem."""
    lines = []
    for name, rows in found.items():
        others = [one for one in CHOOSES if one != name]
        enhanced = outputs_only(rows)
        lines.append(
            {
                "problem": name,
                "fits": name in CHOOSES,
                "outcomes": len(rows),
                "score": agreement(rows, [row["score"] for row in rows]),
                "without": agreement(rows, list(-costs(rows) @ fitted(found, others))),
                "former": agreement(rows, [row["former"] for row in rows]),
                "score_enhanced": agreement(enhanced, [row["score"] for row in enhanced]),
                "former_enhanced": agreement(enhanced, [row["former"] for row in enhanced]),
            }
        )
    return lines


FIGURES = ("score", "without", "former", "score_enhanced", "former_enhanced")


def to_markdown(lines: Rows, weights: dict[str, float], found: dict[str, Rows]) -> str:
    heads = ("problem", "outcomes", "score", "fitted without it", "former score", "outputs only: score", "former")
    text = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for line in lines:
        values = " | ".join(f"{line[name]:.2f}" for name in FIGURES)
        text.append(f"| {line['problem']} | {line['outcomes']} | {values} |")
    for fits, label in ((True, "mean of those that fit"), (False, "**mean of those held out**")):
        group = [line for line in lines if line["fits"] == fits]
        values = " | ".join(f"{np.mean([line[name] for line in group]):.3f}" for name in FIGURES)
        text.append(f"| {label} | {sum(line['outcomes'] for line in group)} | {values} |")
    text += ["", "| part | unit | weight | fitted, not rounded |", "|---|---|---|---|"]
    text += [f"| {name} | {part.unit:g} | {part.weight:g} | {weights[name]:.3f} |" for name, part in PARTS.items()]
    return "\n".join([*text, "", *meaning(found)]) + "\n"


def meaning(found: dict[str, Rows]) -> list[str]:
    """Return what PSNR and SSIM outcomes of a score had, over the problems held out."""
    rows = [row for name in REPORTS if name in found for row in found[name]]
    text = ["| score | outcomes | PSNR, middle half (dB) | SSIM, middle half |", "|---|---|---|---|"]
    edges = np.array([0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.001])
    for low, high in itertools.pairwise(edges):
        inside = [row for row in rows if low <= row["score"] < high]
        if not inside:
            continue
        spans = [np.percentile([row[name] for row in inside], (25, 75)) for name in ("psnr", "ssim")]
        psnr, ssim = f"{spans[0][0]:.1f} to {spans[0][1]:.1f}", f"{spans[1][0]:.2f} to {spans[1][1]:.2f}"
        text.append(f"| {low:.1f} to {min(high, 1):.1f} | {len(inside)} | {psnr} | {ssim} |")
    return text


def plot(found: dict[str, Rows], file: Path) -> None:
    """Draw score against the place in the truth's order, a panel for each problem that was held out."""
    width, height, columns = 210, 170, 3
    names = [name for name in REPORTS if name in found]
    drawn = []
    for index, name in enumerate(names):
        left, top = 40 + index % columns * (width + 25), 25 + index // columns * (height + 45)
        rows = found[name]
        drawn.append(f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#999"/>')
        drawn.append(f'<text x="{left}" y="{top - 7}">{name}: {agreement(rows, [r["score"] for r in rows]):.2f}</text>')
        for row, place in zip(rows, truth(rows) / len(rows), strict=True):
            x, y, half = left + place * width, top + (1 - row["score"]) * height, 1.96 * row["error"] * height
            color = "#1f77b4" if row["candidate"].startswith("truth") else "#d62728"
            high, low = max(y - half, top), min(y + half, top + height)
            drawn.append(f'<path d="M{x:.1f} {high:.1f}V{low:.1f}" stroke="{color}" stroke-opacity="0.3"/>')
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>')
        drawn.append(f'<text x="{left - 5}" y="{top + 5}" text-anchor="end">1</text>')
        drawn.append(f'<text x="{left - 5}" y="{top + height}" text-anchor="end">0</text>')
    down = 25 + -(-len(names) // columns) * (height + 45)
    note = (
        "score against the place in the order of the truth, worst to best; red: outputs, blue: the truth with a fault"
    )
    drawn.append(f'<text x="40" y="{down - 8}">{note}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 745 {down}" font-family="sans-serif" font-size="12">'
    file.write_text(f"{head}{''.join(drawn)}</svg>\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/score"))
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    began, found = time.process_time(), {}
    for name, problem in zip(CHOOSES + REPORTS, problems(options.data), strict=True):
        found[name] = outcomes(problem)
        print(f"{name}: {len(found[name])} outcomes, {time.process_time() - began:.0f} s of one core so far")
    lines = table(found)
    weights = dict(zip(PARTS, fitted(found, CHOOSES).tolist(), strict=True))
    text = to_markdown(lines, weights, found)
    print(text)
    options.out.with_suffix(".md").write_text(text)
    kept = [{"fitted": weights}, *lines, *(row for rows in found.values() for row in rows)]
    options.out.with_suffix(".json").write_text("[\n" + ",\n".join(json.dumps(_rounded(row)) for row in kept) + "\n]\n")
    if options.plot:
        plot(found, options.plot)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
