"""The enhancer that renders: the whole graph, torch and the kernels agree, at any size and depth."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'diptych[train]'")

import torch

import diptych as dp
from diptych.core.errors import BundleError, ImageError, ParameterError, UnknownNameError
from diptych.core.image import from_float, to_float
from diptych.recipes import Recipe, step
from diptych.runtime import OnnxEnhancer, RenderEnhancer, default_model, make_bundle, open_enhancer
from diptych.runtime._kernels import render_numba as kernels
from diptych.runtime.render import TENSORS
from diptych.runtime.sessions import Sessions
from render_helpers import CONFIGS, bundle_of, plain_render, trained

SIZES = [(1, 1), (7, 5), (130, 90), (600, 400)]


@pytest.fixture(scope="module")
def generators():
    """Return a generator of each config."""
    return {name: trained(name) for name in CONFIGS}


@pytest.fixture(scope="module")
def bundles(generators):
    """Return their bundles."""
    return {name: bundle_of(generator) for name, generator in generators.items()}


@pytest.fixture(scope="module")
def enhancers(bundles):
    """Return what runs them."""
    return {name: open_enhancer(bundle, threads=1) for name, bundle in bundles.items()}


def picture(size, channels, dtype, seed=0):
    values = np.random.default_rng(seed).random((*size, channels)) ** 2
    return values > 0.5 if dtype == "bool" else from_float(values, np.dtype(dtype))


def levels(one, other):
    """Return the largest difference in levels of 255."""
    return 255 * np.abs(to_float(one).astype(np.float64) - to_float(other).astype(np.float64)).max()


def graph_of(bundle, image):
    planes = np.ascontiguousarray(to_float(image).astype(np.float32).transpose(2, 0, 1)[np.newaxis])
    session = Sessions("test", threads=1).open(bundle.model)
    made = session.run({"image": planes}, {"enhanced": (planes.shape, np.dtype(np.float32))})[0]
    return made[0].transpose(1, 2, 0)


def by_torch(generator, image):
    planes = torch.from_numpy(np.ascontiguousarray(to_float(image).astype(np.float32).transpose(2, 0, 1)[np.newaxis]))
    with torch.inference_mode():
        return generator.module(planes)[0].numpy().transpose(1, 2, 0)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", CONFIGS)
def test_torch_graph_and_kernels_agree(name, size, generators, bundles, enhancers):
    coarse = picture(size, CONFIGS[name].channels_in, "uint8")
    expected = by_torch(generators[name], coarse)
    assert expected.std() > 0.01 or size == (1, 1)
    assert levels(graph_of(bundles[name], coarse), expected) < 0.05
    for dtype in ("uint8", "uint16", "float32", "float64"):  # the same values
        image = from_float(to_float(coarse), np.dtype(dtype))
        made = enhancers[name](image)
        assert (made.dtype, made.shape) == (image.dtype, image.shape)
        assert levels(made, from_float(expected, image.dtype)) < (1.001 if dtype == "uint8" else 0.05)


def test_bools_are_black_and_white(generators, enhancers):
    image = picture((40, 30), 3, "bool")
    made, expected = enhancers["clean"](image), by_torch(generators["clean"], image)
    assert made.dtype == np.bool_
    assert np.array_equal(made, expected >= 0.5) or np.abs(expected[made != (expected >= 0.5)] - 0.5).max() < 1e-5


def test_fast_leaves_the_denoiser_out(generators, bundles, enhancers):
    image = picture((40, 56), 3, "uint8")
    fast = open_enhancer(bundles["clean"], threads=1, profile="fast")
    module = generators["clean"].module
    planes = torch.from_numpy(to_float(image).transpose(2, 0, 1)[np.newaxis].copy())
    with torch.inference_mode():
        rendered = module.render(planes, module.predict(module.thumbnail(planes))).clamp(0, 1)
    assert levels(fast(image), from_float(rendered[0].numpy().transpose(1, 2, 0), image.dtype)) < 1.001
    assert levels(fast(image), enhancers["clean"](image)) > 3


def test_the_number_of_threads_shows_in_nothing(bundles, monkeypatch):
    image = picture((150, 210), 3, "uint8")
    results = []
    for count in ("1", "3"):
        monkeypatch.setenv("DIPTYCH_THREADS", count)
        results.append(open_enhancer(bundles["plain"], threads=1)(image))
    assert np.array_equal(*results)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_kernels_do_what_the_page_says(channels, dtype):
    from diptych.runtime.render import Parameters, render

    rng = np.random.default_rng(1)
    curve = np.concatenate([[0], np.cumsum(rng.random(7)) / 5]).astype(np.float32)
    for size, side, depth in (((1, 1), 16, 8), ((5, 300), 3, 2), ((37, 9), 1, 4), ((31, 45), 4, 5)):
        grid = rng.normal(0, 0.2, (channels * (channels + 1), depth, side, side)).astype(np.float32)
        image = picture(size, channels, dtype, seed=side)
        made = render(image, Parameters(np.float32(0.1), curve, grid), image.dtype)
        expected = plain_render(to_float(image), 0.1, curve, grid)
        assert levels(made, from_float(expected, image.dtype)) < (1.001 if dtype == "uint8" else 0.01)


def test_strips_of_the_kernels_are_the_whole():
    image = picture((40, 30), 3, "uint8")
    lut, table = np.linspace(0, 1, 256, dtype=np.float32), np.ones((4, 4, 3, 4, 4), np.float32) / 10
    whole, parts = np.empty_like(image), np.empty_like(image)
    for out, edges in ((whole, (0, 40)), (parts, (0, 1, 17, 40))):
        for first, last in itertools.pairwise(edges):
            kernels.by_table(image, out, lut, table, np.float32(255), np.float32(0.5), first, last)
    assert np.array_equal(whole, parts)


def test_grey_pictures_and_those_that_do_not_fit(enhancers):
    grey = picture((30, 20), 1, "uint8")
    flat = enhancers["clean"](grey[:, :, 0])
    assert flat.shape == (30, 20)
    assert np.array_equal(flat, enhancers["clean"](grey)[:, :, 0])
    with pytest.raises(ImageError, match="takes 1"):
        enhancers["grey"](picture((5, 5), 3, "uint8"))
    with pytest.raises(ImageError, match="takes 3"):
        enhancers["plain"](picture((5, 5), 2, "uint8"))
    with pytest.raises(ImageError, match="lies in"):
        enhancers["plain"](np.full((5, 5, 3), 1.5, np.float32))


def test_a_view_that_is_not_contiguous(enhancers):
    image = picture((60, 40), 3, "uint8")
    turned = image[::2, ::-1]
    assert np.array_equal(enhancers["plain"](turned), enhancers["plain"](turned.copy()))


def test_a_photo_keeps_its_transparency(enhancers):
    photo = dp.Photo(picture((12, 10), 3, "uint8"), alpha=np.full((12, 10), 77, np.uint8))
    made = dp.enhance(photo, enhancers["plain"])
    assert np.array_equal(made.pixels, enhancers["plain"](photo.pixels))
    assert np.array_equal(made.alpha, photo.alpha)


def test_steps_before_and_after(generators, enhancers):
    before, after = Recipe(step("gamma", gamma=0.7)), Recipe(step("stretch"))
    bundle = bundle_of(generators["plain"], preprocess=before.to_toml(), postprocess=after.to_toml())
    image = picture((50, 40), 3, "uint16")
    assert levels(open_enhancer(bundle)(image), after(enhancers["plain"](before(image)))) < 0.01


def test_the_denoiser_runs_in_strips(bundles, generators):
    image = picture((900, 500), 3, "uint8", seed=2)
    strips = open_enhancer(bundles["clean"], threads=1, memory=64 << 20)
    assert levels(strips(image), from_float(by_torch(generators["clean"], image), image.dtype)) < 1.001


def test_the_one_that_opens_chooses(bundles, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(bundles["clean"].model)
    assert isinstance(open_enhancer(path), RenderEnhancer)
    assert open_enhancer(path).metadata == bundles["clean"].metadata
    from runtime_networks import make

    other = make("hourglass")
    assert isinstance(open_enhancer(other), OnnxEnhancer)
    with pytest.raises(ParameterError, match="no profile fast"):
        open_enhancer(other, profile="fast")
    with pytest.raises(ParameterError, match="give best or fast"):
        open_enhancer(other, profile="slow")
    with pytest.raises(BundleError, match="is no render"):
        RenderEnhancer(other)


def test_the_plain_enhancer_runs_it_too(bundles, enhancers):
    image = picture((45, 70), 3, "uint8")
    assert levels(OnnxEnhancer(bundles["clean"], threads=1)(image), enhancers["clean"](image)) < 1.001


@pytest.mark.parametrize("lost", ["grid", "continued"])
def test_a_graph_without_its_tensors_is_refused(lost, bundles):
    model = onnx.load_from_string(bundles["clean"].model)
    assert set(TENSORS) <= {name for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = ["other" if name == lost else name for name in names]
    changed = make_bundle(model.SerializeToString(), bundles["clean"].metadata, source="evening.onnx")
    with pytest.raises(BundleError, match=rf"evening\.onnx: its graph has no tensor '{lost}'"):
        RenderEnhancer(changed)
    if lost == "continued":
        RenderEnhancer(changed, profile="fast")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("layer", ["to_curve", "to_grid"])
def test_parameters_that_no_picture_has_are_told(layer, value):
    generator = trained("plain")
    getattr(generator.module, layer).bias.fill_(value)
    with pytest.raises(BundleError, match="not numbers or out of any bounds"):
        RenderEnhancer(bundle_of(generator))


def test_a_hostile_exposure_does_not_reach_the_kernels(bundles):
    model = onnx.load_from_string(bundles["plain"].model)
    node = next(node for node in model.graph.node if "exposure" in node.output)
    floor = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[1])
    floor.CopyFrom(onnx.numpy_helper.from_array(np.float32(-0.25), floor.name))
    with pytest.raises(BundleError, match="out of any bounds"):
        RenderEnhancer(make_bundle(model.SerializeToString(), bundles["plain"].metadata))


def test_the_model_in_the_package(monkeypatch):
    monkeypatch.setattr("diptych.runtime.default.DEFAULT", "not_there")
    with pytest.raises(
        UnknownNameError, match=r"not_there\.onnx: this installation has no model .* or use the recipe auto"
    ):
        default_model()
