"""A network over a picture that does not fit into the memory: in strips of rows, stage by stage, as if in one piece.

Networks with instance normalisation see the whole picture, so that strips computed one by one, however much they overlap,
would come out each in its own way. Statistics of a reduced copy or of a sample of the picture do not help: measured on
photographs, they change the result by tens of levels of 255 (``benchmarks/tiling.py --sampled``). Here the statistics are
those of the whole picture: the network is cut into stages where one is needed (`diptych.runtime.stages`), each stage runs
over all strips, and what the next ones need is kept, in memory or in temporary files. Strips overlap by what the few
convolutions of a stage see, and so there is no seam to blend.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from diptych.core.errors import ParameterError
from diptych.runtime.graph import Graph
from diptych.runtime.graph_ends import INPUT, OUTPUT
from diptych.runtime.memory import release_memory
from diptych.runtime.normalisation import Moments, Statistics, fix
from diptych.runtime.picture import Picture
from diptych.runtime.sessions import Sessions
from diptych.runtime.stages import Stage, plan
from diptych.runtime.store import InMemory, OnDisk, Store

_FOR_STRIPS = 0.6  # of the memory; the rest is for maps between the stages
_WORST_OVERLAP = 0.5  # of the rows of a strip, on either side
_HANDY = 64 << 20  # bytes of a strip; larger ones leave the processor's caches and are not faster
_ROWS_TO_OVERLAP = 16  # but a strip has so many times the rows of its overlap on either side, where the memory allows


class Strips:
    """One picture, computed in strips.

    Parameters
    ----------
    graph : Graph
        The network.
    sessions : Sessions
        How to run its parts.
    memory : int
        Bytes that maps may take.

    Raises
    ------
    NotLocalError
        If the network cannot be computed in pieces.
    ParameterError
        If not even the thinnest strips of a picture of this size fit into the memory.
    """

    def __init__(self, graph: Graph, sessions: Sessions, memory: float) -> None:
        self._graph = graph
        self._sessions = sessions
        self._for_strips = memory * _FOR_STRIPS
        self._for_maps = memory * (1 - _FOR_STRIPS)

    def run(self, picture: Picture, write: Callable[[int, NDArray[Any]], object]) -> None:
        """Compute the network on a picture and call ``write(first, planes)`` with each strip of the result."""
        stages = self._plan(picture)
        statistics: dict[str, Statistics] = {}
        stores: dict[str, Store] = {}
        with contextlib.ExitStack() as closing:
            for index, stage in enumerate(stages):
                for name in stage.kept:
                    stores[name] = self._store(name, picture)
                    closing.callback(stores[name].close)
                moments = {name: Moments() for name in stage.measured}
                release_memory()  # the weights and strips of the stage before
                self._pass(stage, picture, statistics, stores, moments, write)
                statistics |= {name: moment.statistics() for name, moment in moments.items()}
                later = {name for other in stages[index + 1 :] for name in other.given}
                for name in set(stores) - later:
                    self._drop(name, stores.pop(name), picture)

    def _plan(self, picture: Picture) -> Sequence[Stage]:
        stages = plan(self._graph)
        rows = [self._rows(stage, picture) for stage in stages]
        if all(rows) and all(own * _WORST_OVERLAP >= stage.halo for own, stage in zip(rows, stages, strict=True)):
            return stages
        stages = plan(self._graph, finely=True)
        for stage in stages:  # says now, and not after an hour, that the memory is too small for one of them
            self._strips(stage, picture)
        return stages

    def _rows(self, stage: Stage, picture: Picture) -> int:
        """Return the rows of a strip, the overlap not counted; 0 if the memory does not suffice for any."""
        of_a_row = stage.bytes_per_pixel * picture.width
        enough = max(int(_HANDY / of_a_row), _ROWS_TO_OVERLAP * stage.halo, stage.period)
        possible = int(self._for_strips / of_a_row)
        if min(enough, possible) >= picture.height:
            return picture.height
        return max(min(enough, possible - 2 * stage.halo), 0) // stage.period * stage.period

    def _store(self, name: str, picture: Picture) -> Store:
        tensor = self._graph.maps[name]
        shape = (tensor.channels, int(picture.height / tensor.scale), int(picture.width / tensor.scale))
        size = tensor.bytes_per_pixel * picture.height * picture.width
        if size > self._for_maps:
            return OnDisk(shape, tensor.dtype)
        self._for_maps -= size
        return InMemory(shape, tensor.dtype)

    def _drop(self, name: str, store: Store, picture: Picture) -> None:
        store.close()
        if isinstance(store, InMemory):
            self._for_maps += self._graph.maps[name].bytes_per_pixel * picture.height * picture.width

    def _pass(
        self,
        stage: Stage,
        picture: Picture,
        statistics: dict[str, Statistics],
        stores: dict[str, Store],
        moments: dict[str, Moments],
        write: Callable[[int, NDArray[Any]], object],
    ) -> None:
        model = self._graph.extract(stage.given, stage.wanted)
        fix(model, statistics)
        session = self._sessions.open(model.SerializeToString(), arena=False)
        for first, last in self._strips(stage, picture):
            low, high = max(0, first - stage.halo), min(picture.height, last + stage.halo)
            feeds = {
                name: picture.read(low, high) if name == INPUT else stores[name].read(*self._span(name, low, high))
                for name in stage.given
            }
            outputs = {
                name: (self._shape(name, high - low, picture.width), self._graph.maps[name].dtype)
                for name in stage.wanted
            }
            for name, made in zip(stage.wanted, session.run(feeds, outputs), strict=True):
                start, stop = self._span(name, first - low, last - low)
                core = made[0, :, start:stop]
                if name in moments:
                    moments[name].add(core)
                if name in stage.kept:
                    stores[name].write(self._span(name, first, last)[0], core)
                if name == OUTPUT:
                    write(first, core)

    def _strips(self, stage: Stage, picture: Picture) -> list[tuple[int, int]]:
        rows = self._rows(stage, picture)
        if not rows:
            needed = stage.bytes_per_pixel * picture.width * (stage.period + 2 * stage.halo) / _FOR_STRIPS
            raise ParameterError(
                f"memory: even the thinnest strips of a picture {picture.width} px wide need {needed / 2**20:.0f} MiB more "
                f"than the weights; give more memory"
            )
        return [(first, min(first + rows, picture.height)) for first in range(0, picture.height, rows)]

    def _span(self, name: str, first: int, last: int) -> tuple[int, int]:
        scale = self._graph.maps[name].scale
        return int(first / scale), int(last / scale)

    def _shape(self, name: str, rows: int, columns: int) -> tuple[int, ...]:
        tensor = self._graph.maps[name]
        return 1, tensor.channels, int(rows / tensor.scale), int(columns / tensor.scale)
