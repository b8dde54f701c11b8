"""Settings to start from, by name."""

from __future__ import annotations

from diptych.core.errors import ParameterError, did_you_mean
from diptych.networks import UGATIT, CAMPatchGAN, Degradation, Denoiser, Mobile, PatchGAN, Refiner, Render, ResNet
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
        backward=Degradation(),
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


def _zero_reference() -> CycleGANConfig:
    return CycleGANConfig(
        objective="self",
        task="exposure",
        forward=Render(),
        steps=400,
        decay=1.0,
        batch=8,
        preprocess="none",
        learning_rate=1e-3,
        beta1=0.9,
        average=0.99,
        precision="float32",
        every=100,
        patience=1000,
        choose="last",
    )


def _pretraining() -> CycleGANConfig:
    return CycleGANConfig(
        objective="self",
        task="reconstruction",
        forward=Mobile(),
        masked=0.25,
        spoiled=0.5,
        steps=3000,
        decay=1.0,
        batch=8,
        crop=96,
        preprocess="none",
        denoise=0.0,
        learning_rate=1e-3,
        beta1=0.9,
        average=0.99,
        every=300,
        patience=1000,
        choose="last",
    )


def _denoiser() -> CycleGANConfig:
    return CycleGANConfig(
        objective="self",
        task="denoising",
        forward=Denoiser(),
        steps=30_000,
        decay=1.0,
        crop=96,
        crops_per_picture=2,
        preprocess="none",
        denoise=0.0,
        learning_rate=1.5e-3,
        beta1=0.9,
        average=0.995,
        every=3000,
        patience=1000,
        choose="last",
    )


def _ugatit() -> CycleGANConfig:
    # With spectral normalisation the discriminators stay at chance for hundreds of steps, which is all that a CPU has.
    return CycleGANConfig(
        forward=UGATIT(width=16, blocks=2, residual=True),
        discriminator=CAMPatchGAN(width=16, depth=2, global_depth=4, spectral=False),
        preprocess="specify",
        steps=3000,
        crop=96,
        learning_rate=1e-3,
        discriminator_rate=5e-4,
        cycle=2.0,
        cycle_source=0.1,
        warm_up=0.1,
        identity=0.5,
        attention=1.0,
        gradient_penalty=0.3,
        structure=1.0,
        average=0.99,
        every=150,
    )


def _refine() -> CycleGANConfig:
    return CycleGANConfig(
        objective="refine",
        forward=Refiner(width=32),
        backward=Degradation(everyday=0.5),
        steps=1800,
        decay=1.0,
        batch=4,
        crop=128,
        crops_per_picture=2,
        preprocess="none",
        denoise=0.0,
        learning_rate=1e-3,
        beta1=0.9,
        average=0.995,
        every=300,
        patience=1000,
        choose="last",
    )


PRESETS = {
    "quick": _quick,
    "mobile": _mobile,
    "paper": _paper,
    "render": _render,
    "zero_reference": _zero_reference,
    "denoiser": _denoiser,
    "pretraining": _pretraining,
    "ugatit": _ugatit,
    "refine": _refine,
}


def preset(name: str) -> CycleGANConfig:
    """Return a preset by name.

    Two folders: quick (minutes), mobile (hours), paper (the CycleGAN paper's), render (with a camera), ugatit (with attention).
    The pictures to improve alone: zero_reference (exposure), denoiser (noise), pretraining (first weights for another
    training). Good pictures alone: refine (details, after any enhancement).
    """
    if name not in PRESETS:
        raise ParameterError(f"no preset named '{name}'{did_you_mean(name, PRESETS)}")
    return PRESETS[name]()
