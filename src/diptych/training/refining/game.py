"""The game of refining: good pictures are spoiled and enhanced, and a flow learns the way from there back to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.networks import Degradation, build
from diptych.networks.modules.degradation import DegradationModule
from diptych.networks.modules.layers import continued
from diptych.networks.modules.refiner import CLOCK, RefinerModule, scheduler_of
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.generator_file import run_network
from diptych.training.objectives.single import SingleGame
from diptych.training.playing import Losses, Tensors
from diptych.training.refining.firsts import make_firsts

_UNIT = 100.0  # the loss is in hundredths of the squared range, so that it is a number to read


class RefineGame(SingleGame):
    """A refiner that learns flow matching from first results of spoiled pictures to the good ones (see `Refiner`).

    For a random time t, ``loss = 100 mean (v(x_t, c, t) - (c + noise n - y))^2``. The camera that spoils is ``backward``,
    if that is a `Degradation`; otherwise one in the dark whose shots are as often those of every day.

    Parameters
    ----------
    config : CycleGANConfig
        The run; ``forward`` is a `Refiner`.
    fabric : Fabric
        Decides device, precision and processes.

    Raises
    ------
    ParameterError
        If ``forward`` is another network.
    MissingExtraError
        If `diffusers` is not installed.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        if config.forward.name != "refiner":
            raise ParameterError(
                f"training: objective = refine trains a refiner, but forward is a {config.forward.name}; "
                f"give --preset refine, or forward.name = refiner"
            )
        super().__init__(config, fabric)
        camera = build(_camera_of(config), seed=4 * config.seed + 1)
        assert isinstance(camera, DegradationModule)
        self._camera = camera.requires_grad_(False)
        self._scheduler: Any = scheduler_of()

    def lesson(self, network: nn.Module, batch: Tensors, draw: np.random.Generator) -> Losses:
        """Return the error of the velocity at a random time of each picture's path."""
        assert isinstance(network, RefinerModule)
        whole = _to_multiple(batch[0], network.config.multiple)
        firsts, good = make_firsts(self._camera, whole, draw)
        noise = torch.from_numpy(draw.standard_normal(good.shape, np.float32)).to(good)
        time = self._times(draw, len(good))
        begin = firsts + network.config.noise * noise
        state = self._scheduler.scale_noise(good, time, begin)
        found = network.velocity(state, firsts, time.to(good) / CLOCK)
        return {"velocity": _UNIT * F.mse_loss(found.float(), begin - good)}

    def rows(self, domains: Domains, *, count: int) -> list[list[Image]]:
        """Return first results of the first held-out pictures, the same refined, and the pictures with their tones."""
        return [self._row(image, index) for index, image in enumerate(domains.held_source[:count])]

    def _row(self, image: Image, index: int) -> list[Image]:
        firsts, good = make_firsts(self._camera, self.as_batch(image), self.draw_held(index))
        first, wanted = (_as_image(one) for one in (firsts, good))
        return [first, run_network(self.average_forward.module, first), wanted]

    def _times(self, draw: np.random.Generator, count: int) -> Tensor:
        times: Tensor = self._scheduler.timesteps[torch.from_numpy(draw.integers(CLOCK, size=count))]
        return times


def _camera_of(config: CycleGANConfig) -> Degradation:
    if isinstance(config.backward, Degradation):
        return config.backward
    channels = config.forward.channels_in
    return Degradation(channels_in=channels, channels_out=channels, everyday=0.5)


def _to_multiple(pictures: Tensor, multiple: int) -> Tensor:
    return continued(pictures, *(-(-side // multiple) * multiple for side in pictures.shape[-2:]))


def _as_image(batch: Tensor) -> Image:
    return np.ascontiguousarray(batch[0].float().cpu().numpy().transpose(1, 2, 0))
