"""Refining is learned from good pictures alone; and what others have trained is loaded, or refused in one line."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.cli.app import main
from diptych.core.errors import BundleError, ParameterError
from diptych.networks import Degradation, Mobile, build
from diptych.photo import read
from diptych.recipes import Recipe, step
from diptych.runtime import OnnxRefiner
from diptych.training import load_generator, preset, train
from diptych.training.domains import open_domains
from diptych.training.fabric import launched
from diptych.training.refining.firsts import make_firsts, with_tones_of
from diptych.training.refining.game import RefineGame
from diptych.training.refining.pipeline import load_pipeline
from training_helpers import clean_picture, write_folders

SMALL = preset("refine").updated(
    {
        "forward": {"width": 8, "levels": 1, "steps": 2},
        "steps": 6,
        "every": 3,
        "batch": 2,
        "crop": 30,
        "workers": 1,
        "precision": "float32",
        "average": 0.5,
    }
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=6, side=50)[1]


@pytest.fixture(scope="module")
def finished(good, tmp_path_factory):
    return train(SMALL, target=good, out=tmp_path_factory.mktemp("runs") / "whole")


def stop_after(number):
    def watch(entry):
        if entry["event"] == "losses" and entry["step"] == number:
            raise RuntimeError("pulled the plug")

    return watch


def batch(count: int, side: int = 64) -> torch.Tensor:
    draw = np.random.default_rng(4)
    return torch.from_numpy(np.stack([clean_picture(draw, side).transpose(2, 0, 1) for _ in range(count)]))


def test_a_run_from_good_pictures_alone(finished):
    generator = load_generator(finished.path)
    assert generator.config == SMALL.forward
    readings = finished.validations()
    assert [reading["step"] for reading in readings] == [3, 6]
    assert all(np.isfinite(reading["loss"]) for reading in readings)
    assert read(next(finished.samples.iterdir())).pixels.shape[2] == 3
    image = clean_picture(np.random.default_rng(0), 37)
    assert generator(image).shape == image.shape


def test_a_stopped_run_ends_with_the_same_bytes(finished, good, tmp_path):
    with pytest.raises(RuntimeError, match="plug"):
        train(SMALL, target=good, out=tmp_path / "run", on_event=stop_after(6))
    resumed = train(SMALL, target=good, out=tmp_path / "run", resume=True)
    assert finished.best.name == resumed.best.name
    one, other = load_file(finished.best), load_file(resumed.best)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_velocity_is_learned(good):
    config = SMALL.updated({"steps": 40, "forward": {"width": 16, "noise": 0.2}, "learning_rate": 3e-3})
    domains, game = open_domains(config, target=good), RefineGame(config, launched(config))
    before = game.held_out_loss(domains)
    for number in range(config.steps):
        game.play([tuple(torch.from_numpy(part) for part in domains.batch(number, size=2))], step=number)
    assert game.held_out_loss(domains) < 0.97 * before


def test_first_results_are_drawn_by_number_and_keep_their_tones():
    camera, pictures = build(Degradation(everyday=0.5), seed=1).train(), batch(3)
    one, same = (make_firsts(camera, pictures, np.random.default_rng(5)) for _ in range(2))
    other = make_firsts(camera, pictures, np.random.default_rng(6))
    assert torch.equal(one[0], same[0])
    assert not torch.equal(one[0], other[0])
    firsts, wanted = one
    means = [torch.nn.functional.avg_pool2d(part, 32) for part in (firsts, wanted, pictures)]
    assert (means[0] - means[1]).abs().mean() < 0.5 * (means[0] - means[2]).abs().mean()
    assert torch.allclose(with_tones_of(pictures, pictures), pictures, atol=1e-6)
    assert torch.allclose(with_tones_of(0.5 * pictures, pictures), 0.5 * pictures, atol=0.01)


def test_the_wrong_network_or_folder_is_refused(good, tmp_path):
    with pytest.raises(ParameterError, match="objective = refine trains a refiner, but forward is a mobile"):
        train(SMALL.updated({"forward": Mobile()}), target=good, out=tmp_path / "run")
    with pytest.raises(ParameterError, match="objective = refine learns from"):
        train(SMALL, source=good, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_commands(finished, good, tmp_path, capsys):
    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(one) for one in arguments])
        errors = capsys.readouterr().err
        assert not caught.value.code, errors
        return errors

    settings = ("forward.width=8", "forward.levels=1", "steps=1", "every=1", "batch=1", "crop=16", "precision=float32")
    changes = [part for setting in settings for part in ("--set", setting)]
    run("train", good, "-o", tmp_path / "run", "--objective", "refine", *changes)
    run("export", tmp_path / "run", "-o", tmp_path / "r.onnx")
    image = (255 * clean_picture(np.random.default_rng(0), 33)).astype(np.uint8)
    refiner = OnnxRefiner(tmp_path / "r.onnx", strength=0.5)
    assert refiner.metadata.provenance["settings"]["objective"] == "refine"
    assert refiner(image).shape == image.shape


# Pretrained pipelines.


def save_pipeline(path, *, sees_first: bool = True, scheduler: str = "DDPMScheduler", safe: bool = True):
    import diffusers

    torch.manual_seed(0)
    network = diffusers.UNet2DModel(
        sample_size=16,
        in_channels=6 if sees_first else 3,
        out_channels=3,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=8,
    )
    made = getattr(diffusers, scheduler)()
    diffusers.DDPMPipeline(network, made).save_pretrained(path, safe_serialization=safe)
    if scheduler != "DDPMScheduler":  # that pipeline makes a DDIM scheduler of any other
        made.save_pretrained(path / "scheduler")
        index = json.loads((path / "model_index.json").read_text())
        (path / "model_index.json").write_text(json.dumps({**index, "scheduler": ["diffusers", scheduler]}))
    return path


@pytest.mark.parametrize(
    ("sees_first", "scheduler"), [(True, "DDPMScheduler"), (False, "FlowMatchEulerDiscreteScheduler")]
)
def test_a_pipeline_from_a_folder_refines(tmp_path, sees_first, scheduler):
    refiner = load_pipeline(save_pipeline(tmp_path / "p", sees_first=sees_first, scheduler=scheduler))
    image = (255 * clean_picture(np.random.default_rng(0), 41)).astype(np.uint8)[:30]
    result = refiner.refine(image, strength=0.3, steps=2, seed=1)
    assert (result.shape, result.dtype) == (image.shape, image.dtype)
    assert not np.array_equal(result, image)
    assert np.array_equal(result, refiner.refine(image, strength=0.3, steps=2, seed=1))
    assert not np.array_equal(result, refiner.refine(image, strength=0.3, steps=2, seed=2))
    assert np.array_equal(refiner.refine(image, strength=0), image)
    recipe = Recipe(step("refine", model=refiner, strength=0.3, steps=2, seed=1))
    assert np.abs(recipe(image).astype(int) - result).max() <= 1
    assert refiner.reference == load_pipeline(tmp_path / "p").reference


def test_a_pipeline_changes_little_where_the_strength_is_small(tmp_path):
    refiner = load_pipeline(save_pipeline(tmp_path / "p"))
    image = clean_picture(np.random.default_rng(0), 32)
    changes = [np.abs(refiner.refine(image, strength=strength, steps=2) - image).mean() for strength in (0.02, 0.6)]
    assert changes[0] < 0.3 * changes[1]


def spoil(kind: str, path) -> None:
    index = path / "model_index.json"
    if kind == "index":
        index.unlink()
    elif kind == "weights":
        weights = path / "unet" / "diffusion_pytorch_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:500])
    else:
        facts = json.loads(index.read_text())
        parts = {
            "network": {"unet": ["diffusers", "UNet2DConditionModel"]},
            "more": {"vae": ["diffusers", "AutoencoderKL"]},
            "scheduler": {"scheduler": ["evil", "Scheduler"]},
        }
        index.write_text(json.dumps(facts | parts[kind]))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("index", "not a whole pipeline"),
        ("weights", "not a whole pipeline"),
        ("network", "its network is UNet2DConditionModel"),
        ("more", "also has vae"),
        ("scheduler", "its scheduler is Scheduler"),
    ],
)
def test_other_pipelines_are_refused(tmp_path, kind, words):
    spoil(kind, save_pipeline(tmp_path / "p"))
    with pytest.raises(BundleError, match=words) as caught:
        load_pipeline(tmp_path / "p")
    assert str(tmp_path / "p") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pickled_weights_are_refused(tmp_path):
    path = save_pipeline(tmp_path / "p")
    weights = path / "unet" / "diffusion_pytorch_model.safetensors"
    os.replace(weights, weights.with_suffix(".bin"))
    with pytest.raises(BundleError, match="safetensors"):
        load_pipeline(path)


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(BundleError, match="the hub cannot be reached") as caught:
        load_pipeline("someone/some-model-that-is-not-there")
    assert "\n" not in str(caught.value)
    with pytest.raises(BundleError, match="no such folder"):
        load_pipeline("models/that are not there")
