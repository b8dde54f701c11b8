"""The discriminator of patches."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.parametrizations import spectral_norm

from diptych.networks.modules.initial import initialise
from diptych.networks.modules.layers import continued, normalised
from diptych.networks.patchgan import PatchGAN


class PatchGANModule(nn.Module):
    """One discriminator for each scale; the first sees the picture itself, each next one half the size."""

    def __init__(self, config: PatchGAN) -> None:
        super().__init__()
        self.minimum = config.minimum
        self.scales = nn.ModuleList(_discriminator(config) for _ in range(config.scales))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return a map ``(N, 1, h, w)`` of scores for each scale."""
        x, scores = 2 * image - 1, []
        for scale, discriminator in enumerate(self.scales):
            if scale:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            scores.append(discriminator(self._large_enough(x)))
        return scores

    def _large_enough(self, x: Tensor) -> Tensor:
        height, width = (max(side, self.minimum) for side in x.shape[-2:])
        return x if (height, width) == tuple(x.shape[-2:]) else continued(x, height, width)


def _discriminator(config: PatchGAN) -> nn.Sequential:
    widths = [config.width * min(2**level, 8) for level in range(config.depth + 1)]
    layers = [nn.Conv2d(config.channels_in, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
    for level in range(1, config.depth + 1):
        stride = 2 if level < config.depth else 1
        sizes = (widths[level - 1], widths[level], 4)
        layers += normalised(nn.Conv2d, config.normalisation, *sizes, stride=stride, padding=1)
        layers.append(nn.LeakyReLU(0.2, inplace=True))
    last = nn.Conv2d(widths[-1], 1, 4, padding=1)
    discriminator = nn.Sequential(*layers, last)
    initialise(discriminator, last=last, normalised=config.normalisation == "instance")
    if config.spectral:
        for part in discriminator:
            if isinstance(part, nn.Conv2d):
                spectral_norm(part)
    return discriminator
