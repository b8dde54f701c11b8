"""What a place (top, left, height and width as shares) shows of a picture."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def view(copies: Tensor, places: Tensor, *, side: int) -> Tensor:
    """Return squares of `side` px of what the places ``(N, 4)`` show of pictures ``(N, C, H, W)``."""
    top, left, height, width = places.unbind(1)
    turn = places.new_zeros(len(places), 2, 3)
    turn[:, 0, 0], turn[:, 0, 2] = width, 2 * left + width - 1
    turn[:, 1, 1], turn[:, 1, 2] = height, 2 * top + height - 1
    grid = F.affine_grid(turn, [len(copies), copies.shape[1], side, side], align_corners=False)
    return F.grid_sample(copies, grid, mode="bilinear", padding_mode="border", align_corners=False)
