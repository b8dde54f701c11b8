"""Settings of a training: what they accept, and that they survive their file."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import DiptychError, ParameterError
from diptych.networks import Mobile, ResNet, UNet
from diptych.photo import write
from diptych.training import PRESETS, CycleGANConfig, choose_config, preset
from diptych.training.config import CONFIGS, CycleGANWeights, from_dict, from_toml
from training_helpers import write_folders


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_its_file(name):
    config = preset(name)
    assert from_toml(config.to_toml()) == config
    assert config.to_toml().splitlines()[:2] == ["format = 1", f'objective = "{config.objective}"']


def test_a_changed_network_keeps_its_other_fields():
    config = preset("quick").updated({"forward": {"width": 24}})
    assert config.forward == Mobile(width=24, depth=3)
    assert config.generator_pair == (config.forward, config.forward)


def test_another_network_begins_with_its_own_defaults():
    assert preset("paper").updated({"forward": {"name": "unet", "depth": 5}}).forward == UNet(depth=5)


def test_another_network_corrects_its_input_where_the_one_before_did():
    quick = preset("quick")
    assert quick.updated({"forward": {"name": "unet", "depth": 5}}).forward == UNet(depth=5, residual=True)
    assert not quick.updated({"forward": {"name": "unet", "residual": False}}).forward.residual


def test_the_generator_back_exchanges_the_channels():
    weights = CycleGANWeights(identity=0)
    config = CycleGANConfig(forward=Mobile(channels_in=1, channels_out=3, residual=False), weights=weights)
    assert (config.backward.channels_in, config.backward.channels_out) == (3, 1)


def test_paper_is_the_papers():
    config = preset("paper")
    assert isinstance(config.forward, ResNet)
    assert config.forward.blocks == 9
    assert (config.batch, config.crop, config.pool) == (1, 256, 50)
    assert (config.weights.cycle, config.weights.identity) == (10, 5)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stepz": 3}, "did you mean 'steps'"),
        ({"steps": 0}, "steps = 0"),
        ({"weights": {"structure": -1}}, "structure = -1"),
        ({"structure": 1}, "did you mean 'weights.structure'"),
        ({"weights": {"structur": 1}}, "did you mean 'structure'"),
        ({"weights": 3}, "is not a table"),
        ({"objective": "planner"}, "the settings are for cyclegan; begin with a preset of planner"),
        ({"preprocess": "magic"}, "one of auto, none, stretch, specify"),
        ({"forward": 3}, "is not a table"),
        ({"forward": {"name": "patchgan"}}, "forward is not the config of a generator"),
        ({"forward": {"name": "mobil"}}, "did you mean 'mobile'"),
        ({"forward": {"channels_in": 1, "channels_out": 3, "residual": False}}, "identity needs"),
        ({"backward": {"name": "mobile", "channels_in": 1, "channels_out": 1}}, "exchanged"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values, words):
    with pytest.raises(DiptychError, match=words):
        preset("quick").updated(values)


def test_a_file_from_the_future_is_refused():
    with pytest.raises(ParameterError, match="format 2"):
        from_toml("format = 2", source="night.toml")


def test_each_objective_has_its_own_settings_only():
    assert set(CONFIGS) == {preset(name).objective for name in PRESETS}
    for name, kind in CONFIGS.items():
        assert from_dict({"objective": name}) == kind()
    with pytest.raises(ParameterError, match="no setting named 'pool'"):
        from_dict({"objective": "refine", "pool": 3})
    with pytest.raises(ParameterError, match="did you mean 'cyclegan'"):
        from_dict({"objective": "cyclegam"})


def test_a_run_begins_with_the_preset_of_its_objective_and_the_channels_of_its_folders(tmp_path):
    source, target = write_folders(tmp_path, count=2, side=16)
    assert choose_config([source, target]) == preset("quick")
    asked = {"file": {"objective": "neighbor2neighbor", "steps": 5}, "--set": {"steps": 7}}
    assert choose_config([source], values=asked) == preset("denoiser").updated({"steps": 7})
    assert choose_config([source], preset_name="pretraining") == preset("pretraining")
    with pytest.raises(ParameterError, match="--objective: no objective named 'unpaired'"):
        choose_config([source, target], values={"--objective": {"objective": "unpaired"}})
    with pytest.raises(ParameterError, match="the settings are for cyclegan"):
        choose_config([source], preset_name="quick", values={"--objective": {"objective": "refine"}})
    with pytest.raises(ParameterError, match="--set: forward: no network named 'resnt'; did you mean 'resnet'"):
        choose_config([source, target], values={"--set": {"forward": {"name": "resnt"}}})
    (source / "!broken.png").write_bytes(b"")  # the first by its name; a training leaves it out
    assert choose_config([source, target]) == preset("quick")


def test_grey_folders_get_grey_networks(tmp_path):
    draw = np.random.default_rng(0)
    for name, shape in (("grey", (8, 8)), ("colour", (8, 8, 3))):
        (tmp_path / name).mkdir()
        for number in range(2):
            write(tmp_path / name / f"{number}.png", draw.integers(0, 255, shape, np.uint8))
    for preset_name in ("quick", "planner", "refine"):
        config = choose_config([tmp_path / "grey"], preset_name=preset_name)
        assert (config.forward.channels_in, config.forward.channels_out) == (1, 1)
    for values, channels in (({}, (1, 1)), ({"channels_in": 3, "channels_out": 3}, (3, 3))):
        found = choose_config([tmp_path / "grey"] * 2, values={"--set": {"forward": {"name": "unet", **values}}})
        assert (found.forward.name, found.forward.channels_in, found.forward.channels_out) == ("unet", *channels)
        assert (found.backward.channels_in, found.backward.channels_out) == channels
    config = choose_config([tmp_path / "grey", tmp_path / "colour"], preset_name="paper")
    assert (config.forward.channels_in, config.forward.channels_out, config.weights.identity) == (1, 3, 0)
