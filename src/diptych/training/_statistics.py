"""What small copies of pictures say about the conditions they were taken under, and how far two sets of them are apart."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.networks.modules.render import luma

_QUANTILES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_GROUPS = ((0.0, 0.5), (0.5, 0.9), (0.9, 1.0))  # shadows, middle tones, lights
_DARK = 4e-3  # a level of 255: added before a logarithm


def statistics(pictures: Tensor) -> Tensor:
    """Return statistics ``(N, K)`` of pictures ``(N, C, H, W)``, with gradients.

    Logarithms throughout, since a degradation multiplies: quantiles of luma; casts of red and blue in shadows, middle tones
    and lights (where there are three channels); unevenness of the four quarters. Colourfulness and detail are left out: they
    say more about what is in the pictures, which are of other scenes in the other domain.
    """
    light = luma(pictures)
    ordered, order = light.flatten(1).sort(1)
    found = [(_at(ordered, _QUANTILES) + _DARK).log()]
    if pictures.shape[1] == 3:
        found += _casts(pictures.flatten(2).gather(2, order[:, None].expand(-1, 3, -1)))
    quarters = F.adaptive_avg_pool2d(light, (2, 2)).flatten(1)
    found.append((quarters + 1e-3).log().std(1, keepdim=True))
    return torch.cat(found, 1)


def energy_distance(first: Tensor, second: Tensor) -> Tensor:
    """Return how far two samples ``(N, K)`` and ``(M, K)`` are apart: 0 in the mean if they are of one distribution.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` with the Euclidean distance, plus 0.3 times the same of every coordinate alone: the
    first sees how the coordinates go together, the second each of them clearly.

    References
    ----------
    Székely and Rizzo, Energy statistics: A class of statistics based on distances, Journal of Statistical Planning and
    Inference 143 (2013), equation 6.1.
    """
    joint = _energy(torch.cdist(first, second), torch.cdist(first, first), torch.cdist(second, second))
    alone = _energy(_apart(first, second), _apart(first, first), _apart(second, second))
    return joint.sum() + 0.3 * alone.sum()


def _energy(between: Tensor, inside: Tensor, other: Tensor) -> Tensor:
    pairs = (len(part) * (len(part) - 1) for part in (inside, other))
    return 2 * between.mean((0, 1)) - inside.sum((0, 1)) / next(pairs) - other.sum((0, 1)) / next(pairs)


def _apart(first: Tensor, second: Tensor) -> Tensor:
    return (first[:, None] - second[None]).abs()


def _at(ordered: Tensor, shares: tuple[float, ...]) -> Tensor:
    places = [share * (ordered.shape[1] - 1) for share in shares]
    low = [int(place) for place in places]
    part = ordered.new_tensor([place - int(place) for place in places])
    above = ordered[:, [min(index + 1, ordered.shape[1] - 1) for index in low]]
    return ordered[:, low] * (1 - part) + above * part


def _casts(ordered: Tensor) -> list[Tensor]:
    """Return red and blue against green of the pixels ``(N, 3, P)``, which are in the order of their luma."""
    count, found = ordered.shape[2], []
    for low, high in _GROUPS:
        first = min(int(low * count), count - 1)
        red, green, blue = (ordered[:, :, first : max(first + 1, int(high * count))].mean(2) + _DARK).log().unbind(1)
        found.append(torch.stack([red - green, blue - green], 1))
    return found
