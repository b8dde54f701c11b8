"""Settings to start from, by name."""

from __future__ import annotations

from diptych.core.errors import ParameterError, did_you_mean
from diptych.networks import Camera, Mobile, PatchGAN, Render, ResNet
from diptych.training.config import CycleGANConfig


def _quick() -> CycleGANConfig:
    return CycleGANConfig(
        forward=Mobile(width=16, depth=3),
        discriminator=PatchGAN(width=32, depth=2, normalisation="none"),
        steps=1200,
        crop=96,
        learning_rate=1e-3,
        discriminator_rate=5e-4,
        cycle=2.0,
        cycle_source=0.1,
        warm_up=0.3,
        identity=0.5,
        gradient_penalty=0.3,
        structure=1.0,
        average=0.99,
        every=150,
    )


def _mobile() -> CycleGANConfig:
    return CycleGANConfig(
        discriminator=PatchGAN(normalisation="none"),
        structure=1.0,
        gradient_penalty=1.0,
        warm_up=0.1,
        steps=40_000,
        every=1000,
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
        average=0.0,
        precision="float32",
        every=2500,
        patience=1000,
    )


def _render() -> CycleGANConfig:
    return CycleGANConfig(
        forward=Render(denoiser="small"),
        backward=Camera(),
        discriminator=PatchGAN(width=32, depth=2, normalisation="none"),
        steps=3000,
        decay=1.0,
        batch=16,
        crop=96,
        crops_per_picture=4,
        preprocess="none",
        denoise=0.0,
        adversarial=0.0,
        identity=0.25,
        learning_rate=2e-3,
        discriminator_rate=5e-4,
        beta1=0.9,
        average=0.995,
        precision="float32",
        every=250,
        patience=1000,
        choose="last",
    )


PRESETS = {"quick": _quick, "mobile": _mobile, "paper": _paper, "render": _render}


def preset(name: str) -> CycleGANConfig:
    """Return a preset by name: quick (minutes), mobile (hours), paper (the CycleGAN paper's), render (with a camera)."""
    if name not in PRESETS:
        raise ParameterError(f"no preset named '{name}'{did_you_mean(name, PRESETS)}")
    return PRESETS[name]()
