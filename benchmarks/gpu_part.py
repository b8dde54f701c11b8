"""What the parts of ``gpu.py`` share: the machine, the time that is left, and where figures go as soon as they are there."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch

import diptych as dp

Row = dict[str, Any]


def machine(device: str) -> dict[str, Any]:
    """Return card, driver and versions."""
    found: dict[str, Any] = {
        "date": date.today().isoformat(),
        "diptych": dp.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "device": device,
    }
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        found |= {"card": card.name, "memory_gib": round(card.total_memory / 2**30, 1), "driver": _driver()}
        found |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return found


def _driver() -> str:
    if not (program := shutil.which("nvidia-smi")):
        return "unknown"
    query = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"


@dataclass
class Part:
    """One part: where it writes to, what it runs on, and how long.

    Every row is on the disk before the next one is measured, so that what is cut short loses nothing that was done.
    """

    name: str
    out: Path
    device: str
    seconds: float
    data: Path | None = None
    toy: bool = False
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def left(self) -> float:
        """Return how many seconds are left."""
        return self.seconds - (time.perf_counter() - self.began)

    def add(self, **row: Any) -> None:
        """Add a row of the table."""
        self.rows.append(row)
        print("  " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        self.write()

    def note(self, text: str) -> None:
        """Add a line that stands below the table."""
        self.notes.append(text)
        print("  " + text, flush=True)
        self.write()

    def keep(self, key: str, value: Any) -> None:
        """Add what only the JSON holds."""
        self.kept[key] = value
        self.write()

    def write(self) -> None:
        """Write JSON and Markdown."""
        self.out.mkdir(parents=True, exist_ok=True)
        took = {"seconds": round(time.perf_counter() - self.began, 1), "seconds_given": round(self.seconds, 1)}
        values = {"part": self.name, "machine": machine(self.device), **took}
        values |= {"rows": self.rows, "notes": self.notes, **self.kept}
        replaced(self.out / f"{self.name}.json", json.dumps(values, indent=1, default=str) + "\n")
        replaced(self.out / f"{self.name}.md", to_markdown(values))


def replaced(path: Path, text: str) -> None:
    """Write a file whole."""
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.write_text(text)
    temporary.replace(path)


def to_markdown(values: dict[str, Any]) -> str:
    """Return a part as a page: the machine, the table, the notes."""
    about = ", ".join(f"{key} {value}" for key, value in values["machine"].items())
    lines = [f"# {values['part']}", "", f"{about}; {values['seconds']} s.", ""]
    columns = list(dict.fromkeys(key for row in values["rows"] for key in row))
    if columns:
        lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        lines += ["| " + " | ".join(str(row.get(column, "")) for column in columns) + " |" for row in values["rows"]]
    return "\n".join(lines + [""] + [f"- {note}" for note in values["notes"]]).rstrip() + "\n"


def synchronise(device: str) -> None:
    """Wait until the device has done everything."""
    if device == "cuda":
        torch.cuda.synchronize()


def peak_mib(device: str, *, restart: bool = False) -> int | None:
    """Return the most memory that torch has held on the card since the last restart, in MiB; None on a CPU."""
    if device != "cuda":
        return None
    peak = torch.cuda.max_memory_allocated()
    if restart:
        torch.cuda.reset_peak_memory_stats()
    return round(peak / 2**20)
