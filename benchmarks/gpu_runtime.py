"""Inference on a GPU: ONNX Runtime's CUDA and TensorRT providers, where this ONNX Runtime has them, and PyTorch for comparison.

Milliseconds for a picture of one megapixel, from memory to memory, the copies to the card and back included.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diptych.export import Request
from diptych.export.tensorrt import PROVIDER, build_engines, options
from diptych.networks import GeneratorConfig, Mobile, ResNet, UNet, build
from diptych.runtime.bundle import INPUT
from diptych.training.generator_file import TrainedGenerator
from gpu_part import Part

NETWORKS: dict[str, GeneratorConfig] = {"mobile": Mobile(), "unet": UNet(), "resnet": ResNet()}
TOYS: dict[str, GeneratorConfig] = {"mobile": Mobile(width=4, depth=1, blocks=0)}
CUDA = "CUDAExecutionProvider"
KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def run(part: Part) -> None:
    """Measure every network with whatever there is."""
    import onnxruntime

    side = 32 if part.toy else 1024
    batch = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    there = onnxruntime.get_available_providers()
    for name in (CUDA, PROVIDER):
        if name not in there:
            part.note(f"{name}: not measured, ONNX Runtime {onnxruntime.__version__} here has {', '.join(there)} only")
    for name, config in (TOYS if part.toy else NETWORKS).items():
        module = build(config, seed=1).eval().requires_grad_(False)
        for kind, dtype in KINDS.items():
            attempt(part, name, f"PyTorch {kind}", lambda m=module, d=dtype: in_pytorch(m, batch, part.device, d))
        if not {CUDA, PROVIDER} & set(there):
            continue
        bundle = Request(source=TrainedGenerator(config, module.cpu(), name=name), pictures=[]).bundle
        if CUDA in there:
            attempt(part, name, "ONNX Runtime CUDA float32", lambda b=bundle: in_cuda(b.model, batch))
        for precision in ("float32", "float16", "int8") if PROVIDER in there else ():
            label = f"ONNX Runtime TensorRT {precision}"
            attempt(part, name, label, lambda b=bundle, p=precision: in_tensorrt(b, batch, p))


def attempt(part: Part, network: str, what: str, make: Callable[[], Callable[[], Any]]) -> None:
    """Add the row of one way, or a note that says why it did not work."""
    try:
        began = time.perf_counter()
        once = make()
        once()
        before = time.perf_counter() - began
        times = []
        while len(times) < 20 and time.perf_counter() - began - before < 5:
            start = time.perf_counter()
            once()
            times.append(time.perf_counter() - start)
    except Exception as error:  # one way must not take the others with it
        part.note(f"{network}, {what}: {type(error).__name__}: {str(error).splitlines()[0]}")
        return
    milliseconds = round(1000 * statistics.median(times), 2)
    part.add(network=network, runs_on=what, ms_a_megapixel=milliseconds, seconds_before=round(before, 1))


def in_pytorch(module: torch.nn.Module, batch: np.ndarray, device: str, kind: torch.dtype) -> Callable[[], Any]:
    """Return one call of PyTorch."""
    module.to(device)

    def once() -> object:
        with torch.inference_mode(), torch.autocast(device, dtype=kind, enabled=kind != torch.float32):
            return module(torch.from_numpy(batch).to(device)).float().cpu()

    return once


def in_cuda(model: bytes, batch: np.ndarray) -> Callable[[], Any]:
    """Return one call of ONNX Runtime's CUDA provider. Raises `RuntimeError` if it falls back to the CPU."""
    return session_call(model, [CUDA, "CPUExecutionProvider"], batch)


def in_tensorrt(bundle: Any, batch: np.ndarray, precision: str) -> Callable[[], Any]:
    """Return one call of the TensorRT provider, its engine built."""
    folder = Path(tempfile.mkdtemp())
    build_engines(bundle, [batch], folder, precision=precision)
    chosen = options(folder, precision=precision, calibrated=True)
    return session_call(bundle.model, [(PROVIDER, chosen), "CPUExecutionProvider"], batch)


def session_call(model: bytes, providers: list[Any], batch: np.ndarray) -> Callable[[], Any]:
    """Return one call of a session that has the first of the providers."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=providers)
    first = providers[0] if isinstance(providers[0], str) else providers[0][0]
    if first not in session.get_providers():
        raise RuntimeError(f"{first} is installed but does not start")
    return lambda: session.run(None, {INPUT: batch})
