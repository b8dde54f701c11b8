"""Everything that a GPU is asked, in one go: ``make gpu``, or

    python benchmarks/gpu.py --data PICTURES [--minutes 25] [--parts loop,networks,...] [--out DIR]

The parts, in this order:

    loop            a training step against a straightforward PyTorch loop: float32, bfloat16, channels-last, compile
    networks        unet, resnet and mobile trained on dark photographs and X-rays at 256 px, scored on pairs
    accumulation    a batch for two cards on one
    planner         a planner trained on dark photographs, scored on pairs
    runtime         ONNX Runtime's CUDA and TensorRT providers where they are there, PyTorch for comparison

Each runs in a process of its own with its share of the minutes, and writes DIR/PART.json and DIR/PART.md as its figures come,
with card, driver and versions: what is cut short loses nothing. PICTURES holds ``lol`` and ``domains/xray`` (see `gpu_train`);
without it the parts that train are left out. ``--toy --device cpu`` runs all of it at toy size, which proves the script.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from gpu_part import Part, replaced, to_markdown

PARTS = {  # module, function, share of the minutes
    "loop": ("gpu_loop", "run", 0.36),
    "networks": ("gpu_train", "run", 0.40),
    "accumulation": ("gpu_accumulation", "run", 0.05),
    "planner": ("gpu_train", "run_planner", 0.13),
    "runtime": ("gpu_runtime", "run", 0.06),
}
NEEDS_DATA = ("networks", "planner")
HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "gpu")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        module, function, _ = PARTS[given.part]
        part = Part(given.part, given.out, given.device, given.seconds, given.data, given.toy)
        getattr(importlib.import_module(module), function)(part)
        part.write()
        return
    if given.device == "cuda" and not torch.cuda.is_available():
        sys.exit("make gpu: torch sees no GPU here; --device cpu --toy proves the script without one")
    if unknown := set(given.parts.split(",")) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    wanted = [name for name in PARTS if name in given.parts.split(",")]
    if left_out := [name for name in wanted if name in NEEDS_DATA and given.data is None]:
        print(f"without --data there is no {' and no '.join(left_out)}", flush=True)
    sys.exit(run_all(given, [name for name in wanted if name not in left_out]))


def run_all(given: argparse.Namespace, names: list[str]) -> int:
    """Run the parts one after the other; return 1 if one of them failed."""
    ends, failed = time.perf_counter() + 60 * given.minutes, []
    for number, name in enumerate(names):
        left = ends - time.perf_counter()
        shares = [PARTS[one][2] for one in names[number:]]
        seconds = left * shares[0] / sum(shares)
        if given.toy:
            seconds = max(seconds, 5.0)
        if seconds < 5:
            print(f"{name}: no time left", flush=True)
            continue
        print(f"{name}: {seconds:.0f} s", flush=True)
        code = run_part(given, name, seconds, at_most=max(min(1.1 * seconds + 10, left), 5))
        if code != 0:
            cut(given.out, name, code)
            failed += [] if code is None else [name]
    print(f"the figures are in {given.out}" + (f"; failed: {', '.join(failed)}" if failed else ""), flush=True)
    return 1 if failed else 0


def run_part(given: argparse.Namespace, name: str, seconds: float, *, at_most: float) -> int | None:
    """Run a part in a process of its own; return its exit code, or None if it was stopped because it took too long."""
    words = ["--part", name, "--seconds", f"{seconds:.1f}", "--device", given.device, "--out", str(given.out)]
    words += ["--data", str(given.data)] if given.data else []
    words += ["--toy"] if given.toy else []
    environment = os.environ | ({"OMP_NUM_THREADS": "1", "DIPTYCH_THREADS": "1"} if given.toy else {})
    process = subprocess.Popen([sys.executable, __file__, *words], start_new_session=True, env=environment)
    try:
        return process.wait(600 if given.toy else at_most)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def cut(out: Path, name: str, code: int | None) -> None:
    """Say in the figures of a part that it did not come to its end."""
    path = out / f"{name}.json"
    if path.exists():
        values = json.loads(path.read_text())
        reason = "its time was up" if code is None else f"it failed (exit code {code})"
        values["notes"].append(f"cut short: {reason}; what stands here was measured before")
        replaced(path, json.dumps(values, indent=1) + "\n")
        replaced(out / f"{name}.md", to_markdown(values))


if __name__ == "__main__":
    main()
