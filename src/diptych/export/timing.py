"""How long enhancers take and how much memory, measured side by side."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from diptych.core.enhancer import Enhancer
from diptych.core.image import Image

_CHILD = "import sys; from diptych.export.timing import child; child(*sys.argv[1:])"


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


def peak_bytes(target: str, content: bytes, shape: tuple[int, ...]) -> int | None:
    """Return the peak memory of a process that loads a file and enhances one uint8 picture; None where it is unknown."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        path.write_bytes(content)
        command = [sys.executable, "-c", _CHILD, target, str(path), *map(str, shape)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None


def child(target: str, path: str, *sides: str) -> None:
    """Do what `peak_bytes` asks for, in the process that is measured."""
    import numpy as np

    from diptych.export.targets import Artefact

    picture = np.random.default_rng(0).integers(0, 256, tuple(map(int, sides)), np.uint8)
    Artefact(target, Path(path).read_bytes()).enhancer()(picture)
    sys.stdout.write(str(_peak()))


def _peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss, which on Linux begins with the size of the process that started this one.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
