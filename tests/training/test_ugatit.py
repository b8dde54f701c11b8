"""UGATIT in the loop: its losses, its checkpoints, its attention on the contact sheets and in the report."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import ParameterError
from diptych.networks import UGATIT, CAMPatchGAN, Mobile, build
from diptych.photo import read
from diptych.training import CycleGANConfig, load_generator, preset, train
from diptych.training.config import CycleGANWeights, from_toml
from diptych.training.distributed import launch
from diptych.training.generator_file import heat_of
from diptych.training.objectives.cyclegan import CycleGANObjective
from diptych.training.run.samples import overlay
from training_helpers import newest

SMALL = CycleGANConfig(
    forward=UGATIT(width=4, blocks=1),
    discriminator=CAMPatchGAN(width=4, depth=1, global_depth=2),
    weights=CycleGANWeights(attention=10.0, gradient_penalty=0.5),
    steps=6,
    eval_every=3,
    batch=2,
    crop=24,
    pool=3,
    workers=1,
    learning_rate=1e-2,
    precision="float32",
    device="cpu",
)


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return train(SMALL, source=folders[0], target=folders[1], out=out)


def test_its_losses_are_logged(finished):
    first = next(entry["losses"] for entry in finished.entries() if entry["event"] == "losses")
    assert {"attention.forward", "attention.backward", "discriminator.a", "gradient_penalty.b"} <= set(first)
    # Weighted by 10; a classifier that tells nothing has 2 log 2.
    assert first["attention.forward"] == pytest.approx(13.9, abs=3)


def test_the_classifiers_learn_to_tell_the_domains_apart(folders):
    config = SMALL.updated({"learning_rate": 3e-3, "steps": 20})
    objective = CycleGANObjective(config, launch(config))
    data = objective.open_data(source=folders[0], target=folders[1])
    batch = tuple(torch.from_numpy(part) for part in data.batches.batch(0))
    found = [objective.train_step([batch], step=step) for step in range(8)]
    first, last = (float(one["attention.forward"] + one["attention.backward"]) for one in (found[0], found[-1]))
    assert last < 0.9 * first


def test_shares_stay_shares_and_everything_learns(finished):
    fresh = build(SMALL.forward, seed=0).state_dict()
    trained = {name.removeprefix("forward/"): value for name, value in load_file(newest(finished)).items()}
    for name, before in fresh.items():
        assert not torch.equal(trained[name], before), name
        if name.endswith("rho"):
            assert trained[name].min() >= 0
            assert trained[name].max() <= 1


def test_going_on_gives_the_same_bytes(finished, folders, tmp_path):
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "cut"}

    def pull(entry):
        if entry["event"] == "losses" and entry["step"] == 6:
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(SMALL, **options, on_event=pull)
    run = train(SMALL, **options, resume=True)
    assert newest(run).read_bytes() == newest(finished).read_bytes()


def test_the_sheets_and_the_report_show_where_it_looks(finished, folders, tmp_path):
    plain = SMALL.updated(
        {"forward": {"name": "mobile", "width": 4, "depth": 2}, "weights": {"attention": 0.0}, "steps": 3}
    )
    other = train(plain, source=folders[0], target=folders[1], out=tmp_path / "plain")
    with_map, without = (read(run.samples / "step-000000003.png").pixels.shape for run in (finished, other))
    assert with_map[1] - without[1] == 192 + 4  # one column more
    assert "where the network looks" in (finished.path / "report.html").read_text()
    assert "where the network looks" not in (other.path / "report.html").read_text()


def test_the_generator_is_an_enhancer_that_knows_its_attention(finished, folders):
    generator = load_generator(finished.path)
    image = read(next(folders[0].iterdir())).pixels
    assert generator(image).shape == image.shape
    heat = heat_of(generator.module, (image / 255).astype(np.float32))
    assert heat.shape == (10, 10)
    assert heat.std() > 0
    assert heat_of(build(Mobile(width=4, depth=2, blocks=1)), (image / 255).astype(np.float32)) is None


def test_an_overlay():
    grey = overlay(np.full((4, 6), 0.5, np.float32), np.array([[0.0, 1.0, 2.0]]))
    assert grey.shape == (4, 6, 3)
    assert grey.dtype == np.float32
    assert np.allclose(grey[0, 0], 0.2)  # nothing, over a picture that is darkened
    assert np.allclose(grey[0, 2], [0.8, 0.5, 0.2])  # half way: red, and half of the yellow
    assert np.allclose(grey[0, 4], 0.8)
    even = overlay(np.zeros((3, 3, 1), np.uint8), np.ones((2, 2)))
    assert not even.any()


@pytest.mark.parametrize("light", [True, False])
def test_a_step_of_the_authors_own_weights(light, folders, tmp_path):
    # 1,000 for the attention, no identity to share a batch with, and the full version.
    weights = {"attention": 1000.0, "identity": 0.0}
    values = {"weights": weights, "steps": 1, "eval_every": 1, "forward": {"light": light, "size": 24}}
    run = train(SMALL.updated(values), source=folders[0], target=folders[1], out=tmp_path / "run")
    losses = run.entries()[1]["losses"]
    assert losses["attention.forward"] > 500
    assert "identity" not in losses


def test_what_does_not_fit_is_refused():
    with pytest.raises(ParameterError, match="attention is for generators that attend; give ugatit"):
        CycleGANConfig(weights=CycleGANWeights(attention=1.0))
    with pytest.raises(ParameterError, match="discriminator is not the config of a discriminator"):
        CycleGANConfig(discriminator=UGATIT())
    with pytest.raises(ParameterError, match="attention needs as many channels in as out"):
        SMALL.updated({"forward": {"channels_out": 1}, "weights": {"identity": 0.0}})
    again = from_toml(SMALL.to_toml())
    assert again == SMALL
    assert preset("ugatit").forward.light
    assert preset("ugatit").weights.attention > 0
