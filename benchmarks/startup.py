"""What the first second costs: the first picture after an installation, the second, wrong calls, and first calls of operators.

    python benchmarks/startup.py                     the command line, each time as a new process; the least of three rounds
    python benchmarks/startup.py --operators [NAME]  also the first call of every operator and dtype in an empty cache: minutes

Modules are compiled to bytecode, as pip does it, and nothing else is warm: neither Numba's cache nor a process. Seconds of all
threads (CPU) stand beside the time, as other work on the machine lengthens the one more than the other.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import machine
from harness import of_process

RESULT = Path(__file__).parent / "results" / "startup.json"
DTYPES = ("uint8", "uint16", "float32", "float64")
FOREST = Path(__file__).parent.parent / "src" / "diptych" / "cli" / "data" / "forest.jpg"


def run(arguments: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Return the time of a command in a new process, and the seconds of all its threads."""
    seconds, cpu = of_process([sys.executable, "-m", "diptych", *arguments], environment, check=False)
    return {"seconds": round(seconds, 2), "CPU": round(cpu, 2)}


def commands(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Return what the command line takes; a dark JPEG of 0.24 megapixels that asks for every kernel there is."""
    source, target = str(folder / "dark.jpg"), str(folder / "out.jpg")
    Image.open(FOREST).resize((600, 400)).point(lambda value: value // 4).save(source, quality=60)
    enhance = ["enhance", source, "-o", target, "--overwrite"]
    calls = {
        "first picture": enhance,
        "second picture": enhance,
        "missing file": ["enhance", str(folder / "none.jpg"), "-o", target],
        "unknown option": ["enhance", source, "--colour"],
        "wrong value": ["enhance", source, "--strength", "7"],
        "--help": ["enhance", "--help"],
    }
    base = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    found: dict[str, dict[str, float]] = {}
    for number in range(rounds + 1):
        environment = base | {
            "NUMBA_CACHE_DIR": str(folder / f"{number}"),
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }
        for name, arguments in calls.items():
            taken = run(arguments, environment)
            if number > 0:  # the first round compiles the modules
                found[name] = min(taken, found.get(name, taken), key=lambda one: one["seconds"])
    return found


def example(parameter: Any) -> Any:
    """Return an allowed value for a parameter that has no default."""
    if parameter.kind == "image":
        return np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    if parameter.kind == "table":
        return ((parameter.minimum, parameter.maximum),)
    return parameter.choices[0] if parameter.kind == "choice" else parameter.minimum


def first_call(name: str, dtype: str) -> dict[str, float]:
    """Return what the first call of an operator takes with an empty cache, in a process that has loaded the catalogue."""
    from diptych import operators

    declaration = operators.declaration(name)
    given = {one.name: example(one) for one in declaration.parameters if one.required}
    levels = np.random.default_rng(0).integers(0, 255, (400, 600, 3)) / 255
    image = levels.astype(dtype) if dtype.startswith("float") else (levels * np.iinfo(dtype).max).astype(dtype)
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as cache:
        child = os.fork()
        if child == 0:  # no Numba in here until now, which would have read the environment
            os.environ["NUMBA_CACHE_DIR"] = cache
            started, cpu = time.perf_counter(), time.process_time()
            try:
                declaration.function(image, **given)
            finally:
                taken = {"seconds": time.perf_counter() - started, "CPU": time.process_time() - cpu}
                os.write(writing, json.dumps({key: round(value, 2) for key, value in taken.items()}).encode())
                os._exit(0)
        os.waitpid(child, 0)
    taken = os.read(reading, 1000)
    os.close(reading)
    os.close(writing)
    return dict(json.loads(taken))


def main() -> None:
    """Measure, print, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operators", nargs="*", metavar="NAME")
    parser.add_argument("--dtypes", nargs="*", default=DTYPES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-commands", action="store_true")
    given = parser.parse_args()
    made: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    made["machine"] = machine.describe()
    if not given.no_commands:
        with tempfile.TemporaryDirectory() as folder:
            made["commands"] = commands(Path(folder), given.rounds)
        for name, taken in made["commands"].items():
            print(f"{name:16}  {taken['seconds']:6.2f} s  {taken['CPU']:6.2f} s CPU")
    if given.operators is not None:
        from diptych import operators

        table = made.setdefault("first call", {})
        for name in given.operators or operators.names():
            table[name] = {dtype: first_call(name, dtype) for dtype in given.dtypes}
            print(
                f"{name:20}",
                *(f"{taken['seconds']:6.2f} ({taken['CPU']:5.2f})" for taken in table[name].values()),
                flush=True,
            )
    RESULT.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
