"""The discriminator of patches that attends."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from diptych.networks.cam_patchgan import CAMPatchGAN
from diptych.networks.modules.attention import Attended, ClassAttention
from diptych.networks.modules.initial import initialise
from diptych.networks.modules.layers import continued

_SLOPE = 0.2


class CAMPatchGANModule(nn.Module):
    """A local and a global discriminator; both see the picture at full size."""

    def __init__(self, config: CAMPatchGAN) -> None:
        super().__init__()
        self.minimum = config.minimum
        self.discriminators = nn.ModuleList(_Discriminator(config, depth) for depth in config.depths)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return a map ``(N, 1, h, w)`` of scores and the classifier's scores ``(N, 2, 1, 1)`` for each discriminator."""
        scores = []
        for seen in self.attend(image):
            scores += [seen.output, seen.logits[..., None, None]]
        return scores

    def attend(self, image: Tensor) -> list[Attended]:
        """Return the map of scores, the classifier's scores and the heat of each discriminator."""
        height, width = (max(side, self.minimum) for side in image.shape[-2:])
        enough = image if (height, width) == tuple(image.shape[-2:]) else continued(image, height, width)
        return [discriminator(2 * enough - 1) for discriminator in self.discriminators]


class _Discriminator(nn.Module):
    def __init__(self, config: CAMPatchGAN, depth: int) -> None:
        super().__init__()
        widths = [config.channels_in, *(config.width * 2**level for level in range(depth + 1))]
        layers: list[nn.Module] = []
        for level in range(depth + 1):
            stride = 2 if level < depth else 1
            layers.append(nn.Conv2d(widths[level], widths[level + 1], 4, stride=stride, padding=1))
            layers.append(nn.LeakyReLU(_SLOPE, inplace=True))
        self.body = nn.Sequential(*layers)
        self.last = nn.Conv2d(widths[-1], 1, 4, padding=1, bias=False)
        initialise(self, last=self.last, normalised=False)
        self.attention = ClassAttention(widths[-1], slope=_SLOPE, spectral=config.spectral)
        if config.spectral:
            for part in (*self.body, self.last):
                if isinstance(part, nn.Conv2d):
                    spectral_norm(part)

    def forward(self, x: Tensor) -> Attended:
        seen: Attended = self.attention(self.body(x))
        return seen._replace(output=self.last(seen.output))
