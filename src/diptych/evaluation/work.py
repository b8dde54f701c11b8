"""The work itself: one image at a time, every entry on it, every metric on that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diptych.core.image import Image
from diptych.evaluation.columns import Column, mean_matched
from diptych.evaluation.entries import INPUT, Candidate, reason_of
from diptych.evaluation.gallery import Exhibit, exhibit, reduced
from diptych.evaluation.pairing import Item
from diptych.evaluation.provenance import sha256
from diptych.evaluation.report import Problem, Row
from diptych.evaluation.table import goodness
from diptych.photo import read


@dataclass
class Work:
    """What has been measured so far.

    Attributes
    ----------
    candidates, columns
        What is measured, by what.
    gallery : int
        Of how many images pictures are kept.
    budget : int
        How many bytes the pictures of one image may have.
    rows, problems, hashes, exhibits
        The results.
    """

    candidates: Sequence[Candidate]
    columns: Sequence[Column]
    gallery: int
    budget: int
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    exhibits: list[tuple[float, Exhibit]] = field(default_factory=list)
    warm: bool = False

    def add(self, item: Item) -> None:
        """Measure one image; what fails is written down and the rest goes on."""
        files = [item.image, item.reference, *item.outputs.values()]
        self.hashes |= {str(file): sha256(file) for file in files if file is not None}
        try:
            image, reference = (_pixels(file) for file in (item.image, item.reference))
        except Exception as error:  # one bad file must not take the others with it
            self.problems.append(Problem(item.name, "", "", reason_of(error)))
            return
        self._warm_up(image)
        rows, outputs = self._measure(item, image, reference)
        self.rows += rows
        if self.gallery and rows:
            self._keep(item.name, rows, image, reference, outputs)

    def _warm_up(self, image: Image | None) -> None:
        if image is not None and not self.warm:
            self.warm = True
            for candidate in self.candidates:
                candidate.warm_up(image)

    def _measure(self, item: Item, image: Image | None, reference: Image | None) -> tuple[list[Row], dict[str, Image]]:
        rows, outputs = [], {}
        for candidate in self.candidates:
            try:
                output, seconds = candidate.output(item, image)
            except Exception as error:  # an enhancer may raise anything
                self.problems.append(Problem(item.name, candidate.name, "", reason_of(error)))
                continue
            values = self._values(item.name, candidate.name, output, reference)
            rows.append(Row(item.name, candidate.name, values, seconds))
            if self.gallery:
                outputs[candidate.name] = reduced(output)
        return rows, outputs

    def _values(self, image: str, entry: str, output: Image, reference: Image | None) -> dict[str, float]:
        unequal = reference is not None and _planes(output) != _planes(reference)
        columns = [one for one in self.columns if not (unequal and one.needs_reference)]
        if unequal and reference is not None:
            names = ", ".join(one.label for one in self.columns if one.needs_reference)
            reason = f"{_size(output)}, but the reference is {_size(reference)}; make them alike"
            self.problems.append(Problem(image, entry, names, reason))
        values: dict[str, float] = {}
        for column in columns:
            if column.mean_matched and column.key.removesuffix("_mean_matched") not in values:
                continue  # it failed without matching, for a reason that still holds
            try:
                values[column.key] = _value(column, output, reference)
            except Exception as error:
                self.problems.append(Problem(image, entry, column.label, reason_of(error)))
        return values

    def _keep(
        self, name: str, rows: list[Row], image: Image | None, reference: Image | None, outputs: Mapping[str, Image]
    ) -> None:
        untouched = next((one.name for one in self.candidates if one.kind == INPUT), INPUT)
        pictures = {**({untouched: image} if image is not None else {}), **outputs}
        made = exhibit(
            name,
            {label: reduced(one) for label, one in pictures.items()},
            None if reference is None else reduced(reference),
            untouched=None if image is None else untouched,
            budget=self.budget,
        )
        self.exhibits.append((goodness(rows, self.columns[0], self.candidates), made))
        self.exhibits.sort(key=lambda pair: (pair[0], pair[1].image))
        del self.exhibits[self.gallery :]


def _pixels(file: Path | None) -> Image | None:
    return None if file is None else read(file).pixels


def _value(column: Column, output: Image, reference: Image | None) -> float:
    if not column.needs_reference or reference is None:
        value = column.function(output)
    else:
        value = column.function(mean_matched(output, reference) if column.mean_matched else output, reference)
    if math.isnan(value):
        raise ArithmeticError(f"{column.label} is not a number")
    return float(value)


def _planes(image: Image) -> tuple[int, ...]:
    return (*image.shape, 1) if image.ndim == 2 else image.shape


def _size(image: Image) -> str:
    height, width, channels = _planes(image)
    return f"{width} x {height} pixels with {channels} channel{'s' * (channels != 1)}"
