"""Configs to start from, by name, and the one that a run begins with."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diptych.core.errors import ParameterError, PhotoError, did_you_mean
from diptych.core.image import Image
from diptych.data import PhotoFolder
from diptych.networks import (
    UGATIT,
    CAMPatchGAN,
    Degradation,
    Denoiser,
    Mobile,
    PatchGAN,
    Planner,
    Refiner,
    ResNet,
)
from diptych.photo import read
from diptych.training.config import (
    CUTConfig,
    CUTWeights,
    CycleGANConfig,
    CycleGANWeights,
    Neighbor2NeighborConfig,
    PlannerConfig,
    ReconstructionConfig,
    RefineConfig,
    TrainConfig,
    ZeroReferenceConfig,
    check_objective,
)

PathLike = str | os.PathLike[str]


_LIGHT: dict[str, Any] = {
    "forward": Mobile(width=16, depth=3),
    "discriminator": PatchGAN(width=32, depth=2, normalisation="none", scales=2),
    "preprocess": "auto",
    "views": 0.25,
    "steps": 1200,
    "crop": 96,
    "learning_rate": 1e-3,
    "discriminator_rate": 5e-4,
    "ema_decay": 0.99,
    "eval_every": 150,
}


def _quick() -> CycleGANConfig:
    weights = CycleGANWeights(cycle=2.0, identity=0.5, gradient_penalty=0.3, structure=1.0)
    return CycleGANConfig(weights=weights, cycle_source=0.1, warm_up=0.3, **_LIGHT)


def _mobile() -> CycleGANConfig:
    return CycleGANConfig(
        discriminator=PatchGAN(normalisation="none", scales=2),
        weights=CycleGANWeights(structure=1.0, gradient_penalty=1.0),
        preprocess="auto",
        views=0.25,
        warm_up=0.1,
        steps=40_000,
        eval_every=1000,
    )


def _paper() -> CycleGANConfig:
    # Section 4 and appendix 7.1: batch 1, 256 px, Adam 2e-4, pool 50, lambda 10, identity 0.5 lambda, half the steps decayed.
    return CycleGANConfig(
        forward=ResNet(blocks=9, upsampling="transposed"),
        steps=200_000,
        batch=1,
        crop=256,
        preprocess="none",
        denoise=0.0,
        ema_decay=0.0,
        precision="float32",
        eval_every=2500,
        patience=1000,
    )


def _cut() -> CUTConfig:
    return CUTConfig(weights=CUTWeights(gradient_penalty=0.3), **_LIGHT)


def _fastcut() -> CUTConfig:
    # Section 4.1: no identity, and ten times the contrastive loss instead.
    return CUTConfig(weights=CUTWeights(contrastive=10.0, identity=0.0, gradient_penalty=0.3), **_LIGHT)


def _planner() -> PlannerConfig:
    return PlannerConfig(
        forward=Planner(),
        discriminator=PatchGAN(width=32, depth=2, normalisation="none"),
        steps=3000,
        lr_decay_fraction=1.0,
        batch=16,
        preprocess="none",
        learning_rate=1e-3,
        beta1=0.9,
        ema_decay=0.998,
        precision="float32",
        eval_every=500,
        patience=1000,
        choose="last",
    )


def _zero_reference() -> ZeroReferenceConfig:
    return ZeroReferenceConfig(
        steps=400,
        lr_decay_fraction=1.0,
        batch=8,
        preprocess="none",
        learning_rate=1e-3,
        beta1=0.9,
        ema_decay=0.99,
        precision="float32",
        eval_every=100,
        patience=1000,
        choose="last",
    )


def _pretraining() -> ReconstructionConfig:
    return ReconstructionConfig(
        mask_ratio=0.25,
        degraded_ratio=0.5,
        steps=3000,
        lr_decay_fraction=1.0,
        batch=8,
        crop=96,
        preprocess="none",
        learning_rate=1e-3,
        beta1=0.9,
        ema_decay=0.99,
        eval_every=300,
        patience=1000,
        choose="last",
    )


def _denoiser() -> Neighbor2NeighborConfig:
    return Neighbor2NeighborConfig(
        forward=Denoiser(),
        steps=30_000,
        lr_decay_fraction=1.0,
        crop=96,
        crops_per_picture=2,
        preprocess="none",
        learning_rate=1.5e-3,
        beta1=0.9,
        ema_decay=0.995,
        eval_every=3000,
        patience=1000,
        choose="last",
    )


def _ugatit() -> CycleGANConfig:
    # With spectral normalisation the discriminators stay at chance for hundreds of steps, which is all that a CPU has.
    return CycleGANConfig(
        forward=UGATIT(width=16, blocks=2, residual=True),
        discriminator=CAMPatchGAN(width=16, depth=2, global_depth=4, spectral=False),
        weights=CycleGANWeights(cycle=2.0, identity=0.5, attention=1.0, gradient_penalty=0.3, structure=1.0),
        preprocess="specify",
        steps=3000,
        crop=96,
        learning_rate=1e-3,
        discriminator_rate=5e-4,
        cycle_source=0.1,
        warm_up=0.1,
        ema_decay=0.99,
        eval_every=150,
    )


def _refine() -> RefineConfig:
    return RefineConfig(
        forward=Refiner(width=32),
        degradation=Degradation(everyday=0.5),
        steps=1800,
        lr_decay_fraction=1.0,
        batch=4,
        crop=128,
        crops_per_picture=2,
        preprocess="none",
        learning_rate=1e-3,
        beta1=0.9,
        ema_decay=0.995,
        eval_every=300,
        patience=1000,
        choose="last",
    )


PRESETS = {
    "quick": _quick,
    "mobile": _mobile,
    "paper": _paper,
    "cut": _cut,
    "fastcut": _fastcut,
    "planner": _planner,
    "zero_reference": _zero_reference,
    "denoiser": _denoiser,
    "pretraining": _pretraining,
    "ugatit": _ugatit,
    "refine": _refine,
}

_OF_OBJECTIVE = {
    "cyclegan": "quick",
    "cut": "cut",
    "planner": "planner",
    "zero_reference": "zero_reference",
    "neighbor2neighbor": "denoiser",
    "reconstruction": "pretraining",
    "refine": "refine",
}


def preset(name: str) -> TrainConfig:
    """Return a preset by name.

    Two folders: quick (minutes), mobile (hours), paper (the CycleGAN paper's), cut and fastcut (without a way back), planner
    (with a degradation model), ugatit (with attention). The pictures to improve alone: zero_reference (exposure), denoiser
    (noise), pretraining (first weights for another training). Good pictures alone: refine (details, after any enhancement).

    Parameters
    ----------
    name : str
        One of `PRESETS`.

    Raises
    ------
    ParameterError
        If there is no preset of this name; the closest is named.

    Examples
    --------
    >>> preset("quick").objective
    'cyclegan'
    """
    if name not in PRESETS:
        raise ParameterError(f"no preset named '{name}'{did_you_mean(name, PRESETS)}")
    return PRESETS[name]()


def choose_config(
    folders: Sequence[PathLike],
    *,
    preset_name: str | None = None,
    values: Mapping[str, Mapping[str, Any]] | None = None,
) -> TrainConfig:
    """Return the config that a run on these folders begins with.

    Parameters
    ----------
    folders : sequence of path
        Source and target, or the one folder that the objective learns from; the networks get as many channels as the
        pictures have.
    preset_name : str, optional
        A preset. By default the one of the objective that `values` name, or ``quick``.
    values : mapping, optional
        Where they come from -> settings over the preset's, a later mapping over an earlier one.

    Raises
    ------
    ParameterError
        If a name is unknown, a value out of bounds, or the preset one of another objective.
    DataError
        If a folder cannot be read.

    Examples
    --------
    ``choose_config(["dark", "bright"], preset_name="quick")``
    """
    values = values or {}
    name = preset_name
    if name is None:
        asked = [(source, found["objective"]) for source, found in values.items() if "objective" in found]
        source, objective = asked[-1] if asked else ("training", "cyclegan")
        name = _OF_OBJECTIVE[check_objective(objective, source=source)]
    config = _with_channels(preset(name), [detect_channels(path) for path in folders])
    for source, found in values.items():
        config = config.updated(found, source=source)
    return config


def detect_channels(path: PathLike) -> int:
    """Return 1 if the first pictures of a folder that can be read are all grey, otherwise 3."""
    first = list(itertools.islice(_readable(PhotoFolder(path)), 4))
    return 1 if first and all(pixels.ndim == 2 or pixels.shape[2] == 1 for pixels in first) else 3


def _readable(folder: PhotoFolder) -> Iterator[Image]:
    for name in folder.names:
        with contextlib.suppress(PhotoError):  # the training names what it skips, or stops if that is too much
            yield read(Path(folder.path) / name).pixels


def _with_channels(config: TrainConfig, channels: Sequence[int]) -> TrainConfig:
    first, last = channels[0], channels[-1]
    unlike = {"weights": {"identity": 0.0}} if first != last and isinstance(config, CycleGANConfig) else {}
    return config.updated({**unlike, "forward": {"channels_in": first, "channels_out": last}})
