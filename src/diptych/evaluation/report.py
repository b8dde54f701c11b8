"""The report: a frozen table, written as JSON, Markdown or one HTML page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from diptych.core.errors import UnknownNameError, did_you_mean
from diptych.evaluation import figures, formatting
from diptych.evaluation.columns import Column
from diptych.evaluation.exhibits import BINS, Exhibit, Panel
from diptych.evaluation.pairs import Unpaired
from diptych.evaluation.provenance import Provenance
from diptych.evaluation.results import Candidate, Problem, Row, Summary, Verdict

JSON_FORMAT = 1


@dataclass(frozen=True)
class Report:
    """The result of `diptych.evaluate`: candidates x metrics, with everything needed to check it.

    Attributes
    ----------
    columns : tuple of Column
        The metrics, with unit and direction.
    candidates : tuple of Candidate
        What was compared.
    images : tuple of str
        The images, worst first by the first metric.
    rows : tuple of Row
        The value of every metric for every image and candidate, in the order of `images`.
    summaries, verdicts : tuple
        Means with intervals, and the comparison of every two candidates.
    unpaired, problems, notes : tuple
        Files without a partner, what could not be measured, and what to know when reading the numbers.
    provenance : Provenance
        Versions, command, hashes, NIQE model.
    exhibits : tuple of Exhibit
        Pictures for the HTML page, worst first; empty if none were asked for.

    Examples
    --------
    See `diptych.evaluate`.
    """

    columns: tuple[Column, ...]
    candidates: tuple[Candidate, ...]
    images: tuple[str, ...]
    rows: tuple[Row, ...]
    summaries: tuple[Summary, ...]
    verdicts: tuple[Verdict, ...]
    unpaired: tuple[Unpaired, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    exhibits: tuple[Exhibit, ...] = field(default=(), repr=False)

    def summary(self, candidate: str, key: str) -> Summary:
        """Return the mean and interval of a candidate under a metric; raise `UnknownNameError` if there is no such pair."""
        for one in self.summaries:
            if (one.candidate, one.key) == (candidate, key):
                return one
        known = sorted({f"{one.candidate}, {one.key}" for one in self.summaries})
        wanted = f"{candidate}, {key}"
        raise UnknownNameError(f"no column '{wanted}' in this report{did_you_mean(wanted, known)}")

    def column(self, key: str) -> Column:
        """Return the column with this key."""
        return next(one for one in self.columns if one.key == key)

    def decimals(self, key: str) -> int:
        """Return with how many decimals a column is printed."""
        return formatting.decimals_for(self.column(key), self.summaries)

    def rows_of(self, *, image: str | None = None, candidate: str | None = None) -> list[Row]:
        """Return the rows of an image, of a candidate, or of both."""
        return [one for one in self.rows if image in (None, one.image) and candidate in (None, one.candidate)]

    @property
    def timed(self) -> bool:
        """Whether an enhancer was run, so that there are times to print."""
        return any(one.seconds_per_megapixel is not None for one in self.candidates)

    def to_json(self) -> str:
        """Return the report as JSON; infinity is the string ``inf``, for which JSON has no number."""
        contents = {
            "format": JSON_FORMAT,
            "columns": [_column_as_dict(one) for one in self.columns],
            "candidates": [_candidate_as_dict(self, one) for one in self.candidates],
            "verdicts": [asdict(one) for one in self.verdicts],
            "images": [_image_as_dict(name, self.rows_of(image=name)) for name in self.images],
            "unpaired": [asdict(one) for one in self.unpaired],
            "problems": [asdict(one) for one in self.problems],
            "notes": list(self.notes),
            "provenance": asdict(self.provenance),
        }
        return json.dumps(_without_infinity(contents), indent=2, allow_nan=False, ensure_ascii=False)

    def to_markdown(self) -> str:
        """Return the report as Markdown tables."""
        verdicts = [f"{self.column(one.key).label}: {one.text}" for one in self.verdicts]
        parts = [
            *("# Scores", _markdown_scores(self)),
            *formatting.markdown_list("Verdicts", verdicts),
            *formatting.markdown_list("Problems", map(str, self.problems)),
            *formatting.markdown_list("Left out", [f"{one.image}: {one.reason}" for one in self.unpaired]),
            *formatting.markdown_list("Notes", self.notes),
            *("## Images, the worst first", _markdown_images(self)),
            *("## Provenance", formatting.markdown_table(["", ""], _provenance(self.provenance))),
        ]
        return "\n\n".join(parts) + "\n"

    def _repr_html_(self) -> str:
        import html

        return f'<iframe srcdoc="{html.escape(self.to_html())}" style="width:100%;height:480px;border:0"></iframe>'

    def to_html(self) -> str:
        """Return the report as one self-contained HTML page, with the pictures that `evaluate` kept for it."""
        from diptych.pages import render

        values = {
            "report": self,
            "number": formatting.number,
            "bounds": formatting.bounds,
            "seconds": formatting.seconds,
            "interval": figures.interval_positions,
            "curves": figures.histogram_curves,
            "first_shown": _first_shown,
            "bins": BINS,
        }
        return render("report.html", values)


def _column_as_dict(column: Column) -> dict[str, Any]:
    return {one.name: getattr(column, one.name) for one in fields(column) if one.name != "function"}


def _candidate_as_dict(report: Report, candidate: Candidate) -> dict[str, Any]:
    scores = {}
    for column in report.columns:
        summary = report.summary(candidate.name, column.key)
        scores[column.key] = {name: getattr(summary, name) for name in ("mean", "low", "high", "count", "infinite")}
    return {**asdict(candidate), "scores": scores}


def _image_as_dict(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    values = {row.candidate: dict(row.values) for row in rows}
    times = {row.candidate: row.seconds_per_megapixel for row in rows if row.seconds_per_megapixel is not None}
    return {"image": name, "values": values, "seconds_per_megapixel": times}


def _without_infinity(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {key: _without_infinity(one) for key, one in value.items()}
    return [_without_infinity(one) for one in value] if isinstance(value, list | tuple) else value


def _markdown_scores(report: Report) -> str:
    lines = []
    for candidate in report.candidates:
        cells = [candidate.name, str(len(report.rows_of(candidate=candidate.name)))]
        for column in report.columns:
            summary, decimals = report.summary(candidate.name, column.key), report.decimals(column.key)
            cells.append(f"{formatting.number(summary.mean, decimals)} {formatting.bounds(summary, decimals)}".strip())
        lines.append(cells + [formatting.seconds(candidate.seconds_per_megapixel)] * report.timed)
    headings = map(formatting.heading, report.columns)
    return formatting.markdown_table(["", "images", *headings, *["s per megapixel"] * report.timed], lines)


def _markdown_images(report: Report) -> str:
    decimals = {one.key: report.decimals(one.key) for one in report.columns}
    lines = [
        [
            row.image,
            row.candidate,
            *(formatting.number(row.values.get(key), places) for key, places in decimals.items()),
        ]
        for row in report.rows
    ]
    return formatting.markdown_table(["image", "", *map(formatting.heading, report.columns)], lines)


def _provenance(provenance: Provenance) -> list[list[str]]:
    rows = [["command", provenance.command or "(called from Python)"]]
    rows += [["made", provenance.created], ["system", provenance.system]]
    rows += [["NIQE model", provenance.niqe_model]] if provenance.niqe_model else []
    rows += [[name, version] for name, version in provenance.versions.items()]
    rows += [[f"SHA-256 of {path}", digest or "(not readable)"] for path, digest in provenance.files.items()]
    return rows


def _first_shown(exhibit: Exhibit) -> tuple[Panel, Panel]:
    """Return what the page shows before anyone chooses: the input and the first output, or an output and the reference."""
    pictures = [one for one in exhibit.panels if one.kind == "picture"]
    return pictures[0], (pictures[1] if len(pictures) > 1 else exhibit.panels[-1])
