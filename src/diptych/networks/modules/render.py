"""The generator that renders."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

from diptych.networks.modules.denoiser import Denoiser
from diptych.networks.modules.pictures import averaged, luma
from diptych.networks.render import Render

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FLOOR = 0.004  # of the mean luma: one level of 255, so that a black picture divides by something
SLOPE = 0.1  # of the leaky rectifiers
SOFTPLUS_ONE = 0.5413  # softplus of this is 1: the curve begins as the identity
LOG_FLOOR, LOG_FACTOR, LOG_OFFSET = 0.01, 0.25, 0.5  # of the logarithm of the luma that the encoder sees
EXPOSURE_FACTOR, EXPOSURE_OFFSET = 0.3, 0.6  # of the logarithms of the mean and the quantiles of the luma


class RenderParameters(NamedTuple):
    """What the network decides about a picture.

    Attributes
    ----------
    exposure : Tensor, shape (N, 1, 1, 1)
        m, the mean luma of the thumbnail plus 0.004.
    curve : Tensor, shape (N, knots + 1)
        Values of the curve at 0, 1 / knots, ..., 1; they rise from 0.
    grid : Tensor, shape (N, C * (C + 1), depth, side, side)
        Affine transforms, C rows of C factors and a constant, over luma, rows and columns. A part of it, cut out along
        the last two axes, is the grid of a part of the picture.
    """

    exposure: Tensor
    curve: Tensor
    grid: Tensor


class RenderModule(nn.Module):
    """A network on the thumbnail, the operation that it steers, and the denoiser if the config has one."""

    def __init__(self, config: Render) -> None:
        super().__init__()
        self.config = config
        width, deep, wide = config.width, 4 * config.width, 8 * config.width
        self.encoder = nn.Sequential(
            *_convolution(config.channels_in + 1, width, 2),
            *_convolution(width, 2 * width, 2),
            *_convolution(2 * width, deep),
            *_convolution(deep, deep, 2),
            *_convolution(deep, deep),
        )
        self.context = nn.Sequential(*_convolution(deep, deep, 2), *_convolution(deep, deep, 2))
        self.mixing = nn.Sequential(*_linear(2 * deep + len(QUANTILES) + 2, wide), *_linear(wide, wide))
        self.to_maps = nn.Linear(wide, deep)
        self.to_curve = nn.Linear(wide, config.knots)
        self.local = nn.Sequential(*_convolution(deep, deep), nn.Conv2d(deep, deep, 3, padding=1))
        self.to_grid = nn.Conv2d(deep, config.channels_out * (config.channels_in + 1) * config.depth, 1)
        self._initialise()
        widths = config.denoiser_widths
        self.denoiser = Denoiser(config.channels_out, widths) if widths else None

    def forward(self, image: Tensor) -> Tensor:
        """Return the picture ``(N, C, H, W)`` in [0, 1] for a picture in [0, 1] of any size."""
        parameters = self.predict(self.thumbnail(image))
        compressed = compress_exposure(image, parameters.exposure.to(image.dtype))
        return self.finish(self.denoise(compressed).clamp(0, 1), parameters).clamp(0, 1)

    def thumbnail(self, image: Tensor) -> Tensor:
        """Return the square picture of the averages of equal areas; a pixel that two areas share counts in proportion."""
        return averaged(image, self.config.thumbnail)

    def predict(self, thumbnail: Tensor) -> RenderParameters:
        """Return the parameters of the operation for the picture that has this thumbnail ``(N, C, side, side)``.

        Outside training they are the average of what the thumbnail and its mirror image call for: the mirror image of a
        picture becomes the mirror image of the result, and chance has less of a say.
        """
        exposure = exposure_of(thumbnail)
        if self.training:
            return RenderParameters(exposure, *self._decide(thumbnail, exposure))
        curve, grid = self._decide(torch.cat([thumbnail, thumbnail.flip(-1)]), torch.cat([exposure, exposure]))
        (first, second), (straight, mirrored) = curve.chunk(2), grid.chunk(2)
        return RenderParameters(exposure, (first + second) / 2, (straight + mirrored.flip(-1)) / 2)

    def _decide(self, thumbnail: Tensor, exposure: Tensor) -> tuple[Tensor, Tensor]:
        light, compressed = luma(thumbnail), compress_exposure(thumbnail, exposure)
        rate, training = self.config.dropout, self.training
        logarithm = torch.log(light + LOG_FLOOR) * LOG_FACTOR + LOG_OFFSET
        maps = F.dropout2d(self.encoder(torch.cat([compressed, logarithm], 1)), rate, training)
        whole = self.mixing(torch.cat([*self._pooled(maps), *_distribution(light, exposure)], 1))
        whole = F.dropout(whole, rate, training)
        maps = F.leaky_relu(self.local(maps) + self.to_maps(whole)[:, :, None, None], SLOPE)
        rises = F.softplus(self.to_curve(whole) + SOFTPLUS_ONE)
        curve = torch.cat([torch.zeros_like(rises[:, :1]), torch.cumsum(rises, 1) / self.config.knots], 1)
        return curve, self.to_grid(maps).unflatten(1, (-1, self.config.depth))

    def render(self, image: Tensor, parameters: RenderParameters) -> Tensor:
        """Return the picture that the operation makes, unbounded and with its noise, in the size of the picture given."""
        return self.finish(compress_exposure(image, parameters.exposure.to(image.dtype)), parameters)

    def finish(self, compressed: Tensor, parameters: RenderParameters) -> Tensor:
        """Return the same for a picture that was compressed by its exposure already."""
        _, curve, grid = (part.to(compressed.dtype) for part in parameters)
        values = _curved(compressed, curve)
        count, channels = compressed.shape[:2]
        sliced = _sliced(grid, luma(values)).view(count, channels, channels + 1, *compressed.shape[-2:])
        return values + (sliced[:, :, :channels] * values[:, None]).sum(2) + sliced[:, :, channels]

    def denoise(self, compressed: Tensor) -> Tensor:
        """Return a picture that was compressed by its exposure without its noise, unbounded; without a denoiser, as it is."""
        return compressed if self.denoiser is None else self.denoiser(compressed)

    def _pooled(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        context = self.context(maps)
        return context.mean((2, 3)), context.amax((2, 3))

    def _initialise(self) -> None:
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(part.weight, SLOPE)
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        for last in (self.to_curve, self.to_grid):
            nn.init.zeros_(last.weight)


def compress_exposure(image: Tensor, exposure: Tensor) -> Tensor:
    """Return the values x of a picture compressed by its exposure m, ``x (1 + m) / (x + m)``; 0 and 1 stay."""
    return image * (1 + exposure) / (image + exposure)


def exposure_of(thumbnail: Tensor) -> Tensor:
    """Return the exposure ``(N, 1, 1, 1)``: the mean luma, and a level so that a black picture has one."""
    return luma(thumbnail).mean((1, 2, 3), keepdim=True) + FLOOR


def _convolution(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]


def _linear(before: int, after: int) -> list[nn.Module]:
    return [nn.Linear(before, after), nn.LeakyReLU(SLOPE, inplace=True)]


def _distribution(light: Tensor, exposure: Tensor) -> list[Tensor]:
    """Return the mean luma and quantiles of luma, which say more about the exposure than features of convolutions do."""
    ordered = torch.sort(light.flatten(1), dim=1)[0]
    places = [int(ordered.shape[1] * share) for share in QUANTILES]
    mean = exposure.flatten(1)
    logarithms = [part.log() * EXPOSURE_FACTOR + EXPOSURE_OFFSET for part in (mean, ordered[:, places] + FLOOR)]
    return [*logarithms, mean]


def _curved(values: Tensor, curve: Tensor) -> Tensor:
    """Return the values after the curve, straight between its knots."""
    pieces = curve.shape[1] - 1
    place = (values * pieces).clamp(0, pieces)
    piece = place.detach().floor().clamp(max=pieces - 1)
    index = piece.long().flatten(1)
    low, high = (torch.gather(curve, 1, index + more).view_as(values) for more in (0, 1))
    return low + (place - piece) * (high - low)


def _sliced(grid: Tensor, guide: Tensor) -> Tensor:
    """Return the grid's transforms ``(N, K, H, W)`` at each pixel, between cells by trilinear interpolation.

    The centres of the outermost cells are the last places that are interpolated; beyond them the transforms stay.
    """
    height, width = guide.shape[-2:]
    depths = 2 * guide[:, 0].clamp(0, 1) - 1
    rows, columns = ((2 * torch.arange(side).to(guide) + 1) / side - 1 for side in (height, width))
    places = torch.stack([columns.expand_as(depths), rows[:, None].expand_as(depths), depths], -1)
    # Read where it is needed: enlarging all depths to the size of the picture first takes three times as long.
    return F.grid_sample(grid, places[:, None], mode="bilinear", padding_mode="border", align_corners=False)[:, :, 0]
