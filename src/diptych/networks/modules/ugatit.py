"""The generator UGATIT."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.networks.modules.attention import Attended, ClassAttention
from diptych.networks.modules.initial import initialise
from diptych.networks.modules.layers import Generator, corrected, doubled, normalised
from diptych.networks.modules.resnet import Block
from diptych.networks.ugatit import UGATIT

_EPSILON = 1e-5


class UGATITModule(Generator):
    """Two halvings and residual blocks, attention, residual blocks with AdaLIN and two doublings."""

    def __init__(self, config: UGATIT) -> None:
        super().__init__(multiple=config.multiple, residual=config.residual)
        width, deep = config.width, 4 * config.width
        relu, halving = nn.ReLU(inplace=True), {"stride": 2, "padding": 1}
        ends = {"padding": 3, "padding_mode": "replicate"}
        self.encoder = nn.Sequential(
            *(*normalised(nn.Conv2d, "instance", config.channels_in, width, 7, **ends), relu),
            *(*normalised(nn.Conv2d, "instance", width, 2 * width, 3, **halving), relu),
            *(*normalised(nn.Conv2d, "instance", 2 * width, deep, 3, **halving), relu),
            *(Block(deep, "instance") for _ in range(config.blocks)),
        )
        self.style = Style(deep, None if config.light else config.size // 4)
        self.blocks = nn.ModuleList(AdaptiveBlock(deep) for _ in range(config.blocks))
        self.up = nn.ModuleList([Doubling(deep), Doubling(2 * width)])
        self.last = nn.Conv2d(width, config.channels_out, 7, padding=3, padding_mode="replicate")
        initialise(self, last=self.last, normalised=True, zero=config.residual)
        self.attention = ClassAttention(deep)

    def draw(self, x: Tensor) -> Tensor:
        """Return unbounded maps for a picture in [-1, 1]."""
        return self._paint(self.look(x).output)

    def look(self, x: Tensor) -> Attended:
        """Return the attended maps, the logits and the heat for a picture in [-1, 1]."""
        seen: Attended = self.attention(self.encoder(x))
        return seen

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the picture, the maps after each halving, and after the blocks of the encoder."""
        half = self.encoder[:6](x)
        quarter = self.encoder[6:9](half)
        return [x, half, quarter, self.encoder[9:](quarter)]

    def attend(self, image: Tensor) -> Attended:
        """Return the picture as `forward` does, with the logits and the heat, a quarter of the padded size."""
        whole = self._padded(image)
        seen = self.look(2 * whole - 1)
        bounded = torch.tanh(self._paint(seen.output).to(whole.dtype))
        output = corrected(whole, bounded) if self.residual else (bounded + 1) / 2
        return seen._replace(output=output[..., : image.shape[-2], : image.shape[-1]])

    def _paint(self, x: Tensor) -> Tensor:
        gamma, beta = self.style(x)
        for block in self.blocks:
            x = block(x, gamma, beta)
        for up in self.up:
            x = up(x)
        return self.last(x)


class Style(nn.Module):
    """What the attended maps say on how the decoder shall normalise: gamma and beta of each channel.

    Parameters
    ----------
    channels : int
        Of the maps.
    side : int, optional
        Side of the square that the maps are averaged to, all of whose values count; None for their averages alone.
    """

    def __init__(self, channels: int, side: int | None) -> None:
        super().__init__()
        self.side = side
        first = channels if side is None else channels * side**2
        self.first = nn.Linear(first, channels, bias=False)
        self.second = nn.Linear(channels, channels, bias=False)
        self.gamma = nn.Linear(channels, channels, bias=False)
        self.beta = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return gamma and beta, ``(N, channels, 1, 1)`` each."""
        said = F.relu(self.second(F.relu(self.first(self._pooled(x)))))
        return self.gamma(said)[..., None, None], self.beta(said)[..., None, None]

    def _pooled(self, x: Tensor) -> Tensor:
        if self.side is None:
            return x.mean((2, 3))
        if torch.compiler.is_exporting() or tuple(x.shape[-2:]) != (self.side, self.side):
            rows = _averaging(x[:, :1, :, :1], self.side)
            columns = _averaging(x[:, :1, :1].transpose(-1, -2), self.side)
            x = rows.transpose(-1, -2) @ x @ columns
        return x.reshape(-1, self.first.in_features)


class AdaLIN(nn.Module):
    """Normalise by the statistics of each map and of all maps together, in shares that are learned for each channel.

    Parameters
    ----------
    channels : int
        Of the maps.
    rho : float
        The share of each map's own statistics at the beginning, 0 to 1. 1 is instance normalisation, 0 layer normalisation.
    """

    def __init__(self, channels: int, *, rho: float = 0.9) -> None:
        super().__init__()
        self.rho = nn.Parameter(torch.full((1, channels, 1, 1), rho))

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Return the normalised maps, times gamma, plus beta, both ``(N or 1, channels, 1, 1)``."""
        exact = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        mean = exact.mean((2, 3), keepdim=True)
        centred = exact - mean
        variance = centred.square().mean((2, 3), keepdim=True)
        # All maps together: the variance within them, and that of their means.
        middle = mean.mean(1, keepdim=True)
        apart = mean - middle
        whole = (variance + apart.square()).mean(1, keepdim=True)
        of_each = self.rho * torch.rsqrt(variance + _EPSILON)
        of_all = (1 - self.rho) * torch.rsqrt(whole + _EPSILON)
        scale, shift = gamma * (of_each + of_all), gamma * of_all * apart + beta
        return (centred * scale + shift).to(x.dtype)


@torch.no_grad()
def clip_shares(module: nn.Module) -> None:
    """Put every rho of a network back into [0, 1], which an update of its weights may have left."""
    for part in module.modules():
        if isinstance(part, AdaLIN):
            part.rho.clamp_(0, 1)


class AdaptiveBlock(nn.Module):
    """A residual block with AdaLIN: two convolutions, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        options = {"padding": 1, "padding_mode": "replicate", "bias": False}
        self.first, self.second = (nn.Conv2d(width, width, 3, **options) for _ in range(2))  # type: ignore[arg-type]
        self.normal_first, self.normal_second = AdaLIN(width), AdaLIN(width)

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Return the maps with the correction added."""
        inside = F.relu(self.normal_first(self.first(x), gamma, beta))
        return x + self.normal_second(self.second(inside), gamma, beta)


class Doubling(nn.Module):
    """Twice the size and half the channels, normalised with a learned gamma and beta."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width // 2, 3, padding=1, bias=False)
        self.normal = AdaLIN(width // 2, rho=0.0)
        self.gamma = nn.Parameter(torch.ones(1, width // 2, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, width // 2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps at twice the size."""
        return F.relu(self.normal(self.convolution(doubled(x)), self.gamma, self.beta))


def _averaging(along: Tensor, cells: int) -> Tensor:
    """Return the matrix ``(N, 1, length, cells)`` that averages values over cells of equal length.

    Of the values ``(N, 1, length, 1)`` only the number counts. It is not read off the shape, so that an exported graph keeps it
    free. In units of which a cell has `length` and a value has `cells`, all is whole.
    """
    ones = (along == along).to(torch.promote_types(along.dtype, torch.float32))  # noqa: PLR0124 (ones of the same shape)
    length, end = ones.sum(2, keepdim=True), cells * ones.cumsum(2)
    edge = length * torch.arange(1, cells + 1, device=along.device)
    overlap = torch.minimum(end, edge) - torch.maximum(end - cells, edge - length)
    return (overlap.clamp(min=0) / length).to(along.dtype)
