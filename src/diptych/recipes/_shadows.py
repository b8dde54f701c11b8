"""Shadows of a picture whose other parts are well lit: how large, how dark, and how far they may be opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych.core.color import luma
from diptych.core.image import FloatImage
from diptych.recipes.steps import step

_DEEP = 0.25  # the brightness of the surroundings under which a place lies in the shadow
_EPSILON = 0.01  # of the guided filter, as in `develop`
_AIM, _MOST = 0.22, 3.6  # luma that the middle of the shadows is brought to, and the largest factor
_VISIBLE = 5.0  # levels of 255: noise that opened shadows may show

PROTECT = 2.0
"""How soon the lift fades towards white where shadows are opened: sky and windows stay as they are."""


@dataclass(frozen=True)
class Shadows:
    """What lies in the shadow; intensities in [0, 1].

    Attributes
    ----------
    area : float
        Share of the picture whose surroundings are dark.
    middle, bright : float
        Median and 90th percentile of the luma in them.
    lights : float
        95th percentile of the luma of the whole picture.
    """

    area: float
    middle: float
    bright: float
    lights: float

    @classmethod
    def of(cls, sample: FloatImage) -> Shadows:
        """Measure a subsample ``(H, W, C)`` of an image."""
        light, largest = luma(sample), sample.max(axis=2)
        surroundings = step("guided", radius=max(4, min(largest.shape) // 16), epsilon=_EPSILON)(largest)
        inside = light[surroundings < _DEEP]
        middle, bright = np.percentile(inside, [50, 90]) if inside.size else (0.0, 0.0)
        return cls(inside.size / light.size, float(middle), float(bright), float(np.percentile(light, 95)))

    @property
    def backlit(self) -> float:
        """How far this is a picture with large shadows that hold something, in front of something bright: 0 to 1.

        A twentieth of the picture is bright, a fifth to a third or more is dark, and darker than black things are in good
        light; what is nearly black all over is a silhouette, and stays one.
        """
        holds = ramp(self.middle, 0.010, 0.030) * ramp(self.bright, 0.03, 0.08)
        dark = ramp(self.area, 0.12, 0.40) * ramp(self.middle, 0.115, 0.065)
        return holds * dark * ramp(self.lights, 0.45, 0.75)

    @property
    def low_key(self) -> float:
        """How far nearly everything is dark and nothing of any size is bright, as where that is the picture: 0 to 1."""
        return ramp(self.area, 0.55, 0.85) * ramp(self.lights, 0.45, 0.25)

    def lift(self, share: float, noise: float) -> float:
        """Return the lift, as `develop` has it with `PROTECT`, that opens them so far as their noise allows.

        Parameters
        ----------
        share : float
            How far they are to be opened, 0 to 1.
        noise : float
            Standard deviation of the noise of luma.
        """
        gain = float(np.clip(_AIM / max(self.middle, 1e-3), 1, _MOST)) ** share
        more = min(gain, max(1.0, _VISIBLE / max(255 * noise, 1e-3))) - 1
        at = max(self.middle, 0.02)
        room = (1 - at) ** (1 + PROTECT) - more * at
        return min(more / room, 6.0) if room > 0 else 6.0


def ramp(value: float, start: float, end: float) -> float:
    """Return 0 at `start`, 1 at `end`, smooth between (either may be the larger)."""
    share = float(np.clip((value - start) / (end - start), 0, 1))
    return share * share * (3 - 2 * share)
