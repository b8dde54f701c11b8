"""RESULTS.md out of the result files: a summary that can be read at once, two plots, every loss with its reason, all tables."""

from __future__ import annotations

import fnmatch
import json
import math
import tomllib
from pathlib import Path
from typing import Any

import machine
import operators
from harness import geometric_mean
from report_parts import RESULTS, batch, growth, kept, memory, startup, summary_rows

HERE = Path(__file__).parent
BENCH = RESULTS / "bench.json"
IMAGES = HERE.parent / "docs" / "images"
LOSS = 0.9  # nearer to 1 is what the same call costs twice


def write() -> None:
    """Write RESULTS.md and the plot of the operators."""
    bench = json.loads(BENCH.read_text())
    table = bench["operators"]
    (IMAGES / "speed.svg").write_text(plot(table))
    text = "\n".join(
        [
            HEAD.format(machine=machine.in_words(bench["machine"])),
            *summary(bench),
            PLOTS,
            *losses(table),
            "\n## Operators, 1080p RGB\n",
            *operators.summary(table),
            "",
            operators.HEAD,
            *map(operators.line, table),
            *startup(),
            *batch(),
            *recipes(bench["recipes"]),
            *memory(),
            *growth(),
            *metrics(bench["metrics"]),
            *cluster(kept("cluster")),
            *(f"\n{path.read_text().rstrip()}" for path in sorted((RESULTS / "by_hand").glob("*.md"))),
        ]
    )
    (HERE / "RESULTS.md").write_text(text + "\n")


HEAD = """# Benchmarks

Written by `make bench` out of the files in `results/`. Ratios come from one run each, everyone in turns, with the same threads;
losses stand beside wins. The operators' machine: {machine}

## In short

| what people feel | measured | compared with |
|---|---|---|"""

PLOTS = """
![How many times as fast as OpenCV and as SciPy or scikit-image each case of an operator is](../docs/images/speed.svg)

![Time and memory against megapixels](../docs/images/growth.svg)
"""


def summary(bench: dict[str, Any]) -> list[str]:
    """Return the rows of the summary."""
    table, photo = bench["operators"], bench["photo"]
    rows = []
    for who, title in (("OpenCV", "OpenCV"), ("reference", "SciPy or scikit-image")):
        found = list(operators.ratios(table, who).values())
        slower = sum(one < LOSS for one in found)
        rows.append(
            (
                "an operator, 1080p",
                f"**{geometric_mean(found):.2f} ×** as fast",
                f"{title}, {len(found)} cases; {slower} slower",
            )
        )
    for name, row in photo.items():
        if "decod" not in name:
            rows.append(
                (
                    f"12 megapixels, `{name}`",
                    f"{row['ms']:.0f} ms, **{row['times']:.2f} ×**",
                    "Pillow's decoding of the JPEG",
                )
            )
    return [f"| {' | '.join(row)} |" for row in (*rows, *summary_rows())]


def losses(table: list[operators.Row]) -> list[str]:
    """Return every case that is slower than somebody else's, with its reason."""
    reasons = tomllib.loads((HERE / "losses.toml").read_text())["loss"]
    lines = ["## Losses\n", "| case | × | against | why |", "|---|---|---|---|"]
    for who in ("OpenCV", "reference"):
        for name, ratio in sorted(operators.ratios(table, who).items(), key=lambda one: one[1]):
            if ratio < LOSS:
                plain = name.replace("`", "")
                why = next((one["reason"] for one in reasons if fnmatch.fnmatch(plain, one["case"])), "not known")
                lines.append(
                    f"| {name} | {ratio:.2f} | {'OpenCV' if who == 'OpenCV' else 'SciPy / scikit-image'} | {why} |"
                )
    return lines


def recipes(figures: dict[str, Any]) -> list[str]:
    """Return the section of recipes."""
    fusing = figures["fusing"]
    return [
        "\n## Recipes\n",
        f"- `stretch > gamma > specify_histogram` on 12 megapixels `uint8`: {fusing['fused ms']:.1f} ms, "
        f"**{fusing['times']:.2f} ×** the time of `stretch` alone ({fusing['stretch ms']:.1f} ms).",
        "\nPeak memory beyond the image itself, 24 megapixels RGB `uint8`, result included:\n",
        *(f"- `{name}`: {value:.2f} × the image" for name, value in figures["peak memory, images"].items()),
        "\nFirst call in a new process, the kernels being compiled, beyond the second call (median of 5):\n",
        *(f"- `{name}`: {value:.2f} s" for name, value in figures["first call, seconds"].items()),
    ]


def metrics(figures: dict[str, float]) -> list[str]:
    """Return the section of metrics."""
    named = ("psnr", "ssim", "niqe", "structural_similarity")
    return [
        "\n## Metrics, 12 megapixels RGB `uint8`\n",
        ", ".join(f"`{name}` {figures[name]:.3f} s" for name in named)
        + f" (scikit-image): the first three together take **{figures['ratio']:.3f} ×** the last, and "
        f"{figures['memory']:.2f} × the image in memory beyond the two images.",
    ]


def cluster(found: dict[str, Any] | None) -> list[str]:
    """Return the section of the cluster."""
    if found is None:
        return []
    lines = ["\n## Cluster\n"]
    for profile in ("best", "fast"):
        if row := found.get(f"scaling {profile}"):
            dask, unrelated = row["medians"]["dask"], row["medians"]["unrelated"]
            lines.append(
                f"- two Dask workers of a thread against one, 1-megapixel JPEGs, profile `{profile}`: **{dask:.2f} ×**; two "
                f"unrelated processes against one, in the same run, {unrelated:.2f} ×: Dask has "
                f"{row['share of unrelated']:.2f} of that"
            )
    if row := found.get("scheduler"):
        last, alone, paper = row["rows"][-1], row["alone in a parcel"], row["at 100 million"]
        lines += [
            f"- client and scheduler, {last['inputs']:,} pictures without work: **{last['processor_ms']:.3f} ms** of a core "
            f"for each, {last['wall_ms']:.3f} ms of the clock; memory from {last['mib'][0]} to {last['mib'][-1]} MiB",
            f"- a picture that travels alone, as it does if it takes a quarter of a second: {alone['processor_ms']:.1f} ms of "
            f"a core, so that {paper['workers fed']} workers are fed",
            f"- 100 million pictures, on paper: {paper['core hours, small pictures']:g} core hours of client and scheduler, "
            f"{paper['core hours, large pictures']:g} if each travels alone; a manifest of {paper['manifest GB']:g} GB, and "
            f"{paper['GB to go on']:g} GB of memory to go on after a stop: better folder by folder",
        ]
    return lines


COLOURS = {"OpenCV": "#b45309", "reference": "#1d4ed8"}
LEFT, WIDTH, LOW, HIGH = 150, 560, -2, 10  # of the axis: pixels, powers of two


def along(ratio: float) -> float:
    """Return where a ratio stands on the axis."""
    return LEFT + WIDTH * (min(max(math.log2(ratio), LOW), HIGH) - LOW) / (HIGH - LOW)


def plot(table: list[operators.Row]) -> str:
    """Return an SVG: a dot for each case on a logarithmic axis, a row for each comparison."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 190" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="740" height="190" fill="#fff"/>')
    for power in range(LOW, HIGH + 1):
        at, colour = f"{along(2.0**power):.1f}", "#333" if power == 0 else "#ddd"
        label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        parts.append(f'<line x1="{at}" y1="20" x2="{at}" y2="150" stroke="{colour}"/>')
        parts.append(f'<text x="{at}" y="166" text-anchor="middle">{label}</text>')
    parts += dots(operators.ratios(table, "OpenCV"), "OpenCV", 52, COLOURS["OpenCV"])
    parts += dots(operators.ratios(table, "reference"), "SciPy, scikit-image", 114, COLOURS["reference"])
    parts.append('<text x="430" y="184" text-anchor="middle">')
    return "".join(parts) + "times as fast as the other library, one dot for each case</text></svg>\n"


def dots(found: dict[str, float], title: str, middle: int, colour: str) -> list[str]:
    """Return the row of one comparison, with its geometric mean."""
    parts = [f'<text x="{LEFT - 10}" y="{middle + 4}" text-anchor="end">{title}</text>']
    for place, (name, ratio) in enumerate(found.items()):
        y = middle - 20 + 40 * ((place * 0.618) % 1)  # spread, so that dots do not hide each other
        dot = f'<circle cx="{along(ratio):.1f}" cy="{y:.1f}" r="3" fill="{colour}" fill-opacity=".55">'
        parts.append(f"{dot}<title>{name.replace('`', '')}: {ratio:.2f} ×</title></circle>")
    mean = geometric_mean(list(found.values()))
    line = f'x1="{along(mean):.1f}" y1="{middle - 26}" x2="{along(mean):.1f}" y2="{middle + 26}"'
    parts.append(f'<line {line} stroke="{colour}" stroke-width="2"/>')
    parts.append(f'<text x="{along(mean) + 4:.1f}" y="{middle - 22}" fill="{colour}">{mean:.2f} ×</text>')
    return parts
