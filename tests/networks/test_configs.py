"""Configs are values: checked, comparable, saved as plain mappings, and free of torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from diptych import networks
from diptych.core.errors import MissingExtraError, ParameterError, UnknownNameError
from diptych.networks import UGATIT, CAMPatchGAN, Mobile, PatchGAN, ResNet, UNet
from diptych.networks.receptive_field import Spread, Window, seen

CONFIGS = [
    UNet(),
    UNet(width=8, depth=3, normalisation="none", upsampling="transposed", residual=True),
    ResNet(blocks=6, channels_in=1, channels_out=3),
    Mobile(channels_in=5, channels_out=5, expansion=2),
    PatchGAN(depth=1, spectral=True, scales=3),
    UGATIT(width=8, light=False, size=64),
    CAMPatchGAN(depth=1, global_depth=0),
]


def test_names():
    assert networks.names() == (
        "cam_patchgan",
        "degradation",
        "denoiser",
        "mobile",
        "patchgan",
        "planner",
        "refiner",
        "resnet",
        "ugatit",
        "unet",
    )
    generators = ("degradation", "denoiser", "mobile", "planner", "refiner", "resnet", "ugatit", "unet")
    assert networks.names(role="generator") == generators
    assert networks.names(role="discriminator") == ("cam_patchgan", "patchgan")


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_round_trip_through_json(config):
    mapping = networks.to_dict(config)
    assert mapping["name"] == config.name
    back = networks.from_dict(json.loads(json.dumps(mapping)))
    assert back == config
    assert hash(back) == hash(config)
    assert type(back) is type(config)


@pytest.mark.parametrize("name", networks.names())
def test_defaults_fill_what_is_missing(name):
    config = networks.from_dict({"name": name})
    assert config == type(config)()


@pytest.mark.parametrize(
    ("mapping", "error", "words"),
    [
        ({"name": "unte"}, UnknownNameError, "did you mean 'unet'"),
        ({"name": 3}, UnknownNameError, "no network named '3'"),
        ({"depth": 3}, ParameterError, "needs a name"),
        ({"name": "unet", "widht": 3}, ParameterError, "unet: no field named 'widht'; did you mean 'width'"),
        ({"name": "unet", "depth": 0}, ParameterError, "unet: depth = 0 is not allowed; give a whole number, 1 to 10"),
        ({"name": "unet", "depth": 2.5}, ParameterError, "depth = 2.5"),
        ({"name": "unet", "depth": True}, ParameterError, "depth = True"),
        ({"name": "resnet", "normalisation": "batch"}, ParameterError, "one of instance, none"),
        ({"name": "resnet", "residual": 1}, ParameterError, "true or false"),
        ({"name": "mobile", "channels_in": 1}, ParameterError, "make them equal or give residual = False"),
        ({"name": "patchgan", "channels_out": 1}, ParameterError, "no field named 'channels_out'"),
    ],
)
def test_bad_mappings_are_refused(mapping, error, words):
    with pytest.raises(error, match=words):
        networks.from_dict(mapping)


def test_configs_are_frozen_and_canonical():
    config = UNet(width=32.0)
    assert config == UNet(width=32)
    assert isinstance(config.width, int)
    with pytest.raises(AttributeError):
        config.width = 3


def test_importing_the_configs_loads_no_torch():
    code = (
        "import sys; from diptych import networks; from diptych.networks import UNet; "
        "networks.from_dict(networks.to_dict(UNet())); UNet().receptive_field; "
        "sys.exit(1 if {'torch', 'numba', 'scipy'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_the_message_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("diptych.networks.modules")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"diptych\[train\]"):
        networks.build(Mobile())


def test_intervals_by_hand():
    # Output 0 of a convolution of 3 with padding 1 sees -1 to 1; of one of 4, stride 2, padding 1: 2 i - 1 to 2 i + 2.
    assert seen([Window(3, 1, 1)], 0) == (-1, 1)
    assert seen([Window(4, 2, 1)], 3) == (5, 8)
    # The nearest neighbour: outputs 4 and 5 are input 2. A transposed convolution of 4, stride 2, padding 1, gives
    # output 2 i - 1 to 2 i + 2 from input i, so that output 4 comes from 1 and 2, and output 5 from 2 and 3.
    assert [seen([Spread(2, 2)], position) for position in (4, 5)] == [(2, 2), (2, 2)]
    assert [seen([Spread(4, 2, 1)], position) for position in (4, 5)] == [(1, 2), (2, 3)]


def test_facts():
    assert [PatchGAN(depth=depth).receptive_field for depth in (1, 2, 3, 4)] == [16, 34, 70, 142]
    assert (UNet(depth=5).multiple, ResNet().multiple, Mobile(depth=2).multiple) == (32, 4, 4)
    for config in (UNet(depth=3), ResNet(), Mobile()):
        assert config.receptive_field_radius < config.receptive_field <= 2 * config.receptive_field_radius + 1
