"""The source of an export: a trained generator, or an existing bundle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.core.errors import MissingExtraError
from diptych.export.errors import ExportError
from diptych.runtime import Bundle, read_bundle

if TYPE_CHECKING:
    from diptych.training.generator_file import TrainedGenerator

_LIMIT = 1 << 30  # bytes; a user's own bundle may be larger than one of unknown origin


def read_source(path: str | os.PathLike[str]) -> TrainedGenerator | Bundle:
    """Read the source of an export.

    Parameters
    ----------
    path : path
        A run directory (its ``best.safetensors`` is taken), a ``.safetensors`` file of a generator, or the ``.onnx`` file of
        a bundle.

    Returns
    -------
    TrainedGenerator or Bundle
        The generator on the CPU in evaluation mode, or the bundle.

    Raises
    ------
    ExportError
        If the path is none of the three.
    TrainingError, BundleError
        If the content of the file is not of the type that its suffix says.
    MissingExtraError
        If PyTorch or onnxscript is not installed.

    Examples
    --------
    ``read_source("runs/night")``
    """
    place = Path(path)
    if place.suffix == ".onnx":
        return read_bundle(place, max_bytes=_LIMIT)
    if place.is_dir() and not (place / "best.safetensors").is_file():
        raise ExportError(f"{path}: has no best.safetensors; give a run directory of diptych train")
    if place.is_dir() or place.suffix == ".safetensors":
        return _load(place)
    raise ExportError(f"{path}: is no run directory, .safetensors file or .onnx bundle; give one of these")


def _load(path: Path) -> TrainedGenerator:
    try:
        import onnxscript  # noqa: F401  (torch asks for it when it is too late to say it well)

        from diptych.training.generator_file import load_generator
    except ImportError as error:
        raise MissingExtraError(
            f"exporting needs {error.name}, which is not installed; pip install 'diptych[export]'"
        ) from None
    return load_generator(path)
