"""The game of exposure: from dark pictures alone, a generator learns what they should look like.

The objective is of the family of Zero-DCE (Guo et al., Zero-Reference Deep Curve Estimation for Low-Light Image Enhancement,
CVPR 2020, section 3.3): exposure control, spatial consistency, colour constancy and illumination smoothness.
`diptych.training.self_supervised.zero_reference_losses` has the equations, what differs, and why. Each step looks at views of
whole pictures, reduced, since an exposure is that of a picture and not of a crop.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.networks import Render
from diptych.networks.modules.render import RenderModule
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.objectives.single import SingleGame
from diptych.training.placing import view
from diptych.training.playing import Losses, Tensors
from diptych.training.self_supervised import zero_reference_losses as losses


class ZeroReferenceGame(SingleGame):
    """One generator that learns to expose dark pictures well.

    A `diptych.networks.Render` has its smoothness asked of its grid and curve, and its picture before it is bounded; any other
    generator of what it multiplies the picture by.

    Parameters
    ----------
    config, fabric :
        As for `SingleGame`.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        super().__init__(config, fabric)
        self._side = config.forward.thumbnail if isinstance(config.forward, Render) else config.crop

    @property
    def weights(self) -> dict[str, float]:
        """The settings of the losses' names."""
        return {name: getattr(self.config, name) for name in ("exposure", "spatial", "color", "smoothness")}

    def lesson(self, network: nn.Module, batch: Tensors, draw: np.random.Generator) -> Losses:
        """Return what is wrong with what a network makes of views of dark pictures; nothing is drawn."""
        dark = view(*batch, side=self._side)
        made, roughness = _made(network, dark)
        return {
            "exposure": losses.exposure(made, dark, level=self.config.level),
            "spatial": losses.spatial(made, dark, stops=self.config.stops),
            "color": losses.color(made, dark),
            "smoothness": roughness,
        }

    def held_out(self, domains: Domains) -> Iterator[Tensors]:
        """Yield the held-out pictures, each whole and reduced, with the place of the whole."""
        for image in domains.held_source:
            copy = F.interpolate(self.as_batch(image), (self._side, self._side), mode="area")
            yield copy, copy.new_tensor([[0.0, 0.0, 1.0, 1.0]])


def _made(network: nn.Module, dark: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(network, RenderModule):
        parameters = network.predict(network.thumbnail(dark))
        return network.render(dark, parameters).float(), losses.roughness(parameters.grid, parameters.curve)
    made = network(dark).float()
    return made, losses.unevenness(made, dark)
