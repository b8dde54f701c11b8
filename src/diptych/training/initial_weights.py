"""First weights from a generator that was trained before, on other pictures or for another end (`init`).

What is taken over is decided by name and shape alone: a tensor of the file that the network has, too, under the same name and
in the same shape. A network of the same config takes all of them. One that differs in its head or in its number of channels
takes the others, which is the encoder and more, and keeps what it was built with for the rest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from diptych.core.errors import TrainingError
from diptych.networks import GeneratorConfig
from diptych.training.generator_file import TrainedGenerator, load_generator
from diptych.training.objectives.base import Objective

_LEAST = 0.5  # share of a network's weights below which a start from them would be one in name only


@dataclass(frozen=True)
class Taken:
    """How many weights of a network came from the file, and which of its tensors did not."""

    weights: int
    of: int
    left: tuple[str, ...]

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.weights / max(self.of, 1)


def initialise_from(objective: Objective, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Give an objective's generators the weights of a file, and return the entry for the log that says which.

    Raises
    ------
    TrainingError
        If the file is no trained generator, is another network, or less than half of `forward`'s weights fit.
    """
    given = load_generator(Path(path))
    names = [name for name in ("forward", "backward") if name in objective.parts.networks]
    found = {}
    for name in names:
        fits = fitting(objective.parts.networks[name], given.module)
        if name == "forward":
            _check(fits, given, objective.config.forward, path)
        elif fits.share < _LEAST:  # the generator back is another kind of network
            continue
        found[name] = fits
        _take(objective, name, given.module)
    parts = {name: {"weights": one.weights, "of": one.of, "left": list(one.left)} for name, one in found.items()}
    return {"event": "init", "name": given.name, "networks": parts}


def fitting(network: nn.Module, given: nn.Module) -> Taken:
    """Return what a network can take over from another: what has the same name and shape."""
    ours, same = network.state_dict(), dict(_same(network, given))
    left = tuple(name for name in ours if name not in same)
    return Taken(sum(value.numel() for value in same.values()), sum(value.numel() for value in ours.values()), left)


def fingerprint_of(path: str | os.PathLike[str] | None) -> str | None:
    """Return the SHA-256 of a generator file, or of that in a run directory; None for None."""
    if path is None:
        return None
    file = Path(path) / "best.safetensors" if Path(path).is_dir() else Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _same(network: nn.Module, given: nn.Module) -> Iterator[tuple[str, Tensor]]:
    theirs = given.state_dict()
    for name, value in network.state_dict().items():
        if name in theirs and theirs[name].shape == value.shape:
            yield name, theirs[name]


def _take(objective: Objective, name: str, given: nn.Module) -> None:
    network = objective.parts.networks[name]
    network.load_state_dict(dict(_same(network, given)), strict=False)
    average = objective.parts.averages.get(f"average_{name}")
    if average is not None:
        average.module.load_state_dict(network.state_dict())


def _check(fits: Taken, given: TrainedGenerator, wanted: GeneratorConfig, path: str | os.PathLike[str]) -> None:
    if given.config.name != wanted.name:
        raise TrainingError(
            f"{path}: is a {given.config.name}, but forward is a {wanted.name}; give forward.name={given.config.name}, or "
            f"another file"
        )
    if fits.share >= _LEAST:
        return
    other = [
        f"forward.{item.name}={getattr(given.config, item.name)}"
        for item in fields(given.config)
        if getattr(given.config, item.name) != getattr(wanted, item.name)
    ]
    raise TrainingError(
        f"{path}: only {100 * fits.share:.0f} % of the weights of forward fit, half is needed; give what the file was "
        f"trained with: {', '.join(f'`{one}`' for one in other)}"
    )
