"""Peak memory and time of `diptych enhance` on a picture larger than memory: a tiled TIFF of any size, made here by rows.

python benchmarks/large.py --side 30000 --folder /tmp/large --profile fast
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

TILE = 512


def main() -> None:
    """Make the picture if it is not there, enhance it in a process of its own, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=30_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--profile", default="fast")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    source, target = given.folder / f"{given.side}.tif", given.folder / "enhanced.tif"
    if not source.exists():
        make(source, given.side)
    command = ["enhance", str(source), "-o", str(target), "--profile", given.profile, "--overwrite", "--large"]
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "diptych", *command])
    peak = watch(process)
    seconds = time.perf_counter() - started
    print(f"{given.side} x {given.side} RGB, {source.stat().st_size / 2**20:.0f} MiB stored, profile {given.profile}:")
    print(f"exit {process.returncode}, {seconds:.0f} s, peak RSS {peak / 2**20:.3f} GiB (VmHWM of the process)")


def make(path: Path, side: int) -> None:
    """Write a dark picture with noise, tiled, compressed with Zstandard."""

    def tiles() -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        noise = rng.normal(0, 1.0, (TILE, TILE, 3)).astype(np.float32)
        count = -(-side // TILE)
        for down in range(count):
            for across in range(count):
                y, x = np.mgrid[0:TILE, 0:TILE] + np.array([down, across])[:, None, None] * TILE
                scene = 14 + 10 * np.sin(x / 700) * np.cos(y / 900) + 6 * np.sin((x + y) / 60)
                tint = np.array([1.0, 0.9, 0.75], np.float32)
                yield np.clip(scene[..., None] * tint + noise, 0, 255).astype(np.uint8)

    tifffile.imwrite(
        path,
        tiles(),
        shape=(side, side, 3),
        dtype=np.uint8,
        tile=(TILE, TILE),
        photometric="rgb",
        compression="zstd",
        bigtiff=True,
        metadata=None,
    )


def watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process and return its peak of resident memory in KiB, as the system keeps it for it."""
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        peak = max([peak, *map(int, found)])
        time.sleep(0.1)
    process.wait()
    return peak


if __name__ == "__main__":
    main()
