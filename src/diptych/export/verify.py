"""Build targets, measure them on this machine with the user's pictures, and select the fastest good one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import DiptychError
from diptych.core.image import Image, to_float
from diptych.core.parallel import threads
from diptych.export.distance import decibels, drop_of
from diptych.export.errors import ExportError
from diptych.export.memory import peak_bytes
from diptych.export.pictures import SIDE, middle
from diptych.export.targets import Artefact, Request, build, names, suffix_of
from diptych.export.timing import instruction_sets, milliseconds

_MEASURED = 8  # pictures


@dataclass(frozen=True, kw_only=True)
class Row:
    """The measurements of one target; None where it could not be built.

    Attributes
    ----------
    target : str
        Its name.
    decibels : float
        PSNR against the float model, after all steps, mean over the pictures; 100 for none.
    drop : float
        The loss against the references in dB, or an estimate without references (see `drop_of`); the mean over the
        pictures.
    milliseconds : float
        Per megapixel, steps included; the median of alternating runs.
    speed : float
        Ratio to the float model; above 1 is faster.
    memory : int
        Peak of a process that runs it on the largest picture, in bytes.
    size : int
        Of the file, in bytes.
    verdict : str
        Whether it is kept, and if not, the reason.
    """

    target: str
    decibels: float | None = None
    drop: float | None = None
    milliseconds: float | None = None
    speed: float | None = None
    memory: int | None = None
    size: int | None = None
    verdict: str = ""


@dataclass(frozen=True)
class Verification:
    """The table, and the artefact to keep.

    Attributes
    ----------
    rows : tuple of Row
        One for each target, in the order of the request.
    kept : Artefact
        The fastest within the limit; its metadata says how fast it is, and on which instruction sets.
    pictures : int
        How many were measured on.
    max_drop : float
        The limit in dB.
    instruction_sets : tuple of str
        Those of the processor, which the times hold for.
    failed : mapping of str to DiptychError
        Why a target could not be built.
    """

    rows: tuple[Row, ...]
    kept: Artefact
    pictures: int
    max_drop: float
    instruction_sets: tuple[str, ...] = ()
    failed: Mapping[str, DiptychError] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the table as JSON."""
        summary = {
            "pictures": self.pictures,
            "max_drop": self.max_drop,
            "threads": threads(),
            "instruction_sets": list(self.instruction_sets),
            "kept": self.kept.target,
        }
        return json.dumps({**summary, "targets": [asdict(row) for row in self.rows]}, indent=2)

    def to_markdown(self) -> str:
        """Return the table as Markdown, which is readable as it is."""
        head = ["target", "PSNR to float, dB", "loses, dB", "ms / MP", "speed", "memory, MiB", "size, MiB", ""]
        body = [head, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in body) for column in range(len(head))]
        rule = ["-" * width for width in widths]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in (head, rule, *body[1:])
        ]
        return "\n".join(lines)


def verify(
    request: Request,
    *,
    targets: Sequence[str] = (),
    pairs: Sequence[tuple[Image, Image]] = (),
    suffix: str = ".onnx",
    rounds: int = 5,
) -> Verification:
    """Build targets and measure them.

    Parameters
    ----------
    request : Request
        The model, the pictures and the limit.
    targets : sequence of str
        Their names; by default all that this machine can build. ``onnx`` is always added, as the baseline.
    pairs : sequence of pairs of ndarray, shape (H, W, C)
        Pictures and their references, measured instead of the request's pictures.
    suffix : str
        Only targets with files of this suffix may be kept.
    rounds : int
        Number of runs whose median is taken.

    Returns
    -------
    Verification
        A row for each target, also for those that could not be built, and the artefact that is the fastest of those within
        `request.max_drop`. INT8 that is not faster than floats is not kept, whatever its size.

    Raises
    ------
    ExportError
        If there is no picture, or the float model itself cannot be exported.

    Examples
    --------
    ``verify(Request(source=read_source("runs/night"), pictures=read_pictures("dark", channels=3)))``
    """
    wanted = list(dict.fromkeys(["onnx", *(targets or names())]))
    if not request.pictures:
        raise ExportError("verifying measures on your own pictures; give a folder of them with `images`")
    pictures = [one for one, _ in pairs] or [middle(one, SIDE) for one in request.pictures[:_MEASURED]]
    built: dict[str, _Built] = {}
    failed: dict[str, DiptychError] = {}
    for target in wanted:
        try:
            built[target] = _Built.of(target, request, pictures)
        except DiptychError as error:
            if target == "onnx":
                raise
            failed[target] = error
    times = milliseconds({target: one.enhancer for target, one in built.items()}, pictures, rounds=rounds)
    results = {target: one.results for target, one in built.items()}
    bench = _Bench(
        request, results, times, [other for _, other in pairs], max((one.shape for one in pictures), key=math.prod)
    )
    rows = {target: bench.row(one.artefact) for target, one in built.items()}
    kept = _choose(list(rows.values()), request.max_drop, suffix)
    table = [
        replace(rows[target], verdict=_verdict(rows[target], kept, request.max_drop, suffix))
        if target in rows
        else Row(target=target, verdict=str(failed[target]))
        for target in wanted
    ]
    artefact = built[kept].artefact.with_speed(rows[kept].speed or 1.0)
    return Verification(tuple(table), artefact, len(pictures), request.max_drop, instruction_sets(), failed)


class _Built(NamedTuple):
    artefact: Artefact
    enhancer: Enhancer
    results: list[Image]

    @classmethod
    def of(cls, target: str, request: Request, pictures: Sequence[Image]) -> _Built:
        artefact = build(target, request)
        enhancer = artefact.enhancer()
        return cls(artefact, enhancer, [enhancer(one) for one in pictures])


@dataclass(frozen=True)
class _Bench:
    request: Request
    results: Mapping[str, list[Image]]
    times: Mapping[str, float]
    references: Sequence[Image]
    shape: tuple[int, ...]

    def row(self, artefact: Artefact) -> Row:
        target = artefact.target
        distance = self._distance(self.results[target], self.results["onnx"])
        return Row(
            target=target,
            decibels=distance,
            drop=self._drop(target),
            milliseconds=self.times[target],
            speed=self.times["onnx"] / self.times[target],
            memory=peak_bytes(target, artefact.content, self.shape),
            size=len(artefact.content),
        )

    def _drop(self, target: str) -> float:
        if not self.references:
            if target == "onnx":
                return 0.0
            each = [
                self._distance([one], [other])
                for one, other in zip(self.results[target], self.results["onnx"], strict=True)
            ]
            return float(np.mean([drop_of(distance, self.request.bundle) for distance in each]))
        return self._distance(self.results["onnx"], self.references) - self._distance(
            self.results[target], self.references
        )

    @staticmethod
    def _distance(images: Sequence[Image], others: Sequence[Image]) -> float:
        pairs = zip(images, others, strict=True)
        return float(np.mean([decibels(to_float(one), to_float(other)) for one, other in pairs]))


def _choose(rows: Sequence[Row], max_drop: float, suffix: str) -> str:
    """Return the fastest target within the limits; the float model is always one."""
    return max((row for row in rows if not _fault(row, max_drop, suffix)), key=lambda row: row.speed or 0.0).target


def _fault(row: Row, max_drop: float, suffix: str) -> str:
    if row.target == "onnx":
        return ""
    if (row.drop or 0.0) > max_drop:
        return f"loses more than {max_drop:g} dB"
    if (row.speed or 0.0) <= 1.0:
        return "not faster than float: no improvement"
    return (
        ""
        if suffix_of(row.target) == suffix
        else f"not a {suffix} file; name one in {suffix_of(row.target)} to have it"
    )


def _verdict(row: Row, kept: str, max_drop: float, suffix: str) -> str:
    return "kept" if row.target == kept else _fault(row, max_drop, suffix) or "slower than what is kept"


def _cells(row: Row) -> list[str]:
    def number(value: float | None, form: str, unit: float = 1.0) -> str:
        return "" if value is None else format(value / unit, form)

    return [
        row.target,
        number(row.decibels, ".1f"),
        number(row.drop, ".2f"),
        number(row.milliseconds, ".0f"),
        number(row.speed, ".2f"),
        number(row.memory, ".0f", 2**20),
        number(row.size, ".2f", 2**20),
        row.verdict,
    ]
