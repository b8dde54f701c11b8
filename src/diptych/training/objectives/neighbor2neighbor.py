"""Neighbor2Neighbor: a denoiser learned from noisy pictures alone (Huang et al., CVPR 2021).

Of every 2 x 2 cell of a noisy picture y two adjacent pixels are drawn, which give two pictures g1(y), g2(y) at half the side.
They show nearly the same and have independent noise, so that the best guess of the second from the first has none (Lehtinen et
al., Noise2Noise, ICML 2018). That neighbours are not the same is taken into account by what the network f makes of the whole
picture, with the same pixels drawn (sections 3.3 and 4.1):

    |f(g1(y)) - g2(y)|² + consistency |f(g1(y)) - g2(y) - (g1(f(y)) - g2(f(y)))|²

Noise that reaches over several pixels, as that of a JPEG, is the same in both and stays.
"""

from __future__ import annotations

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.training.config import Neighbor2NeighborConfig
from diptych.training.objectives.base import Tensors, Term, Terms
from diptych.training.objectives.single_generator import SingleGenerator

# Pixels of a cell, numbered 0 1 / 2 3, that touch: the first is the input, the second the target.
_PAIRS = ((0, 1), (0, 2), (1, 0), (1, 3), (2, 0), (2, 3), (3, 1), (3, 2))


class Neighbor2NeighborObjective(SingleGenerator):
    """One generator that learns to denoise the pictures of one folder.

    Parameters
    ----------
    config, fabric :
        As for `SingleGenerator`; ``config.weights.consistency`` is the weight of the second term, to which it rises from 0.
    """

    def __init__(self, config: Neighbor2NeighborConfig, fabric: Fabric) -> None:
        self.config: Neighbor2NeighborConfig = config
        super().__init__(config, fabric)

    def losses(self, network: nn.Module, batch: Tensors, draw: np.random.Generator, *, progress: float) -> Terms:
        """Return how far the network is from a picture's other half, and how inconsistent it is with itself.

        The weight of the second rises with the progress: a network that still lets noise through is consistent where it lets
        it through again. Held-out pictures are validated by the first alone: in the sum of both a network that lets half of
        the noise through looks best.
        """
        (noisy,) = batch
        chosen = draw_pairs(noisy, draw)
        first, second = subsample_pairs(noisy, chosen)
        difference = network(first).float() - second
        terms = {"neighbors": Term(1.0, difference.square().mean())}
        if weight := self.config.weights.consistency:
            with torch.no_grad():
                of_first, of_second = subsample_pairs(network(noisy).float(), chosen)
            terms["consistency"] = Term(progress * weight, (difference - (of_first - of_second)).square().mean())
        return terms


def draw_pairs(picture: Tensor, draw: np.random.Generator) -> Tensor:
    """Draw two touching pixels of each 2 x 2 cell of pictures ``(N, C, H, W)``.

    Returns
    -------
    Tensor, shape (2, N, H // 2, W // 2)
        Their numbers in the cell, 0 1 / 2 3. All channels share them.
    """
    count, _, height, width = picture.shape
    numbers = draw.integers(len(_PAIRS), size=(count, height // 2, width // 2))
    return torch.from_numpy(np.moveaxis(np.asarray(_PAIRS)[numbers], -1, 0).copy()).to(picture.device)


def subsample_pairs(picture: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two pictures ``(N, C, H // 2, W // 2)`` of the chosen pixels; an odd last row or column is left out."""
    count, channels, height, width = picture.shape
    even = picture[..., : height - height % 2, : width - width % 2]
    cells = F.pixel_unshuffle(even, 2).view(count, channels, 4, height // 2, width // 2)
    first, second = (cells.gather(2, one[:, None, None].expand(-1, channels, 1, -1, -1)).squeeze(2) for one in chosen)
    return first, second
