"""The part of the page that shows the pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence

from diptych.evaluation.gallery import BINS, Exhibit, Panel
from diptych.evaluation.numbers import decimals_for, number
from diptych.evaluation.report import Report

_GROUPS = {"picture": "Pictures", "difference": "Difference", "invented": "Invented signal"}
_COLOURS = 5


def exhibits(report: Report) -> str:
    """Return all exhibits, the worst first, and the choice that holds for all; empty if there are none."""
    if not report.exhibits:
        return ""
    worst = min(5, len(report.exhibits))
    kept, count = len(report.exhibits), len(report.images)
    said = f"The {worst} at the top are the worst by {html.escape(report.columns[0].label)}." if kept > 5 else ""
    rest = f" {count - kept} better ones are in the table only." if count > kept else ""
    hint = (
        "Drag the divide, or move it with ← → once it has the focus. Zoom with the wheel, two fingers, or + and −; "
        "drag, or use Shift and the arrows, to look around; 0 shows the whole."
    )
    parts = [f'<p class="soft">{said}{rest} <span class="hint">{hint}</span></p>']
    parts += [_choice_for_all(report.exhibits[0])] if kept > 1 else []
    parts += [_exhibit(report, one, index) for index, one in enumerate(report.exhibits, 1)]
    return "\n".join(parts)


def _choice_for_all(first: Exhibit) -> str:
    left, right = _at_first(first)
    return (
        '<div class="controls" id="all" role="group" aria-label="For all images">'
        f"<span>In all images</span>{_select('left', 'Left', first.panels, left)}"
        f"{_select('right', 'Right', first.panels, right)}</div>"
    )


def _at_first(exhibit: Exhibit) -> tuple[Panel, Panel]:
    """Return what is shown before anybody chooses: the input and the first output, or an output and the reference."""
    pictures = [one for one in exhibit.panels if one.kind == "picture"]
    return pictures[0], (pictures[1] if len(pictures) > 1 else exhibit.panels[-1])


def _exhibit(report: Report, exhibit: Exhibit, index: int) -> str:
    left, right = _at_first(exhibit)
    others = "".join(_image(one) for one in exhibit.panels if one not in (left, right))
    controls = (
        f'<div class="controls">{_select("left", "Left", exhibit.panels, left)}'
        f"{_select('right', 'Right', exhibit.panels, right)}{_ZOOM}</div>"
    )
    # The right window comes first: it lies below, and its picture makes the height.
    stage = f'<div class="stage">{_window("right", right)}{_window("left", left)}{_DIVIDE}</div>'
    return (
        f'<article class="exhibit" aria-labelledby="image-{index}"><header><h3 id="image-{index}">'
        f'<span class="rank">{index}</span>{html.escape(exhibit.image)}</h3>'
        f"{_values(report, exhibit.image)}</header>\n{controls}\n{stage}\n"
        f'<div class="store" hidden>{others}</div>\n'
        '<p class="notes note left" aria-live="polite"></p><p class="notes note right" aria-live="polite"></p>\n'
        f"{_histograms(exhibit.histograms)}\n</article>"
    )


_ZOOM = (
    '<div class="zoom" role="group" aria-label="Zoom"><button type="button" data-zoom="0.6667" aria-label="Zoom out">−'
    '</button><output aria-label="Zoom">100 %</output><button type="button" data-zoom="1.5" aria-label="Zoom in">+'
    '</button><button type="button" data-zoom="0">Whole</button></div>'
)
_DIVIDE = (
    '<div class="divide" role="slider" tabindex="0" aria-label="Divide between the left and the right picture" '
    'aria-valuemin="0" aria-valuemax="100" aria-valuenow="50"></div>'
)


def _values(report: Report, image: str) -> str:
    lines = []
    for row in report.rows:
        if row.image == image:
            values = ", ".join(
                f"{one.label} {number(row.values.get(one.key), decimals_for(one, report.summaries))}"
                for one in report.columns
                if not one.mean_matched
            )
            lines.append(f"<p>{html.escape(row.entry)}: {html.escape(values)}</p>")
    return "".join(lines)


def _select(side: str, label: str, panels: Sequence[Panel], chosen: Panel) -> str:
    groups = []
    for kind, title in _GROUPS.items():
        options = "".join(
            f'<option value="{html.escape(one.label)}"{" selected" if one is chosen else ""}>{html.escape(one.label)}</option>'
            for one in panels
            if one.kind == kind
        )
        groups += [f'<optgroup label="{title}">{options}</optgroup>'] if options else []
    return f'<label>{label} <select class="{side}">{"".join(groups)}</select></label>'


def _window(side: str, panel: Panel) -> str:
    return (
        f'<figure class="window {side}"><div class="plane">{_image(panel)}</div>'
        f"<figcaption>{html.escape(panel.label)}</figcaption></figure>"
    )


def _image(panel: Panel) -> str:
    label = html.escape(panel.label)
    data = base64.b64encode(panel.data).decode()
    return (
        f'<img alt="{label}" data-key="{label}" data-note="{html.escape(panel.note)}" width="{panel.width}" '
        f'height="{panel.height}" draggable="false" decoding="async" src="data:image/webp;base64,{data}">'
    )


def _histograms(histograms: Mapping[str, tuple[float, ...]]) -> str:
    """Draw how often each brightness occurs, in each picture, as square roots, so that what is rare shows too."""
    highest = max(max(shares) for shares in histograms.values()) ** 0.5
    names = {
        label: "reference" if label == "reference" else f"s{index % _COLOURS}" for index, label in enumerate(histograms)
    }
    paths = "".join(f'<path class="{names[label]}" d="{_path(one, highest)}"/>' for label, one in histograms.items())
    legend = "".join(f'<span><i class="{names[label]}"></i>{html.escape(label)}</span>' for label in histograms)
    alt = f"Histograms of brightness: {', '.join(histograms)}"
    return (
        f'<figure class="histogram"><svg viewBox="0 0 {BINS} 40" preserveAspectRatio="none" role="img" '
        f'aria-label="{html.escape(alt)}">{paths}</svg>'
        f"<figcaption><span>Brightness, black to white</span>{legend}</figcaption></figure>"
    )


def _path(shares: Sequence[float], highest: float) -> str:
    points = (f"{index + 0.5:g} {40 - 40 * share**0.5 / highest:.2f}" for index, share in enumerate(shares))
    return f"M0 40L{'L'.join(points)}L{BINS} 40"
