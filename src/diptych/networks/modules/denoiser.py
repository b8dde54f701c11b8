"""The denoiser of a rendering: an encoder and decoder on blocks of 2 x 2 px, which corrects its input."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

from diptych.networks.modules.layers import continued, doubled

CONTRAST = 4.0  # of what the first convolution sees, about the middle of the values
MULTIPLE = 8  # of the sides of the picture
_SMALL = 0.02


class Denoiser(nn.Module):
    """Three sizes (a half, a quarter, an eighth), sums instead of stacked skip connections, no normalisation.

    It begins near the identity. The middle of the values is taken off its input: without that, what it saw was nearly all
    brightness, and training stood still for a thousand steps.
    """

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        half, quarter, eighth = widths
        self.to_half = _convolutions(4 * channels, half, half)
        self.to_quarter = _convolutions(half, quarter, quarter, stride=2)
        self.to_eighth = _convolutions(quarter, eighth, eighth, eighth, stride=2)
        self.from_eighth = nn.Conv2d(eighth, quarter, 1)
        self.join_quarter = nn.Sequential(nn.ReLU(inplace=True), *_convolutions(quarter, quarter, quarter))
        self.from_quarter = nn.Conv2d(quarter, half, 1)
        self.join_half = nn.Sequential(nn.ReLU(inplace=True), *_convolutions(half, half, half))
        self.last = nn.Conv2d(half, 4 * channels, 3, padding=1)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight)
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            self.last.weight.mul_(_SMALL)

    def forward(self, image: Tensor) -> Tensor:
        """Return the picture without noise, unbounded, for a picture of any size."""
        height, width = image.shape[-2:]
        tall, wide = (-side % MULTIPLE for side in (height, width))
        if not tall and not wide:
            return self.forward_padded(image)
        return self.forward_padded(continued(image, height + tall, width + wide))[..., :height, :width]

    def forward_padded(self, padded: Tensor) -> Tensor:
        """Return the same for a picture whose sides are multiples of 8."""
        half = self.to_half(F.pixel_unshuffle(CONTRAST * (padded - 0.5), 2))
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        quarter = self.join_quarter(doubled(self.from_eighth(eighth)) + quarter)
        half = self.join_half(doubled(self.from_quarter(quarter)) + half)
        return padded + F.pixel_shuffle(self.last(half), 2)


def _convolutions(first: int, *widths: int, stride: int = 1) -> nn.Sequential:
    parts: list[nn.Module] = []
    for before, after in zip((first, *widths), widths, strict=False):
        parts += [nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.ReLU(inplace=True)]
        stride = 1
    return nn.Sequential(*parts)
