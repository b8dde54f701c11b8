"""The denoiser as a generator of its own: an encoder and decoder on blocks of 2 x 2 px, which corrects its input."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

from diptych.networks.denoiser import Denoiser
from diptych.networks.modules.layers import Generator, doubled

CONTRAST = 4.0  # of what the first convolution sees, about the middle of the values
SLOPE = 0.1
_SMALL = 0.1


class DenoiserModule(Generator):
    """Three sizes (a half, a quarter, an eighth), sums instead of stacked skip connections, no normalisation.

    The last convolution sees the blocks themselves too: a linear filter, which takes most of the noise away, is learned in
    the first hundred steps, and the rest begins from there. The coarse sizes begin with a small say.
    """

    def __init__(self, config: Denoiser) -> None:
        super().__init__(multiple=config.multiple, residual=False)
        channels, (half, quarter, eighth) = 4 * config.channels_in, config.widths
        self.to_half = _convolutions(channels, half, half)
        self.to_quarter = _convolutions(half, quarter, quarter, stride=2)
        self.to_eighth = _convolutions(quarter, eighth, eighth, eighth, stride=2)
        self.from_eighth = nn.Conv2d(eighth, quarter, 1)
        self.join_quarter = _convolutions(quarter, quarter, quarter)
        self.from_quarter = nn.Conv2d(quarter, half, 1)
        self.join_half = _convolutions(half, half, half)
        self.last = nn.Conv2d(half + channels, channels, 3, padding=1)
        self._initialise()

    def forward_padded(self, padded: Tensor) -> Tensor:
        """Return the picture for one whose sides are multiples of `multiple`: what a model file holds."""
        blocks = _blocks(CONTRAST * (padded - 0.5))
        half = self.to_half(blocks)
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        quarter = self.join_quarter(doubled(self.from_eighth(eighth)) + quarter)
        half = self.join_half(doubled(self.from_quarter(quarter)) + half)
        correction = self.last(torch.cat([half, blocks], dim=1))
        result = padded + _pixels(correction).to(padded.dtype)
        bounded = result.clamp(0, 1)
        # The same values; but what lies outside can be taught to come back.
        return result + (bounded - result).detach() if self.training else bounded

    def _initialise(self) -> None:
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, SLOPE)
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            for coarse in (self.from_eighth, self.from_quarter):
                coarse.weight.mul_(_SMALL)
            self.last.weight.zero_()


def _blocks(picture: Tensor) -> Tensor:
    """Return the picture at half the size, the pixels of each 2 x 2 block as channels."""
    if not torch.compiler.is_exporting():
        return F.pixel_unshuffle(picture, 2)
    # The exporter would fix the size of the picture; a convolution that copies is open to any.
    return F.conv2d(picture, _copying(picture, picture.shape[1]), stride=2, groups=picture.shape[1])


def _pixels(blocks: Tensor) -> Tensor:
    """Return the picture of these blocks."""
    if not torch.compiler.is_exporting():
        return F.pixel_shuffle(blocks, 2)
    channels = blocks.shape[1] // 4
    return F.conv_transpose2d(blocks, _copying(blocks, channels), stride=2, groups=channels)


def _copying(like: Tensor, channels: int) -> Tensor:
    return torch.eye(4, dtype=like.dtype, device=like.device).view(4, 1, 2, 2).repeat(channels, 1, 1, 1)


def _convolutions(first: int, *widths: int, stride: int = 1) -> nn.Sequential:
    parts: list[nn.Module] = []
    for before, after in zip((first, *widths), widths, strict=False):
        parts += [nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
        stride = 1
    return nn.Sequential(*parts)
