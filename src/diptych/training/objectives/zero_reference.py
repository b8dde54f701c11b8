"""Zero-reference exposure: from dark pictures alone, a generator learns what they should look like.

The losses follow Zero-DCE (Guo et al., Zero-Reference Deep Curve Estimation for Low-Light Image Enhancement, CVPR 2020,
equations 4 to 7) with these differences. Its spatial consistency compares differences of values, which are small in a dark
picture and so ask for a flat result; here stops are compared, which an exposure does not change, but for the foot of the tone
curve. Its colour constancy makes the channels' means equal, as if all scenes were grey; here the colours of the dark picture
are kept, after the part of the white balance that the recipe `auto` does. Its exposure control asks for 0.6 in every area of
16 px; here the whole picture is aimed at the mean that good photographs have, and what is lost beyond white counts.

Each step looks at views of whole pictures, reduced, since an exposure is that of a picture and not of a crop.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.networks import Planner
from diptych.networks.modules.pictures import luma
from diptych.networks.modules.planner import PlannerModule
from diptych.training.config import ZeroReferenceConfig
from diptych.training.data import PathLike, TrainingData, ViewBatches, open_folder, split_folder, training_data
from diptych.training.objectives.base import Tensors, Term, Terms, crop_views
from diptych.training.objectives.single_generator import SingleGenerator
from diptych.training.preprocessing import preprocess_dark

# As for the recipe `auto`: of under-exposed photographs whose highlights (the 99.5th percentile of the brightest channel) are
# brought to 0.8, the mean luma has the median 0.24; of two scenes the darker one stays the darker, by the power of a quarter.
HIGHLIGHT, TYPICAL, DARKER = 0.8, 0.24, 0.25
BALANCED = 0.4  # share of the grey world that is believed
_AREA = 4  # px
_FLOOR = 0.1  # of the mean luma: darker than this, stops and colours are mostly noise
_LOST = 4.0  # weight of what is lost beyond white and black, beside the mean


class ZeroReferenceObjective(SingleGenerator):
    """One generator that learns to expose dark pictures well.

    Any generator is asked for smoothness, of what it multiplies the picture by; but for a `diptych.networks.Planner`, whose
    operation is smooth.

    Parameters
    ----------
    config, fabric :
        As for `SingleGenerator`.
    """

    def __init__(self, config: ZeroReferenceConfig, fabric: Fabric) -> None:
        self.config: ZeroReferenceConfig = config
        super().__init__(config, fabric)
        self._side = config.forward.thumbnail if isinstance(config.forward, Planner) else config.crop

    def open_data(self, *, source: PathLike | None, target: PathLike | None) -> TrainingData:
        """Open the folder of dark pictures; batches are views of whole ones."""
        assert source is not None
        config = self.config
        raw = open_folder(source, channels=config.forward.channels_in, config=config)
        preprocess = preprocess_dark(raw, kind=config.preprocess, denoise=config.denoise, level=config.level)
        part = split_folder(raw, preprocess, config)
        return training_data(ViewBatches(config, part.training), source=part, whole=True)

    def losses(self, network: nn.Module, batch: Tensors, draw: np.random.Generator, *, progress: float) -> Terms:
        """Return what is wrong with what a network makes of views of dark pictures; nothing is drawn."""
        config, weights = self.config, self.config.weights
        dark = crop_views(*batch, side=self._side)
        made, smoothness = _enhanced(network, dark)
        return {
            "exposure": Term(weights.exposure, exposure(made, dark, level=config.level)),
            "spatial": Term(weights.spatial, spatial(made, dark, stops=config.stops)),
            "color": Term(weights.color, color(made, dark)),
            "smoothness": Term(weights.smoothness, smoothness),
        }

    def held_out(self, data: TrainingData) -> Iterator[Tensors]:
        """Yield the held-out pictures, each whole and reduced, with the box of the whole."""
        for image in data.held_source:
            thumbnail = F.interpolate(self.as_batch(image), (self._side, self._side), mode="area")
            yield thumbnail, thumbnail.new_tensor([[0.0, 0.0, 1.0, 1.0]])


def _enhanced(network: nn.Module, dark: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a network makes of dark pictures, and the loss of its smoothness."""
    made = network(dark).float()
    return made, made.new_zeros(()) if isinstance(network, PlannerModule) else unevenness(made, dark)


def exposure(made: Tensor, dark: Tensor, *, level: float) -> Tensor:
    """Return ``(mean luma - aim)^2``, and what lies beyond white or black: its mean square, times 4.

    The aim is `level`, times the fourth root of how the scene's mean relates to its highlights, as it is for the recipe `auto`.
    It is that of the dark picture, and does not depend on how dark it is.
    """
    wrong = (luma(made).mean((1, 2, 3)) - aim_of(dark, level=level)) ** 2
    lost = (made - made.clamp(0, 1)) ** 2
    return wrong.mean() + _LOST * lost.mean()


def aim_of(dark: Tensor, *, level: float) -> Tensor:
    """Return the mean luma ``(N,)`` that each picture should have."""
    highlight = torch.quantile(dark.amax(1).flatten(1), 0.995, dim=1).clamp(min=0.02)
    scene = HIGHLIGHT * luma(dark).mean((1, 2, 3)) / highlight
    return (level * (scene.clamp(min=1e-3) / TYPICAL) ** DARKER).clamp(max=0.7)


def spatial(made: Tensor, dark: Tensor, *, stops: float) -> Tensor:
    """Return how far the differences between neighbouring areas of 4 x 4 px are from those before, times `stops`.

    ``mean over pairs of (log2 (y_i / y_j) - stops log2 (x_i / x_j))^2``, x and y being the means of luma of the areas over that
    of the picture, plus 0.1.
    """
    more = _stops(made) - stops * _stops(dark)
    return (more.diff(dim=2) ** 2).mean() + (more.diff(dim=3) ** 2).mean()


def color(made: Tensor, dark: Tensor) -> Tensor:
    """Return how far the colours of areas are from those of the dark picture after a part of its white balance.

    A colour is the channels over luma plus a tenth of its mean. The white balance is that of the grey world, to the power of
    0.4. Without three channels there is none.
    """
    if made.shape[1] != 3:
        return made.new_zeros(())
    means = dark.mean((2, 3), keepdim=True).clamp(min=1e-3)
    balanced = dark * (means.mean(1, keepdim=True) / means) ** BALANCED
    return ((_colors(made) - _colors(balanced)) ** 2).mean()


def unevenness(made: Tensor, dark: Tensor) -> Tensor:
    """Return the mean squared steps, between neighbouring pixels, of the logarithm of what a picture was multiplied by."""
    gain = torch.log2((made + _FLOOR) / (dark + _FLOOR))
    return (gain.diff(dim=2) ** 2).mean() + (gain.diff(dim=3) ** 2).mean()


def _stops(picture: Tensor) -> Tensor:
    light = _areas(luma(picture).clamp(min=0))
    return torch.log2(light / light.mean((2, 3), keepdim=True).clamp(min=1e-3) + _FLOOR)


def _colors(picture: Tensor) -> Tensor:
    areas = _areas(picture.clamp(min=0))
    light = luma(areas)
    return areas / (light + _FLOOR * light.mean((2, 3), keepdim=True).clamp(min=1e-3))


def _areas(picture: Tensor) -> Tensor:
    return F.avg_pool2d(picture, min(_AREA, *picture.shape[-2:]))
