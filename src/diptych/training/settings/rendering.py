"""Settings of a rendering that learns from a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from diptych.core.parameters import Range


@dataclass(frozen=True, kw_only=True)
class RenderingSettings:
    """What decides a training with a camera (see `diptych.training.render_game`), besides what all trainings share.

    Parameters
    ----------
    tone, chroma, denoising : float
        Weights of the losses of `diptych.training.render_losses`, beside 1 for the mean absolute error.
    least_view : float
        Share of a picture that a view of it shows along either axis, at least: 1 for whole pictures only. The less, the
        more different the views, and the less they look like whole pictures.
    crops : int
        Crops of `crop` px a step that the denoiser learns from; 0 leaves it as it is.
    fit : int
        Steps of the camera's fit to the source, before the training; 0 leaves it as its kind begins.
    """

    tone: Annotated[float, Range(0, 1000)] = 4.0
    chroma: Annotated[float, Range(0, 1000)] = 0.3
    denoising: Annotated[float, Range(0, 1000)] = 1.0
    least_view: Annotated[float, Range(0.1, 1)] = 0.6
    crops: Annotated[int, Range(0, 4096)] = 8
    fit: Annotated[int, Range(0, 100_000)] = 400
