"""A generator compiled by TVM against the same bundle in ONNX Runtime, in turns in one process, with the same threads.

    python benchmarks/tvm_speed.py [RUN or bundle.onnx ...] [--size 256] [--threads 2] [--runs 30]

Without files: `mobile`, `resnet` and `unet` with fresh weights, whose time does not depend on them. Both get the network alone,
planes in and planes out. ``compile`` is the time from the bundle to the library; there is no tuning.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from diptych import networks
from diptych.export.onnx import to_bundle
from diptych.export.source import read_source
from diptych.export.tvm import build_tvm
from diptych.runtime import Bundle
from diptych.runtime.tvm import TvmEnhancer
from diptych.training.generator_file import TrainedGenerator

PAUSE = 0.05  # s; the threads of either side stay awake for a while after their work


def fresh(name: str) -> Bundle:
    config = networks.from_dict({"name": name})
    assert isinstance(config, networks.GeneratorConfig)
    module = networks.build(config, seed=0).eval()
    for weight in module.parameters():  # a residual generator begins as the identity, which would hide a difference
        if not weight.any():
            torch.nn.init.normal_(weight, 0, 0.05, generator=torch.Generator().manual_seed(1))
    return to_bundle(TrainedGenerator(config, module, name=name))


def row(bundle: Bundle, size: int, threads: int, runs: int) -> str:
    """Compile, measure in turns, and return a row of the table."""
    started = time.perf_counter()
    content = build_tvm(bundle, height=size, width=size)
    seconds = time.perf_counter() - started
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(bundle.model, options, providers=["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.so"
        path.write_bytes(content)
        enhancer = TvmEnhancer(path, threads=threads)
    planes = np.random.default_rng(0).random((1, bundle.metadata.channels_in, size, size), np.float32)
    sides = {"onnx": lambda: session.run(None, {"image": planes})[0], "tvm": lambda: enhancer.run_planes(planes)}
    difference = float(np.abs(sides["onnx"]() - sides["tvm"]()).max())
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, run in sides.items():
            time.sleep(PAUSE)
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    onnx, tvm = (1000 * statistics.median(times[name]) for name in ("onnx", "tvm"))
    fastest = min(times["onnx"]) / min(times["tvm"])
    return (
        f"| {bundle.metadata.name} | {onnx:.1f} ms | {tvm:.1f} ms | **{onnx / tvm:.2f}** | {fastest:.2f} | {difference:.1g} "
        f"| {seconds:.0f} s | {len(content) / 2**20:.1f} MiB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=30)
    given = parser.parse_args()
    print(f"{given.size} x {given.size} px, {given.threads} threads, median of {given.runs} runs in turns\n")
    print(
        "| network | ONNX Runtime | TVM | ratio of medians | of the fastest | largest difference | compile | library |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in given.files or ("mobile", "resnet", "unet"):
        source = fresh(name) if name in networks.names(role="generator") else read_source(name)
        bundle = source if isinstance(source, Bundle) else to_bundle(source)
        print(row(bundle, given.size, given.threads, given.runs), flush=True)


if __name__ == "__main__":
    main()
