"""The networks of Diptych itself, exported by torch: in strips as in one piece."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.networks import Mobile, ResNet, UNet, build
from diptych.runtime import OnnxEnhancer
from runtime_networks import photograph
from runtime_strips import in_strips

CONFIGS = {
    "unet": UNet(width=4, depth=4),
    "resnet": ResNet(width=4, blocks=2, upsampling="transposed"),
    "mobile": Mobile(width=4, depth=3, blocks=1),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_strips_equal_the_whole(name):
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'diptych[train]'")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'diptych[export]'")
    from diptych.export.onnx import to_bundle
    from diptych.training.generator_file import TrainedGenerator

    module = build(CONFIGS[name], seed=3).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(5)
    for weight in module.parameters():
        if weight.dim() == 4:  # fresh weights are too small to show a difference, or 0 in the last layer
            weight.normal_(0, (2 / weight[0].numel()) ** 0.5, generator=generator)
    bundle = to_bundle(TrainedGenerator(CONFIGS[name], module))
    image = (photograph(320, 240) / 255).astype(np.float32)
    whole = OnnxEnhancer(bundle, memory=1 << 32)(image)
    made, count = in_strips(bundle, image, 3e6)
    assert count > 2
    assert np.abs(made - whole).max() < 0.1 / 255
