"""The network of the denoiser, trained as it will run: activations of 8 bits, weights of 7.

It sees the picture in luma and chroma over the standard deviation of their noise, in blocks of 4 x 4 px, and answers how much
of each value is noise, in standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from degrade import Steering, to_rgb, to_ycbcr
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

SIGNED, UNSIGNED, NOISE = 1 / 16, 1 / 32, 1 / 25
"""Steps of the 8 bits: of maps with a sign, within -8 and 8; of those without, up to 8; of the noise, within -5 and 5."""
LARGEST = 63
"""Of a weight: two products of 7 and 8 bits fit into the 16 in which older processors add them up."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Channels at a quarter and an eighth of the size, and residual blocks before, in and after the eighth."""

    width: int = 64
    deep: int = 96
    before: int = 0
    within: int = 1
    after: int = 1


def quantised(values: Tensor, step: float, low: int, high: int) -> Tensor:
    return torch.fake_quantize_per_tensor_affine(values, step, 0, low, high)


def signed(values: Tensor, step: float = SIGNED) -> Tensor:
    return quantised(values, step, -128, 127)


def unsigned(values: Tensor) -> Tensor:
    return quantised(values, UNSIGNED, 0, 255)


class Conv(nn.Conv2d):
    """A convolution with weights of 7 bits, scaled for each channel it makes."""

    def scales(self) -> Tensor:
        return self.weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-8) / LARGEST

    def forward(self, maps: Tensor) -> Tensor:
        scales = self.scales().view(-1)
        weight = torch.fake_quantize_per_channel_affine(
            self.weight, scales, torch.zeros_like(scales, dtype=torch.int32), 0, -LARGEST, LARGEST
        )
        return F.conv2d(maps, weight.to(maps.dtype), self.bias.to(maps.dtype), self.stride, self.padding)


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Conv(width, width, 3, padding=1), Conv(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, maps: Tensor) -> Tensor:
        return signed(maps + signed(self.second(unsigned(self.first(maps)))))


class Network(nn.Module):
    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.head = nn.Conv2d(3, plan.width, 8, stride=4)
        self.steer = nn.Linear(4, plan.width, bias=False)
        self.before = nn.ModuleList(Residual(plan.width) for _ in range(plan.before))
        if plan.within:
            self.down = Conv(plan.width, plan.deep, 2, stride=2)
            self.up = Conv(plan.deep, 4 * plan.width, 1)
        self.within = nn.ModuleList(Residual(plan.deep) for _ in range(plan.within))
        self.after = nn.ModuleList(Residual(plan.width) for _ in range(plan.after))
        self.last = Conv(plan.width, 48, 3, padding=1)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.zeros_(part.bias)
        with torch.no_grad():
            self.head.weight.mul_(1.5)
            self.last.weight.mul_(0.3)

    def head_weight(self) -> Tensor:
        """Blind to how bright a picture is."""
        return self.head.weight - self.head.weight.mean((2, 3), keepdim=True)

    def forward(self, planes: Tensor, correlation: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the noise ``(N, 3, H, W)`` of planes over their standard deviation, in standard deviations."""
        padded = F.pad(planes, (2, 2, 2, 2), mode="reflect")
        maps = F.conv2d(padded, self.head_weight(), self.head.bias, stride=4)
        maps = signed(maps + self.steer(correlation - 1)[:, :, None, None]).to(dtype, memory_format=torch.channels_last)
        for part in self.before:
            maps = part(maps)
        if self.plan.within:
            deep = signed(self.down(maps))
            for part in self.within:
                deep = part(deep)
            maps = signed(maps + F.pixel_shuffle(signed(self.up(deep)), 2))
        for part in self.after:
            maps = part(maps)
        return F.pixel_shuffle(signed(self.last(maps).float(), NOISE), 4)


def denoised(network: nn.Module, noisy: Tensor, told: Steering, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return pictures without the noise that the network sees."""
    sigma = told.sigma[:, [0, 1, 1]]
    noise = network(to_ycbcr(noisy) / sigma, told.correlation, dtype)
    return noisy - to_rgb(noise * sigma)
