"""The degradation model: samples the values of a degradation, and applies them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from diptych.networks.degradation import Degradation
from diptych.networks.modules.everyday import Everyday
from diptych.networks.modules.grain import Grain
from diptych.networks.modules.pictures import luma
from diptych.networks.modules.sensor import Camera
from diptych.networks.modules.smooth import Field, above_zero, stepped, toned

NAMES = ("exposure", "gamma", "red", "blue", "saturation", "light", "depth", "air", "black")
"""What is sampled: logarithms, but for `depth` (optical depth; its sign does not count), `air` (a logit) and `black`."""

_HELD = ("red", "blue", "saturation", "light", "black")
"""What a fit does not move. The domains show other scenes, which may well be more colourful, of another cast, or more unevenly
lit: too little exposure changes none of that, and a network that learns to undo it makes colours grey and light flat. A lowered
black cannot be told from a steeper curve, but would take the shadows away."""

_NEUTRAL = {"air": 0.0, "light": -16.0}
_NARROW = 1e-6  # deviation of what does not vary; its logarithm has to be a number

# kind -> value -> (mean, deviation); what is not there is neutral and hardly varies.
#
# What dark photographs are was measured on 347 real pairs, the training half of LOL, denoised and blurred. Their curves work
# channel by channel: against the good picture, the logarithms of R/G and B/G have the slopes 1.72 and 1.88, and luma has 1.84
# (quartiles 1.59 to 2.08). The logarithm of the exposure is -1.67 (-1.95 to -1.38). Casts, at the tenth, the middle and the
# ninetieth percentile: R/G -0.28, -0.03, 0.16; B/G -0.34, -0.05, 0.07.
_STARTS: dict[str, dict[str, tuple[float, float]]] = {
    "low_light": {
        "exposure": (-1.75, 0.43),
        "gamma": (0.56, 0.15),
        "red": (-0.04, 0.15),
        "blue": (-0.08, 0.16),
        "saturation": (0.0, 0.1),
        "light": (-2.3, 0.3),
        "black": (-0.001, 0.0025),
    },
    "haze": {
        "exposure": (-0.05, 0.1),
        "gamma": (0.0, 0.1),
        "red": (0.0, 0.04),
        "blue": (0.0, 0.04),
        "saturation": (-0.05, 0.1),
        "light": (-3.0, 0.3),
        "depth": (0.8, 0.4),
        "air": (1.3, 0.4),
        "black": (0.0, 0.005),
    },
    "low_contrast": {
        "exposure": (0.0, 0.15),
        "gamma": (0.0, 0.2),
        "light": (-2.0, 0.3),
        "depth": (0.8, 0.3),
        "air": (-0.2, 0.4),
        "black": (0.0, 0.01),
    },
    "noise": {"exposure": (0.0, 0.05), "gamma": (0.0, 0.03), "black": (0.0, 0.002)},
    "neutral": {},
}


class Sample(NamedTuple):
    """The values of one degradation for each picture of a batch.

    Attributes
    ----------
    values : Tensor, shape (N, number of `NAMES`)
        Sampled.
    light, depth : Tensor, shape (N, 1, 3, 3)
        How both vary over the picture: standard normal values at 3 x 3 places.
    noise : Tensor, shape (N, C)
        Factor of the noise of each channel.
    lamps : Tensor, shape (N, 3)
        What is lit by itself and stays as it is: how much of it (0 for none), from which luma on, and how sharply.
    correlation : float
        Of neighbouring values of the noise.
    camera : Camera or None
        What the noise comes from if it lies before the curve of tones; `noise` and `correlation` do not count then.
    generator : torch.Generator
        What the noise is drawn from.
    """

    values: Tensor
    light: Tensor
    depth: Tensor
    noise: Tensor
    lamps: Tensor
    correlation: float
    camera: Camera | None
    generator: torch.Generator


class DegradationModule(nn.Module):
    """A degradation model. In training mode each call is a new sample; in evaluation mode it is always the typical one.

    The state counts the samples, and what is drawn is a function of that number and of the seed, so that a loaded module
    continues the sequence of the saved one.
    """

    seed: Tensor
    samples: Tensor

    def __init__(self, config: Degradation) -> None:
        super().__init__()
        self.config = config
        starts = [_STARTS[config.kind].get(name, (_NEUTRAL.get(name, 0.0), 0.0)) for name in NAMES]
        self.mean = nn.Parameter(torch.tensor([mean for mean, _ in starts]))
        self.log_deviation = nn.Parameter(torch.tensor([math.log(max(wide, _NARROW)) for _, wide in starts]))
        # What a kind does not have is not moved: haze and a raised black look alike.
        self._moves = [name in _STARTS[config.kind] and name not in _HELD for name in NAMES]
        self.grain = Grain(config.channels_in, silent=config.kind == "neutral")
        # Drawn from torch's generator, which is where a network's seed goes.
        self.register_buffer("seed", torch.randint(2**31, ()))
        self.register_buffer("samples", torch.zeros((), dtype=torch.int64))

    def forward(self, image: Tensor) -> Tensor:
        """Return a degraded version ``(N, C, H, W)`` of each picture, with noise as at full resolution."""
        return self.degrade(image, self.sample(image))

    def sample(
        self,
        pictures: Tensor,
        *,
        spread: float | None = None,
        clean: float | None = None,
        everyday: float | None = None,
    ) -> Sample:
        """Sample a degradation for pictures ``(N, C, H, W)``, or for thumbnails of them: their mean luma counts.

        `spread`, `clean` and `everyday` replace the config's values; ``everyday=0`` leaves everyday degradations out.
        """
        generator = self._next()
        count = len(pictures)

        def normal(*shape: int) -> Tensor:
            return torch.randn(count, *shape, generator=generator).to(self.mean)

        values, light, depth = normal(len(NAMES)), normal(1, 3, 3), normal(1, 3, 3)
        spread, clean = self._varied(spread, clean)
        noise = self.config.noise * self.grain.strengths(normal(1), normal(pictures.shape[1]), spread)
        silent = torch.rand(count, 1, generator=generator).to(noise) < clean
        mean, deviation = self._only(self.mean), self._only(self.log_deviation).exp()
        values = mean + spread * deviation * values
        varies = float(self.training)
        correlation = float(self.grain.between_neighbours)
        lamps, noise = values.new_zeros(count, 3), noise.masked_fill(silent, 0.0)
        everyday = self.config.everyday if everyday is None else everyday
        if self.training and everyday:
            drawn = Everyday(pictures, generator)
            is_one = drawn.chosen(everyday)
            values = torch.where(is_one, drawn.values(NAMES), values)
            lamps, noise = torch.where(is_one, drawn.lamps(), lamps), torch.where(is_one, drawn.noise(noise), noise)
            light, correlation = light.masked_fill(is_one[:, :, None, None], 0.0), drawn.correlation(correlation)
        camera = self._camera(pictures, values, clean, generator)
        return Sample(values, varies * light, varies * depth, noise, lamps, correlation, camera, generator)

    def degrade(
        self,
        picture: Tensor,
        sample: Sample,
        *,
        boxes: Tensor | None = None,
        noise: float = 1.0,
        quantise: bool = True,
        averaged: bool = False,
    ) -> Tensor:
        """Return degraded pictures, thumbnails, or parts of pictures.

        Parameters
        ----------
        picture : Tensor, shape (N, C, H, W)
            In [0, 1].
        sample : Sample
            From `sample`. The noise continues its generator: the same sample applied twice has different noise.
        boxes : Tensor, shape (N, 4), optional
            Where the parts lie in their pictures: top, left, height, width as shares of the picture. Default: all of it.
        noise : float
            Factor of the noise: 1 at full resolution, 0 for none, see `noise_at` for a smaller copy.
        quantise : bool
            Round to the config's bits. Not for a smaller copy, whose averages of pixels lie between the levels.
        averaged : bool
            Whether this is a smaller copy of a noisy picture: noise that was cut off at black has then raised the shadows.
        """
        with torch.autocast(picture.device.type, enabled=False):
            clear = self._expose(picture.float(), sample, Field(boxes, picture))
            if sample.camera is not None:
                x = sample.camera.photograph(clear, self.grain, sample.generator, noise=noise, averaged=averaged)
                return stepped(x, 2**self.config.bits - 1) if quantise and self.config.bits else x
            x = self.grain.cut_off(clear, sample.noise) if averaged else clear
            x = self.grain(x, sample.noise * noise, sample.generator, correlation=sample.correlation).clamp(0, 1)
            return stepped(x, 2**self.config.bits - 1) if quantise and self.config.bits else x

    def noise_at(self, side: float) -> float:
        """Return the factor of the noise in a copy of `side` px (the root of its area): averaging takes the rest."""
        return self.grain.remaining(side)

    def _expose(self, picture: Tensor, sample: Sample, field: Field) -> Tensor:
        """Return the degraded pictures without their noise."""
        value = dict(zip(NAMES, sample.values[:, :, None, None, None].unbind(1), strict=True))
        light = value["exposure"] + field.of(sample.light) * value["light"].exp()
        before = luma(picture)
        x = toned(picture, value["gamma"].exp()) * light.exp()
        if picture.shape[1] == 3:
            x = x * _gains(value["red"], value["blue"])
            grey = luma(x)
            x = grey + value["saturation"].exp() * (x - grey)
        clear = torch.exp(-value["depth"].abs() * (0.3 * field.of(sample.depth)).exp())
        air = torch.sigmoid(value["air"])
        x = above_zero(air + clear * (x - air) + value["black"])
        much, start, sharpness = sample.lamps[:, :, None, None, None].unbind(1)
        lit = much * torch.sigmoid(sharpness * (before - start))
        return lit * picture + (1 - lit) * x

    def _camera(self, pictures: Tensor, values: Tensor, clean: float, generator: torch.Generator) -> Camera | None:
        if not (self.config.camera and self.training):
            return None
        gamma = values[:, NAMES.index("gamma"), None].exp()
        return Camera.drawn(pictures, gamma, noise=self.config.noise, clean=clean, generator=generator)

    def _varied(self, spread: float | None, clean: float | None) -> tuple[float, float]:
        if not self.training:
            return 0.0, 0.0
        return (self.config.spread if spread is None else spread), (self.config.clean if clean is None else clean)

    def _only(self, weights: Tensor) -> Tensor:
        return torch.where(torch.tensor(self._moves, device=weights.device), weights, weights.detach())

    def _next(self) -> torch.Generator:
        number = int(self.samples) + 1 if self.training else 0
        if self.training:
            self.samples += 1
        # torch looks at 32 bits of a seed.
        mixed = np.random.SeedSequence((int(self.seed), number)).generate_state(1)[0]
        return torch.Generator().manual_seed(int(mixed))


def _gains(red: Tensor, blue: Tensor) -> Tensor:
    """Return the factors of the channels; green gives up nothing."""
    return torch.cat([red, torch.zeros_like(red), blue], 1).exp()
