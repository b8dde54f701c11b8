"""First weights from a file: what is taken over, what is not, and what is refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from diptych.core.errors import TrainingError
from diptych.networks import Mobile, PatchGAN, Planner, UNet, build
from diptych.training import CycleGANConfig, PlannerConfig, ReconstructionConfig, load_generator, save_generator, train
from diptych.training.generator_file import TrainedGenerator
from diptych.training.initial_weights import fitting
from training_helpers import write_folders

NETWORK = Mobile(width=4, depth=2, blocks=1)
SMALL = CycleGANConfig(
    forward=NETWORK,
    discriminator=PatchGAN(width=4, depth=1),
    steps=2,
    eval_every=1,
    batch=2,
    crop=24,
    preprocess="none",
    denoise=0.0,
    workers=0,
    precision="float32",
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=6, side=32)


def saved(path, config, *, seed=9):
    save_generator(path, TrainedGenerator(config, build(config, seed=seed).eval(), name="pretrained"))
    return path


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("given") / "given.safetensors", NETWORK)


def test_a_generator_of_0_1_is_read(given, tmp_path):
    with safe_open(given, framework="pt") as file:
        stored = json.loads(file.metadata()["diptych"])
    stored["before"], stored["after"] = stored.pop("preprocess"), stored.pop("postprocess")
    old = tmp_path / "old.safetensors"
    save_file(load_file(given), old, {"diptych": json.dumps(stored)})
    assert load_generator(old).preprocess == load_generator(given).preprocess


def still(config):
    """Return settings with which a step moves nothing that could be seen."""
    return config.updated({"learning_rate": 1e-8, "discriminator_rate": 1e-8})


def test_both_generators_begin_with_the_weights_of_the_file(folders, given, tmp_path):
    run = train(still(SMALL), source=folders[0], target=folders[1], out=tmp_path / "run", init=given)
    state = load_file(sorted(run.checkpoints.iterdir())[-1])
    for name, value in load_file(given).items():
        for network in ("forward", "backward", "average_forward", "average_backward"):
            assert torch.allclose(state[f"{network}/{name}"], value, atol=1e-6), (network, name)
    entry = run.entries()[1]
    assert entry["event"] == "init"
    assert {name: part["left"] for name, part in entry["networks"].items()} == {"forward": [], "backward": []}


def test_a_degradation_model_is_left_alone(folders, tmp_path):
    network = Planner(width=4, thumbnail=32)
    path = saved(tmp_path / "planner.safetensors", network)
    small = PlannerConfig(steps=2, eval_every=1, batch=2, crop=24, preprocess="none", workers=0, precision="float32")
    config = still(small).updated(
        {"forward": network, "calibration_steps": 0, "discriminator": {"width": 4, "depth": 1}}
    )
    run = train(config, source=folders[0], target=folders[1], out=tmp_path / "run", init=path)
    assert set(run.entries()[1]["networks"]) == {"forward"}


def test_an_encoder_that_fits_is_taken_and_the_rest_is_named():
    coloured, grey = build(NETWORK, seed=1), build(Mobile(width=4, depth=2, blocks=1, channels_in=1, channels_out=1))
    found = fitting(grey, coloured)
    assert 0.5 < found.share < 1
    assert any(name.startswith("down.0") for name in found.left)
    assert any(name.startswith("head") for name in found.left)
    assert not any(name.startswith("middle") for name in found.left)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (UNet(width=4, depth=2), "is a unet, but forward is a mobile; give forward.name=unet"),
        (Mobile(width=8, depth=2, blocks=1), "% of the weights of forward fit, half is needed.*forward.width=8"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_way_out(folders, tmp_path, config, words):
    path = saved(tmp_path / "other.safetensors", config)
    with pytest.raises(TrainingError, match=words):
        train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "run", init=path)
    assert not (tmp_path / "run").exists()


def test_a_missing_file_is_named(folders, tmp_path):
    with pytest.raises(TrainingError, match=r"nowhere\.safetensors: no such file"):
        train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "run", init=tmp_path / "nowhere.safetensors")


def test_going_on_with_init_gives_the_same_bytes(folders, given, tmp_path):
    folder = {"source": folders[0], "target": folders[1]}
    whole = train(SMALL, **folder, out=tmp_path / "whole", init=given)

    def pull(entry):
        if entry["event"] == event:
            raise RuntimeError("pulled the plug")

    event = "init"
    with pytest.raises(RuntimeError, match="pulled"):
        train(SMALL, **folder, out=tmp_path / "cut", init=given, on_event=pull)
    # Nothing is written yet: without the file nobody knows where it began.
    with pytest.raises(TrainingError, match="began with `init` and has no checkpoint"):
        train(SMALL, **folder, out=tmp_path / "cut", resume=True)
    event = "losses"
    with pytest.raises(RuntimeError, match="pulled"):
        train(SMALL, **folder, out=tmp_path / "cut", resume=True, init=given, on_event=pull)
    cut = train(SMALL, **folder, out=tmp_path / "cut", resume=True)
    newest = [sorted(run.checkpoints.iterdir())[-1].read_bytes() for run in (whole, cut)]
    assert newest[0] == newest[1]
    with pytest.raises(TrainingError, match="began with other weights"):
        train(
            SMALL, **folder, out=tmp_path / "cut", resume=True, init=saved(tmp_path / "o.safetensors", NETWORK, seed=3)
        )


def test_pretraining_is_a_start_for_a_cyclegan(folders, tmp_path):
    alone = ReconstructionConfig(forward=NETWORK, steps=2, eval_every=2, batch=2, crop=24, workers=0)
    first = train(alone, source=folders[0], out=tmp_path / "first")
    second = train(still(SMALL), source=folders[0], target=folders[1], out=tmp_path / "second", init=first.path)
    ours, theirs = (load_generator(run.path).module.state_dict() for run in (second, first))
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)
