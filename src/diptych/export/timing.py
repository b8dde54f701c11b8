"""How long enhancers take, measured side by side, and on what."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from diptych.core.enhancer import Enhancer
from diptych.core.image import Image
from diptych.core.parallel import threads

_INSTRUCTION_SETS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avxvnni": "AVX-VNNI",
    "avx512vnni": "AVX512-VNNI",
    "amx-int8": "AMX-INT8",
    "neon": "NEON",
    "dotprod": "NEON dot product",
    "i8mm": "NEON I8MM",
}
"""What the speed of 8 bits depends on: the names of LLVM, and those of the makers."""


def instruction_sets() -> tuple[str, ...]:
    """Return the vector instructions of this processor on which the speed of a network depends, slower ones first.

    Measured ratios hold for processors with the same ones: INT8 gains most where there are 8-bit dot products (VNNI, AMX,
    NEON dot product).
    """
    import llvmlite.binding

    features = llvmlite.binding.get_host_cpu_features()
    return tuple(name for feature, name in _INSTRUCTION_SETS.items() if features.get(feature))


def describe_speed(speed: float) -> dict[str, Any]:
    """Return a measured ratio to the float model, and what it holds for, as the metadata of a bundle keeps it."""
    return {"ratio_to_float": round(speed, 2), "instruction_sets": list(instruction_sets()), "threads": threads()}


def milliseconds(enhancers: Mapping[str, Enhancer], pictures: Sequence[Image], *, rounds: int = 5) -> dict[str, float]:
    """Return the milliseconds per megapixel of each enhancer: the median of rounds in which each runs once, in turns.

    Machines change their speed by the second; what runs in turns is slowed down together. One round before is not counted.
    """
    megapixels = sum(picture.shape[0] * picture.shape[1] for picture in pictures) / 1e6
    times: dict[str, list[float]] = {name: [] for name in enhancers}
    for _ in range(rounds + 1):
        for name, enhancer in enhancers.items():
            start = time.perf_counter()
            for picture in pictures:
                enhancer(picture)
            times[name].append(time.perf_counter() - start)
    return {name: 1000 * statistics.median(taken[1:]) / megapixels for name, taken in times.items()}
