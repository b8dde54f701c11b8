"""OME-Zarr: one picture with its smaller copies, in chunks. Specification: OME-NGFF 0.4 and 0.5 (read), 0.5 (written)."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diptych.core.errors import MissingExtraError, PhotoExistsError, PhotoFormatError, PhotoTooLargeError
from diptych.core.image import Image
from diptych.large.rows import Rows
from diptych.photo.tiff_pyramid import TILE, halve, pyramid_shapes

_LARGEST_CHUNK = 512 << 20  # bytes
_SUPPORTED = ("uint8", "uint16", "float32", "float64")


class ZarrRows:
    """The picture of an OME-Zarr, or a plain Zarr array ``(H, W)`` or ``(H, W, C)``, read by rows.

    Parameters
    ----------
    path : path
        Its folder.

    Raises
    ------
    PhotoFormatError
        If it is no Zarr, has several pictures (times, depths), or values that the image contract does not have.
    MissingExtraError
        If Zarr is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._name = os.fspath(path)
        with _quietly():
            node = _open(self._name)
            names = "yxc" if hasattr(node, "shape") else self._axes(node)
            self._array: Any = node if hasattr(node, "shape") else node[self._dataset(node)]
        names = names[: self._array.ndim]
        sizes = dict(zip(names, self._array.shape, strict=True))
        if any(sizes.get(name, 1) > 1 for name in "tz"):
            raise PhotoFormatError(f"{self._name}: holds several pictures (times or depths); split it first")
        self._names = names
        self.shape: tuple[int, int, int] = (sizes["y"], sizes["x"], sizes.get("c", 1))
        self.dtype: np.dtype[Any] = np.dtype(self._array.dtype).newbyteorder("=")
        chunk = math.prod(self._array.chunks) * self.dtype.itemsize
        if chunk > _LARGEST_CHUNK:
            raise PhotoTooLargeError(f"{self._name}: has chunks of {chunk >> 20} MiB; save it in smaller ones")
        if self.dtype.name not in _SUPPORTED:
            raise PhotoFormatError(f"{self._name}: holds {self.dtype}; convert it to {', '.join(_SUPPORTED)}")

    def _facts(self, group: Any) -> dict[str, Any]:
        attributes = dict(group.attrs)
        found = attributes.get("ome", attributes).get("multiscales")
        if not found:
            raise PhotoFormatError(f"{self._name}: is a Zarr group without multiscales; name one of its arrays")
        return dict(found[0])

    def _axes(self, group: Any) -> str:
        axes = "".join(axis["name"] if isinstance(axis, dict) else axis for axis in self._facts(group)["axes"])
        if not {"y", "x"} <= set(axes) <= set("tczyx"):
            raise PhotoFormatError(f"{self._name}: has the axes '{axes}'; give a picture with y, x and at most c, z, t")
        return axes

    def _dataset(self, group: Any) -> str:
        return str(self._facts(group)["datasets"][0]["path"])

    def read(self, first: int, last: int) -> Image:
        """Return rows first to last, last not included, as ``(rows, W, C)``."""
        index = tuple(slice(first, last) if name == "y" else 0 if name in "tz" else slice(None) for name in self._names)
        with _quietly():
            part = np.asarray(self._array[index])
        left = [name for name in self._names if name not in "tz"]
        if "c" not in left:
            return part.astype(self.dtype, copy=False)[:, :, np.newaxis]
        rows = np.moveaxis(part, [left.index(name) for name in "yxc"], [0, 1, 2])
        return np.ascontiguousarray(rows, self.dtype)


def write_zarr(path: str | os.PathLike[str], rows: Rows, *, overwrite: bool = False) -> None:
    """Write a picture that is given by rows as an OME-Zarr with the axes c, y, x; whole or not at all.

    Parameters
    ----------
    path : path
        Its folder, which is written under another name first.
    rows : Rows
        The picture; each row is read once.
    overwrite : bool
        Replace a folder that is there.

    Raises
    ------
    PhotoExistsError
        If it exists and `overwrite` is False.
    MissingExtraError
        If Zarr is not installed.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise PhotoExistsError(f"{target}: exists already; choose another name, or use `overwrite=True`")
    folder = Path(tempfile.mkdtemp(prefix=".diptych-", dir=target.absolute().parent))
    try:
        with _quietly():
            _fill(folder / "new", rows)
        if target.exists():
            target.rename(folder / "old")
        (folder / "new").rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, rows: Rows) -> None:
    zarr = _library()
    shapes = pyramid_shapes(rows.shape)
    group = zarr.open_group(str(folder), mode="w", zarr_format=3)
    read: Callable[[int, int], Image] = rows.read
    for level, (height, width, channels) in enumerate(shapes):
        array = group.create_array(
            str(level),
            shape=(channels, height, width),
            chunks=(channels, min(TILE, height), min(TILE, width)),
            dtype=rows.dtype,
            dimension_names=("c", "y", "x"),
        )
        for first in range(0, height, TILE):
            array[:, first : first + TILE] = np.moveaxis(read(first, min(first + TILE, height)), 2, 0)
        read = _halves(array)
    group.attrs["ome"] = {"version": "0.5", "multiscales": [_multiscales(len(shapes))]}


def _halves(array: Any) -> Callable[[int, int], Image]:
    def read(first: int, last: int) -> Image:
        return halve(np.moveaxis(array[:, 2 * first : 2 * last], 0, 2))

    return read


def _multiscales(levels: int) -> dict[str, Any]:
    return {
        "axes": [{"name": "c", "type": "channel"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}],
        "datasets": [
            {
                "path": str(level),
                "coordinateTransformations": [{"type": "scale", "scale": [1.0, 2.0**level, 2.0**level]}],
            }
            for level in range(levels)
        ],
    }


def _library() -> Any:
    try:
        import zarr
    except ImportError:
        raise MissingExtraError("OME-Zarr needs zarr; pip install 'diptych[cluster]'") from None
    return zarr


def _open(name: str) -> Any:
    zarr = _library()
    try:
        return zarr.open(name, mode="r")
    except Exception as error:  # its errors have no common base
        text = " ".join(str(error).split())[:160]
        raise PhotoFormatError(f"{name}: is no Zarr ({text or type(error).__name__}); check the path") from None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    # zarr warns of whatever lies beside its own files, and of data types without a final specification.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_zarr(path: str | os.PathLike[str]) -> bool:
    """Return whether a path means a Zarr: a folder with that suffix.

    >>> is_zarr("slide.ome.zarr"), is_zarr("slide.tif")
    (True, False)
    """
    return os.fspath(path).rstrip("/\\" if sys.platform == "win32" else "/").lower().endswith(".zarr")
