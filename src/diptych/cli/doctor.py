"""``diptych doctor``: check the installation."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import time
from typing import Annotated, Any

import typer

from diptych.cli.progress import note

EXTRAS = {
    "train": ("diptych train: generators from two folders or one", 920),
    "refine": ("training of refiners", 1010),
    "export": ("diptych export of what was trained", 860),
    "tvm": ("export --target tvm: models compiled for one processor", 320),
    "metrics": ("LPIPS, FID and other metrics by networks", 900),
    "web": ("diptych serve: the page and the HTTP service", 7),
    "video": ("enhance of videos", 107),
    "cluster": ("enhance --cluster, and OME-Zarr", 80),
    "dicom": ("DICOM pictures, as hospitals make them", 14),
    "raw": ("RAW and DNG, as cameras make them", 10),
    "heic": ("HEIC pictures, as phones make them", 27),
}
"""What each extra brings, and the megabytes it takes on Linux, of which PyTorch is 760; those for development are left out."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    compile_now: Annotated[
        bool, typer.Option("--compile", help="Compile kernels now, so that hardly a later call waits for it.")
    ] = False,
) -> None:
    """Check the installation: versions, cores, memory, and missing packages. Exit code 1 if a required package is missing."""
    from diptych import __version__
    from diptych.core.parallel import available_cores

    if compile_now:
        _compile()
    needed = _requirements()
    versions = {name: _version(name) for name in needed.pop("")}
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
    report["extras"] = {
        extra: {
            "brings": brings,
            "megabytes": size,
            "packages": {name: _version(name) for name in needed.get(extra, [])},
        }
        for extra, (brings, size) in EXTRAS.items()
    }
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(report, missing)
    if missing:
        raise typer.Exit(1)


def _compile() -> None:
    from diptych.runtime.compiling import compile_all, compile_default

    started = time.perf_counter()
    compile_default()
    for name in compile_all():
        note(f"compiling: {name}")
    note(f"compiled in {time.perf_counter() - started:.0f} s")


def _requirements() -> dict[str, list[str]]:
    """Return the packages that Diptych requires, under the empty string, and those of each extra."""
    found: dict[str, list[str]] = {"": []}
    for line in importlib.metadata.requires("diptych") or []:
        name, extra = _NAME.match(line), _EXTRA.search(line)
        if name:
            found.setdefault(extra[1] if extra else "", []).append(name[0])
    return found


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
    typer.echo("")
    for extra, one in report["extras"].items():
        lacking = [name for name, version in one["packages"].items() if version is None]
        state = f"lacks {', '.join(lacking)}: pip install 'diptych[{extra}]'" if lacking else "installed"
        typer.echo(f"{'[' + extra + ']':24}  {one['brings']} ({one['megabytes']} MB); {state}")
