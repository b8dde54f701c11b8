"""Reconstruction: give back what was taken from a picture. The generator is where another training begins.

Squares of the picture are replaced by its mean colour (masked autoencoding: He et al., Masked Autoencoders Are Scalable Vision
Learners, CVPR 2022; Pathak et al., Context Encoders, CVPR 2016), or the picture is degraded, or both; the loss is the mean
absolute error of the whole picture.
"""

from __future__ import annotations

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.core.image import Image
from diptych.networks import build
from diptych.networks.modules.degradation import DegradationModule
from diptych.training.config import ReconstructionConfig
from diptych.training.data import TrainingData
from diptych.training.generator_file import run_network
from diptych.training.objectives.base import Tensors, Term, Terms
from diptych.training.objectives.single_generator import SingleGenerator

_SQUARE = 8  # px a side of what is taken away


class ReconstructionObjective(SingleGenerator):
    """One generator that restores masked and degraded pictures of one folder.

    Parameters
    ----------
    config, fabric :
        As for `SingleGenerator`; ``mask_ratio``, ``degraded_ratio`` and ``degradation`` say what is done to the pictures.
    """

    def __init__(self, config: ReconstructionConfig, fabric: Fabric) -> None:
        self.config: ReconstructionConfig = config
        super().__init__(config, fabric)
        degradation = build(config.degradation, seed=4 * config.seed + 1)
        assert isinstance(degradation, DegradationModule)
        self.degradation = degradation.to(fabric.device).requires_grad_(False)

    def losses(self, network: nn.Module, batch: Tensors, draw: np.random.Generator, *, progress: float) -> Terms:
        """Return how far the restored pictures are from the originals."""
        (original,) = batch
        return {"reconstruction": Term(1.0, F.l1_loss(network(self.corrupt(original, draw)).float(), original))}

    def corrupt(self, original: Tensor, draw: np.random.Generator) -> Tensor:
        """Return pictures ``(N, C, H, W)`` with less in them."""
        given = self._degraded(original, draw) if self.config.degraded_ratio else original
        return masked(given, ratio=self.config.mask_ratio, draw=draw)

    def rows(self, data: TrainingData, *, count: int) -> list[list[Image]]:
        """Return picture, what was left of it, and what the network makes of that."""
        found = []
        for index, image in enumerate(data.held_source[:count]):
            corrupted = self.corrupt(self.as_batch(image), self.held_out_draw(index))[0]
            given = np.ascontiguousarray(corrupted.cpu().numpy().transpose(1, 2, 0))
            found.append([image, given, run_network(self.generator, given)])
        return found

    def _degraded(self, original: Tensor, draw: np.random.Generator) -> Tensor:
        # The module counts its samples; here the number of the next one is drawn, so that nothing has to be kept.
        self.degradation.samples.fill_(int(draw.integers(2**31)))
        with torch.no_grad():
            degraded = self.degradation(original)
        chosen = torch.from_numpy(draw.random(len(original)) < self.config.degraded_ratio).to(original.device)
        return torch.where(chosen[:, None, None, None], degraded, original)


def masked(picture: Tensor, *, ratio: float, draw: np.random.Generator) -> Tensor:
    """Return pictures ``(N, C, H, W)`` whose squares of 8 px are, with a chance of `ratio`, their mean colour."""
    if ratio == 0:
        return picture
    count, _, height, width = picture.shape
    cells = draw.random((count, 1, -(-height // _SQUARE), -(-width // _SQUARE))) < ratio
    taken = torch.from_numpy(cells.repeat(_SQUARE, 2).repeat(_SQUARE, 3)[:, :, :height, :width]).to(picture.device)
    return torch.where(taken, picture.mean((2, 3), keepdim=True), picture)
