"""``diptych doctor``: check the installation."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from typing import Annotated, Any

import typer

_BASE = (
    "numpy",
    "scipy",
    "scikit-image",
    "opencv-python-headless",
    "numba",
    "PyWavelets",
    "Pillow",
    "tifffile",
    "imagecodecs",
    "tomli-w",
    "typer",
    "rich",
)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check the installation: versions, cores, memory, and missing packages. Exit code 1 if a required package is missing."""
    from diptych import __version__
    from diptych.core.parallel import available_cores

    versions = {name: _version(name) for name in _BASE}
    report: dict[str, Any] = {
        "diptych": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": available_cores(),
        "memory_gib": _memory_gib(),
        "packages": versions,
    }
    missing = [name for name, version in versions.items() if version is None]
    report["missing"] = missing
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(report, missing)
    if missing:
        raise typer.Exit(1)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _print(report: dict[str, Any], missing: list[str]) -> None:
    for key in ("diptych", "python", "system", "cores", "memory_gib"):
        typer.echo(f"{key:24}  {report[key]}")
    for name, version in report["packages"].items():
        typer.echo(f"{name:24}  {version or 'MISSING'}")
    advice = f"missing: {', '.join(missing)}; install with: pip install --force-reinstall diptych"
    typer.echo(advice if missing else "all required packages are installed")
