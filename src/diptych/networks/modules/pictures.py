"""What is the same for all networks that look at a picture as a whole: its luma, and its thumbnail."""

from __future__ import annotations

import torch
from torch import Tensor

from diptych.core.color import LUMA


def luma(image: Tensor) -> Tensor:
    """Return the BT.601 luma ``(N, 1, H, W)`` of three channels, the mean of any other number."""
    if image.shape[1] != 3:
        return image.mean(1, keepdim=True)
    return (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def averaged(image: Tensor, side: int) -> Tensor:
    """Return the averages ``(N, C, side, side)`` of equal areas; a pixel that two areas share counts in proportion."""
    if tuple(image.shape[-2:]) == (side, side):
        return image
    rows, columns = (_averaging(length, side).to(image) for length in image.shape[-2:])
    return rows @ image @ columns.T


def _averaging(length: int, cells: int) -> Tensor:
    """Return the matrix ``(cells, length)`` that averages pixels over cells of equal length."""
    # In double precision: at 4,000 px float32 would lose four digits of an overlap.
    first = torch.arange(cells, dtype=torch.float64)[:, None] * (length / cells)
    pixel = torch.arange(length, dtype=torch.float64)
    overlap = torch.minimum(pixel + 1, first + length / cells) - torch.maximum(pixel, first)
    return overlap.clamp(min=0) * (cells / length)
