"""Checkpoints: everything that a run needs to go on, in one safetensors file that appears whole or not at all.

Tensors: the weights of all networks, their averages, the moments of the optimisers, the pools. In the file's metadata, as
JSON: the step, the stop light, the loss scale. Nothing random has to be saved, because whatever is drawn is a function of the
seed and of its number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diptych.core.errors import TrainingError
from diptych.photo import atomic_write
from diptych.training.game import Game
from diptych.training.generator_file import read_tensors

_NAME = re.compile(r"step-(\d{9})\.safetensors")
_NETWORKS = ("forward", "backward", "judge_a", "judge_b")


def save_checkpoint(folder: Path, game: Game, *, state: dict[str, Any], keep: int) -> Path:
    """Write the checkpoint of ``state["step"]``, then remove all but the last `keep`."""
    from safetensors.torch import save

    scale = game.fabric.strategy.precision.state_dict()
    text = {"diptych": json.dumps({"format": 1, **state, "scale": scale})}
    path = folder / f"step-{state['step']:09d}.safetensors"
    tensors = {name: value.detach().cpu().contiguous() for name, value in _tensors(game)}
    atomic_write(path, save(tensors, text), overwrite=True)
    for old in checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*.safetensors") if _NAME.fullmatch(path.name))


def load_checkpoint(path: Path, game: Game) -> dict[str, Any]:
    """Put a checkpoint into a game and return its state.

    Raises
    ------
    TrainingError
        If the file is damaged or of another run; it is named.
    """
    tensors, state = read_tensors(path)
    try:
        _load_networks(tensors, game)
        _load_optimisers(tensors, game)
        for name in ("pool_a", "pool_b"):
            getattr(game, name).images = [game.fabric.to_device(image) for image in _numbered(tensors, name)]
        game.fabric.strategy.precision.load_state_dict(state["scale"])
        int(state["step"])
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"{path}: not a checkpoint of this run ({reason}); remove it to go on from the one before"
        ) from None
    return state


def _tensors(game: Game) -> Iterator[tuple[str, Tensor]]:
    for name in _NETWORKS:
        yield from _prefixed(name, getattr(game, name).state_dict())
    for name in ("average_forward", "average_backward"):
        yield from _prefixed(name, getattr(game, name).module.state_dict())
    for name in ("optimiser", "judges_optimiser"):
        for index, values in getattr(game, name).state_dict()["state"].items():
            yield from _prefixed(f"{name}/{index}", values)
    for name in ("pool_a", "pool_b"):
        yield from _prefixed(name, {f"{index:06d}": image for index, image in enumerate(getattr(game, name).images)})


def _prefixed(prefix: str, tensors: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    return ((f"{prefix}/{name}", value) for name, value in tensors.items())


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): value for name, value in tensors.items() if name.startswith(f"{prefix}/")}


def _numbered(tensors: dict[str, Tensor], prefix: str) -> list[Tensor]:
    return [value for _, value in sorted(_under(tensors, prefix).items())]


def _load_networks(tensors: dict[str, Tensor], game: Game) -> None:
    for name in _NETWORKS:
        getattr(game, name).load_state_dict(_under(tensors, name))
    for name in ("average_forward", "average_backward"):
        getattr(game, name).module.load_state_dict(_under(tensors, name))


def _load_optimisers(tensors: dict[str, Tensor], game: Game) -> None:
    for name in ("optimiser", "judges_optimiser"):
        optimiser: torch.optim.Optimizer = getattr(game, name)
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _under(tensors, name).items():
            index, _, field = key.partition("/")
            state.setdefault(int(index), {})[field] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
