"""How Numba compiles the kernels, and how they see a picture. Numba itself is not needed here."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image

Options: TypeAlias = dict[str, Any]


def options(*fastmath: str) -> tuple[Options, Options]:
    """Return Numba's options of a kernel, which Python calls, and of its parts, which only kernels call.

    Kernels are kept on the disk where there is a place for them, do not hold the interpreter lock, and divide as NumPy does.
    A part is kept as part of them; what lets Python call it, a third of the compiling, is left out.

    Parameters
    ----------
    *fastmath : str
        What the compiler may do to arithmetic, in LLVM's words: ``contract`` joins a product and a sum.
    """
    allowed = set(fastmath) or False
    kernel = {"nogil": True, "cache": _kept(), "error_model": "numpy", "fastmath": allowed, "no_cfunc_wrapper": True}
    return kernel, {**kernel, "cache": False, "no_cpython_wrapper": True}


@functools.cache
def _kept() -> bool:
    """Return whether Numba finds a folder for compiled kernels: its own, the package, or the user's; else it would refuse."""
    if os.environ.get("NUMBA_CACHE_DIR") or os.name == "nt":
        return True
    usual = "~/Library/Caches" if sys.platform == "darwin" else os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return _can_be_written(os.path.dirname(__file__)) or _can_be_written(os.path.expanduser(f"{usual}/numba"))


def _can_be_written(folder: str) -> bool:
    """Return whether there is such a folder, or can be, and files in it."""
    folder = os.path.abspath(folder)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


KERNEL, PART = options("contract", "nsz")
"""The options of most."""

Depths: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.float32]]
"""Rows of values in one of three depths, the other two empty: so one kernel, compiled once, takes pictures of every depth."""


def rows_in(image: Image) -> Depths:
    """Return the rows ``(H, W * C)`` of an image of 8, 16 or 32 bits that a kernel reads.

    >>> [rows.shape for rows in rows_in(np.zeros((2, 3, 3), np.uint16))]
    [(0, 0), (2, 9), (0, 0)]
    """
    return _by_depth(image, writable=False)


def rows_out(image: Image) -> Depths:
    """Return the rows ``(H, W * C)`` of a contiguous image of 8, 16 or 32 bits that a kernel writes."""
    return _by_depth(image, writable=True)


def _by_depth(image: Image, *, writable: bool) -> Depths:
    rows = image.reshape(len(image), -1) if writable else np.ascontiguousarray(image).reshape(len(image), -1).view()
    found: Any = [
        rows if image.dtype == dtype else np.empty((0, 0), dtype) for dtype in (np.uint8, np.uint16, np.float32)
    ]
    for part in found:
        part.flags.writeable = writable
    return tuple(found)
