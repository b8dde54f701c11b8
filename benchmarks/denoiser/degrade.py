"""Noise for the training of the denoiser: that of RGB values, and that of cameras, with JPEG behind it; on the GPU, by batches.

Pictures are float tensors ``(N, 3, H, W)`` in [0, 1]; every picture of a batch draws its own noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

POWERS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.25)
FLOOR = 0.02
LEAST = 0.25 / 255  # of a standard deviation that the network is told
BLOCK = 4

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(((99,) * 8,) * 4),
)


def to_ycbcr(rgb: Tensor) -> Tensor:
    red, green, blue = rgb.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return torch.stack([luma, (blue - luma) / 1.772, (red - luma) / 1.402], 1)


def to_rgb(ycbcr: Tensor) -> Tensor:
    luma, cb, cr = ycbcr.unbind(1)
    return torch.stack(
        [luma + 1.402 * cr, luma - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587, luma + 1.772 * cb], 1
    )


class Draw:
    """Random numbers of one generator, shaped to be multiplied with pictures."""

    def __init__(self, seed: int, device: torch.device | str) -> None:
        self.device = device
        self.generator = torch.Generator(device).manual_seed(seed)

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand((count, 1, 1, 1), device=self.device, generator=self.generator)

    def log_uniform(self, count: int, low: float, high: float) -> Tensor:
        return self.uniform(count, math.log(low), math.log(high)).exp()

    def channels(self, count: int, deviation: float) -> Tensor:
        return (deviation * torch.randn((count, 3, 1, 1), device=self.device, generator=self.generator)).exp()

    def normal(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, device=self.device, generator=self.generator)


def shape(brightness: Tensor, power: Tensor | float) -> Tensor:
    """Return how the standard deviation goes with the brightness, as `diptych.core.noise.NoiseCurve` has it."""
    return ((brightness.clamp(0, 1) + FLOOR) / (1 + FLOOR)) ** (power / 2)


def degraded(clean: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
    """Return noisy pictures, and the clean ones (darker where a short exposure was drawn)."""
    count = len(clean)
    of_camera = draw.uniform(count) < 0.5
    exposure = torch.where(
        of_camera & (draw.uniform(count) < 0.4),
        draw.log_uniform(count, 0.02, 1.0),
        torch.ones_like(draw.uniform(count)),
    )
    clean = clean * exposure ** (1 / 2.2)
    grey = draw.uniform(count) < 0.08
    clean = torch.where(grey, to_ycbcr(clean)[:, :1].expand(-1, 3, -1, -1), clean)
    noisy = torch.where(of_camera, camera(clean, draw), plain(clean, draw))
    noisy = torch.where(grey, noisy[:, 1:2].expand(-1, 3, -1, -1), noisy).clamp(0, 1)
    nothing = draw.uniform(count) < 0.04
    noisy = torch.where(nothing, clean, noisy)
    compressed = jpeg(noisy, draw)
    rounded = torch.where(draw.uniform(count) < 0.85, (255 * noisy).round() / 255, noisy)
    return torch.where(draw.uniform(count) < 0.35, compressed, rounded), clean


def plain(clean: Tensor, draw: Draw) -> Tensor:
    """Return pictures with noise of the RGB values: the same everywhere or by brightness, mostly white."""
    count = len(clean)
    level = draw.log_uniform(count, 1.0, 60.0) / 255
    power = torch.where(draw.uniform(count) < 0.5, torch.zeros_like(level), draw.uniform(count, -0.5, 1.25))
    apart = torch.where(
        draw.uniform(count) < 0.6, torch.ones_like(draw.channels(count, 0.2)), draw.channels(count, 0.2)
    )
    white = draw.normal(clean)
    noise = torch.where(draw.uniform(count) < 0.7, white, blurred(white, draw.uniform(count, 0.3, 0.9)))
    return clean + level * apart * shape(clean, power) * noise


def camera(clean: Tensor, draw: Draw) -> Tensor:
    """Return pictures with noise of counted photons and of reading, through mosaic, colour matrix, tone curve and some blur."""
    count = len(clean)
    light = clean.clamp(0, 1) ** 2.2
    level = draw.log_uniform(count, 1.0, 35.0) / 255
    photons = (level * 2.2 * 0.5**1.2) ** 2 / 0.5**2.2
    reading = photons * draw.log_uniform(count, 3e-4, 3e-2)
    noise = draw.channels(count, 0.25) * (photons * light + reading).sqrt() * mosaicked(draw.normal(clean), draw)
    gain = draw.uniform(count, 1.0, 1.8)
    mean = 0.3 * noise[:, :1] + 0.59 * noise[:, 1:2] + 0.11 * noise[:, 2:]
    noise = gain * noise + (1 - gain) * mean
    width = draw.uniform(count, 0.25, 0.9)
    noise = torch.where(draw.uniform(count) < 0.5, blurred(noise, width, renormalise=False), noise)
    noisy = (light + noise).clamp(0, 1) ** (1 / 2.2)
    smoothed = to_ycbcr(noisy - clean)
    smoothed = torch.cat(
        [smoothed[:, :1], blurred(smoothed[:, 1:], draw.uniform(count, 0.8, 2.5), radius=5, renormalise=False)], 1
    )
    return torch.where(draw.uniform(count) < 0.5, clean + to_rgb(smoothed), noisy)


def mosaicked(noise: Tensor, draw: Draw) -> Tensor:
    """Return white noise as two thirds of the cameras have it: of a Bayer mosaic, bilinearly interpolated."""
    rows = torch.arange(noise.shape[2], device=noise.device)[:, None] % 2
    columns = torch.arange(noise.shape[3], device=noise.device)[None] % 2
    masks = torch.stack([(rows == 0) & (columns == 0), rows != columns, (rows == 1) & (columns == 1)]).to(noise)
    full = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], device=noise.device) / 4
    cross = torch.tensor([[0.0, 1, 0], [1, 4, 1], [0, 1, 0]], device=noise.device) / 4
    kernels = torch.stack([full, cross, full])[:, None]
    interpolated = F.conv2d(F.pad(noise * masks, (1, 1, 1, 1), mode="reflect"), kernels, groups=3)
    return torch.where(draw.uniform(len(noise)) < 0.65, interpolated, noise)


def blurred(noise: Tensor, sigma: Tensor, *, radius: int = 2, renormalise: bool = True) -> Tensor:
    """Return noise through a Gaussian, of the same strength as before if that is wanted."""
    offsets = torch.arange(-radius, radius + 1, device=noise.device, dtype=noise.dtype).view(1, -1)
    line = torch.exp(-(offsets**2) / (2 * sigma.view(-1, 1) ** 2))
    line = line / line.sum(1, keepdim=True)
    if renormalise:
        line = line / (line**2).sum(1, keepdim=True).sqrt()
    count, channels, height, width = noise.shape
    kernels = line.repeat_interleave(channels, 0)
    flat = F.pad(noise.reshape(1, count * channels, height, width), (radius,) * 4, mode="reflect")
    down = F.conv2d(flat, kernels[:, None, :, None], groups=count * channels)
    return F.conv2d(down, kernels[:, None, None, :], groups=count * channels).view_as(noise)


def jpeg(picture: Tensor, draw: Draw) -> Tensor:
    """Return pictures after JPEG of a drawn quality from 60 to 98; of six in ten with chroma at half the size."""
    count = len(picture)
    quality = draw.uniform(count, 60.0, 98.0)
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    half = draw.uniform(count) < 0.6
    planes = 255 * to_ycbcr(picture.clamp(0, 1))
    luma = _through_blocks(planes[:, :1] - 128, factor, _LUMA) + 128
    chroma = planes[:, 1:]
    small = F.interpolate(_through_blocks(F.avg_pool2d(chroma, 2), factor, _CHROMA), scale_factor=2, mode="bilinear")
    chroma = torch.where(half, small, _through_blocks(chroma, factor, _CHROMA))
    result = to_rgb(torch.cat([luma, chroma], 1) / 255).clamp(0, 1)
    return (255 * result).round() / 255


def _through_blocks(planes: Tensor, factor: Tensor, table: tuple[tuple[int, ...], ...]) -> Tensor:
    index = torch.arange(8, device=planes.device, dtype=torch.float32)
    basis = torch.cos((2 * index[None] + 1) * index[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    count, _, height, width = planes.shape
    bottom, right = -height % 8, -width % 8
    padded = F.pad(planes, (0, right, 0, bottom), mode="replicate")
    blocks = padded.unflatten(3, (-1, 8)).unflatten(2, (-1, 8)).transpose(3, 4)
    steps = (torch.tensor(table, device=planes.device) * factor).round().clamp(1, 255)[:, :, None, None]
    coefficients = (
        torch.einsum("ij,nchwjk,lk->nchwil", basis, blocks, basis) / steps.view(count, 1, 1, 1, 8, 8)
    ).round()
    blocks = torch.einsum("ji,nchwjk,kl->nchwil", basis, coefficients * steps.view(count, 1, 1, 1, 8, 8), basis)
    return blocks.transpose(3, 4).flatten(4, 5).flatten(2, 3)[:, :, :height, :width]


@dataclass(frozen=True)
class Steering:
    """What the network is told: standard deviations of luma and chroma, ``(N, 2, H, W)``, and correlations ``(N, 4)``.

    The correlation is the standard deviation of the means of 2 x 2 px (luma, chroma) and of 4 x 4 px over what it would be if
    the noise were white.
    """

    sigma: Tensor
    correlation: Tensor


def brightness_of(noisy: Tensor) -> Tensor:
    """Return the luma of blocks of 4 x 4 px, between their centres bilinear: what the noise is looked up by."""
    return F.interpolate(F.avg_pool2d(to_ycbcr(noisy)[:, :1], BLOCK), scale_factor=BLOCK, mode="bilinear")


def steering(noisy: Tensor, clean: Tensor, draw: Draw | None) -> Steering:
    """Measure the noise of pairs as a curve over brightness, with the errors of an estimate if there is a `draw`."""
    noise = to_ycbcr(noisy - clean)
    brightness = brightness_of(noisy)
    parts, likeness = [], []
    for planes in (noise[:, :1], noise[:, 1:]):
        fits, levels = [], []
        for power in POWERS:
            by_brightness = shape(brightness, power)
            level = (planes / by_brightness).square().mean((1, 2, 3), keepdim=True).clamp(min=LEAST**2).sqrt()
            fits.append(by_brightness.log().mean((1, 2, 3), keepdim=True) + level.log() + (0.01 if power else 0.0))
            levels.append(level)
        best = torch.stack(fits).argmin(0, keepdim=True)
        level = torch.stack(levels).gather(0, best)[0]
        power = torch.tensor(POWERS, device=noisy.device)[best[0]]
        parts.append((level * shape(brightness, power)).clamp(min=LEAST))
        scaled = planes / parts[-1]
        whole = scaled.square().mean((1, 2, 3)).clamp(min=1e-4).sqrt()
        likeness.append([side * F.avg_pool2d(scaled, side).square().mean((1, 2, 3)).sqrt() / whole for side in (2, 4)])
    sigma = torch.cat(parts, 1)
    correlation = torch.stack([of[side] for side in (0, 1) for of in likeness], 1)
    if draw is not None:
        errors = 0.08 * torch.randn((len(noisy), 2, 1, 1), device=noisy.device, generator=draw.generator)
        sigma = (sigma * errors.exp()).clamp(min=LEAST)
        correlation = correlation * (
            1 + 0.05 * torch.randn(correlation.shape, device=noisy.device, generator=draw.generator)
        )
    return Steering(sigma, correlation.clamp(0.25, 4.0))
