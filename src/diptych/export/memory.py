"""How much memory a target takes, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

_CHILD = "import sys; from diptych.export.memory import measure; measure(*sys.argv[1:])"


def peak_bytes(target: str, content: bytes, shape: tuple[int, ...]) -> int | None:
    """Return the peak memory of a process that loads a file and enhances one uint8 picture; None where it is unknown."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        path.write_bytes(content)
        command = [sys.executable, "-c", _CHILD, target, str(path), *map(str, shape)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None


def measure(target: str, path: str, *sides: str) -> None:
    """Do what `peak_bytes` asks for, in the process that is measured, and write the number to the standard output."""
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
