"""Checkpoints: everything that a run needs to go on, in one safetensors file that appears whole or not at all.

Tensors: the weights of all networks, their averages, the moments of the optimisers, the pools. In the file's metadata, as
JSON: the step, the state of early stopping, the loss scale. Nothing random has to be saved, because whatever is drawn is
a function of the seed and of its number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from diptych.core.errors import TrainingError
from diptych.photo import atomic_write
from diptych.training.generator_file import read_tensors
from diptych.training.objectives.base import Objective

_NAME = re.compile(r"step-(\d{9})\.safetensors")


def save_checkpoint(folder: Path, objective: Objective, *, state: dict[str, Any], keep: int) -> Path:
    """Write the checkpoint of ``state["step"]``, then remove all but the last `keep`; with a `keep` of 0 none."""
    from safetensors.torch import save

    scale = objective.fabric.strategy.precision.state_dict()
    text = {"diptych": json.dumps({"format": 1, **state, "scale": scale})}
    path = folder / f"step-{state['step']:09d}.safetensors"
    tensors = {name: value.detach().cpu().contiguous() for name, value in _tensors(objective)}
    atomic_write(path, save(tensors, text), overwrite=True)
    for old in checkpoints(folder)[:-keep] if keep else []:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*.safetensors") if _NAME.fullmatch(path.name))


def step_of(path: Path) -> int:
    """Return the step of a checkpoint."""
    return int(path.stem.removeprefix("step-"))


def load_checkpoint(path: Path, objective: Objective) -> dict[str, Any]:
    """Load a checkpoint into an objective and return its state.

    Raises
    ------
    TrainingError
        If the file is damaged or of another run; it is named.
    """
    tensors, state = read_tensors(path)
    try:
        _load_networks(tensors, objective)
        _load_optimisers(tensors, objective)
        for name, pool in objective.parts.pools.items():
            pool.images = [objective.fabric.to_device(image) for image in _numbered(tensors, name)]
        objective.fabric.strategy.precision.load_state_dict(state["scale"])
        int(state["step"])
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"{path}: not a checkpoint of this run ({reason}); remove it to go on from the one before"
        ) from None
    return state


def _tensors(objective: Objective) -> Iterator[tuple[str, Tensor]]:
    parts = objective.parts
    for name, network in parts.networks.items():
        yield from _prefixed(name, network.state_dict())
    for name, average in parts.averages.items():
        yield from _prefixed(name, average.module.state_dict())
    for name, optimiser in parts.optimisers.items():
        for index, values in optimiser.state_dict()["state"].items():
            yield from _prefixed(f"{name}/{index}", values)
    for name, pool in parts.pools.items():
        yield from _prefixed(name, {f"{index:06d}": image for index, image in enumerate(pool.images)})


def _prefixed(prefix: str, tensors: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    return ((f"{prefix}/{name}", value) for name, value in tensors.items())


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): value for name, value in tensors.items() if name.startswith(f"{prefix}/")}


def _numbered(tensors: dict[str, Tensor], prefix: str) -> list[Tensor]:
    return [value for _, value in sorted(_under(tensors, prefix).items())]


def _load_networks(tensors: dict[str, Tensor], objective: Objective) -> None:
    for name, network in objective.parts.networks.items():
        network.load_state_dict(_under(tensors, name))
    for name, average in objective.parts.averages.items():
        average.module.load_state_dict(_under(tensors, name))


def _load_optimisers(tensors: dict[str, Tensor], objective: Objective) -> None:
    for name, optimiser in objective.parts.optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _under(tensors, name).items():
            index, _, field = key.partition("/")
            state.setdefault(int(index), {})[field] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
