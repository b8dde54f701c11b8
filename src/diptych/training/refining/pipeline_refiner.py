"""Running a pipeline of `diffusers` as a refiner: from the first result with some noise back to a picture, in tiles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import BundleError, ImageError
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.core.positional_noise import positional_noise
from diptych.networks.modules.layers import continued
from diptych.recipes.refining import checked_settings

_USUAL_TILE = 256  # px, where a model does not say what it was trained on
_STRENGTH, _STEPS = 0.3, 4


class PipelineRefiner:
    """A network and a scheduler of `diffusers` as an enhancer whose input is a first result.

    As in SDEdit, the first result is mixed with noise, as much as `strength` says, and the scheduler goes back from there in a
    few steps. If the network takes twice the channels of the picture, it also sees the first result.

    The network may see all of its input, so that a picture is computed in tiles of the size that it was trained on, a
    quarter of which overlaps; what the network says of a place is averaged over the tiles, with ramps, in every step. Noise
    belongs to the place, and the same seed gives the same picture.

    Parameters
    ----------
    network : nn.Module
        A `UNet2DModel`.
    scheduler : object
        DDIM's, or Euler's for flows.
    name, digest : str
        What to call it, and the SHA-256 of its weights.

    Raises
    ------
    BundleError
        If the network takes neither the picture nor the picture and the first result.

    References
    ----------
    Meng et al., SDEdit: Guided Image Synthesis and Editing with Stochastic Differential Equations, ICLR 2022. Bar-Tal et al.,
    MultiDiffusion: Fusing Diffusion Paths for Controlled Image Generation, ICML 2023, for the averages over tiles.
    """

    def __init__(self, network: nn.Module, scheduler: Any, *, name: str, digest: str) -> None:
        config: Any = network.config
        self._network, self._scheduler = network, scheduler
        self._channels = int(config.out_channels)
        self._sees_first = config.in_channels == 2 * self._channels
        if not self._sees_first and config.in_channels != self._channels:
            raise BundleError(
                f"{name}: its network takes {config.in_channels} channels and gives {self._channels}; a refiner's takes "
                f"as many, or twice as many"
            )
        self._multiple = 2 ** (len(config.block_out_channels) - 1)
        size = config.sample_size or _USUAL_TILE
        least = size if isinstance(size, int) else min(size)
        self._tile = max(1, least // self._multiple) * self._multiple
        self._name, self._digest = name, digest

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        return EnhancerSpec(self._name, f"refines the details of a first result, strength {_STRENGTH:g}")

    @property
    def reference(self) -> str:
        """What a recipe's file calls this model by."""
        words = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in self._name)
        return f"{words[:40]}@{self._digest[:12]}"

    def __call__(self, image: Image, /) -> Image:
        """Return the refined image: same dtype, same number of axes."""
        return self.refine(image)

    def refine(self, image: Image, *, strength: float = _STRENGTH, steps: int | None = None, seed: int = 0) -> Image:
        """Return the refined image: same dtype, same number of axes.

        Parameters
        ----------
        image : ndarray, shape (H, W) or (H, W, C)
            A first result; a grey one is refined as equal channels, if the model has more.
        strength, steps, seed
            As for the step ``refine``: 0 to 1 (0 leaves the image as it is), 1 to 8 (4 by default), and 0
            or more.

        Raises
        ------
        ImageError
            If the image breaks the contract, or has channels that the model does not take.
        ParameterError
            If strength, steps or seed is out of its bounds.
        """
        chosen = checked_settings(strength, steps, seed)
        checked = check_image(image)
        if chosen.strength == 0:
            return checked.copy()
        floats = to_float(checked if checked.ndim == 3 else checked[:, :, np.newaxis]).astype(np.float32, copy=False)
        refined = self._refined(self._as_batch(floats), chosen.strength, chosen.steps or _STEPS, chosen.seed)
        planes = ((refined[0] + 1) / 2).clamp(0, 1).numpy().transpose(1, 2, 0)[: image.shape[0], : image.shape[1]]
        result = planes.mean(axis=2, keepdims=True) if floats.shape[2] < planes.shape[2] else planes
        result = from_float(np.ascontiguousarray(result), checked.dtype)
        return result[:, :, 0] if image.ndim == 2 else result

    def _as_batch(self, floats: Image) -> Tensor:
        if floats.shape[2] not in (1, self._channels):
            raise ImageError(
                f"image has {floats.shape[2]} channels, '{self._name}' takes {self._channels}; choose another"
            )
        planes = torch.from_numpy(np.ascontiguousarray(floats.transpose(2, 0, 1)[np.newaxis]))
        sides = (max(self._tile, -(-side // self._multiple) * self._multiple) for side in floats.shape[:2])
        return continued(planes.expand(1, self._channels, -1, -1), *sides)

    @torch.inference_mode()
    def _refined(self, first: Tensor, strength: float, steps: int, seed: int) -> Tensor:
        scheduler, first = self._scheduler, 2 * first - 1
        scheduler.set_timesteps(min(math.ceil(steps / strength), int(scheduler.config.num_train_timesteps)))
        timesteps = scheduler.timesteps[-steps:]
        noise = torch.from_numpy(positional_noise(seed, first.shape[2], first.shape[3], self._channels))[None]
        mixed = scheduler.scale_noise if hasattr(scheduler, "scale_noise") else None
        state = mixed(first, timesteps[:1], noise) if mixed else scheduler.add_noise(first, noise, timesteps[:1])
        for time in timesteps:
            state = scheduler.step(self._blended(state, first, time), time, state, return_dict=False)[0]
        return state

    def _blended(self, state: Tensor, first: Tensor, time: Tensor) -> Tensor:
        """Return what the network says of the whole picture: averages over tiles."""
        total, weights = torch.zeros_like(state), torch.zeros_like(state[:, :1])
        ramp = _ramp(self._tile)
        for top in _starts(state.shape[2], self._tile):
            for left in _starts(state.shape[3], self._tile):
                place = (slice(None), slice(None), slice(top, top + self._tile), slice(left, left + self._tile))
                seen = torch.cat([state[place], first[place]], 1) if self._sees_first else state[place]
                total[place] += ramp * self._network(seen, time, return_dict=False)[0]
                weights[place] += ramp
        return total / weights


def _starts(length: int, tile: int) -> list[int]:
    """Return where the tiles of an axis begin: three quarters of a tile apart, the last at the end."""
    apart = max(1, 3 * tile // 4)
    return sorted({*range(0, length - tile, apart), length - tile})


def _ramp(tile: int) -> Tensor:
    """Return weights of a tile's places, which fall towards its border over the overlap."""
    index = torch.arange(tile, dtype=torch.float32)
    edge = (torch.minimum(index, tile - 1 - index) + 1) / max(1, tile // 4)
    side = edge.clamp(max=1)
    return side[:, None] * side[None, :]
