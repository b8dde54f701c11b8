"""float16, bfloat16, torch.compile and channels-last at toy size: they run, and learn what float32 learns."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from diptych.networks import Mobile, PatchGAN
from diptych.training import CycleGANConfig, load_generator, train
from diptych.training.config import CycleGANWeights
from diptych.training.distributed import launch
from diptych.training.optimization import clip_gradients
from training_helpers import write_folders

TOY = CycleGANConfig(
    forward=Mobile(width=4, depth=1, blocks=0),
    discriminator=PatchGAN(width=4, depth=1, normalisation="none"),
    steps=2,
    eval_every=2,
    batch=2,
    crop=16,
    pool=3,
    workers=0,
    preprocess="none",
    denoise=0.0,
    weights=CycleGANWeights(gradient_penalty=1.0, structure=0.5),
    precision="float32",
    device="cpu",
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=4, side=24)


def losses_of(config, folders, out):
    run = train(config, source=folders[0], target=folders[1], out=out)
    image = np.full((21, 18, 3), 90, np.uint8)
    assert load_generator(run.path)(image).shape == image.shape
    return next(entry["losses"] for entry in run.entries() if entry["event"] == "losses")


@pytest.fixture(scope="module")
def plain(folders, tmp_path_factory):
    return losses_of(TOY, folders, tmp_path_factory.mktemp("plain") / "run")


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_learns_the_same(plain, folders, tmp_path, precision):
    config = TOY.updated({"precision": precision})
    assert f"torch.{precision}" == str(launch(config).strategy.precision._desired_input_dtype)
    found = losses_of(config, folders, tmp_path / "run")
    assert found == pytest.approx(plain, rel=0.05, abs=0.01)


@pytest.mark.filterwarnings("ignore")  # of torch itself, where it compiles
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_and_channels_last_learns_the_same(plain, folders, tmp_path):
    found = losses_of(TOY.updated({"compile": True, "channels_last": True}), folders, tmp_path / "run")
    assert found == pytest.approx(plain, rel=1e-3, abs=1e-4)


def test_float16_clips_gradients_by_their_true_norm():
    fabric = launch(TOY.updated({"precision": "float16"}))
    weights = torch.nn.Parameter(torch.zeros(2))
    optimiser = torch.optim.Adam([weights], fused=True)
    fabric.backward((weights * torch.tensor([0.3, 0.4])).sum())
    assert float(weights.grad.norm()) > 1000  # as the loss was scaled
    clip_gradients(fabric, optimiser, norm=1.0)
    assert weights.grad.tolist() == pytest.approx([0.3, 0.4])
    fabric.strategy.optimizer_step(optimiser)
    assert weights.tolist() == pytest.approx([-1e-3, -1e-3], rel=1e-3)
