"""A network run in strips, whatever the size of the picture."""

from __future__ import annotations

import numpy as np
import onnx

from diptych.runtime.graph import Graph
from diptych.runtime.picture import Picture
from diptych.runtime.sessions import Sessions
from diptych.runtime.tiling import Strips


def in_strips(bundle, image: np.ndarray, memory: float) -> tuple[np.ndarray, int]:
    """Return the network's answer to a float image in strips, and the number of strips of the last stage."""
    facts = bundle.metadata
    picture = Picture(image, facts.multiple)
    result = np.full((facts.channels_out, picture.height, picture.width), np.nan, np.float32)
    count = 0

    def write(first, planes):
        nonlocal count
        count += 1
        result[:, first : first + planes.shape[1]] = planes

    graph = Graph(onnx.load_from_string(bundle.model), facts.multiple)
    Strips(graph, Sessions("test", threads=1), memory).run(picture, write)
    return result.transpose(1, 2, 0)[: image.shape[0], : image.shape[1]], count
