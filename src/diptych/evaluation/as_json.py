"""The report as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import Any

from diptych.evaluation.report import Entry, Report

FORMAT = 1


def to_json(report: Report) -> str:
    """Return the report as JSON, indented; infinity is the string ``inf``, as JSON has no number for it."""
    facts = {
        "format": FORMAT,
        "columns": [
            {field.name: getattr(one, field.name) for field in fields(one) if field.name != "function"}
            for one in report.columns
        ],
        "entries": [_entry(report, one) for one in report.entries],
        "verdicts": [asdict(one) for one in report.verdicts],
        "images": [_image(report, name) for name in report.images],
        "missing": [asdict(one) for one in report.missing],
        "problems": [asdict(one) for one in report.problems],
        "notes": list(report.notes),
        "provenance": asdict(report.provenance),
    }
    return json.dumps(_plain(facts), indent=2, allow_nan=False, ensure_ascii=False)


def _entry(report: Report, entry: Entry) -> dict[str, Any]:
    scores = {}
    for one in report.summaries:
        if one.entry == entry.name:
            scores[one.key] = {name: getattr(one, name) for name in ("mean", "low", "high", "count", "infinite")}
    return {**asdict(entry), "scores": scores}


def _image(report: Report, name: str) -> dict[str, Any]:
    rows = [row for row in report.rows if row.image == name]
    values = {row.entry: dict(row.values) for row in rows}
    times = {row.entry: row.seconds_per_megapixel for row in rows if row.seconds_per_megapixel is not None}
    return {"image": name, "values": values, "seconds_per_megapixel": times}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
