"""CUT: the losses of its steps, what they reach, its checkpoints, and that it learns the toy problem without a way back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.networks import UGATIT, Mobile, PatchGAN, Planner, ResNet, UNet
from diptych.photo import read
from diptych.recipes import Recipe, step
from diptych.training import CUTConfig, load_generator, preset, train
from diptych.training.config import CUTWeights, from_toml
from diptych.training.distributed import launch
from diptych.training.objectives.cut import CUTObjective
from training_helpers import as_bytes, newest, pairs, write_folders

SMALL = CUTConfig(
    forward=Mobile(width=4, depth=2, blocks=1),
    discriminator=PatchGAN(width=4, depth=1),
    weights=CUTWeights(gradient_penalty=0.3, structure=0.5, total_variation=0.1),
    steps=6,
    eval_every=3,
    batch=2,
    crop=24,
    patches=20,
    projection=8,
    pool=3,
    workers=1,
    learning_rate=1e-2,
    precision="float32",
    device="cpu",
)
ENCODING = {
    "mobile": SMALL.forward,
    "resnet": ResNet(width=4, blocks=3),
    "resnet-0": ResNet(width=4, blocks=0, normalisation="none"),
    "unet": UNet(width=4, depth=3),
    "ugatit": UGATIT(width=4, blocks=1),
}


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return train(SMALL, source=folders[0], target=folders[1], out=out)


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("config", ENCODING.values(), ids=ENCODING.keys())
def test_the_maps_of_the_encoder_are_those_that_it_paints_with(config):
    module = networks.build(config)
    image = picture(2, 3, 30, 21)
    first, *maps = module.look_at(image)
    assert torch.equal(first, 2 * module._padded(image) - 1)
    assert len(maps) >= 2
    heights = [one.shape[2] for one in maps]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] < first.shape[2]
    if isinstance(config, ResNet):  # the rest of the network, on the last of the maps
        assert torch.equal(module.body[module.encoded[-1] :](maps[-1]), module.draw(first))


@pytest.mark.parametrize("config", ENCODING.values(), ids=ENCODING.keys())
def test_gradients_reach_every_parameter(config):
    torch.manual_seed(0)
    settings = SMALL.updated({"forward": networks.to_dict(config) | {"residual": False}, "pool": 0, "steps": 100})
    objective = CUTObjective(settings, launch(settings))
    before = {
        name: {key: value.clone() for key, value in part.state_dict().items()}
        for name, part in objective.parts.networks.items()
    }
    objective.train_step([(picture(2, 3, 24, 24), picture(2, 3, 24, 24, seed=1))], step=0)
    for name, part in objective.parts.networks.items():
        for key, value in part.state_dict().items():
            assert not torch.equal(before[name][key], value), f"{name} {key}"


def test_the_loss_of_a_step_is_the_authors():
    # PatchNCELoss of the authors' code, written out: positives beside all negatives, the diagonal of those at -10.
    objective = CUTObjective(SMALL, launch(SMALL))
    image, output = picture(2, 3, 24, 24), picture(2, 3, 24, 24, seed=1)
    found = objective.unlike(image, output, np.random.default_rng(5))
    draw, expected = np.random.default_rng(5), []
    maps = zip(objective.heads, objective.forward.look_at(image), objective.forward.look_at(output), strict=False)
    for head, before, after in maps:
        places = draw.permutation(before.shape[2] * before.shape[3])[:20]
        keys, queries = (
            nn.functional.normalize(head(one.permute(0, 2, 3, 1).flatten(1, 2)[:, places]), dim=-1)
            for one in (before, after)
        )
        positive = (queries * keys).sum(-1, keepdim=True).flatten(0, 1)
        negative = torch.bmm(queries, keys.transpose(2, 1))
        negative.masked_fill_(torch.eye(len(places), dtype=torch.bool), -10.0)
        logits = torch.cat([positive, negative.flatten(0, 1)], dim=1) / SMALL.temperature
        expected.append(nn.functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long)))
    assert float(found.detach()) == pytest.approx(float(torch.stack(expected).detach().mean()), rel=1e-5)


def test_fastcut_has_no_identity():
    config = preset("fastcut").updated({**_light(SMALL), "weights": {"gradient_penalty": 0.0}})
    objective = CUTObjective(config, launch(config))
    found = objective.train_step([(picture(2, 3, 24, 24), picture(2, 3, 24, 24, seed=1))], step=0)
    assert set(found) == {"adversarial", "contrastive", "discriminator.b"}
    plain = CUTObjective(config.updated({"weights": {"contrastive": 1.0}}), launch(config))
    other = plain.train_step([(picture(2, 3, 24, 24), picture(2, 3, 24, 24, seed=1))], step=0)
    assert float(found["contrastive"]) == pytest.approx(10 * float(other["contrastive"]), rel=1e-4)


def test_a_run_leaves_what_others_leave(finished, folders):
    first = next(entry["losses"] for entry in finished.entries() if entry["event"] == "losses")
    assert set(first) == {
        *("adversarial", "contrastive", "identity", "structure", "total_variation"),
        *("discriminator.b", "gradient_penalty.b"),
    }
    assert len(finished.validations()) == 3  # the first of the first result
    assert all(one["cycle_error"] is None for one in finished.validations())
    assert from_toml((finished.path / "config.toml").read_text()) == SMALL
    image = read(next(folders[0].iterdir())).pixels
    assert load_generator(finished.path)(image).shape == image.shape
    names = {name.partition("/")[0] for name in load_file(newest(finished))}
    assert {"forward", "heads", "discriminator", "average_forward", "optimiser", "pool"} <= names


def test_going_on_gives_the_same_bytes(finished, folders, tmp_path):
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "cut"}

    def pull(entry):
        if entry["event"] == "losses" and entry["step"] == 6:
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(SMALL, **options, on_event=pull)
    run = train(SMALL, **options, resume=True)
    assert newest(run).read_bytes() == newest(finished).read_bytes()


def test_accumulated_batches_are_one_batch():
    # Without what normalises over places that both share, two batches of one are a batch of two, but for the places drawn.
    config = SMALL.updated({"weights": {"contrastive": 0.0, "identity": 0.0, "gradient_penalty": 0.0}, "pool": 0})
    a, b = picture(2, 3, 24, 24), picture(2, 3, 24, 24, seed=1)
    whole, parts = (CUTObjective(config, launch(config)) for _ in range(2))
    one = whole.train_step([(a, b)], step=0)
    two = parts.train_step([(a[:1], b[:1]), (a[1:], b[1:])], step=0)
    for name in one:
        assert float(one[name]) == pytest.approx(float(two[name]), rel=1e-4), name


def test_the_toy_problem_is_learned(tmp_path):
    source, target = write_folders(tmp_path, count=60, side=48)
    changes = {"crop": 48, "steps": 60, "eval_every": 30, "device": "cpu", "batch": 2}
    run = train(preset("cut").updated(changes), source=source, target=target, out=tmp_path / "run")
    generator = load_generator(run.path)
    tests = pairs(12, side=48)
    assert decibel(generator, tests) >= decibel(lambda image: image, tests) + 5
    stretched = decibel(Recipe(step("stretch")), tests)
    drawn = decibel(lambda image: as_bytes(generator.draw(generator.preprocess(image / np.float32(255)))), tests)
    assert drawn >= stretched  # the network itself does not spoil what came before it


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"forward": Planner()}, "needs a generator that encodes: mobile, resnet, ugatit, unet"),
        ({"forward": {"channels_out": 1, "residual": False}}, "as many channels out as in"),
        ({"temperature": 0}, "temperature"),
        ({"patches": 1}, "patches"),
        ({"weights": {"cycle": 1}}, "no loss named 'cycle'"),
        ({"discriminator": Mobile()}, "discriminator is not the config of a discriminator"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        SMALL.updated(values)


def decibel(enhancer, tests):
    errors = [np.mean((enhancer(image) / 255.0 - wanted / 255.0) ** 2) for image, wanted in tests]
    return float(np.mean(-10 * np.log10(errors)))


def _light(config):
    names = "crop", "patches", "projection", "precision", "device", "batch", "steps"
    return {name: getattr(config, name) for name in names} | {
        "forward": config.forward,
        "discriminator": config.discriminator,
    }
