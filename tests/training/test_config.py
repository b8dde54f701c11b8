"""Settings of a training: what they accept, and that they survive their file."""

from __future__ import annotations

import pytest

from diptych.core.errors import DiptychError, ParameterError
from diptych.networks import Mobile, ResNet, UNet
from diptych.training import PRESETS, CycleGANConfig, preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_its_file(name):
    config = preset(name)
    assert CycleGANConfig.from_toml(config.to_toml()) == config


def test_a_changed_network_keeps_its_other_fields():
    config = preset("quick").updated({"forward": {"width": 24}})
    assert config.forward == Mobile(width=24, depth=3)
    assert config.there_and_back == (config.forward, config.forward)


def test_another_network_begins_with_its_own_defaults():
    assert preset("quick").updated({"forward": {"name": "unet", "depth": 5}}).forward == UNet(depth=5)


def test_the_way_back_turns_the_channels_round():
    config = CycleGANConfig(forward=Mobile(channels_in=1, channels_out=3, residual=False), identity=0)
    assert (config.backward.channels_in, config.backward.channels_out) == (3, 1)


def test_paper_is_the_papers():
    config = preset("paper")
    assert isinstance(config.forward, ResNet)
    assert config.forward.blocks == 9
    assert (config.batch, config.crop, config.cycle, config.identity, config.pool) == (1, 256, 10, 5, 50)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stepz": 3}, "did you mean 'steps'"),
        ({"steps": 0}, "steps = 0"),
        ({"structure": -1}, "structure = -1"),
        ({"preprocess": "magic"}, "one of none, stretch, specify"),
        ({"forward": 3}, "is not a table"),
        ({"forward": {"name": "patchgan"}}, "forward is not the config of a generator"),
        ({"forward": {"name": "mobil"}}, "did you mean 'mobile'"),
        ({"forward": {"channels_in": 1, "channels_out": 3, "residual": False}}, "identity needs"),
        ({"backward": {"name": "mobile", "channels_in": 1, "channels_out": 1}}, "turned round"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values, words):
    with pytest.raises(DiptychError, match=words):
        preset("quick").updated(values)


def test_a_file_from_the_future_is_refused():
    with pytest.raises(ParameterError, match="format 2"):
        CycleGANConfig.from_toml("format = 2", source="night.toml")
