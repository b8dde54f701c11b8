"""A trained generator on disk: one safetensors file with the weights, and beside them, as text, all that is needed to use it.

The file's metadata has one key, ``diptych``, with JSON: the format, the network's config, preprocessing and postprocessing, and
where the weights come from. Nothing in it is code or a path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import DiptychError, ImageError, TrainingError
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.networks import GeneratorConfig, build, from_dict, to_dict
from diptych.networks.modules.attention import Attending
from diptych.photo import atomic_write
from diptych.recipes import Recipe
from diptych.runtime.metadata import NAMES_OF_0_1

FORMAT = 1


@dataclass(frozen=True, eq=False)
class TrainedGenerator:
    """A generator with its weights and the classical steps around it: an enhancer that runs on torch.

    Parameters
    ----------
    config : GeneratorConfig
        The network.
    module : nn.Module
        Its weights, in evaluation mode.
    preprocess, postprocess : Recipe
        The classical steps before and after the network.
    provenance : mapping
        Plain values: settings, data, version.
    name : str
        What to call it.
    """

    config: GeneratorConfig
    module: nn.Module
    preprocess: Recipe = field(default_factory=Recipe)
    postprocess: Recipe = field(default_factory=Recipe)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    name: str = "model"

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary."""
        steps = [step.operator for step in (*self.preprocess.steps, *self.postprocess.steps)]
        middle = len(self.preprocess.steps)
        return EnhancerSpec(self.name, " > ".join([*steps[:middle], self.config.name, *steps[middle:]]))

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes. The whole picture is computed in one piece."""
        floats = to_float(check_image(image))
        result = self.postprocess(self.draw(self.preprocess(floats)))
        return from_float(result, image.dtype)

    def draw(self, image: Image, /) -> Image:
        """Return what the network alone makes of a float image."""
        floats = image[..., np.newaxis] if image.ndim == 2 else image
        wanted = self.config.channels_in
        if floats.shape[2] != wanted:
            if floats.shape[2] != 1:
                raise ImageError(f"{self.name}: it takes {wanted} channels, the image has {floats.shape[2]}")
            floats = np.repeat(floats, wanted, axis=2)
        drawn = run_network(self.module, floats)
        if image.ndim == 2 or (image.shape[2] == 1 and drawn.shape[2] != 1):
            drawn = drawn.mean(axis=2, keepdims=image.ndim == 3)
        return drawn


def run_network(module: nn.Module, image: Image) -> Image:
    """Return what a network makes of one float image ``(H, W, C)``."""
    with torch.inference_mode():
        result = module(_batch_of(image, module))[0]
    return np.ascontiguousarray(result.clamp(0, 1).float().cpu().numpy().transpose(1, 2, 0))


def heat_of(module: nn.Module, image: Image) -> NDArray[np.float32] | None:
    """Return where a network looks in one float image ``(H, W, C)``, at its own size; None for one that does not attend."""
    if not hasattr(module, "attend"):
        return None
    with torch.inference_mode():
        heat = cast(Attending, module).attend(_batch_of(image, module)).heat
    return np.ascontiguousarray(heat[0, 0].float().cpu().numpy())


def _batch_of(image: Image, module: nn.Module) -> torch.Tensor:
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[np.newaxis], np.float32)
    return torch.from_numpy(planes).to(next(module.parameters()).device)


def save_generator(path: str | Path, generator: TrainedGenerator, *, overwrite: bool = False) -> None:
    """Write a trained generator, whole or not at all.

    Parameters
    ----------
    path : path
        The file.
    generator : TrainedGenerator
        Network, and the steps around it.
    overwrite : bool
        Replace the file if it exists.

    Examples
    --------
    ``save_generator("night.safetensors", generator)``
    """
    from safetensors.torch import save

    metadata = {
        "format": FORMAT,
        "name": generator.name,
        "generator": to_dict(generator.config),
        "preprocess": generator.preprocess.to_toml(),
        "postprocess": generator.postprocess.to_toml(),
        "provenance": dict(generator.provenance),
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in generator.module.state_dict().items()}
    atomic_write(path, save(tensors, {"diptych": json.dumps(metadata)}), overwrite=overwrite)


def load_generator(path: str | Path) -> TrainedGenerator:
    """Read a trained generator.

    Parameters
    ----------
    path : path
        The file, or a run directory, whose ``best.safetensors`` it is.

    Returns
    -------
    TrainedGenerator
        On the CPU, in evaluation mode: an enhancer.

    Raises
    ------
    TrainingError
        If it is no such file, from a newer version, or its weights do not fit its config; the file is named.

    Examples
    --------
    ``load_generator("runs/night")(image)``
    """
    path = Path(path)
    path = path / "best.safetensors" if path.is_dir() else path
    tensors, stored = read_tensors(path)
    metadata = {NAMES_OF_0_1.get(key, key): value for key, value in stored.items()}
    if metadata.get("format") != FORMAT or "generator" not in metadata:
        raise TrainingError(f"{path}: not a trained generator of format {FORMAT}; upgrade Diptych, or train again")
    try:
        config = from_dict(metadata["generator"])
        if not isinstance(config, GeneratorConfig):
            raise TrainingError(f"{path}: {config.name} is not a generator")
        module = build(config).eval().requires_grad_(False)
        module.load_state_dict(tensors)
        preprocess, postprocess = (
            Recipe.from_toml(metadata[key], source=f"{path}: {key}") for key in ("preprocess", "postprocess")
        )
    except (DiptychError, RuntimeError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(f"{path}: the weights do not fit: {reason}") from None
    name, provenance = str(metadata.get("name", "model")), dict(metadata.get("provenance", {}))
    return TrainedGenerator(config, module, preprocess, postprocess, provenance, name)


def read_tensors(path: Path, *, key: str = "diptych") -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return tensors and JSON metadata of a safetensors file. Raises `TrainingError` naming it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(key, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file; give a run directory or a .safetensors file") from None
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise TrainingError(f"{path}: not a whole safetensors file ({error}); take another checkpoint") from None
    if not isinstance(metadata, dict):
        raise TrainingError(f"{path}: its metadata is not Diptych's; give a file that Diptych wrote")
    return tensors, metadata
