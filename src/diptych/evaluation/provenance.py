"""The origin of the numbers: versions, command, and the hash of every file."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "numba", "Pillow", "imagecodecs", "tifffile")


@dataclass(frozen=True)
class Provenance:
    """What is needed to repeat a report.

    Attributes
    ----------
    versions : mapping of str to str
        Diptych, Python and the libraries.
    system : str
        Operating system, processor, cores.
    created : str
        Date and time, UTC.
    seed : int
        Seed of the bootstrap.
    niqe_model : str
        Name and source of the NIQE model; empty if NIQE was not measured. Values of different models do not compare.
    command : str
        The command line; empty for a call from Python.
    files : mapping of str to str
        SHA-256 of every image, reference and ready output, by its path.
    """

    versions: Mapping[str, str]
    system: str
    created: str
    seed: int
    niqe_model: str = ""
    command: str = ""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)


def here_and_now(seed: int, niqe_model: str, files: Mapping[str, str]) -> Provenance:
    """Return the provenance of a report made by this process, now."""
    from diptych import __version__

    versions = {"diptych": __version__, "python": platform.python_version()}
    versions |= {name: version for name in _LIBRARIES if (version := _version(name))}
    return Provenance(
        versions=versions,
        system=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seed=seed,
        niqe_model=niqe_model,
        files=files,
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; empty if it cannot be read, which decoding it will report."""
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return ""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
