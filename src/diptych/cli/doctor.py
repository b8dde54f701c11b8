"""``diptych doctor``: is everything here that is needed?"""

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
    """Check the installation: versions, cores, memory, and what is missing. Exit code 1 if something needed is."""
    from diptych import __version__
    from diptych.core.parallel import available_cores

    found = {name: _version(name) for name in _BASE}
    facts: dict[str, Any] = {
        "diptych": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": available_cores(),
        "memory_gib": _memory_gib(),
        "packages": found,
    }
    missing = [name for name, version in found.items() if version is None]
    facts["missing"] = missing
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        _print(facts, missing)
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


def _print(facts: dict[str, Any], missing: list[str]) -> None:
    for key in ("diptych", "python", "system", "cores", "memory_gib"):
        typer.echo(f"{key:24}  {facts[key]}")
    for name, version in facts["packages"].items():
        typer.echo(f"{name:24}  {version or 'MISSING'}")
    advice = f"missing: {', '.join(missing)}; install with: pip install --force-reinstall diptych"
    typer.echo(advice if missing else "everything that is needed is here")
