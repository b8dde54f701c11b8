"""Instance normalisation with statistics from elsewhere, so that a piece of a picture comes out as in the whole.

Instance normalisation (Ulyanov et al. 2016) sees the whole picture: ``y = (x - mean) / sqrt(variance + epsilon) scale + shift``
with the mean and variance of a map over all its values. Cut into pieces, each piece would have its own. So the statistics are
measured first, over all pieces, and the pieces are then computed with these: as a normalisation with fixed statistics, which is
what ONNX calls batch normalisation, and which ONNX Runtime multiplies into the weights of the convolution before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.runtime.graph import NORMALISATION, setting

if TYPE_CHECKING:
    import onnx


class Statistics(NamedTuple):
    """Mean and variance of each channel of a map."""

    mean: NDArray[np.float32]
    variance: NDArray[np.float32]


class Moments:
    """The statistics of a map that comes in pieces, joined as Chan, Golub and LeVeque do (1979, equations 2.1).

    Examples
    --------
    >>> moments = Moments()
    >>> moments.add(np.zeros((1, 2, 2), np.float32))
    >>> moments.add(np.ones((1, 2, 2), np.float32))
    >>> moments.statistics().mean, moments.statistics().variance
    (array([0.5], dtype=float32), array([0.25], dtype=float32))
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: Any = 0.0
        self._squares: Any = 0.0

    def add(self, piece: NDArray[Any]) -> None:
        """Take in a piece of shape ``(channels, rows, columns)``."""
        count = piece[0].size
        mean, squares = np.array([_moments(channel) for channel in piece]).T
        total = self._count + count
        apart = mean - self._mean
        self._mean = self._mean + apart * count / total
        self._squares = self._squares + squares + apart**2 * self._count * count / total
        self._count = total

    def statistics(self) -> Statistics:
        """Return mean and variance of all pieces together."""
        return Statistics(self._mean.astype(np.float32), (self._squares / self._count).astype(np.float32))


def _moments(channel: NDArray[Any]) -> tuple[float, float]:
    # One channel at a time stays in the cache; numpy adds up pairwise, so that float32 is enough within a piece.
    values = channel.astype(np.float32, copy=False).ravel()
    mean = values.mean()
    centred = values - mean
    return float(mean), float(np.dot(centred, centred))


def normalised_maps(nodes: Iterable[onnx.NodeProto]) -> list[str]:
    """Return the maps whose statistics over the whole picture are needed, in the order of the nodes."""
    return list(dict.fromkeys(node.input[0] for node in nodes if node.op_type == NORMALISATION))


def fix(model: onnx.ModelProto, statistics: Mapping[str, Statistics]) -> None:
    """Give normalisations their statistics, in place.

    Parameters
    ----------
    model : ModelProto
        Changed: each normalisation becomes one with fixed statistics.
    statistics : mapping
        From the name of a map to its statistics.
    """
    from onnx import helper, numpy_helper

    for index, node in enumerate(model.graph.node):
        if node.op_type != NORMALISATION:
            continue
        names = [f"{node.output[0]}/mean", f"{node.output[0]}/variance"]
        for name, values in zip(names, statistics[node.input[0]], strict=True):
            model.graph.initializer.append(numpy_helper.from_array(values, name))
        fixed = helper.make_node(
            "BatchNormalization", [*node.input, *names], list(node.output), epsilon=setting(node, "epsilon", 1e-5)
        )
        model.graph.node[index].CopyFrom(fixed)
