"""The light generator."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from diptych.networks.mobile import Mobile
from diptych.networks.modules.initial import damp, initialise
from diptych.networks.modules.layers import Doubled, Generator, normalised


class MobileModule(Generator):
    """Inverted residuals down, at the smallest size, and up again; a separable head at full size."""

    def __init__(self, config: Mobile) -> None:
        super().__init__(multiple=config.multiple, residual=config.residual)
        kind, upsampling, wider = config.normalisation, config.upsampling, config.expansion
        widths = [config.width * 2**level for level in range(config.depth)]
        steps = list(itertools.pairwise(widths))
        stem = normalised(nn.Conv2d, kind, config.channels_in, config.width, 3, stride=2, padding=1)
        self.down = nn.ModuleList([nn.Sequential(*stem, nn.ReLU6(inplace=True))])
        self.down.extend(InvertedResidual(fine, coarse, wider, kind, stride=2) for fine, coarse in steps)
        self.middle = nn.Sequential(
            *(InvertedResidual(widths[-1], widths[-1], wider, kind) for _ in range(config.blocks))
        )
        self.up = nn.ModuleList(_doubling(coarse, fine, kind, upsampling) for fine, coarse in reversed(steps))
        self.join = nn.ModuleList(InvertedResidual(fine, fine, wider, kind) for fine, _ in reversed(steps))
        self.to_full = nn.Sequential(*_enlarging(config.width, kind, upsampling))
        last = nn.Conv2d(config.width, config.channels_out, 3, padding=1)
        self.head = nn.Sequential(*_separable(config.width + config.channels_in, config.width, kind), last)
        initialise(self, last=last, normalised=kind == "instance", zero=config.residual)
        if kind == "none":
            for block in (*self.middle, *self.join):
                assert isinstance(block, InvertedResidual)
                damp(block.body[-1])

    def draw(self, x: Tensor) -> Tensor:
        """Return unbounded maps for a picture in [-1, 1]."""
        full, *maps, _, x = self.encode(x)
        for up, join in zip(self.up, self.join, strict=True):
            x = join(up(x) + maps.pop())
        return self.head(torch.cat([self.to_full(x), full], dim=1))

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the picture, the maps after each halving, and those that the blocks make of the last."""
        maps = [x]
        for down in self.down:
            maps.append(down(maps[-1]))
        return [*maps, self.middle(maps[-1])]


class InvertedResidual(nn.Module):
    """Widen by 1 x 1, look around depth-wise by 3 x 3, narrow by 1 x 1; added to what came in where the sizes agree."""

    def __init__(self, before: int, after: int, wider: int, kind: str, *, stride: int = 1) -> None:
        super().__init__()
        inside = before * wider
        self.adds = stride == 1 and before == after
        self.body = nn.Sequential(
            *(*normalised(nn.Conv2d, kind, before, inside, 1), nn.ReLU6(inplace=True)),
            *normalised(nn.Conv2d, kind, inside, inside, 3, stride=stride, padding=1, groups=inside),
            nn.ReLU6(inplace=True),
            *normalised(nn.Conv2d, kind, inside, after, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the new maps."""
        return x + self.body(x) if self.adds else self.body(x)


def _separable(before: int, after: int, kind: str) -> list[nn.Module]:
    return [
        nn.Conv2d(before, before, 3, padding=1, groups=before, bias=False),
        *normalised(nn.Conv2d, kind, before, after, 1),
        nn.ReLU6(inplace=True),
    ]


def _doubling(before: int, after: int, kind: str, upsampling: str) -> nn.Sequential:
    # The 1 x 1 convolution comes first: it costs a quarter there, and the nearest neighbour commutes with it.
    return nn.Sequential(*normalised(nn.Conv2d, kind, before, after, 1), *_enlarging(after, kind, upsampling))


def _enlarging(width: int, kind: str, upsampling: str) -> list[nn.Module]:
    if upsampling == "transposed":
        return normalised(nn.ConvTranspose2d, kind, width, width, 4, stride=2, padding=1, groups=width)
    return [Doubled()]
