"""Losses: pure functions of tensors. Each returns one number, unweighted; the caller multiplies, and skips a weight of 0."""

from diptych.training.losses.adversarial import (
    Adversarial,
    Scores,
    adversarial_discriminator,
    adversarial_generator,
    r1,
    wgan_gp,
)
from diptych.training.losses.contrastive import contrastive
from diptych.training.losses.cycle import attention, cycle, frequency, identity
from diptych.training.losses.structure import structure, total_variation

__all__ = [
    "Adversarial",
    "Scores",
    "adversarial_discriminator",
    "adversarial_generator",
    "attention",
    "contrastive",
    "cycle",
    "frequency",
    "identity",
    "r1",
    "structure",
    "total_variation",
    "wgan_gp",
]
