"""Networks: a torch-free config, which is a value, and the module that it builds.

>>> config = Mobile(channels_in=1, channels_out=1)
>>> from_dict(to_dict(config)) == config
True

A new network is a config in ``<name>.py``, its module in ``modules/``, and a row in the tables here and in
``modules/table.py``. Importing this package does not load torch; `build` and `cost` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.core.errors import MissingExtraError, ParameterError, UnknownNameError, did_you_mean
from diptych.networks._config import GeneratorConfig, NetworkConfig, Role, config_from
from diptych.networks.cam_patchgan import CAMPatchGAN
from diptych.networks.degradation import Degradation
from diptych.networks.denoiser import Denoiser
from diptych.networks.mobile import Mobile
from diptych.networks.patchgan import PatchGAN
from diptych.networks.planner import Planner
from diptych.networks.refiner import Refiner
from diptych.networks.resnet import ResNet
from diptych.networks.ugatit import UGATIT
from diptych.networks.unet import UNet

if TYPE_CHECKING:
    import torch

__all__ = [
    "UGATIT",
    "CAMPatchGAN",
    "Cost",
    "Degradation",
    "Denoiser",
    "GeneratorConfig",
    "Mobile",
    "NetworkConfig",
    "PatchGAN",
    "Planner",
    "Refiner",
    "ResNet",
    "UNet",
    "build",
    "cost",
    "from_dict",
    "names",
    "to_dict",
]

_CONFIGS: dict[str, type[NetworkConfig]] = {
    kind.name: kind
    for kind in (CAMPatchGAN, Degradation, Denoiser, Mobile, PatchGAN, Planner, Refiner, ResNet, UGATIT, UNet)
}


class Cost(NamedTuple):
    """What a network costs: the number of its weights, and of multiply-adds of its convolutions for one picture."""

    parameters: int
    multiply_adds: int


def names(*, role: Role | None = None) -> tuple[str, ...]:
    """Return the names of the networks, sorted; with a role, only its generators or discriminators."""
    return tuple(sorted(name for name, kind in _CONFIGS.items() if role in (None, kind.role)))


def to_dict(config: NetworkConfig) -> dict[str, Any]:
    """Return a config as a mapping of plain values (for JSON or TOML), with the network's name under ``name``."""
    return {"name": config.name, **asdict(config)}


def from_dict(mapping: Mapping[str, Any]) -> NetworkConfig:
    """Return the config that `to_dict` gave, or one with defaults for the fields that are not there.

    Parameters
    ----------
    mapping : mapping
        ``name`` and any of the fields of that network's config.

    Raises
    ------
    UnknownNameError
        If there is no network of this name.
    ParameterError
        If the name is missing, a field is unknown or its value out of its bounds.
    """
    if not isinstance(mapping, Mapping) or "name" not in mapping:
        raise ParameterError(f"a network needs a name; give name = one of {', '.join(names())}")
    return config_from(_named(mapping["name"]), {key: value for key, value in mapping.items() if key != "name"})


def build(config: NetworkConfig, *, seed: int = 0) -> torch.nn.Module:
    """Return the module of a config, with fresh weights.

    Parameters
    ----------
    config : NetworkConfig
        What to build.
    seed : int
        Decides the initial weights; the generators of torch are left as they were.

    Returns
    -------
    torch.nn.Module
        In training mode, on the CPU, float32. A generator maps ``(N, channels_in, H, W)`` in [0, 1] to
        ``(N, channels_out, H, W)`` in [0, 1], for any H and W from 1; a discriminator maps it to a list of maps of scores.

    Raises
    ------
    MissingExtraError
        If torch is not installed.

    Notes
    -----
    Weights of convolutions are drawn from N(0, 0.02), as in DCGAN (Radford et al., ICLR 2016), pix2pix and CycleGAN; without
    normalisation that would make a signal vanish, and they are drawn from N(0, sqrt(2 / fan_in)) (He et al., ICCV 2015).
    Scales of normalisations are 1, biases and shifts 0. The last convolution of a residual generator is 0.
    """
    kind = _module_class(config)
    from diptych.networks.modules.initial import seeded

    with seeded(seed):
        return kind(config)


def cost(config: NetworkConfig, *, height: int = 256, width: int = 256) -> Cost:
    """Count the weights of a network and the multiply-adds of its convolutions for one picture; nothing is computed.

    Parameters
    ----------
    config : NetworkConfig
        The network.
    height, width : int
        Size of the picture in px.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    """
    kind = _module_class(config)
    import torch

    from diptych.networks.modules.counting import count

    with torch.device("meta"):
        return Cost(*count(kind(config), (1, config.channels_in, height, width)))


def _named(name: object) -> type[NetworkConfig]:
    if not isinstance(name, str) or name not in _CONFIGS:
        raise UnknownNameError(f"no network named '{name}'{did_you_mean(str(name), _CONFIGS)}")
    return _CONFIGS[name]


def _module_class(config: NetworkConfig) -> type[torch.nn.Module]:
    try:
        from diptych.networks.modules.table import module_class
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("networks need torch, which is not installed; pip install 'diptych[train]'") from None
    return module_class(config)
