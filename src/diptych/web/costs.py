"""How long work will take, judged before it begins."""

from __future__ import annotations

import time
from collections import OrderedDict

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import DiptychError
from diptych.core.parallel import threads
from diptych.recipes import Recipe

_CODEC = 0.06e-6  # seconds of one core for a pixel: decoding and encoding
_RESHAPE = 0.1e-6  # for a pixel that a step such as zoom reads or makes
_SIDES = (16, 64, 256)
_ENOUGH = 0.2  # seconds; a smaller sample that took so long is sample enough
_MOST_KNOWN = 256


class Costs:
    """Processor time of enhancers, measured on small samples.

    The samples are dark and noisy, as which pictures take longest. Fixed costs are left out, and all cores are taken to
    share the work, so that steps take longer than this says; a recipe that looks at the picture may do less.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, float] = OrderedDict()

    def rate(self, enhancer: Enhancer, key: str) -> float:
        """Return the seconds for each pixel; `key` names the enhancer."""
        if key not in self._known:
            self._known[key] = _measure(enhancer)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return _CODEC + self._known[key] / threads()


def _measure(enhancer: Enhancer) -> float:
    reshaping = 0
    if isinstance(enhancer, Recipe):
        # What changes the size may not be possible on a small sample, or make it large.
        kept = [one for one in enhancer.steps if one.declaration.keeps_shape]
        reshaping = len(enhancer.steps) - len(kept)
        enhancer = Recipe(*kept)
    before, area, rate = 0.0, 0, 0.0
    for side in _SIDES:
        sample = np.random.default_rng(0).integers(0, 60, (side, side, 3)).astype(np.uint8)
        start = time.process_time()
        try:
            enhancer(sample)
        except DiptychError:  # not possible on so small a picture; the real one will show
            continue
        seconds = time.process_time() - start
        if area:  # the first also loads compiled code
            rate = max(seconds - before, 0.0) / (side * side - area)
        before, area = seconds if area else 0.0, side * side
        if side > _SIDES[0] and seconds > _ENOUGH:
            break
    return rate + reshaping * _RESHAPE
