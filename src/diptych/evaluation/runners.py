"""What is compared, and how its output comes about: an enhancer, the untouched input, or ready outputs."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from diptych.core.enhancer import Enhancer
from diptych.core.errors import DiptychError, MissingExtraError, ParameterError
from diptych.core.image import Image, check_image
from diptych.evaluation.pairs import Item
from diptych.evaluation.results import Candidate, Row
from diptych.photo import read

INPUT = "input"
REFERENCE = "reference"

Enhancers = Mapping[str, Enhancer | str | os.PathLike[str] | None]

# An enhancer compiles and loads what it needs on its first call: on a corner, where that costs next to nothing.
_CORNER = 128


@dataclass(frozen=True)
class Runner:
    """Gives the outputs of one candidate: by an enhancer, from a folder, or the input itself if there is neither."""

    name: str
    enhancer: Enhancer | None = None
    folder: Path | None = None

    @property
    def kind(self) -> str:
        """``enhancer``, ``folder`` or ``input``."""
        return "enhancer" if self.enhancer is not None else "folder" if self.folder is not None else INPUT

    def warm_up(self, image: Image) -> None:
        """Run the enhancer once, untimed."""
        if self.enhancer is not None:
            with contextlib.suppress(Exception):  # the real run will report it
                self.enhancer(image[:_CORNER, :_CORNER])

    def output(self, item: Item, image: Image | None) -> tuple[Image, float | None]:
        """Return the output for an image, and the seconds per megapixel where something was run."""
        if self.folder is not None:
            return read(item.outputs[self.name]).pixels, None
        assert image is not None  # `evaluate` asks for images unless all candidates are folders
        if self.enhancer is None:
            return image, None
        started = time.perf_counter()
        output = self.enhancer(image)
        seconds = time.perf_counter() - started
        return check_image(output, f"the output of {self.name}"), seconds / (image.shape[0] * image.shape[1] / 1e6)

    def candidate(self, rows: Iterable[Row]) -> Candidate:
        """Return the candidate as the report lists it."""
        mine = [row for row in rows if row.candidate == self.name]
        times = [row.seconds_per_megapixel for row in mine if row.seconds_per_megapixel]
        to_toml = getattr(self.enhancer, "to_toml", None)
        return Candidate(
            name=self.name,
            kind=self.kind,
            summary=self._summary(),
            seconds_per_megapixel=statistics.median(times) if times else None,
            recipe=to_toml() if callable(to_toml) else "",
        )

    def _summary(self) -> str:
        if self.enhancer is not None:
            return self.enhancer.spec.summary
        return f"ready outputs in {self.folder}" if self.folder is not None else "the untouched input"


def runners_of(enhancers: Enhancers) -> list[Runner]:
    """Return a runner for each candidate; raise `ParameterError` if there is none, or one cannot be evaluated."""
    if not enhancers:
        raise ParameterError("evaluate: enhancers is empty; give one or more")
    runners = [_runner(name, one) for name, one in enhancers.items()]
    for one in runners:
        if one.name == REFERENCE or (one.name == INPUT and one.kind != INPUT):
            raise ParameterError(f"evaluate: a candidate cannot be called '{one.name}'; choose another name")
    if sum(one.kind == INPUT for one in runners) > 1:
        raise ParameterError("evaluate: the untouched input is given more than once; give it once")
    return runners


def _runner(name: str, one: Enhancer | str | os.PathLike[str] | None) -> Runner:
    if one is None or one == INPUT:
        return Runner(name)
    if isinstance(one, str | os.PathLike):
        return Runner(name, folder=Path(one))
    if isinstance(one, Enhancer):
        return Runner(name, enhancer=one)
    raise ParameterError(f"evaluate: '{name}' is a {type(one).__name__}; give an enhancer, None or a folder of outputs")


def reason_of(error: Exception) -> str:
    """Return one line for what failed on one image; an error that every image would meet is raised again."""
    if isinstance(error, MissingExtraError):
        raise error
    if isinstance(error, DiptychError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory; reduce the picture"
    return f"unexpected {type(error).__name__}: {error}; please report it"
