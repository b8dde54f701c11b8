"""Device, precision and processes of a run, by Lightning Fabric."""

from __future__ import annotations

import logging
import os
import warnings

import torch
from lightning_fabric import Fabric

from diptych.core.errors import ParameterError
from diptych.training.config import TrainConfig

_PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}


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
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # what it has chosen is in the log of the run
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning_fabric")
        fabric = Fabric(
            accelerator=kind,
            devices=processes,
            num_nodes=nodes,
            strategy="ddp" if several else "auto",
            precision=_PRECISIONS[resolved_precision(config, kind)],  # type: ignore[arg-type]
        )
        fabric.launch()
    return fabric


def resolved_precision(config: TrainConfig, device: str) -> str:
    """Return the precision that auto stands for on a device: bfloat16 where the processor computes with it."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _device(wanted: str) -> str:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return "cuda" if there["cuda"] else "cpu"
    if not there[wanted]:
        raise ParameterError(f"training: device = {wanted} is not there; give auto or cpu")
    return wanted


def _has_bfloat16(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    able = torch.cpu.get_capabilities() if device == "cpu" else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
