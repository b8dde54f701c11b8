"""The U-Net generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.networks.modules.initial import initialise
from diptych.networks.modules.layers import Doubled, Generator, normalised
from diptych.networks.unet import UNet


class UNetModule(Generator):
    """Strided convolutions down, as many steps up, each of which also sees the maps of its size on the way down."""

    def __init__(self, config: UNet) -> None:
        super().__init__(multiple=config.multiple, residual=config.residual)
        widths = [config.width * min(2**level, 8) for level in range(config.depth)]
        before = [config.channels_in, *widths]
        after = [config.channels_out, *widths]
        self.down = nn.ModuleList(
            # The first and the last have no normalisation: the last may have a single value to a map.
            _halving(before[level], widths[level], config.normalisation if 0 < level < config.depth - 1 else "none")
            for level in range(config.depth)
        )
        self.up = nn.ModuleList(
            _doubling(
                widths[level] * (1 if level == config.depth - 1 else 2),
                after[level],
                config.normalisation if level > 0 else "none",
                config.upsampling,
            )
            for level in reversed(range(config.depth))
        )
        last = list(self.up.modules())[-1]
        assert isinstance(last, nn.Conv2d | nn.ConvTranspose2d)
        initialise(self, last=last, normalised=config.normalisation == "instance", zero=config.residual)

    def draw(self, x: Tensor) -> Tensor:
        """Return unbounded maps for a picture in [-1, 1]."""
        _, *maps = self.encode(x)
        x = F.relu(maps.pop())
        for up in self.up:
            x = up(x)
            if maps:
                x = F.relu(torch.cat([maps.pop(), x], dim=1))
        return x

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the picture, and the maps after each halving."""
        maps = [x]
        for level, down in enumerate(self.down):
            maps.append(down(F.leaky_relu(maps[-1], 0.2) if level else x))
        return maps


def _halving(before: int, after: int, normalisation: str) -> nn.Sequential:
    return nn.Sequential(*normalised(nn.Conv2d, normalisation, before, after, 4, stride=2, padding=1))


def _doubling(before: int, after: int, normalisation: str, upsampling: str) -> nn.Sequential:
    if upsampling == "transposed":
        return nn.Sequential(*normalised(nn.ConvTranspose2d, normalisation, before, after, 4, stride=2, padding=1))
    return nn.Sequential(Doubled(), *normalised(nn.Conv2d, normalisation, before, after, 3, padding=1))
