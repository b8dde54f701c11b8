"""The score without references as a column of the report: outputs against a folder of pictures as they should look."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import Image, to_float
from diptych.evaluation.columns import Column
from diptych.evaluation.results import Row
from diptych.photo import find_photos, read
from diptych.quality import DomainScore, MeasuredPicture, StructureReference
from diptych.quality.appearance import Floats

LONGEST = 512
"""px; a longer side is reduced to it, outputs and pictures of the folder alike."""

MOST = 48
"""Pictures of the folder that are looked at, from all over it."""

COLUMN = Column("score", "score", "", "higher", needs_reference=False, function=lambda output: float("nan"))


class OutputScores:
    """Takes in outputs one by one, and tells at the end what each adds to the score of its candidate.

    Parameters
    ----------
    target : path
        A folder of pictures as the outputs should look, searched recursively; no pairs.

    Raises
    ------
    ParameterError
        If there are no pictures.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        files = sorted(found.path for found in find_photos([target]))
        if not files:
            raise ParameterError(f"{target}: has no pictures; give a folder of pictures as they should look")
        chosen = np.unique(np.linspace(0, len(files) - 1, min(MOST, len(files))).round().astype(int))
        self._domain = DomainScore(
            [_without_luma(MeasuredPicture.of(_reduced(read(files[index]).pixels))) for index in chosen]
        )
        self.notes = (
            f"score: tone, colour, saturation, noise, detail and structure against {len(chosen)} pictures of {target}, 0 to "
            f"1. It is a number of all images together; that of one is its part in it.",
        )
        self._outputs: dict[str, dict[str, tuple[MeasuredPicture, float]]] = {}

    def of_image(self, name: str, source: Image) -> Callable[[str, Image], None]:
        """Return what takes in the output of a candidate, by its name, for an image."""
        # In a dark picture nothing counts as an edge.
        stretched = operators.get("stretch")(_reduced(source), low=0.0, high=99.9)
        structure = StructureReference([np.asarray(stretched, np.float32)])

        def take(candidate: str, output: Image) -> None:
            small = _reduced(output)
            if small.shape[:2] != stretched.shape[:2]:
                return  # an enlargement, a crop: there is no structure to compare
            measured = MeasuredPicture.of(small)
            added = structure.coarsely_added([measured.edges()])[0]
            self._outputs.setdefault(candidate, {})[name] = _without_luma(measured), added

        return take

    def into(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows with what each output adds to the score of its candidate; the mean of these is the score."""
        shares: dict[tuple[str, str], float] = {}
        for candidate, outputs in self._outputs.items():
            measured, added = zip(*outputs.values(), strict=True)
            found = self._domain.score(measured, added).shares
            shares |= {(candidate, image): share for image, share in zip(outputs, found, strict=True)}
        return [
            replace(row, values={**row.values, COLUMN.key: shares[row.candidate, row.image]})
            if (row.candidate, row.image) in shares
            else row
            for row in rows
        ]


def _without_luma(measured: MeasuredPicture) -> MeasuredPicture:
    """Return the same without what is large, and no longer needed."""
    return replace(measured, luma=np.zeros((0, 0)))


def _reduced(image: Image) -> Floats:
    factor = LONGEST / max(image.shape[:2])
    small = image if factor >= 1 else operators.get("zoom")(image, factor=factor, interpolation="area")
    floats = to_float(small).astype(np.float32, copy=False)
    return np.ascontiguousarray(floats if floats.ndim == 3 else floats[:, :, np.newaxis])
