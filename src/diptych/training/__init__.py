"""Training: two folders in, a trained enhancer out.

>>> config = preset("quick").updated({"steps": 500, "seed": 7})
>>> config.forward.name
'mobile'

``train(config, source="dark", target="bright", out="runs/night")`` then does it. Importing this package does not load torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.core.errors import MissingExtraError
from diptych.training.config import (
    CUTConfig,
    CycleGANConfig,
    Neighbor2NeighborConfig,
    PlannerConfig,
    ReconstructionConfig,
    RefineConfig,
    TrainConfig,
    ZeroReferenceConfig,
)
from diptych.training.config.presets import PRESETS, choose_config, preset

if TYPE_CHECKING:
    from diptych.training.generator_file import TrainedGenerator, load_generator, save_generator
    from diptych.training.loop import train
    from diptych.training.run.directory import Run

__all__ = [
    "PRESETS",
    "CUTConfig",
    "CycleGANConfig",
    "Neighbor2NeighborConfig",
    "PlannerConfig",
    "ReconstructionConfig",
    "RefineConfig",
    "Run",
    "TrainConfig",
    "TrainedGenerator",
    "ZeroReferenceConfig",
    "choose_config",
    "load_generator",
    "preset",
    "save_generator",
    "train",
]

_HOME = {
    "Run": "run.directory",
    "TrainedGenerator": "generator_file",
    "load_generator": "generator_file",
    "save_generator": "generator_file",
    "train": "loop",
}


if not TYPE_CHECKING:  # for a type checker, a name that is not above is an error

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        try:
            return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("torch", "lightning_fabric", "safetensors"):
                raise
            raise MissingExtraError(
                f"training needs {error.name}, which is not installed; pip install 'diptych[train]'"
            ) from None
