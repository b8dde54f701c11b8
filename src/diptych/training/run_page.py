"""The page of a run, ``report.html``: how it went, in one file that needs nothing else."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from typing import Any

from diptych.photo import atomic_write
from diptych.training.run import Run

_WIDTH, _HEIGHT = 640, 160

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --soft: #6b6b76; --line: #d7d7de; --a: #2458c5; --b: #b4431a; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #17171b; --soft: #a0a0ac; --line: #3a3a44; --a: #7ea6ff;
  --b: #ff9d73; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
img, svg { max-width: 100%; height: auto; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
.best td { font-weight: 600; }
.note { color: var(--soft); } pre { overflow-x: auto; font-size: .85rem; }
figure { margin: 0 0 1rem; } figcaption { color: var(--soft); font-size: .9rem; }
polyline { fill: none; stroke: var(--a); stroke-width: 2; } .axis { stroke: var(--line); } .mark { stroke: var(--b); }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
"""

_COLUMNS = {
    "loss": "held-out loss",
    "score": "score",
    "structure": "structure kept",
    "domain_distance": "distance to B",
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
    parts = [
        f"<h1>{html.escape(run.path.resolve().name)}</h1>",
        f"<p>{html.escape(_lead(validations, end))}</p>",
        _samples(run, best),
        "<h2>How the score went</h2>",
        *(_curve(validations, key, name, best) for key, name in list(_columns(validations).items())[:4]),
        "<h2>Validation</h2>",
        _table(validations, best),
        _alarms(validations, entries),
        f"<h2>Settings</h2><pre>{html.escape(run.config.to_toml())}</pre>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
    title = f"<title>Training {html.escape(run.path.resolve().name)}</title>"
    return f"<!doctype html><html lang=en><head>{head}{title}</head><body>{''.join(parts)}</body></html>\n"


def _lead(validations: Sequence[dict[str, Any]], end: dict[str, Any]) -> str:
    if not end:
        return "Not finished."
    after = " > ".join(end["after"]) or "nothing"
    chosen = next((one for one in validations if one["step"] == end["best"]), None)
    if chosen is None:
        return f"Stopped after {end['step']} steps without a generator fit for use: every validation had a fatal alarm."
    if "loss" in chosen:
        return (
            f"Stopped after {end['step']} steps. The best of {len(validations)} validations was at step {end['best']}: the "
            f"loss of the pictures that were held out was {chosen['loss']:.4f} there."
        )
    return (
        f"Stopped after {end['step']} steps. The best of {len(validations)} validations was at step {end['best']}: score "
        f"{chosen['score']:.3f}, structure kept {chosen['structure']:.2f}, distance to the target domain "
        f"{chosen['domain_distance']:.2f} (1 is the untouched input). Classical step after the network: {after}."
    )


def _samples(run: Run, best: int | None) -> str:
    sheets = sorted(run.samples.glob("step-*.png"))
    chosen = [sheet for sheet in sheets if best is not None and sheet.name == f"step-{best:09d}.png"] or sheets[-1:]
    if not chosen:
        return ""
    data = base64.b64encode(chosen[0].read_bytes()).decode()
    looked = "where the network looks (the brighter, the more like A), " if run.config.forward.name == "ugatit" else ""
    columns = (
        f"input, prepared (where there is a step before the network), {looked}output, and back again (where there is a way "
        f"back)"
    )
    image = f'<img alt="Held-out pictures" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{columns}</figcaption></figure>"


def _curve(validations: Sequence[dict[str, Any]], key: str, name: str, best: int | None) -> str:
    points = [(float(one["step"]), float(one[key])) for one in validations if one.get(key) is not None]
    if len(points) < 2:
        return ""
    last, low, high = points[-1][0], min(y for _, y in points), max(y for _, y in points)

    def place(x: float, y: float) -> str:
        down = (high - y) / (high - low) if high > low else 0.5
        return f"{50 + (_WIDTH - 60) * x / last:.1f},{10 + (_HEIGHT - 30) * down:.1f}"

    line = f'<polyline points="{" ".join(place(*point) for point in points)}"/>'
    mark = f"{50 + (_WIDTH - 60) * best / last:.1f}" if best else ""
    marked = f'<line class="mark" x1="{mark}" x2="{mark}" y1="10" y2="{_HEIGHT - 20}"/>' if mark else ""
    words = f'<text x="0" y="18">{high:.3g}</text><text x="0" y="{_HEIGHT - 18}">{low:.3g}</text>'
    words += f'<text x="{_WIDTH}" y="{_HEIGHT - 4}" text-anchor="end">step {last:.0f}</text>'
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name} against step">{words}{marked}{line}</svg>'
        f"<figcaption>{name}</figcaption></figure>"
    )


def _columns(validations: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the columns that the validations have: the monitor's, or the one of a game that judges itself."""
    seen = {key for one in validations for key in one}
    hidden = {"score"} if "loss" in seen else set()
    return {key: name for key, name in _COLUMNS.items() if key in seen and key not in hidden}


def _table(validations: Sequence[dict[str, Any]], best: int | None) -> str:
    columns = _columns(validations)
    head = "".join(f"<th>{name}</th>" for name in ("step", *columns.values(), "alarms"))
    rows = []
    for one in validations:
        numbers = "".join(
            f"<td>{'' if one[key] is None else format(one[key], '.4f' if key == 'loss' else '.3f')}</td>"
            for key in columns
        )
        alarms = ", ".join(alarm["kind"] for alarm in one["alarms"])
        kind = " class=best" if one["step"] == best else ""
        rows.append(f"<tr{kind}><td>{one['step']}</td>{numbers}<td>{html.escape(alarms)}</td></tr>")
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _alarms(validations: Sequence[dict[str, Any]], entries: Sequence[dict[str, Any]]) -> str:
    lines = [f"step {one['step']}: {alarm['message']}" for one in validations for alarm in one["alarms"]]
    lines += [f"skipped: {one['picture']}: {one['reason']}" for one in entries if one["event"] == "skipped"]
    if not lines:
        return "<p class=note>No alarms.</p>"
    return f"<h2>Alarms</h2><ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"
