"""Device, precision, processes and threads of a run, by Lightning Fabric and torch."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision, Precision

from diptych.core.errors import ParameterError
from diptych.core.parallel import available_cores, threads
from diptych.training.config import TrainConfig

_MIXED: dict[str, Literal["bf16-mixed", "16-mixed"]] = {"bfloat16": "bf16-mixed", "float16": "16-mixed"}


def launch(config: TrainConfig) -> Fabric:
    """Return Fabric, started: one process, or those that ``torchrun`` has made.

    Raises
    ------
    ParameterError
        If the device is not there.
    """
    kind = _device(config.device)
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // processes
    several = processes * nodes > 1
    torch.backends.cudnn.benchmark = kind == "cuda"  # crops are all of one size: cuDNN tries once what is fastest
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # what it has chosen is in the log of the run
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning_fabric")
        fabric = Fabric(
            accelerator=kind,
            devices=processes,
            num_nodes=nodes,
            strategy="ddp" if several else "auto",
            plugins=[_precision(resolved_precision(config, kind), kind)],
        )
        fabric.launch()
    return fabric


def resolved_precision(config: TrainConfig, device: str) -> str:
    """Return the precision that auto stands for: bfloat16 on a CPU that computes with it, otherwise float32.

    On the one GPU that it was measured on, float32 was 1.6 times as fast as bfloat16 for `mobile`, the network of most presets
    (benchmarks/results/gpu).
    """
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if device == "cpu" and _has_bfloat16() else "float32"


def _precision(name: str, device: str) -> Precision:
    # Asked for float16 on a CPU by its name, Fabric would compute in bfloat16.
    return MixedPrecision(_MIXED[name], device=device) if name in _MIXED else Precision()


def _device(wanted: str) -> str:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return "cuda" if there["cuda"] else "cpu"
    if not there[wanted]:
        raise ParameterError(f"training: device = {wanted} is not available; give auto or cpu")
    return wanted


def _has_bfloat16() -> bool:
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads as long as the context lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def chosen_threads(begun_with: int | None = None) -> int:
    """Return how many threads torch computes with: those that are set, those the run began with, or those that are free.

    ``DIPTYCH_THREADS`` and ``OMP_NUM_THREADS`` set them. Otherwise a run that is resumed keeps its number, because sums depend
    on it; and a new one takes the cores that other processes leave idle: threads that wait for each other on busy cores are
    many times slower than one.

    >>> chosen_threads(3) if not {"DIPTYCH_THREADS", "OMP_NUM_THREADS"} & set(os.environ) else 3
    3
    """
    if os.environ.get("DIPTYCH_THREADS"):
        return threads()
    if os.environ.get("OMP_NUM_THREADS"):
        return torch.get_num_threads()
    return begun_with or _free_cores(available_cores(), os.cpu_count() or 1, _load())


def _free_cores(allowed: int, cores: int, load: float) -> int:
    """Return how many of the allowed cores are idle, at least 1; this process itself is about 1 of the load.

    >>> _free_cores(2, 2, 12.3), _free_cores(8, 8, 0.9), _free_cores(8, 8, 5.1), _free_cores(2, 64, 50.0)
    (1, 8, 4, 2)
    """
    return max(1, min(allowed, round(cores - max(0.0, load - 1))))


def _load() -> float:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows, some containers
        return 0.0
