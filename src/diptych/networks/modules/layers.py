"""What the generators share: normalisation, upsampling, any size, and values that stay in [0, 1]."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its name everywhere)


class InstanceNorm(nn.Module):
    """Normalise each channel of each picture to mean 0 and variance 1, then scale and shift (Ulyanov et al. 2016).

    It is the group normalisation with one channel a group, which torch computes 2 to 4 times as fast as
    `torch.nn.InstanceNorm2d` on a CPU, and which is called directly because a map of one value is none the worse: it becomes 0.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised maps."""
        if torch.compiler.is_exporting():  # ONNX has one operator for this, and six for a group normalisation
            return torch.instance_norm(x, self.weight, self.bias, None, None, True, 0.0, 1e-5, False)
        return torch.group_norm(x, self.weight.shape[0], self.weight, self.bias, 1e-5)


def normalised(convolution: type[nn.Module], kind: str, *sizes: int, **options: Any) -> list[nn.Module]:
    """Return a convolution and its normalisation; a bias, which normalisation would take away, only without it."""
    part = convolution(*sizes, bias=kind == "none", **options)
    return [part, InstanceNorm(sizes[1])] if kind == "instance" else [part]


def doubled(x: Tensor) -> Tensor:
    """Return the maps at twice the size, by the nearest neighbour."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Doubled(nn.Module):
    """`doubled` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps at twice the size."""
        return doubled(x)


def continued(image: Tensor, height: int, width: int) -> Tensor:
    """Return the picture continued to the right and below by reflection about its edges, as often as needed.

    ``numpy.pad(mode="symmetric")``: it works from one row on, unlike the reflection about the outermost pixels.
    """
    rows = _reflected(image.shape[-2], height, image.device)
    columns = _reflected(image.shape[-1], width, image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def _reflected(size: int, length: int, device: torch.device) -> Tensor:
    index = torch.arange(length, device=device) % (2 * size)
    return torch.minimum(index, 2 * size - 1 - index)


def _cut(image: Tensor, height: int, width: int) -> Tensor:
    if not torch.compiler.is_exporting():
        return image[..., :height, :width]
    # A slice would make the exporter prove that the picture is large enough for every size, which it cannot.
    rows, columns = (torch.arange(side, device=image.device) for side in (height, width))
    return image.index_select(-2, rows).index_select(-1, columns)


def corrected(image: Tensor, correction: Tensor) -> Tensor:
    """Move each value of a picture in [0, 1] towards white or black by a correction in [-1, 1].

    ``out = x + max(c, 0) (1 - x) + min(c, 0) x``: a correction of 0 leaves the value, 1 makes it white, -1 black. Every value
    can be reached from every other and none outside [0, 1]; and unlike in ``clamp(x + c, 0, 1)``, which has no gradient outside
    its bounds, a value that went too far can come back. At c = 0 the slope is 1, as that of ``x + c``: the gradient of
    clamp counts at its bound, so both terms pass it on.
    """
    return image + correction.clamp(min=0) * (1 - image) + correction.clamp(max=0) * image


class Generator(nn.Module):
    """Base of the generators: pictures of any size in [0, 1] to pictures of the same size in [0, 1].

    A generator gives `draw`; here are the continuation to the multiple that it needs, and the bounds of its output.
    """

    def __init__(self, *, multiple: int, residual: bool) -> None:
        super().__init__()
        self.multiple = multiple
        self.residual = residual

    def draw(self, x: Tensor) -> Tensor:
        """Return unbounded maps for a picture in [-1, 1] whose sides are multiples of `multiple`."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return what `draw` knows of a picture in [-1, 1] on its way down: the picture itself, then maps, finest first."""
        raise NotImplementedError

    def look_at(self, image: Tensor) -> list[Tensor]:
        """Return `encode` for a picture ``(N, channels_in, H, W)`` in [0, 1]; nothing is painted."""
        return self.encode(2 * self._padded(image) - 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the picture ``(N, channels_out, H, W)`` for a picture ``(N, channels_in, H, W)``."""
        return _cut(self.forward_padded(self._padded(image)), *image.shape[-2:])

    def forward_padded(self, padded: Tensor) -> Tensor:
        """Return the picture for one whose sides are multiples of `multiple`: what a model file holds."""
        # In mixed precision the bounds are computed at the precision of the picture: bfloat16 has 128 steps up to 1.
        bounded = torch.tanh(self.draw(2 * padded - 1).to(padded.dtype))
        return corrected(padded, bounded) if self.residual else (bounded + 1) / 2

    def _padded(self, image: Tensor) -> Tensor:
        height, width = (self.multiple * ((side + self.multiple - 1) // self.multiple) for side in image.shape[-2:])
        # An exported graph takes pictures of any size, so that it cannot leave the continuation out.
        if not torch.compiler.is_exporting() and (height, width) == tuple(image.shape[-2:]):
            return image
        return continued(image, height, width)
