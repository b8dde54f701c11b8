"""In strips as in one piece: the same answer, in less memory."""

from __future__ import annotations

import errno

import numpy as np
import onnx
import pytest

from diptych.core.errors import DiptychError, ParameterError
from diptych.runtime import OnnxEnhancer, make_bundle
from diptych.runtime.graph import Graph
from diptych.runtime.normalisation import Moments
from diptych.runtime.picture import Picture
from diptych.runtime.sessions import Sessions
from diptych.runtime.stages import plan
from diptych.runtime.store import InMemory, OnDisk
from diptych.runtime.tiling import Strips
from runtime_networks import NETWORKS, make, photograph
from runtime_strips import in_strips

LEVEL = 1 / 255


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("memory", [1.2e6, 12e6])
def test_strips_equal_the_whole(name, memory):
    bundle = make(name)
    image = (photograph(301, 203) / 255).astype(np.float32)[..., : bundle.metadata.channels_in]
    whole = OnnxEnhancer(bundle, memory=1 << 32)(image)
    made, count = in_strips(bundle, image, memory)
    assert count > 1 or memory > 2e6
    assert np.abs(made - whole).max() < 0.1 * LEVEL


def test_statistics_matter(photo):
    """The test above can fail: pieces that are computed one by one are far away."""
    bundle = make("hourglass")
    image = (photograph(256, 128) / 255).astype(np.float32)
    enhancer = OnnxEnhancer(bundle)
    apart = np.concatenate([enhancer(image[:128]), enhancer(image[128:])])
    assert np.abs(apart - enhancer(image)).max() > 10 * LEVEL


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_enhancer_chooses_strips_by_itself(dtype, monkeypatch):
    bundle = make("residual")
    image = photograph(700, 500)
    image = {"uint8": image, "uint16": image.astype(np.uint16) * 257, "float32": (image / 255).astype(np.float32)}[
        dtype
    ]
    whole = OnnxEnhancer(bundle, memory=1 << 32)(image)
    enhancer = OnnxEnhancer(bundle, memory=64 << 20)
    seen = []
    monkeypatch.setattr("diptych.runtime.tiling.Strips.__init__", _noting(seen))
    made = enhancer(image)
    assert len(seen) == 1
    assert (made.dtype, made.shape) == (image.dtype, image.shape)
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    assert np.abs(made.astype(float) - whole).max() <= LEVEL * white
    np.testing.assert_array_equal(made, enhancer(image))  # and always in the same way


@pytest.mark.parametrize(("name", "strips"), [("residual", 1), ("plain", 0)])
def test_large_pictures_with_normalisation_go_in_strips(name, strips, monkeypatch, photo):
    """However much memory there is: ONNX Runtime's statistics are not exact for them."""
    enhancer = OnnxEnhancer(make(name), memory=1 << 32)
    small = enhancer(photo)
    seen = []
    monkeypatch.setattr("diptych.runtime.tiling.Strips.__init__", _noting(seen))
    monkeypatch.setattr("diptych.runtime.onnx._EXACT", 10_000)
    np.testing.assert_allclose(enhancer(photo).astype(int), small, atol=1)
    assert len(seen) == strips


def _noting(seen):
    original = Strips.__init__

    def init(self, graph, sessions, memory):
        seen.append(memory)
        original(self, graph, sessions, memory)

    return init


def test_too_little_memory_is_said():
    with pytest.raises(ParameterError, match="memory: even the thinnest strips"):
        in_strips(make("hourglass"), np.zeros((64, 64, 3), np.float32), 1000)


def test_a_graph_that_cannot_be_cut_is_said(monkeypatch, photo):
    """A mean over the picture that is no normalisation."""
    model = onnx.load_from_string(make("grey").model)
    last = model.graph.node[-1]
    extra = [
        onnx.helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        onnx.helper.make_node("Add", [last.input[0], "mean"], ["shifted"]),
    ]
    last.input[0] = "shifted"
    nodes = [*model.graph.node[:-1], *extra, last]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    enhancer = OnnxEnhancer(make_bundle(model.SerializeToString(), make("grey").metadata, source="m.onnx"))
    assert enhancer(photo[..., 0]).std() > 0
    monkeypatch.setattr(enhancer, "_memory", 1)
    with pytest.raises(ParameterError, match=r"m\.onnx cannot be computed in pieces \(GlobalAveragePool"):
        enhancer(photo[..., 0])


def test_no_stage_sees_far():
    """What makes strips cheap: the hourglass sees 60 px, a stage of it at most two of its own coarsest values."""
    for name, (_, facts) in NETWORKS.items():
        graph = Graph(onnx.load_from_string(make(name).model), facts["multiple"])
        stages = plan(graph, finely=name == "plain")
        assert all(stage.halo <= 2 * max(stage.period, 3) for stage in stages), name
        assert stages[-1].wanted == ("enhanced",)


def test_reach_is_what_a_change_reaches():
    """Turn one input value and see which outputs change."""
    bundle = make("plain")
    graph = Graph(onnx.load_from_string(bundle.model), 8)
    reach = graph.halo(["image"], ["enhanced"])
    image = np.full((208, 8, 3), 0.5, np.float32)
    other = image.copy()
    other[96:104] = 1.0
    session = Sessions("test").open(bundle.model)
    outputs = {"enhanced": ((1, 3, 208, 8), np.dtype(np.float32))}
    one, two = (session.run({"image": Picture(x, 8).read(0, 208)}, outputs)[0] for x in (image, other))
    rows = np.flatnonzero(np.abs(one - two).max(axis=(0, 1, 3)))
    seen = max(96 - rows[0], rows[-1] - 103)
    assert seen <= reach <= seen + 8


@pytest.mark.parametrize("kind", [InMemory, OnDisk])
def test_stores_keep_what_they_get(kind):
    shape = (3, 20, 7)
    values = np.random.default_rng(0).random(shape, np.float32)
    store = kind(shape, np.dtype(np.float32))
    for first in (12, 0, 5):
        store.write(first, values[:, first : first + 8])
    strip = store.read(3, 17)
    assert strip.flags.c_contiguous
    np.testing.assert_array_equal(strip[0], values[:, 3:17])
    store.close()


def test_a_full_disk_is_said(monkeypatch):
    store = OnDisk((1, 4, 4), np.dtype(np.float32))

    class Full:
        def seek(self, place):
            return place

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    store._file.close()
    monkeypatch.setattr(store, "_file", Full())
    with pytest.raises(DiptychError, match=r"the disk is full.*TMPDIR"):
        store.write(0, np.zeros((1, 4, 4), np.float32))


def test_moments_of_pieces_are_those_of_the_whole():
    values = np.random.default_rng(0).normal(100, 0.01, (2, 50, 40)).astype(np.float32)
    moments = Moments()
    for first, last in ((0, 1), (1, 30), (30, 50)):
        moments.add(values[:, first:last])
    made = moments.statistics()
    exact = values.astype(np.float64)
    np.testing.assert_allclose(made.mean, exact.mean(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(made.variance, exact.var(axis=(1, 2)), rtol=1e-3)


def test_pictures_are_continued_as_numpy_does_it():
    image = photograph(13, 5)
    picture = Picture(image, 16)
    expected = np.pad(image, [(0, 3), (0, 11), (0, 0)], mode="symmetric").transpose(2, 0, 1) / 255
    np.testing.assert_allclose(picture.read(0, 16)[0], expected, atol=1e-6)
    np.testing.assert_allclose(picture.read(9, 15)[0], expected[:, 9:15], atol=1e-6)
