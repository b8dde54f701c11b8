"""How much memory there is."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path

from diptych.core.errors import ParameterError

MINIMUM = 64 << 20
"""A memory bound below this is refused: the libraries alone take as much."""


def _find_trim() -> Callable[[int], object]:
    try:
        found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (TypeError, OSError, AttributeError):  # Windows, and C libraries other than glibc
        return lambda kept: None
    return found


_trim = _find_trim()


def release_memory() -> None:
    """Give memory that was freed back to the system: glibc keeps it, and what is taken next may not fit into the gaps."""
    _trim(0)


def checked_memory(memory: int | None) -> int:
    """Return the bytes that a model may use; raise `ParameterError` if they are too few, or no number."""
    if memory is None:
        return default_memory()
    if type(memory) is not int or memory < MINIMUM:
        raise ParameterError(f"memory = {memory!r} is not allowed; give {MINIMUM} bytes (64 MiB) or more, or None")
    return memory


def default_memory() -> int:
    """Return the bytes that a model may use if nothing else is said: a quarter of what is available, but at least 512 MiB."""
    return max(512 << 20, available_memory() // 4)


def available_memory() -> int:
    """Return the bytes that this process could still take, as far as the system says it; otherwise 4 GiB."""
    found = [_meminfo(), _left_in_group()]
    return min([size for size in found if size is not None], default=4 << 30)


def _meminfo() -> int | None:
    found = re.search(r"MemAvailable:\s+([0-9]+) kB", _text("/proc/meminfo"))
    return int(found[1]) << 10 if found else None


def _left_in_group() -> int | None:
    limit, used = _text("/sys/fs/cgroup/memory.max").strip(), _text("/sys/fs/cgroup/memory.current").strip()
    return max(int(limit) - int(used), 0) if limit.isdigit() and used.isdigit() else None


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
