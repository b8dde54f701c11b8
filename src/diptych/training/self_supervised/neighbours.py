"""The game of neighbours: a denoiser learned from noisy pictures alone (Huang et al., Neighbor2Neighbor, CVPR 2021).

Of every 2 x 2 cell of a noisy picture y two adjacent pixels are drawn, which give two pictures g1(y), g2(y) at half the side.
They show nearly the same and have independent noise, so that the best guess of the second from the first has none (Lehtinen et
al., Noise2Noise, ICML 2018). That neighbours are not the same is taken into account by what the network f makes of the whole
picture, with the same pixels drawn (sections 3.3 and 4.1):

    |f(g1(y)) - g2(y)|² + consistency |f(g1(y)) - g2(y) - (g1(f(y)) - g2(f(y)))|²

Noise that reaches over several pixels, as that of a JPEG, is the same in both and stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.training.config import CycleGANConfig
from diptych.training.objectives.single import SingleGame
from diptych.training.playing import Losses, Tensors

# Pixels of a cell, numbered 0 1 / 2 3, that touch: the first is shown, the second is asked for.
_PAIRS = ((0, 1), (0, 2), (1, 0), (1, 3), (2, 0), (2, 3), (3, 1), (3, 2))


class NeighbourGame(SingleGame):
    """One generator that learns to denoise the pictures of one folder.

    Parameters
    ----------
    config, fabric :
        As for `SingleGame`; ``config.consistency`` is the weight of the second term, to which it rises from 0.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        super().__init__(config, fabric)
        self._share = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the losses: in training that of the second rises from 0; held-out pictures are judged by the first.

        In the sum of both a network that lets half of the noise through looks best.
        """
        return {"consistency": self._share * self.config.consistency}

    def play(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update the generator once; return the weighted losses, averaged over the batches."""
        # A network that still lets noise through is consistent where it lets it through again.
        self._share = step / self.config.steps
        try:
            return super().play(batches, step=step)
        finally:
            self._share = 0.0

    def lesson(self, network: nn.Module, batch: Tensors, draw: np.random.Generator) -> Losses:
        """Return how far the network is from a picture's other half, and how inconsistent it is with itself."""
        (noisy,) = batch
        chosen = draw_pairs(noisy, draw)
        shown, asked = neighbours(noisy, chosen)
        left = network(shown).float() - asked
        found = {"neighbours": left.square().mean()}
        if self.config.consistency:
            with torch.no_grad():
                first, second = neighbours(network(noisy).float(), chosen)
            found["consistency"] = (left - (first - second)).square().mean()
        return found


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


def neighbours(picture: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two pictures ``(N, C, H // 2, W // 2)`` of the chosen pixels; an odd last row or column is left out."""
    count, channels, height, width = picture.shape
    even = picture[..., : height - height % 2, : width - width % 2]
    cells = F.pixel_unshuffle(even, 2).view(count, channels, 4, height // 2, width // 2)
    first, second = (cells.gather(2, one[:, None, None].expand(-1, channels, 1, -1, -1)).squeeze(2) for one in chosen)
    return first, second
