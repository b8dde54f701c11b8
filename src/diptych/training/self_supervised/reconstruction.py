"""The game of reconstruction: give back what was taken from a picture. Its generator is where another training begins.

Squares of the picture are replaced by its mean colour (masked autoencoding: He et al., Masked Autoencoders Are Scalable Vision
Learners, CVPR 2022; Pathak et al., Context Encoders, CVPR 2016), or the picture is shot with a camera, or both; the loss is the
mean absolute error of the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.core.image import Image
from diptych.networks import Degradation, build
from diptych.networks.modules.degradation import DegradationModule
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.generator_file import run_network
from diptych.training.objectives.single import SingleGame
from diptych.training.playing import Losses, Tensors

_SQUARE = 8  # px a side of what is taken away


class ReconstructionGame(SingleGame):
    """One generator that restores masked and badly shot pictures of one folder.

    Parameters
    ----------
    config, fabric :
        As for `SingleGame`; ``config.masked`` and ``config.spoiled`` say what is done to the pictures. The camera is
        ``config.backward``, if that is one; otherwise one in the dark.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        super().__init__(config, fabric)
        channels = config.forward.channels_in
        kind = config.backward if isinstance(config.backward, Degradation) else Degradation()
        camera = build(replace(kind, channels_in=channels, channels_out=channels), seed=4 * config.seed + 1)
        assert isinstance(camera, DegradationModule)
        self.camera = camera.to(fabric.device).requires_grad_(False)

    def lesson(self, network: nn.Module, batch: Tensors, draw: np.random.Generator) -> Losses:
        """Return how far the restored pictures are from the whole ones."""
        (whole,) = batch
        return {"reconstruction": F.l1_loss(network(self.spoil(whole, draw)).float(), whole)}

    def spoil(self, whole: Tensor, draw: np.random.Generator) -> Tensor:
        """Return pictures ``(N, C, H, W)`` with less in them."""
        given = self._shot(whole, draw) if self.config.spoiled else whole
        return masked(given, share=self.config.masked, draw=draw)

    def rows(self, domains: Domains, *, count: int) -> list[list[Image]]:
        """Return picture, what was left of it, and what the network makes of that."""
        found = []
        for image, given in zip(domains.held_source[:count], self._given(domains), strict=False):
            found.append([image, given, run_network(self.average_forward.module, given)])
        return found

    def _given(self, domains: Domains) -> Iterator[Image]:
        for index, image in enumerate(domains.held_source):
            spoiled = self.spoil(self.as_batch(image), self.draw_held(index))[0]
            yield np.ascontiguousarray(spoiled.cpu().numpy().transpose(1, 2, 0))

    def _shot(self, whole: Tensor, draw: np.random.Generator) -> Tensor:
        # The camera counts its shots; here the number of the next one is drawn, so that nothing has to be kept.
        self.camera.samples.fill_(int(draw.integers(2**31)))
        with torch.no_grad():
            shot = self.camera(whole)
        chosen = torch.from_numpy(draw.random(len(whole)) < self.config.spoiled).to(whole.device)
        return torch.where(chosen[:, None, None, None], shot, whole)


def masked(picture: Tensor, *, share: float, draw: np.random.Generator) -> Tensor:
    """Return pictures ``(N, C, H, W)`` whose squares of 8 px are, with a chance of `share`, their mean colour."""
    if share == 0:
        return picture
    count, _, height, width = picture.shape
    cells = draw.random((count, 1, -(-height // _SQUARE), -(-width // _SQUARE))) < share
    taken = torch.from_numpy(cells.repeat(_SQUARE, 2).repeat(_SQUARE, 3)[:, :, :height, :width]).to(picture.device)
    return torch.where(taken, picture.mean((2, 3), keepdim=True), picture)
