"""Figures of many pictures as a row of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from diptych.evaluation.statistics import interval

Values = dict[str, dict[str, float]]
"""For each picture its measures."""

Figures = dict[str, Any]
"""For each column of a table a number, a text, or a mean with its interval."""


def kept_figures(title: str, values: Values) -> Figures:
    ratios = [one["psnr"] for one in values.values()]
    if not ratios:
        return {title: "-"}
    worst = min(values, key=lambda name: values[name]["psnr"])
    same = 100 * np.mean(np.isinf(ratios))
    middle = float(np.median(ratios))
    return {
        f"{title}: median, dB": round(middle, 1) if np.isfinite(middle) else "identical",
        f"{title}: least, dB": f"{min(ratios):.1f} ({worst})" if np.isfinite(min(ratios)) else "identical",
        f"{title}: identical": f"{same:.0f} % of {len(ratios)}",
    }


def spread(
    title: str, values: Values, key: str, digits: int, farthest: Callable[[list[float]], float] = max
) -> Figures:
    """Return the median and the farthest picture of a measure."""
    found = {name: one[key] for name, one in values.items()}
    if not found:
        return {title: "-"}
    extreme = farthest(list(found.values()))
    worst = next(name for name, value in found.items() if value == extreme)
    middle = float(np.median(list(found.values())))
    return {f"{title}: median": round(middle, digits), f"{title}: farthest": f"{extreme:.{digits}f} ({worst})"}


def with_interval(values: Any, digits: int) -> list[float] | str:
    if len(values) == 0:
        return "-"
    return [round(float(one), digits) for one in (np.mean(values), *(interval(values) or ()))]


def to_markdown(title: str, table: dict[str, Figures]) -> str:
    columns = list(dict.fromkeys(column for figures in table.values() for column in figures))
    lines = [f"## {title}\n", "| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for label, figures in table.items():
        lines.append(f"| {label} | " + " | ".join(shown(figures.get(column, "")) for column in columns) + " |")
    return "\n".join(lines) + "\n"


def shown(figure: Any) -> str:
    if not isinstance(figure, list):
        return str(figure)
    digits = max(len(str(one).partition(".")[2]) for one in figure)
    mean, *bounds = (f"{one:.{digits}f}" for one in figure)
    return f"{mean} [{', '.join(bounds)}]" if bounds else mean
