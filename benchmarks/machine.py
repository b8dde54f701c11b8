"""The machine that a benchmark ran on, for the figures to be read beside it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

INSTRUCTION_SETS = ("sse4_2", "avx2", "avx512f", "avx512_vnni", "amx_int8", "asimd", "sve")
LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "numba", "onnxruntime", "pillow")


def describe() -> dict[str, object]:
    """Return cores, processor, instruction sets, load and the versions of libraries."""
    text = _read("/proc/cpuinfo")
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    named = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set((named.get("flags") or named.get("Features") or "").split())
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": named.get("model name", platform.processor() or platform.machine()),
        "instruction sets": [name for name in INSTRUCTION_SETS if name in flags],
        "load before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def in_words(machine: dict[str, object]) -> str:
    """Return the description as a sentence."""
    libraries = ", ".join(f"{name} {machine[name]}" for name in ("Python", *LIBRARIES))
    sets = ", ".join(map(str, machine["instruction sets"]))  # type: ignore[call-overload]
    return f"{machine['cores']} cores of {machine['processor']} ({sets}), load {machine['load before']} before; {libraries}."


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
