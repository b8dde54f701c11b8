"""Small functions of pictures that are what they should be going forward, and have a useful gradient going back."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

_SMALL = 1e-4  # below it a power's slope would grow without bounds
_SHARP = 400.0  # per unit of intensity


def toned(image: Tensor, exponent: Tensor) -> Tensor:
    """Return values raised to an exponent, as the curve of a camera works, channel by channel; 0 stays 0."""
    return image * image.clamp_min(_SMALL) ** (exponent - 1)


def above_zero(image: Tensor) -> Tensor:
    """Return max(x, 0), with the slope of a softplus: what was pressed into black still says by how much."""
    soft = F.softplus(image * _SHARP) / _SHARP
    return soft + (image.clamp_min(0) - soft).detach()


def stepped(image: Tensor, levels: int) -> Tensor:
    """Return values rounded to steps of ``1 / levels``, with slope 1."""
    return image + ((image * levels).round() / levels - image).detach()


class Field:
    """Turns values at 3 x 3 places of a picture into a smooth field over it, or over a part of it.

    Parameters
    ----------
    boxes : Tensor, shape (N, 4), optional
        Top, left, height and width of the parts as shares of the whole; default the whole.
    picture : Tensor, shape (N, C, H, W)
        Its size and count.
    """

    def __init__(self, boxes: Tensor | None, picture: Tensor) -> None:
        count, _, height, width = picture.shape
        whole = picture.new_tensor([[0.0, 0.0, 1.0, 1.0]]).expand(count, 4)
        top, left, tall, wide = (whole if boxes is None else boxes.to(picture)).unbind(1)
        self._rows = _hats(top, tall, height)
        self._columns = _hats(left, wide, width)

    def of(self, values: Tensor) -> Tensor:
        """Return the field ``(N, 1, H, W)`` for values ``(N, 1, 3, 3)``."""
        return self._rows @ values @ self._columns.transpose(-1, -2)


def _hats(start: Tensor, length: Tensor, count: int) -> Tensor:
    """Return the weights ``(N, 1, count, 3)`` of three places along an axis: a parabola through them, free of corners."""
    steps = (torch.arange(count).to(start) + 0.5) / count
    place = (start[:, None] + length[:, None] * steps).clamp(0, 1)
    weights = [2 * (place - 0.5) * (place - 1), 4 * place * (1 - place), 2 * place * (place - 0.5)]
    return torch.stack(weights, -1)[:, None]
