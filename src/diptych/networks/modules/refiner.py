"""The refiner: a U-Net of `diffusers`, and its scheduler around it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import MissingExtraError
from diptych.core.positional_noise import positional_noise
from diptych.networks.modules.layers import continued
from diptych.networks.refiner import Refiner, times

CLOCK = 1000
"""Steps in which `diffusers` counts the time from 0 to 1."""

_DISTANCE = (
    0.1  # a first result is about as far from the good picture, which makes what the network sees and gives about 1
)
_CONTRAST = 4.0  # of the first result, about the middle of the values
_BLOCK = 2


class ChannelNorm(nn.Module):
    """Normalise the channels at each place to mean 0 and variance 1, then scale and shift them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised maps."""
        x = x - x.mean(1, keepdim=True)
        x = x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-5)
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class RefinerModule(nn.Module):
    """Called with a first result, it refines it at strength 1; see `Refiner` for what it learns."""

    def __init__(self, config: Refiner) -> None:
        super().__init__()
        self.config = config
        self.unet = _unet(config)

    def forward(self, image: Tensor) -> Tensor:
        """Return the refined picture ``(N, C, H, W)``, with the noise of seed 0 and the config's steps."""
        return self.refine_seeded(image, strength=1.0, steps=self.config.steps, seed=0)

    def refine_seeded(self, first: Tensor, *, strength: float, steps: int, seed: int) -> Tensor:
        """Return first results ``(N, C, H, W)`` of any size refined, with the noise of a seed."""
        height, width = first.shape[-2:]
        multiple = self.config.multiple
        whole = continued(first, *(-(-side // multiple) * multiple for side in (height, width)))
        return self.refine(whole, _noise_for(whole, seed), strength=strength, steps=steps)[..., :height, :width]

    def refine(self, first: Tensor, noise: Tensor, *, strength: float, steps: int) -> Tensor:
        """Return a first result, whose sides are multiples, moved towards the picture that the flow leads to, in [0, 1].

        Parameters
        ----------
        first, noise : Tensor, shape (N, C, H, W)
            The first result in [0, 1], and standard normal noise.
        strength : float
            How far, 0 to 1.
        steps : int
            Steps of the scheduler, 1 or more.
        """
        if strength == 0:
            return first
        with torch.device("cpu"):  # wherever the picture is, a schedule is looked up here
            scheduler = scheduler_of()
            scheduler.set_timesteps(sigmas=times(steps)[:-1])
        scheduler.set_begin_index(0)
        start = scheduler.timesteps[:1]
        state = scheduler.scale_noise(first, start, first + self.config.noise * noise)
        for time in scheduler.timesteps:
            velocity = self.velocity(state, first, (time / CLOCK).to(first).expand(len(first)))
            state = scheduler.step(velocity, time, state, return_dict=False)[0]
        return (first + strength * (state - first)).clamp(0, 1)

    def velocity(self, state: Tensor, first: Tensor, time: Tensor) -> Tensor:
        """Return the velocity of states ``(N, C, H, W)`` at times ``(N,)`` in [0, 1].

        If the good picture lay about the first result at random, the best guess of the velocity would be a known factor of the
        distance from the first result to the state. The U-Net gives what is to be added, in units of what that guess is off by
        (Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models, NeurIPS 2022, section 5).
        """
        noise, time = self.config.noise, time[:, None, None, None]
        variance = ((1 - time) * _DISTANCE) ** 2 + (time * noise) ** 2  # of state - first
        away = state - first
        known = (time * noise**2 - (1 - time) * _DISTANCE**2) / variance * away
        told = (1 - time) * _DISTANCE / variance  # at time 1 the state is noise alone, and tells nothing
        seen = torch.cat([told * away, _CONTRAST * (first - 0.5)], 1)
        found = self.unet(_in_blocks(seen), CLOCK * time[:, 0, 0, 0], return_dict=False)[0]
        return known - _DISTANCE * noise / variance.sqrt() * F.pixel_shuffle(found, _BLOCK).float()


class StepModule(nn.Module):
    """One step as a network of its own: what a model file holds."""

    def __init__(self, refiner: RefinerModule) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, image: Tensor) -> Tensor:
        """Return the next state for ``(N, 2 C + 2, H, W)``: state, first result, and planes of the time and the next time."""
        channels = self.refiner.config.channels_in
        state, first, time, then = torch.split(image, [channels, channels, 1, 1], 1)
        velocity = self.refiner.velocity(state, first, time[:, 0, 0, 0])
        return state + (then - time) * velocity


def scheduler_of() -> Any:
    """Return the scheduler of `diffusers`: Euler's steps along a flow.

    Raises
    ------
    MissingExtraError
        If `diffusers` is not installed.
    """
    return _diffusers().FlowMatchEulerDiscreteScheduler(num_train_timesteps=CLOCK)


def _unet(config: Refiner) -> nn.Module:
    values = config.channels_in * _BLOCK**2
    made = _diffusers().UNet2DModel(
        in_channels=2 * values,
        out_channels=values,
        block_out_channels=tuple(config.width * 2**level for level in range(config.levels)),
        down_block_types=("DownBlock2D",) * config.levels,
        up_block_types=("UpBlock2D",) * config.levels,
        mid_block_type=None,
        layers_per_block=config.layers,
        norm_num_groups=1,
    )
    for parent in list(made.modules()):
        for name, part in parent.named_children():
            if isinstance(part, nn.GroupNorm):
                setattr(parent, name, ChannelNorm(part.num_channels))
    # It begins as the identity, but for the noise.
    nn.init.zeros_(made.conv_out.weight)
    nn.init.zeros_(made.conv_out.bias)
    assert isinstance(made, nn.Module)
    return made


def _in_blocks(maps: Tensor) -> Tensor:
    """Return the maps ``(N, 4 C, H / 2, W / 2)`` of the four px of each block."""
    if not torch.compiler.is_exporting():
        return F.pixel_unshuffle(maps, _BLOCK)
    # The exporter would write the sizes down. This convolution, which copies values, has the same answer at any size.
    channels = maps.shape[1]
    corners = torch.eye(_BLOCK**2).reshape(-1, 1, _BLOCK, _BLOCK).repeat(channels, 1, 1, 1)
    return F.conv2d(maps, corners, stride=_BLOCK, groups=channels)


def _noise_for(picture: Tensor, seed: int) -> Tensor:
    channels, height, width = picture.shape[1:]
    return torch.from_numpy(positional_noise(seed, height, width, channels)).to(picture).expand_as(picture)


def _diffusers() -> Any:
    try:
        import diffusers
    except ModuleNotFoundError as error:
        if error.name != "diffusers":
            raise
        raise MissingExtraError(
            "a refiner needs diffusers, which is not installed; pip install 'diptych[refine]'"
        ) from None
    return diffusers
