"""Losses against values found by hand, against finite differences, and what they promise."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.training import losses

KINDS = ("least_squares", "hinge", "logistic")


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def checks(function, *inputs):
    """Whether the gradients agree with finite differences."""
    return torch.autograd.gradcheck(function, [x.clone().requires_grad_() for x in inputs])


def softplus(x):
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("kind", "generator", "discriminator"),
    [
        # real scores 0.5 and 2, fake scores -0.5 and 3
        ("least_squares", (2.25 + 4) / 2, (0.25 + 1) / 4 + (0.25 + 9) / 4),
        ("hinge", -1.25, (0.5 + 0) / 2 + (0.5 + 4) / 2),
        (
            "logistic",
            (softplus(0.5) + softplus(-3)) / 2,
            (softplus(-0.5) + softplus(-2)) / 2 + (softplus(-0.5) + softplus(3)) / 2,
        ),
    ],
)
def test_adversarial_by_hand(kind, generator, discriminator):
    real, fake = tensor(0.5, 2.0), tensor(-0.5, 3.0)
    assert float(losses.adversarial_generator(fake, kind=kind)) == pytest.approx(generator)
    assert float(losses.adversarial_discriminator(real, fake, kind=kind)) == pytest.approx(discriminator)


@pytest.mark.parametrize("kind", KINDS)
def test_adversarial_gradients(kind):
    real, fake = tensor(0.5, 2.0, -3.0), tensor(-0.5, 3.0, -2.0)
    assert checks(lambda f: losses.adversarial_generator(f, kind=kind), fake)
    assert checks(lambda r, f: losses.adversarial_discriminator(r, f, kind=kind), real, fake)


@pytest.mark.parametrize("kind", KINDS)
def test_the_two_sides_pull_against_each_other(kind):
    real, fake = tensor(0.2).requires_grad_(), tensor(0.3).requires_grad_()
    losses.adversarial_discriminator(real, fake, kind=kind).backward()
    assert real.grad < 0 < fake.grad
    other = tensor(0.3).requires_grad_()
    losses.adversarial_generator(other, kind=kind).backward()
    assert other.grad < 0


def test_scales_count_alike():
    small, large = tensor(2.0), torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    assert float(losses.adversarial_generator([small, large])) == pytest.approx((1 + 1) / 2)
    assert float(losses.adversarial_generator([small, large], kind="hinge")) == pytest.approx(-1)
    # Extreme scores stay finite.
    assert float(losses.adversarial_generator(tensor(-1e4), kind="logistic")) == pytest.approx(1e4)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParameterError, match="did you mean 'hinge'"):
        losses.adversarial_generator(tensor(0.0), kind="hing")


@pytest.mark.parametrize("loss", [losses.cycle, losses.identity])
def test_absolute_errors(loss):
    first, second = tensor(0.1, 0.5, 0.9).reshape(1, 1, 1, 3), tensor(0.2, 0.5, 0.5).reshape(1, 1, 1, 3)
    assert float(loss(first, second)) == pytest.approx(0.5 / 3)
    assert float(loss(first, first)) == 0
    assert checks(loss, picture(1, 2, 3, 3), picture(1, 2, 3, 3, seed=1))


def test_focal_frequency_by_hand():
    # One row of two: the orthonormal transform of the difference (d0, d1) is (d0 + d1, d0 - d1) / sqrt 2.
    first, second = tensor(0.8, 0.3).reshape(1, 1, 1, 2), tensor(0.5, 0.2).reshape(1, 1, 1, 2)
    low, high = 0.4 / math.sqrt(2), 0.2 / math.sqrt(2)
    assert float(losses.frequency(first, second)) == pytest.approx((low**2 + high / low * high**2) / 2)
    assert float(losses.frequency(first, second, focus=2)) == pytest.approx((low**2 + (high / low) ** 2 * high**2) / 2)
    # |A| = 1.1, 0.5 and |B| = 0.7, 0.3, over sqrt 2
    expected = (0.4 + 0.2) / math.sqrt(2) / 2
    assert float(losses.frequency(first, second, kind="amplitude")) == pytest.approx(expected)


def test_frequency_laws():
    first, second = picture(2, 3, 6, 5), picture(2, 3, 6, 5, seed=1)
    squared = float((first - second).square().mean())
    assert float(losses.frequency(first, second, focus=0)) == pytest.approx(squared)  # Parseval
    assert float(losses.frequency(first, first)) == 0
    shifted = first.roll((2, 1), (-2, -1))
    assert float(losses.frequency(first, shifted, kind="amplitude")) == pytest.approx(0, abs=1e-12)
    assert float(losses.frequency(first, shifted)) > 0.01
    with pytest.raises(ParameterError, match="focal or amplitude"):
        losses.frequency(first, second, kind="phase")
    with pytest.raises(ParameterError, match="focus >= 0"):
        losses.frequency(first, second, focus=-1)


def test_frequency_gradients():
    first, second = picture(1, 1, 4, 3), picture(1, 1, 4, 3, seed=1)
    assert checks(lambda x: losses.frequency(x, second, kind="amplitude"), first)
    # The weights of the focal loss are constants, so that only without them finite differences see the same ...
    assert checks(lambda x: losses.frequency(x, second, focus=0), first)
    # ... and with them the gradient is that of the transform with the weights of this point.
    x = first.clone().requires_grad_()
    losses.frequency(x, second).backward()
    difference = torch.fft.fft2(first - second, norm="ortho")
    weight = difference.abs() / difference.abs().max()
    expected = 2 / 12 * torch.fft.ifft2(weight * difference, norm="ortho").real
    assert torch.allclose(x.grad, expected)
    equal = first.clone().requires_grad_()
    losses.frequency(equal, first).backward()
    assert torch.equal(equal.grad, torch.zeros_like(first))


def quadratic(x):
    """D(x) = a map of two values with the mean 1/2 sum of x², whose gradient is x."""
    score = x.square().sum((1, 2, 3)) / 2
    return torch.stack([2 * score, 0 * score], dim=1).reshape(-1, 1, 1, 2)


def test_penalties_by_hand():
    real, fake = picture(2, 1, 2, 2), picture(2, 1, 2, 2, seed=1)
    norms = real.square().sum((1, 2, 3))
    assert float(losses.r1(quadratic, real).detach()) == pytest.approx(float(norms.mean()) / 2)
    assert float(losses.r1(lambda x: [quadratic(x), quadratic(x)], real).detach()) == pytest.approx(
        float(norms.mean()) / 2
    )
    mix = tensor(0.25, 1.0)
    between = torch.stack([0.25 * real[0] + 0.75 * fake[0], real[1]])
    expected = (between.square().sum((1, 2, 3)).sqrt() - 1).square().mean()
    assert float(losses.wgan_gp(quadratic, real, fake, mix=mix).detach()) == pytest.approx(float(expected))


def test_the_slope_of_a_linear_critic():
    weight = tensor(3.0, 4.0).reshape(1, 1, 1, 2)
    images = picture(3, 1, 1, 2)
    critic = lambda x: (x * weight).sum((1, 2, 3)).reshape(-1, 1, 1, 1)  # noqa: E731
    assert float(losses.r1(critic, images).detach()) == pytest.approx(25 / 2)
    assert float(losses.wgan_gp(critic, images, images, mix=picture(3)).detach()) == pytest.approx(16)


@pytest.mark.parametrize("penalty", ["r1", "wgan_gp"])
def test_penalties_have_gradients_for_the_weights(penalty):
    real, fake, mix = picture(2, 1, 3, 3), picture(2, 1, 3, 3, seed=1), tensor(0.3, 0.6)

    def loss(weight):
        critic = lambda x: torch.tanh(nn.functional.conv2d(x, weight))  # noqa: E731
        if penalty == "r1":
            return losses.r1(critic, real)
        return losses.wgan_gp(critic, real, fake, mix=mix)

    assert checks(loss, picture(1, 1, 2, 2, seed=2))


@pytest.mark.parametrize("normalisation", ["instance", "none"])
@pytest.mark.parametrize("spectral", [False, True])
def test_penalties_of_the_discriminator(normalisation, spectral):
    config = networks.PatchGAN(width=4, depth=1, normalisation=normalisation, spectral=spectral, scales=2)
    module = networks.build(config)
    real, fake = picture(2, 3, 24, 24).float(), picture(2, 3, 24, 24, seed=1).float()
    for loss in (losses.r1(module, real), losses.wgan_gp(module, real, fake, mix=tensor(0.2, 0.7))):
        assert loss.dtype == torch.float32
        module.zero_grad()
        loss.backward()
        reached = [float(weights.grad.abs().max()) > 0 for weights in module.parameters() if weights.grad is not None]
        assert sum(reached) >= 6
        assert not real.requires_grad
        assert real.grad is None


def scene(side=48):
    """Waves, an edge and texture, with values from about 0.15 to 0.85."""
    axis = torch.arange(side, dtype=torch.float64)
    waves = torch.sin(axis[:, None] / 2) * torch.cos(axis[None, :] / 3)
    edge = (axis[None, :] > side / 2).double()
    return (0.5 + 0.12 * waves + 0.2 * (edge - 0.5) + 0.1 * (picture(side, side, seed=4) - 0.5))[None, None]


def test_structure_by_hand():
    # One row (1, 3) / 10, window 1: the gradient is 0.2, then 0 beyond the border; the other is flat.
    edge, flat = tensor(0.1, 0.3).reshape(1, 1, 1, 2), tensor(0.3, 0.3).reshape(1, 1, 1, 2)
    floor = 0.5 * (0.1 + 0.02)
    expected = 0.2**2 / (0.2**2 + floor**2) / 2
    assert float(losses.structure(edge, flat, floor=0.5, window=1, scale=1)) == pytest.approx(expected)
    assert float(losses.structure(flat, edge, floor=0.5, window=1, scale=1)) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1, 2])
def test_structure_forgives_brightening_and_not_inversion(scale):
    image = scene(48 * scale)
    ramp = torch.linspace(0.15, 0.6, image.shape[-1], dtype=torch.float64)
    free = {
        "itself": image,
        "darker": 0.2 * image,
        "less contrast": 0.3 + 0.4 * image,
        "brightened by gamma": image**0.6,
        "lit from one side": ramp * image,
    }
    # The unit of what it counts: lost or hallucinated edges 1, unrelated ones 2, the negative 4.
    for name, result in free.items():
        assert float(losses.structure(image, result, scale=scale)) < 0.05, name
    assert float(losses.structure(image, 1 - image, scale=scale)) > 3.5
    assert float(losses.structure(image, picture(*image.shape, seed=9), scale=scale)) == pytest.approx(2, abs=0.4)
    assert float(losses.structure(image, torch.full_like(image, 0.5), scale=scale)) == pytest.approx(1, abs=0.15)


def test_structure_forgives_denoising_at_its_scale():
    noisy = (0.1 * scene(96) + 0.02 * (picture(1, 1, 96, 96, seed=5) - 0.5)).clamp(0, 1)
    smooth = nn.functional.avg_pool2d(noisy, 3, 1, 1, count_include_pad=False) * 6
    assert float(losses.structure(noisy, smooth)) < 0.15
    assert float(losses.structure(noisy, smooth, scale=1)) > 0.5


def test_structure_sees_hallucinated_edges():
    flat = torch.full((1, 3, 40, 40), 0.4, dtype=torch.float64)
    drawn = flat.clone()
    drawn[..., 20:, :] = 0.6
    here = losses.structure(flat, drawn, scale=1)
    assert float(losses.structure(flat, 0.9 * flat)) == 0
    # Seven rows of forty see the edge in their window; it counts 1 in all of them, on the one row where it is.
    assert float(here) == pytest.approx(7 / 40, rel=0.05)
    # What is below the floor is flat: a trace of noise is not an edge.
    noisy = flat + 2e-4 * (picture(1, 3, 40, 40) - 0.5)
    assert float(losses.structure(flat, noisy, scale=1)) < 1e-3


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_structure_gradients_sizes_and_bounds(scale):
    first, second = picture(1, 3, 6, 5), picture(1, 3, 6, 5, seed=1)
    assert checks(lambda x, y: losses.structure(x, y, window=3, scale=scale), first, second)
    for size in [(1, 1), (1, 5), (2, 2)]:
        x = picture(1, 1, *size).requires_grad_()
        loss = losses.structure(torch.zeros(1, 1, *size, dtype=torch.float64), x, scale=scale)
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(x.grad).all()
    assert torch.isfinite(losses.structure(first, picture(1, 1, 6, 5)))
    for wrong in ({"floor": 0.0}, {"window": 4}, {"window": 0}, {"scale": 0}):
        with pytest.raises(ParameterError, match="give a floor > 0, an odd window and a scale"):
            losses.structure(first, second, **wrong)


def test_contrastive_by_hand():
    # Two places, t = 1/2: q1 is k1, q2 lies between both.
    half = 1 / math.sqrt(2)
    query, key = tensor(1, 0, half, half).reshape(1, 2, 2), tensor(1, 0, 0, 1).reshape(1, 2, 2)
    expected = (math.log(1 + math.exp(-2)) + math.log(2)) / 2
    assert float(losses.contrastive(query, key, temperature=0.5)) == pytest.approx(expected)
    # Pictures do not meet.
    twice = torch.cat([query, query]), torch.cat([key, key])
    assert float(losses.contrastive(*twice, temperature=0.5)) == pytest.approx(expected)
    assert float(losses.contrastive(key, key, temperature=0.01)) == pytest.approx(0, abs=1e-6)
    assert checks(losses.contrastive, picture(2, 5, 3), picture(2, 5, 3, seed=1))
    with pytest.raises(ParameterError, match="above 0"):
        losses.contrastive(query, key, temperature=0)


def test_total_variation():
    image = tensor(0.0, 1.0, 0.5, 0.5).reshape(1, 1, 2, 2)
    # down: 0.5, 0.5; right: 1, 0; over four pixels
    assert float(losses.total_variation(image)) == pytest.approx(2 / 4)
    assert float(losses.total_variation(torch.full((1, 3, 4, 4), 0.3))) == 0
    assert float(losses.total_variation(picture(1, 3, 1, 1))) == 0
    assert checks(losses.total_variation, picture(1, 2, 4, 3))


def test_half_precision_is_computed_in_single():
    first, second = picture(1, 3, 16, 16).bfloat16(), picture(1, 3, 16, 16, seed=1).bfloat16()
    for loss in (losses.frequency, losses.structure):
        found = loss(first, second)
        assert found.dtype == torch.float32
        assert float(found) == pytest.approx(float(loss(first.double(), second.double())), rel=1e-4)
    assert losses.adversarial_generator(first).dtype == torch.float32
