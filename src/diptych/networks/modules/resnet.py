"""The residual generator."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from diptych.networks.modules.initial import damp, initialise
from diptych.networks.modules.layers import Doubled, Generator, normalised
from diptych.networks.resnet import ResNet


class ResNetModule(Generator):
    """Two halvings, residual blocks, two doublings, between convolutions of 7 x 7."""

    def __init__(self, config: ResNet) -> None:
        super().__init__(multiple=config.multiple, residual=config.residual)
        kind, width = config.normalisation, config.width
        relu = nn.ReLU(inplace=True)
        first = normalised(nn.Conv2d, kind, config.channels_in, width, 7, padding=3, padding_mode="replicate")
        last = nn.Conv2d(width, config.channels_out, 7, padding=3, padding_mode="replicate")
        blocks = [Block(4 * width, kind) for _ in range(config.blocks)]
        self.body = nn.Sequential(
            *(*first, relu),
            *(*normalised(nn.Conv2d, kind, width, 2 * width, 3, stride=2, padding=1), relu),
            *(*normalised(nn.Conv2d, kind, 2 * width, 4 * width, 3, stride=2, padding=1), relu),
            *blocks,
            *(*_doubling(4 * width, 2 * width, kind, config.upsampling), relu),
            *(*_doubling(2 * width, width, kind, config.upsampling), relu),
            last,
        )
        narrow = len(first) + 1  # layers up to each halving, to the first block and to the one in the middle
        halving = 2 if kind == "none" else 3
        deep = narrow + 2 * halving
        self.encoded = (0, narrow + halving, deep, deep + min(1, config.blocks), deep + (config.blocks + 1) // 2)
        initialise(self, last=last, normalised=kind == "instance", zero=config.residual)
        if kind == "none":
            for block in blocks:
                damp(block.body[-1])

    def draw(self, x: Tensor) -> Tensor:
        """Return unbounded maps for a picture in [-1, 1]."""
        return self.body(x)

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the picture, the maps after each halving, after the first block and after the one in the middle."""
        maps = [x]
        for start, stop in itertools.pairwise(dict.fromkeys(self.encoded)):
            maps.append(self.body[start:stop](maps[-1]))
        return maps


class Block(nn.Module):
    """A residual block: two convolutions, added to what came in."""

    def __init__(self, width: int, kind: str) -> None:
        super().__init__()
        first = normalised(nn.Conv2d, kind, width, width, 3, padding=1, padding_mode="replicate")
        second = normalised(nn.Conv2d, kind, width, width, 3, padding=1, padding_mode="replicate")
        self.body = nn.Sequential(*first, nn.ReLU(inplace=True), *second)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps with the correction added."""
        return x + self.body(x)


def _doubling(before: int, after: int, kind: str, upsampling: str) -> list[nn.Module]:
    if upsampling == "transposed":
        return normalised(nn.ConvTranspose2d, kind, before, after, 3, stride=2, padding=1, output_padding=1)
    return [Doubled(), *normalised(nn.Conv2d, kind, before, after, 3, padding=1)]
