"""How a network is computed in strips: cut into stages, each of which sees only a few rows beyond its own.

A stage ends where the next thing needs the whole picture, that is, at the statistics of a normalisation. What later stages need
is kept; what is made of it value by value (normalisation, activation) is made again where it is needed. The rows that
a strip sees beyond its own are therefore those of one or two convolutions, not those of the whole network.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from diptych.runtime.graph import Graph, NotLocalError
from diptych.runtime.graph_ends import INPUT, OUTPUT
from diptych.runtime.normalisation import normalised_maps

_WINDOWS = ("Conv", "ConvTranspose")

# Keeping a map costs its way to the disk and back, making it again the multiplications and the way through the memory.
_BYTES_TO_DISK = 1e9
_BYTES_IN_MEMORY = 4e9
_MULTIPLICATIONS = 5e10  # each of these in a second


# Planning takes time with the square of the nodes. A large generator has some 400, and some 60 maps that later stages use.
_MOST_NODES = 2_000
_MOST_PARTS = 250_000


@dataclass(frozen=True)
class Stage:
    """One pass over a picture.

    Attributes
    ----------
    given : tuple of str
        The maps it starts from, kept by earlier stages; the picture is one.
    wanted : tuple of str
        The maps it makes: those that are kept, those whose statistics are measured, or the output.
    kept, measured : frozenset of str
        Which of them are kept for later stages, and whose statistics are measured.
    halo : int
        Rows of the input beyond its own that a strip sees, a multiple of `period`.
    period : int
        A strip begins at, and has, a multiple of so many rows of the input.
    bytes_per_pixel : float
        Memory that a strip takes for each of its px.
    """

    given: tuple[str, ...]
    wanted: tuple[str, ...]
    kept: frozenset[str]
    measured: frozenset[str]
    halo: int
    period: int
    bytes_per_pixel: float


def plan(graph: Graph, *, finely: bool = False) -> list[Stage]:
    """Cut a network into stages.

    Parameters
    ----------
    graph : Graph
        The network.
    finely : bool
        Whether a stage also ends after every convolution, for networks without normalisation that see far.

    Raises
    ------
    NotLocalError
        If a part of the graph sees the whole picture other than by instance normalisation, or is not understood.
    """
    if len(graph.nodes) > _MOST_NODES:
        raise NotLocalError(f"it has more than {_MOST_NODES} nodes")
    normalised = set(normalised_maps(graph.nodes))
    stops = normalised | (
        {name for node in graph.nodes if node.op_type in _WINDOWS for name in node.output} if finely else set()
    )
    levels = _levels(graph, stops)
    crossing = _crossing(graph, stops, levels)
    if len(crossing) * len(graph.nodes) > _MOST_PARTS:
        raise NotLocalError(f"{len(crossing)} of its maps are used in several stages")
    stored, stages = [INPUT], []
    for level in range(levels[OUTPUT] + 1):
        targets = [name for name in crossing if levels[name] == level]
        kept = [name for name in targets if _is_worth_keeping(graph, stored, name)]
        wanted = [name for name in targets if name in kept or name in normalised]
        if level == levels[OUTPUT]:
            wanted = [OUTPUT]
        if wanted:
            stages.append(_stage(graph, stored, wanted, kept, normalised))
            stored += kept
    return stages


def _levels(graph: Graph, stops: Collection[str]) -> dict[str, int]:
    """Return for each map how many stops lie before it."""
    levels = {INPUT: 0}
    for node in graph.nodes:
        before = [levels[name] + (name in stops) for name in node.input if name in levels]
        if before:
            levels |= dict.fromkeys(node.output, max(before))
    return levels


def _crossing(graph: Graph, stops: Collection[str], levels: dict[str, int]) -> list[str]:
    """Return the maps that a later stage than their own starts from, in the order in which they are made."""
    found = set()
    for node in graph.nodes:
        for name in node.input:
            if name in graph.maps:
                root = graph.root(name, stops)
                if levels[root] < levels[node.output[0]]:
                    found.add(root)
    return [name for node in graph.nodes for name in node.output if name in found]


def _stage(
    graph: Graph, stored: list[str], wanted: list[str], kept: Collection[str], normalised: Collection[str]
) -> Stage:
    nodes = graph.part(stored, wanted)
    used = {name for node in nodes for name in node.input}
    given = tuple(name for name in stored if name in used)
    period = graph.period([*given, *wanted, *(name for node in nodes for name in node.output)])
    halo = graph.halo(stored, wanted)
    return Stage(
        given=given,
        wanted=tuple(wanted),
        kept=frozenset(kept) & set(wanted),
        measured=frozenset(normalised) & set(wanted),
        halo=-(-halo // period) * period,
        period=period,
        # What is given is there twice on its way in, and what is wanted on its way out.
        bytes_per_pixel=2 * graph.size(given) + graph.peak(nodes, given, wanted) + graph.size(wanted),
    )


def _is_worth_keeping(graph: Graph, stored: Collection[str], name: str) -> bool:
    nodes = graph.part(stored, [name])
    again = sum(
        graph.size(node.output) / _BYTES_IN_MEMORY + graph.multiplications(node) / _MULTIPLICATIONS for node in nodes
    )
    return again > 2 * graph.size([name]) / _BYTES_TO_DISK
