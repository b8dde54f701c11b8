"""The generator that renders: its operation against plain loops, where it begins, sizes, gradients, and what it sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.networks import Render
from diptych.networks.modules.pictures import luma
from diptych.networks.modules.render import RenderParameters, compress_exposure
from render_helpers import awaken, plain_area, plain_render

SMALL = Render(width=4, thumbnail=32, depth=4, knots=5)
CLEAN = Render(width=4, thumbnail=32, depth=4, knots=5, denoiser="small")
GREY = Render(width=4, thumbnail=32, channels_in=1, channels_out=1, denoiser="small")


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("config", [SMALL, CLEAN, GREY], ids=["small", "clean", "grey"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (32, 32), (45, 61)], ids=str)
def test_any_size_and_bounds(config, size):
    image = picture(2, config.channels_in, *size)
    result = awaken(networks.build(config), strength=0.3)(image)
    assert result.shape == image.shape
    assert torch.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_pictures_are_finite(value):
    module = awaken(networks.build(CLEAN))
    image = torch.full((1, 3, 20, 24), value, requires_grad=True)
    module(image).sum().backward()
    assert all(torch.isfinite(weights.grad).all() for weights in module.parameters())
    assert torch.isfinite(image.grad).all()


@pytest.mark.parametrize("config", [SMALL, GREY], ids=["colour", "grey"])
def test_the_operation_is_the_one_of_the_page(config):
    module = awaken(networks.build(config), strength=0.2)
    image = picture(1, config.channels_in, 19, 27) ** 2
    with torch.no_grad():
        parameters = module.predict(module.thumbnail(image))
        found = module.render(image, parameters)[0].permute(1, 2, 0).numpy()
    expected = plain_render(image[0].permute(1, 2, 0).numpy(), *(part[0].numpy() for part in parameters))
    assert expected.std() > 0.02
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (32, 32), (33, 100), (64, 96)], ids=str)
def test_the_thumbnail_is_the_average_of_areas(size):
    module = networks.build(SMALL)
    image = picture(1, 3, *size)
    found = module.thumbnail(image)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - plain_area(image[0].permute(1, 2, 0).numpy(), 32)).max() < 1e-6
    if size == (64, 96):  # whole pixels: the area average of torch
        assert np.abs(found - F.interpolate(image, (32, 32), mode="area")[0].permute(1, 2, 0).numpy()).max() < 1e-6


def test_a_fresh_one_only_evens_the_exposure():
    module = networks.build(SMALL, seed=4)
    image = picture(1, 3, 40, 48)
    mean = luma(module.thumbnail(image)).mean() + 0.004
    assert torch.allclose(module(image), image * (1 + mean) / (image + mean), atol=1e-4)


def test_the_curve_rises_and_the_parameters_have_their_shapes():
    module = awaken(networks.build(SMALL), strength=0.5)
    exposure, curve, grid = module.predict(picture(3, 3, 32, 32))
    assert (exposure.shape, curve.shape, grid.shape) == ((3, 1, 1, 1), (3, 6), (3, 12, 4, 4, 4))
    assert (curve[:, 0] == 0).all()
    assert (curve.diff(dim=1) > 0).all()


def test_the_mirror_image_of_a_picture_becomes_that_of_the_result():
    module = awaken(networks.build(SMALL), strength=0.3).eval()
    image = picture(2, 3, 40, 56) ** 2
    with torch.no_grad():
        result, mirrored = module(image), module(image.flip(-1)).flip(-1)
        assert torch.allclose(mirrored, result, atol=1e-5)
        module.train()  # where the thumbnail alone decides, and steps cost half
        assert not torch.allclose(module(image.flip(-1)).flip(-1), result, atol=1e-3)


def test_dropout_is_for_training_alone():
    config = replace(SMALL, dropout=0.5)
    dropping, keeping = (awaken(networks.build(one), strength=0.3) for one in (config, SMALL))
    image = picture(2, 3, 32, 32)
    with torch.no_grad():
        assert not torch.equal(dropping(image), dropping(image))
        assert torch.equal(keeping(image), keeping(image))
        assert torch.equal(dropping.eval()(image), keeping.eval()(image))


def test_a_part_of_the_grid_renders_a_part_of_the_picture():
    module = awaken(networks.build(SMALL), strength=0.2)
    image = picture(1, 3, 64, 64)
    with torch.no_grad():
        parameters = module.predict(module.thumbnail(image))
        part = module.render(image[..., :32, 16:48], parameters._replace(grid=parameters.grid[..., :2, 1:3]))
        # Beyond the centres of a grid's outermost cells its transforms stay, so that the inner half is the same.
        whole = module.render(image, parameters)[..., :32, 16:48]
    assert torch.allclose(part[..., 8:24, 8:24], whole[..., 8:24, 8:24], atol=1e-5)


@pytest.mark.parametrize("config", [CLEAN, GREY], ids=["colour", "grey"])
def test_gradients_reach_every_parameter(config):
    module = awaken(networks.build(config), strength=0.05)
    # Not forward(): a value that was clamped would keep its gradient from the rendering.
    image = 0.2 + 0.6 * picture(2, config.channels_in, 48, 40)
    parameters = module.predict(module.thumbnail(image))
    result = module.finish(module.denoise(compress_exposure(image, parameters.exposure)), parameters)
    (result * picture(*result.shape, seed=1)).sum().backward()
    for name, weights in module.named_parameters():
        assert torch.isfinite(weights.grad).all(), name
        assert weights.grad.abs().max() > 0, name


def test_it_learns_a_darkening():
    bright = 0.3 + 0.6 * picture(4, 3, 32, 32)
    dark = 0.2 * bright**2
    module = networks.build(Render(width=4, thumbnail=32), seed=1)
    optimiser = torch.optim.AdamW(module.parameters(), lr=3e-3)
    errors = []
    for _ in range(40):
        loss = (module(dark) - bright).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        errors.append(float(loss.detach()))
    assert errors[-1] < 0.2 * errors[0]


def test_the_denoiser_sees_what_the_config_says():
    module = networks.build(CLEAN).denoiser
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, torch.nn.Conv2d):
                part.weight.fill_(1 / part.weight[0].numel())
    module = module.double()
    side, far = 144, 0
    for row in range(64, 72):
        image = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
        module(image)[..., row, 72].sum().backward()
        rows = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()
        far = max(far, row - int(rows[0]), int(rows[-1]) - row)
    assert far == CLEAN.receptive_field_radius
    assert (SMALL.receptive_field_radius, SMALL.receptive_field, SMALL.multiple) == (0, 1, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"residual": True}, "residual = True is not allowed"),
        ({"channels_in": 1}, "make them equal"),
        ({"channels_in": 2}, "channels_in = 2 is not allowed"),
        ({"thumbnail": 100}, "thumbnail = 100 is not allowed"),
        ({"denoiser": "large"}, "one of none, small"),
    ],
)
def test_bad_fields_are_refused(fields, words):
    with pytest.raises(ParameterError, match=words):
        Render(**fields)


def test_parameters_may_have_another_precision():
    module = networks.build(SMALL)
    image = picture(1, 3, 8, 8)
    parameters = module.predict(module.thumbnail(image))
    halved = RenderParameters(*(part.to(torch.bfloat16) for part in parameters))
    assert module.render(image, halved).dtype == torch.float32
