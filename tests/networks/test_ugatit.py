"""UGATIT: sizes, gradients, weights as published, AdaLIN by its definition, and attention to what differs."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.networks import UGATIT, CAMPatchGAN
from diptych.networks.modules.attention import ClassAttention
from diptych.networks.modules.initial import seeded
from diptych.networks.modules.ugatit import AdaLIN, Style, clip_shares
from diptych.training import losses

SMALL = {
    "light": UGATIT(width=4, blocks=1),
    "full": UGATIT(width=4, blocks=1, light=False, size=32),
    "no blocks": UGATIT(width=4, blocks=0),
}
GENERATORS = pytest.mark.parametrize("config", SMALL.values(), ids=SMALL.keys())
MILLION = 1e6


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@GENERATORS
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 7), (32, 32), (33, 65)], ids=str)
def test_any_size(config, size):
    image = picture(2, 3, *size)
    module = networks.build(config).eval()
    with torch.no_grad():
        output, logits, heat = module.attend(image)
        assert torch.equal(output, module(image))
    assert output.shape == image.shape
    assert 0 <= output.min() <= output.max() <= 1
    assert logits.shape == (2, 2)
    assert heat.shape == (2, 1, *(-(-side // 4) for side in size))


@GENERATORS
def test_any_channels(config):
    for before, after in [(1, 1), (1, 3), (5, 2)]:
        fields = {**networks.to_dict(config), "channels_in": before, "channels_out": after}
        assert networks.build(networks.from_dict(fields))(picture(1, before, 9, 10)).shape == (1, after, 9, 10)


@pytest.mark.parametrize("light", [True, False])
def test_gradients_reach_every_parameter(light):
    module = networks.build(UGATIT(width=4, blocks=1, light=light, size=32), seed=3)
    output, logits, _ = module.attend(picture(2, 3, 32, 32))
    ((output * picture(2, 3, 32, 32, seed=1)).sum() + logits.sum()).backward()
    for name, weights in module.named_parameters():
        assert torch.isfinite(weights.grad).all(), name
        assert weights.grad.abs().max() > 0, name


@GENERATORS
def test_a_residual_one_begins_as_the_identity(config):
    module = networks.build(networks.from_dict({**networks.to_dict(config), "residual": True}))
    image = picture(1, 3, 13, 18)
    assert torch.equal(module(image), image)
    assert torch.equal(module.attend(image).output, image)


@pytest.mark.parametrize(("light", "published"), [(True, 134.0), (False, 670.8)])
def test_numbers_of_weights_are_the_published_ones(light, published):
    # Both generators and all four discriminators, as table 4 of the paper counts them.
    parts = networks.cost(UGATIT(light=light)), networks.cost(CAMPatchGAN())
    assert 2 * sum(part.parameters for part in parts) / MILLION == pytest.approx(published, abs=0.05)


@GENERATORS
def test_the_cost_is_what_torch_counts(config):
    # All but the linear layers, which are not convolutions.
    from torch.utils.flop_counter import FlopCounterMode

    module = networks.build(config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(picture(1, 3, 32, 32))
    counted = sum(number for operator, number in counter.get_flop_counts()["Global"].items() if "conv" in str(operator))
    assert 2 * networks.cost(config, height=32, width=32).multiply_adds == counted


def test_adalin_is_what_the_paper_defines():
    x, draw = 3 * picture(2, 5, 6, 7).double() + 1, torch.Generator().manual_seed(1)
    gamma, beta = (torch.randn(2, 5, 1, 1, generator=draw).double() for _ in range(2))
    module = AdaLIN(5).double()
    module.rho.data = torch.rand(1, 5, 1, 1, generator=draw).double()
    ours = module(x, gamma, beta)
    for picture_, (one, scale, shift) in enumerate(zip(x, gamma, beta, strict=True)):
        for channel in range(5):
            rho = module.rho[0, channel, 0, 0]
            by_map = (one[channel] - one[channel].mean()) / (one[channel].var(correction=0) + 1e-5).sqrt()
            by_all = (one[channel] - one.mean()) / (one.var(correction=0) + 1e-5).sqrt()
            expected = scale[channel] * (rho * by_map + (1 - rho) * by_all) + shift[channel]
            assert torch.allclose(ours[picture_, channel], expected, atol=1e-12)


def test_adalin_at_its_ends():
    x, one, zero = picture(2, 5, 6, 7).double(), torch.ones(1, 5, 1, 1).double(), torch.zeros(1, 5, 1, 1).double()
    assert torch.allclose(AdaLIN(5, rho=1.0).double()(x, one, zero), F.instance_norm(x), atol=1e-12)
    assert torch.allclose(AdaLIN(5, rho=0.0).double()(x, one, zero), F.layer_norm(x, x.shape[1:]), atol=1e-12)


def test_adalin_in_half_precision_takes_exact_statistics():
    x = (100 + picture(1, 4, 16, 16)).to(torch.bfloat16)
    one, zero = torch.ones(1, 4, 1, 1), torch.zeros(1, 4, 1, 1)
    assert torch.allclose(AdaLIN(4)(x, one, zero).float(), AdaLIN(4)(x.float(), one, zero), atol=0.02)


def test_shares_stay_shares():
    module = networks.build(SMALL["light"])
    blocks = [part for part in module.modules() if isinstance(part, AdaLIN)]
    assert [float(part.rho.detach().mean()) for part in blocks] == pytest.approx([0.9, 0.9, 0.0, 0.0])
    blocks[0].rho.data += 1
    blocks[1].rho.data -= 2
    clip_shares(module)
    assert torch.equal(blocks[0].rho, torch.ones(1, 16, 1, 1))
    assert torch.equal(blocks[1].rho, torch.zeros(1, 16, 1, 1))


def test_the_full_version_sees_where_things_are():
    """gamma and beta of a map of the trained size are those of the flattened map; the light one's do not know the place."""
    draw = torch.Generator().manual_seed(2)
    x = torch.rand(1, 4, 8, 8, generator=draw)
    with seeded(0):
        full, light = Style(4, 8), Style(4, None)
    assert torch.equal(full.second(F.relu(full.first(x.flatten(1)))), full.second(F.relu(full.first(full._pooled(x)))))
    assert not torch.allclose(full(x)[0], full(x.flip(-1))[0])
    assert torch.allclose(light(x)[0], light(x.flip(-1))[0])
    # A map of twice the size, each value four times, says the same; so does one of half the size of the doubled one.
    assert torch.allclose(full(F.interpolate(x, scale_factor=2.0, mode="nearest"))[1], full(x)[1], atol=1e-6)
    assert torch.allclose(full._pooled(torch.ones(1, 4, 5, 11)), torch.ones(1, 4 * 64), atol=1e-5)


def test_the_heat_is_the_class_activation_map():
    x, attention = picture(3, 6, 5, 4), ClassAttention(6)
    _, logits, heat = attention(x)
    average, largest = attention.of_average.detach().flatten(), attention.of_maximum.detach().flatten()
    assert torch.allclose(logits[:, 0], x.mean((2, 3)) @ average, atol=1e-6)
    assert torch.allclose(logits[:, 1], x.amax((2, 3)) @ largest, atol=1e-6)
    assert torch.allclose(heat[:, 0], torch.einsum("nchw,c->nhw", x, largest), atol=1e-6)


def make_local(module):
    """Take out what sees the whole picture, and give every convolution positive weights that sum to 1."""

    class Plain(nn.Module):
        def forward(self, x, *_):
            return x

    for part in list(module.modules()):
        for name, child in list(part.named_children()):
            if type(child).__name__ in ("InstanceNorm", "AdaLIN"):
                setattr(part, name, Plain())
    with torch.no_grad():
        module.attention.of_average.fill_(1)
        module.attention.of_maximum.fill_(1)
        for part in module.modules():
            if isinstance(part, nn.Conv2d):
                part.weight.fill_(1 / part.weight[0].numel())
    return module.double()


@pytest.mark.parametrize("blocks", [0, 1])
def test_it_sees_what_its_config_says(blocks):
    config = UGATIT(width=1, blocks=blocks)
    module = make_local(networks.build(config))
    side = 4 * (2 + 2 * config.receptive_field_radius // 4)
    found = []
    for row in range(side // 8 * 4, side // 8 * 4 + 4):
        x = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
        module.draw(x)[..., row, side // 2].sum().backward()
        rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
        found.append((row, int(rows[0]), int(rows[-1])))
    assert max(last - first + 1 for _, first, last in found) == config.receptive_field
    assert max(max(row - first, last - row) for row, first, last in found) == config.receptive_field_radius


@pytest.mark.parametrize("spectral", [False, True])
def test_the_discriminators(spectral):
    config = CAMPatchGAN(width=4, depth=2, global_depth=3, spectral=spectral, channels_in=2)
    module = networks.build(config)
    scores = module(picture(2, 2, 64, 48))
    assert [tuple(values.shape) for values in scores] == [(2, 1, 14, 10), (2, 2, 1, 1), (2, 1, 6, 4), (2, 2, 1, 1)]
    sum((values * picture(*values.shape, seed=1)).sum() for values in scores).backward()
    for name, weights in module.named_parameters():
        assert weights.grad.abs().max() > 0, name
    assert len(networks.build(CAMPatchGAN(width=4, depth=1, global_depth=0))(picture(1, 3, 5, 30))) == 2


@pytest.mark.parametrize("size", [(1, 1), (24, 23), (33, 65)], ids=str)
def test_the_discriminators_score_any_size(size):
    scores = networks.build(CAMPatchGAN(width=2, depth=1, global_depth=4))(picture(1, 3, *size))
    assert all(values.numel() > 0 and torch.isfinite(values).all() for values in scores)


def test_the_discriminators_see_as_far_as_published():
    assert CAMPatchGAN(global_depth=0).receptive_field == 70
    assert CAMPatchGAN().receptive_field == 286
    with pytest.raises(ParameterError, match="global_depth = 3 is not more than depth = 3"):
        CAMPatchGAN(global_depth=3)


def test_the_spectral_norms_are_one():
    module = networks.build(CAMPatchGAN(width=4, depth=1, global_depth=2))
    for _ in range(30):
        module(picture(1, 3, 32, 32))
    for discriminator in module.discriminators:
        for part in (*discriminator.body, discriminator.last):
            if isinstance(part, nn.Conv2d):
                norm = float(torch.linalg.matrix_norm(part.weight.detach().flatten(1), 2))
                assert norm == pytest.approx(1, rel=0.05)


def test_attention_finds_what_differs():
    """Pictures of the source have a bright square, those of the target none: the heat is higher in the square."""
    draw = torch.Generator().manual_seed(0)

    def pictures(count, *, square):
        made, masks = 0.4 * torch.rand(count, 3, 32, 32, generator=draw), torch.zeros(count, 1, 32, 32)
        for index in range(count if square else 0):
            top, left = torch.randint(0, 5, (2,), generator=draw).mul(4).tolist()
            masks[index, :, top : top + 12, left : left + 12] = 1
        return made + 0.6 * masks, masks

    module = networks.build(UGATIT(width=4, blocks=1), seed=1)
    optimiser = torch.optim.Adam(module.parameters(), lr=5e-3)
    for _ in range(40):
        loss = losses.attention(
            module.look(2 * pictures(4, square=True)[0] - 1).logits,
            module.look(2 * pictures(4, square=False)[0] - 1).logits,
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    shown, masks = pictures(16, square=True)
    with torch.no_grad():
        _, logits, heat = module.attend(shown)
        others = module.attend(pictures(16, square=False)[0]).logits
    inside = F.avg_pool2d(masks, 4) > 0.99
    assert (logits.sum(1) > 0).float().mean() >= 0.9
    assert (others.sum(1) < 0).float().mean() >= 0.9
    higher = [float(one[place].mean() - one[~place].mean()) for one, place in zip(heat, inside, strict=True)]
    assert min(higher) > 0


def test_the_loss_of_attention_by_hand():
    zero, sure = torch.zeros(3, 2), torch.full((3, 2), 20.0)
    assert float(losses.attention(zero, zero)) == pytest.approx(2 * 0.693147, abs=1e-5)
    assert float(losses.attention(sure, -sure)) == pytest.approx(0, abs=1e-6)
    assert float(losses.attention(-sure, sure)) == pytest.approx(40, abs=1e-5)
