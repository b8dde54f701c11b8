"""The page of a run, ``report.html``: how it went, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diptych.pages import render
from diptych.photo import atomic_write
from diptych.training.run.directory import Run

_WIDTH, _HEIGHT = 640, 160

_COLUMNS = {
    "loss": "held-out loss",
    "score": "score",
    "structure": "structure kept",
    "score_error": "its standard error",
    "cycle_error": "cycle error",
    "luma_correlation": "luma correlation",
    "diversity": "diversity",
    "noise": "noise",
}


def write_page(run: Run) -> None:
    """Write ``RUN/report.html`` from the log and the samples."""
    atomic_write(run.path / "report.html", page_of(run).encode(), overwrite=True)


def page_of(run: Run) -> str:
    """Return the page of a run."""
    validations, entries = run.validations(), run.entries()
    end: dict[str, Any] = next((entry for entry in reversed(entries) if entry["event"] == "end"), {})
    best = end.get("best")
    columns = _columns(validations)
    sheet = _sheet(run, best)
    values = {
        "name": run.path.resolve().name,
        "lead": _lead(validations, end),
        "sheet": sheet.read_bytes() if sheet else None,
        "sheet_caption": _sheet_caption(run),
        "curves": [one for key, name in list(columns.items())[:4] if (one := _curve(validations, key, name, best))],
        "header": ["step", *columns.values(), "alarms"],
        "rows": [{"best": one["step"] == best, "cells": _cells(one, columns)} for one in validations],
        "alarms": _alarms(validations, entries),
        "settings": run.config.to_toml(),
    }
    return render("run.html", values)


def _lead(validations: Sequence[dict[str, Any]], end: dict[str, Any]) -> str:
    if not end:
        return "Not finished."
    after = " > ".join(end["postprocess"]) or "nothing"
    chosen = next((one for one in validations if one["step"] == end["best"]), None)
    if chosen is None:
        return f"Stopped after {end['step']} steps without a generator fit for use: every validation had a fatal alarm."
    if "loss" in chosen:
        return (
            f"Stopped after {end['step']} steps. The best of {len(validations)} validations was at step {end['best']}: the "
            f"loss of the pictures that were held out was {chosen['loss']:.4f} there."
        )
    which = "was at step {best}" if end["best"] else "was that of the first result, before any step"
    return (
        f"Stopped after {end['step']} steps. The best of {len(validations)} validations {which.format(**end)}: score "
        f"{chosen['score']:.3f}{_costs(chosen)}, structure kept {chosen['structure']:.2f}. Classical step after the network: "
        f"{after}."
    )


def _costs(chosen: dict[str, Any]) -> str:
    """Return how sure the score is, and its parts; nothing for a run of a version without them."""
    if "parts" not in chosen:
        return ""
    parts = ", ".join(f"{name} {factor:.2f}" for name, factor in chosen["parts"].items())
    return f" ± {chosen['score_error']:.3f} of 1 ({parts})"


def _sheet(run: Run, best: int | None) -> Path | None:
    sheets = sorted(run.samples.glob("step-*.png"))
    chosen = [sheet for sheet in sheets if best is not None and sheet.name == f"step-{best:09d}.png"] or sheets[-1:]
    return chosen[0] if chosen else None


def _sheet_caption(run: Run) -> str:
    looked = "where the network looks (the brighter, the more like A), " if run.config.forward.name == "ugatit" else ""
    return (
        f"input, prepared (where there is a step before the network), {looked}output, and back again (where there is a way "
        f"back)"
    )


def _curve(validations: Sequence[dict[str, Any]], key: str, name: str, best: int | None) -> dict[str, Any] | None:
    """Return a metric against the step, as the template draws it; None for fewer than two points."""
    points = [(float(one["step"]), float(one[key])) for one in validations if one.get(key) is not None]
    if len(points) < 2:
        return None
    last, low, high = points[-1][0], min(y for _, y in points), max(y for _, y in points)

    def position(x: float, y: float) -> str:
        down = (high - y) / (high - low) if high > low else 0.5
        return f"{50 + (_WIDTH - 60) * x / last:.1f},{10 + (_HEIGHT - 30) * down:.1f}"

    return {
        "name": name,
        "width": _WIDTH,
        "height": _HEIGHT,
        "low": low,
        "high": high,
        "last": f"{last:.0f}",
        "mark": f"{50 + (_WIDTH - 60) * best / last:.1f}" if best else "",
        "points": " ".join(position(*point) for point in points),
    }


def _columns(validations: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the columns that the validations have: the monitor's, or the held-out loss of an objective without a target."""
    seen = {key for one in validations for key in one}
    hidden = {"score"} if "loss" in seen else set()
    return {key: name for key, name in _COLUMNS.items() if key in seen and key not in hidden}


def _cells(validation: dict[str, Any], columns: dict[str, str]) -> list[str]:
    alarms = ", ".join(alarm["kind"] for alarm in validation["alarms"])
    values = [
        "" if validation.get(key) is None else format(validation[key], ".4f" if key == "loss" else ".3f")
        for key in columns
    ]
    return [str(validation["step"]), *values, alarms]


def _alarms(validations: Sequence[dict[str, Any]], entries: Sequence[dict[str, Any]]) -> list[str]:
    lines = [f"step {one['step']}: {alarm['message']}" for one in validations for alarm in one["alarms"]]
    lines += [
        f"step {one['step']}: {one['reason']}: back to step {one['to']}"
        for one in entries
        if one["event"] == "rollback"
    ]
    return lines + [f"skipped: {one['picture']}: {one['reason']}" for one in entries if one["event"] == "skipped"]
