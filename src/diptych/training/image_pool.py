"""The pool of earlier outputs, which keeps the discriminators from forgetting."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Give the discriminator an earlier output in place of a new one, every other time.

    What is drawn depends on the seed and the number of the draw alone, so that nothing but the pictures has to be saved.

    Parameters
    ----------
    size : int
        Number of pictures kept; 0 gives every picture straight back.
    seed : int
        Decides what is drawn.

    References
    ----------
    Shrivastava et al., Learning from Simulated and Unsupervised Images through Adversarial Training, CVPR 2017, section
    2.3; Zhu et al., ICCV 2017, section 4.
    """

    def __init__(self, size: int, *, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.images: list[Tensor] = []

    def swap(self, images: Tensor, *, number: int) -> Tensor:
        """Return as many pictures as came in, half of them from earlier on; `number` is that of the draw."""
        if self.size == 0:
            return images
        draw = np.random.default_rng((self.seed, number))
        given = [self._swap_one(image.detach(), draw) for image in images]
        return torch.stack(given)

    def _swap_one(self, image: Tensor, draw: np.random.Generator) -> Tensor:
        slot, old = int(draw.integers(self.size)), draw.random() < 0.5
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if not old:
            return image
        earlier, self.images[slot] = self.images[slot], image.clone()
        return earlier
