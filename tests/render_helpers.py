"""The operation of `render`, written out in loops, and networks of random weights."""

from __future__ import annotations

import numpy as np
import torch

from diptych.networks import Render, build, to_dict

CONFIGS = {
    "plain": Render(width=4, thumbnail=32, depth=4, knots=5),
    "clean": Render(width=4, thumbnail=32, depth=4, knots=5, denoiser="small"),
    "grey": Render(width=4, thumbnail=32, depth=4, knots=5, channels_in=1, channels_out=1, denoiser="small"),
}

LUMA = np.array([0.299, 0.587, 0.114])


def awaken(module, *, strength=0.1, seed=7):
    """Give weights to the layers that begin at 0, so that the operation is no longer near the identity."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for last in (module.to_grid, module.to_curve):
            last.weight.add_(strength / 4 * torch.randn(last.weight.shape, generator=generator))
            last.bias.add_(strength * torch.randn(last.bias.shape, generator=generator))
        if module.denoiser is not None:
            last = module.denoiser.last
            last.weight.add_(0.02 * torch.randn(last.weight.shape, generator=generator))
    return module


def trained(name="clean", *, seed=3, **more):
    """Return a generator whose weights do something, as a training would leave it."""
    from diptych.training.generator_file import TrainedGenerator

    module = awaken(build(CONFIGS[name], seed=seed), seed=seed).eval().requires_grad_(False)
    return TrainedGenerator(CONFIGS[name], module, name=name, **more)


def bundle_of(generator, **facts):
    """Return the bundle of a generator, without the proof that an export gives."""
    from diptych.export.render import render_graph
    from diptych.runtime import BundleMetadata, make_bundle

    config = generator.config
    channels = {"channels_in": config.channels_in, "channels_out": config.channels_out}
    known = {
        "multiple": config.multiple,
        "receptive_field_radius": config.receptive_field_radius,
        "generator": to_dict(config),
    }
    return make_bundle(render_graph(generator), BundleMetadata(name=generator.name, **channels, **known, **facts))


def plain_area(image, side):
    """Return the averages of ``side x side`` equal areas of an image ``(H, W, C)``, from the overlaps with each pixel."""

    def weights(length):
        made = np.zeros((side, length))
        for cell in range(side):
            for pixel in range(length):
                first, last = max(pixel, cell * length / side), min(pixel + 1, (cell + 1) * length / side)
                made[cell, pixel] = max(0.0, last - first) * side / length
        return made

    return np.einsum("ah,bw,hwc->abc", weights(image.shape[0]), weights(image.shape[1]), image.astype(np.float64))


def plain_render(image, exposure, curve, grid):
    """Return the rendering of a float image ``(H, W, C)``, unbounded, in float64, pixel by pixel."""
    height, width, channels = image.shape
    mean = float(np.ravel(exposure)[0])
    even = image.astype(np.float64) * (1 + mean) / (image + mean)
    values = np.interp(even, np.linspace(0, 1, len(curve)), curve.astype(np.float64))
    guide = values @ LUMA if channels == 3 else values[:, :, 0]
    out = np.empty_like(values)
    for row in range(height):
        for column in range(width):
            table = grid.astype(np.float64)
            places = (np.clip(guide[row, column], 0, 1), (row + 0.5) / height, (column + 0.5) / width)
            for place in places:
                table = _between(table, place)
            affine = table.reshape(channels, channels + 1)
            here = values[row, column]
            out[row, column] = here + affine[:, :channels] @ here + affine[:, channels]
    return out


def _between(table, place):
    """Interpolate along axis 1 of a table between the centres of its cells."""
    size = table.shape[1]
    position = np.clip(place * size - 0.5, 0, size - 1)
    low = min(int(position), size - 2) if size > 1 else 0
    share = position - low
    return table[:, low] * (1 - share) + table[:, min(low + 1, size - 1)] * share
