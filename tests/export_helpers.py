"""What the tests of the exports share: small networks whose weights do something."""

from __future__ import annotations

from dataclasses import replace

import torch

from diptych.networks import Mobile, ResNet, UNet, build
from diptych.recipes import Recipe
from diptych.training.generator_file import TrainedGenerator

CONFIGS = {
    "unet": UNet(width=4, depth=2),
    "resnet": ResNet(width=4, blocks=1),
    "mobile": Mobile(width=4, depth=2, blocks=1),
}


def generator(
    name: str = "unet", *, preprocess: Recipe | None = None, postprocess: Recipe | None = None, **changes: int
) -> TrainedGenerator:
    """Return a generator whose output depends on its input: fresh weights are too small, or 0 in the last layer."""
    config = replace(CONFIGS[name], **changes)
    module = build(config, seed=3).eval().requires_grad_(False)
    torch.manual_seed(5)
    for weight in module.parameters():
        if weight.dim() == 4:
            weight.normal_(0, (2 / weight[0].numel()) ** 0.5)
    return TrainedGenerator(config, module, preprocess or Recipe(), postprocess or Recipe(), {"steps": 7}, "small")
