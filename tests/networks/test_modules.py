"""The modules: sizes, bounds, gradients, weights and costs as published, and what an output sees."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from diptych import networks
from diptych.networks import Mobile, PatchGAN, ResNet, UNet
from diptych.networks.modules.layers import InstanceNorm, continued, corrected

SMALL = {
    "unet": UNet(width=4, depth=3),
    "unet-transposed": UNet(width=4, depth=3, upsampling="transposed"),
    "unet-none": UNet(width=4, depth=3, normalisation="none"),
    "unet-1": UNet(width=4, depth=1),
    "resnet": ResNet(width=4, blocks=2),
    "resnet-transposed": ResNet(width=4, blocks=2, upsampling="transposed"),
    "resnet-none": ResNet(width=4, blocks=2, normalisation="none"),
    "mobile": Mobile(width=4, depth=3, blocks=1, residual=False),
    "mobile-transposed": Mobile(width=4, depth=3, blocks=1, residual=False, upsampling="transposed"),
    "mobile-none": Mobile(width=4, depth=3, blocks=1, residual=False, normalisation="none"),
}
GENERATORS = pytest.mark.parametrize("config", SMALL.values(), ids=SMALL.keys())
MILLION = 1e6


def changed(config, **fields):
    """Return the config with other values of some fields."""
    return networks.from_dict({**networks.to_dict(config), **fields})


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@GENERATORS
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 7), (16, 16), (33, 65)], ids=str)
def test_any_size(config, size):
    image = picture(2, 3, *size)
    result = networks.build(config)(image)
    assert result.shape == image.shape
    assert result.dtype == torch.float32
    assert torch.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1


@GENERATORS
def test_any_channels(config):
    for before, after in [(1, 1), (1, 3), (5, 2)]:
        module = networks.build(changed(config, channels_in=before, channels_out=after))
        assert module(picture(1, before, 9, 10)).shape == (1, after, 9, 10)


@GENERATORS
@pytest.mark.parametrize("residual", [False, True])
def test_gradients_reach_every_parameter(config, residual):
    module = networks.build(changed(config, residual=residual), seed=3)
    if residual:  # whose last convolution is 0 at the beginning, which stops the gradients of all others
        last = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)][-1]
        nn.init.normal_(last.weight, 0, 0.02, generator=torch.Generator().manual_seed(1))
    (module(picture(2, 3, 32, 32)) * picture(2, 3, 32, 32, seed=1)).sum().backward()
    for name, weights in module.named_parameters():
        assert torch.isfinite(weights.grad).all(), name
        assert weights.grad.abs().max() > 0, name


@GENERATORS
def test_a_residual_generator_begins_as_the_identity(config):
    module = networks.build(changed(config, residual=True), seed=5)
    image = picture(1, 3, 13, 18)
    image[..., :2, :] = torch.tensor([0.0, 1.0])[:, None]
    assert torch.equal(module(image), image)
    loss = (module(image) - 0.5).square().sum()
    loss.backward()
    assert sum(float(weights.grad.abs().sum()) for weights in module.parameters()) > 0


def test_a_residual_generator_learns_from_the_identity():
    image = 0.3 * picture(4, 3, 16, 16)
    module = networks.build(Mobile(width=4, depth=2, blocks=1), seed=1)
    optimiser = torch.optim.Adam(module.parameters(), lr=5e-3)
    errors = []
    for _ in range(30):
        loss = (module(image) - image.sqrt()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        errors.append(float(loss.detach()))
    assert errors[-1] < 0.3 * errors[0]


def test_corrections_by_hand():
    values = torch.tensor([0.0, 0.2, 0.8, 1.0], dtype=torch.float64)
    for amount, expected in [(0.0, values), (1.0, torch.ones(4)), (-1.0, torch.zeros(4))]:
        assert torch.allclose(corrected(values, torch.full_like(values, amount)), expected.double(), atol=1e-15)
    assert torch.allclose(corrected(values, torch.full_like(values, 0.5)), 0.5 + values / 2)
    assert torch.allclose(corrected(values, torch.full_like(values, -0.5)), values / 2)
    zero = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    corrected(values, zero).sum().backward()
    assert torch.equal(zero.grad, torch.ones(4))


def test_continued_is_symmetric_padding():
    np = pytest.importorskip("numpy")
    for size in [(1, 1), (2, 5), (7, 3)]:
        image = picture(1, 2, *size)
        target = (11, 8)
        grow = [(0, 0), (0, 0), *((0, to - of) for to, of in zip(target, size, strict=True))]
        assert np.array_equal(continued(image, *target).numpy(), np.pad(image.numpy(), grow, mode="symmetric"))


def test_instance_norm_is_that_of_torch():
    x = picture(2, 5, 6, 7).double().requires_grad_()
    ours, theirs = InstanceNorm(5).double(), nn.InstanceNorm2d(5, affine=True).double()
    assert torch.allclose(ours(x), theirs(x), atol=1e-12)
    # torch's refuses a map of one value; ours makes it 0, but for the rounding of a product.
    assert float(InstanceNorm(5)(picture(1, 5, 1, 1)).abs().max().detach()) < 1e-4


@pytest.mark.parametrize("config", [*SMALL.values(), PatchGAN(width=4, spectral=True)], ids=str)
def test_the_seed_decides_the_weights(config):
    before = torch.random.get_rng_state()
    one, same, other = (networks.build(config, seed=seed).state_dict() for seed in (7, 7, 8))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_initial_weights_are_those_of_the_papers():
    module = networks.build(ResNet(width=32, blocks=2))
    weights = torch.cat([part.weight.detach().flatten() for part in module.modules() if isinstance(part, nn.Conv2d)])
    assert float(weights.std()) == pytest.approx(0.02, rel=0.01)
    assert float(weights.mean()) == pytest.approx(0, abs=2e-4)


@pytest.mark.parametrize("config", [UNet(width=16, depth=5), ResNet(width=16), Mobile(residual=False)], ids=str)
def test_a_signal_survives_without_normalisation(config):
    module = networks.build(changed(config, normalisation="none"))
    with torch.no_grad():
        spread = float(module(picture(1, 3, 64, 64)).std())
    assert 0.003 < spread < 0.3


@pytest.mark.parametrize(
    ("config", "published"),
    [
        (ResNet(), 11.38),  # CycleGAN, as its code prints it
        (ResNet(upsampling="transposed"), 11.38),
        (ResNet(blocks=6), 7.84),
        (UNet(upsampling="transposed"), 54.41),  # pix2pix, as its code prints it
        (UNet(upsampling="transposed", depth=7), 41.83),
        (PatchGAN(), 2.77),
        (PatchGAN(channels_in=6), 2.77),
    ],
    ids=str,
)
def test_numbers_of_weights_are_the_published_ones(config, published):
    assert networks.cost(config).parameters / MILLION == pytest.approx(published, abs=0.01)


def test_mobile_is_light():
    light = networks.cost(Mobile())
    assert light.parameters <= MILLION
    for upsampling in ("resize", "transposed"):
        assert 20 * light.multiply_adds <= networks.cost(UNet(upsampling=upsampling)).multiply_adds


@GENERATORS
def test_the_cost_is_what_torch_counts(config):
    from torch.utils.flop_counter import FlopCounterMode

    module = networks.build(config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(picture(1, 3, 24, 40))
    found = networks.cost(config, height=24, width=40)
    assert 2 * found.multiply_adds == counter.get_total_flops()
    assert found.parameters == sum(weights.numel() for weights in module.parameters())


def test_counting_by_hand_and_leaves_no_trace():
    state = torch.random.get_rng_state()
    # 4 x 4 x 3 x 8 and 4 x 4 x 8 x 16 of stride 2 (8, then 7 to a side as the second has stride 1), 4 x 4 x 16 x 1.
    found = networks.cost(PatchGAN(width=8, depth=1), height=16, width=16)
    assert found.multiply_adds == 64 * 16 * 3 * 8 + 49 * 16 * 8 * 16 + 36 * 16 * 16
    assert torch.equal(torch.random.get_rng_state(), state)


def make_linear(module):
    """Give every convolution positive weights that sum to 1, so that nothing an output sees can cancel or saturate."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
                part.weight.fill_(1 / part.weight[0].numel())
    return module.double()


def support(function, side, position):
    """Return the first and last row of the input that the output in the middle column at a row depends on."""
    x = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    y = function(x)
    y[..., position, y.shape[-1] // 2].sum().backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    return int(rows[0]), int(rows[-1])


@pytest.mark.parametrize(
    "config",
    [
        UNet(width=1, depth=2),
        UNet(width=1, depth=3, upsampling="transposed"),
        ResNet(width=1, blocks=1),
        ResNet(width=1, blocks=2, upsampling="transposed"),
        Mobile(width=1, depth=2, blocks=1, expansion=1),
        Mobile(width=1, depth=3, blocks=1, expansion=1, upsampling="transposed"),
    ],
    ids=str,
)
def test_generators_see_what_their_config_says(config):
    module = make_linear(networks.build(changed(config, normalisation="none")))
    side = config.multiple * (2 + 2 * config.receptive_field_radius // config.multiple)
    middle = config.multiple * (side // 2 // config.multiple)
    found = [(row, *support(module.draw, side, row)) for row in range(middle, middle + config.multiple)]
    assert max(last - first + 1 for _, first, last in found) == config.receptive_field
    assert max(max(row - first, last - row) for row, first, last in found) == config.receptive_field_radius


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_patches_are_as_large_as_published(depth):
    module = make_linear(networks.build(PatchGAN(width=1, depth=depth, normalisation="none")))
    first, last = support(lambda x: module(x)[0], 160, module(torch.zeros(1, 3, 160, 160).double())[0].shape[-1] // 2)
    assert last - first + 1 == PatchGAN(depth=depth).receptive_field == {1: 16, 2: 34, 3: 70}[depth]


@pytest.mark.parametrize("normalisation", ["instance", "none"])
@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("scales", [1, 3])
def test_discriminators(normalisation, spectral, scales):
    config = PatchGAN(width=4, normalisation=normalisation, spectral=spectral, scales=scales, channels_in=2)
    module = networks.build(config)
    maps = module(picture(2, 2, 128, 96))
    assert [tuple(values.shape) for values in maps] == [(2, 1, 14, 10), (2, 1, 6, 4), (2, 1, 2, 1)][:scales]
    # A map of one value is all that instance normalisation leaves of 2 x 2 and 1 x 1, hence the larger picture.
    sum((values * picture(*values.shape, seed=1)).sum() for values in module(picture(2, 2, 160, 192))).backward()
    for name, weights in module.named_parameters():
        assert weights.grad.abs().max() > 0, name


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (24, 23), (33, 65)], ids=str)
def test_discriminators_score_any_size(size):
    for depth in (1, 3):
        maps = networks.build(PatchGAN(width=4, depth=depth, scales=2))(picture(1, 3, *size))
        assert len(maps) == 2
        assert all(values.numel() > 0 and torch.isfinite(values).all() for values in maps)


def test_the_minimum_is_the_smallest_size_that_gives_a_score():
    for depth in (1, 2, 3):
        config = PatchGAN(width=2, depth=depth)
        discriminator = networks.build(config).scales[0]
        assert discriminator(picture(1, 3, config.minimum, config.minimum)).numel() >= 1
        with pytest.raises(RuntimeError):
            discriminator(picture(1, 3, config.minimum - 1, config.minimum - 1))


def test_spectral_norm_bounds_the_largest_singular_value():
    module = networks.build(PatchGAN(width=8, spectral=True))
    for _ in range(30):
        module(picture(1, 3, 32, 32))
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            assert float(torch.linalg.matrix_norm(part.weight.flatten(1), 2).detach()) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    "config", [UNet(width=4, depth=2), Mobile(width=4, depth=2), ResNet(width=4, blocks=1)], ids=str
)
def test_mixed_precision_keeps_the_bounds_and_the_type(config):
    module = networks.build(config)
    image = picture(1, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        result = module(image)
        result.sum().backward()
    assert result.dtype == torch.float32
    assert torch.allclose(result, module(image), atol=0.05)
    if config.residual:
        assert torch.equal(result, image)


@pytest.mark.parametrize("name", ["unet", "resnet"])
def test_exported_graphs_take_any_size(name):
    from torch.export import Dim, export

    module = networks.build(SMALL[name], seed=2).eval()
    sides = {axis: Dim(f"side{axis}", min=module.multiple + 1, max=4096) for axis in (2, 3)}
    with torch.no_grad():
        graph = export(module, (picture(1, 3, 21, 26),), dynamic_shapes=(sides,)).module()
        for size in [(16, 32), (33, 19), (64, 64)]:
            image = picture(1, 3, *size)
            assert torch.allclose(graph(image), module(image), atol=1e-6)
