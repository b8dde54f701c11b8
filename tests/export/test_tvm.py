"""The target tvm: what is compiled computes what the graph does, and what does not fit is refused before it is loaded."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from diptych.core.errors import BundleError, ImageError, MissingExtraError, ParameterError
from diptych.export.errors import ExportError, UnavailableError
from diptych.export.tvm import build_tvm
from diptych.recipes import Recipe, step
from diptych.runtime import Bundle, BundleMetadata, library, make_bundle
from diptych.runtime.tvm import TvmEnhancer

pytest.importorskip("tvm", reason="Apache TVM is not installed")

HEIGHT, WIDTH = 24, 40

METADATA = BundleMetadata(name="test", channels_in=3, channels_out=3, multiple=4, receptive_field_radius=9)


class Graph:
    """A chain of nodes with seeded weights, as the generators' graphs have them."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list = []
        self.weights: list = []
        self.last = "image"

    def weight(self, *shape: int, scale: float = 1.0) -> str:
        name = f"w{len(self.weights)}"
        values = scale * self.random.normal(size=shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> Graph:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *inputs], [name], **attributes))
        self.last = name
        return self

    def convolve(self, before: int, after: int, kernel: int, *, groups: int = 1, **attributes: object) -> Graph:
        weight = self.weight(after, before // groups, kernel, kernel, scale=(before // groups * kernel**2) ** -0.5)
        return self.add("Conv", weight, self.weight(after), group=groups, **attributes)

    def spread(self, before: int, after: int, kernel: int, *, groups: int = 1, **attributes: object) -> Graph:
        weight = self.weight(before, after // groups, kernel, kernel, scale=(before // groups * kernel) ** -0.5)
        return self.add("ConvTranspose", weight, group=groups, strides=[2, 2], **attributes)

    def normalise(self, channels: int) -> Graph:
        return self.add("InstanceNormalization", self.weight(channels), self.weight(channels), epsilon=1e-5)

    def double(self) -> Graph:
        self.weights.append(
            numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), scales := f"s{len(self.nodes)}")
        )
        return self.add("Resize", "", scales, mode="nearest", coordinate_transformation_mode="asymmetric")

    def bound(self) -> Graph:
        self.add("Tanh")
        for kind, value in (("Max", 0.0), ("Min", 0.75)):
            self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name := f"c{len(self.nodes)}"))
            self.add(kind, name)
        return self

    def bundle(self, **metadata: object) -> Bundle:
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in ("image", "enhanced")
        ]
        self.nodes[-1].output[0] = "enhanced"
        graph = helper.make_graph(self.nodes, "test", ends[:1], ends[1:], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        return Bundle(dataclasses.replace(METADATA, **metadata), model.SerializeToString(), "test")


def like_mobile() -> Bundle:
    graph = Graph(1).convolve(3, 16, 3, strides=[2, 2], pads=[1] * 4).normalise(16).add("Relu")
    graph.convolve(16, 48, 1).normalise(48).convolve(48, 48, 3, groups=48, pads=[1] * 4, strides=[2, 2])
    graph.normalise(48).convolve(48, 20, 1).double().double().convolve(20, 20, 3, groups=20, pads=[1] * 4)
    inner, graph.last = graph.last, "image"
    graph.add("Concat", inner, axis=1)
    return graph.convolve(23, 3, 3, pads=[1] * 4).bound().bundle()


def like_resnet() -> Bundle:
    graph = Graph(2)
    graph.weights.append(numpy_helper.from_array(np.array([0, 0, 3, 3, 0, 0, 3, 3]), "pads"))
    graph.add("Pad", "pads", mode="edge").convolve(3, 8, 7).normalise(8).add("Relu")
    graph.convolve(8, 16, 3, strides=[2, 2], pads=[1] * 4).normalise(16).add("LeakyRelu", alpha=0.2)
    graph.spread(16, 8, 3, pads=[1] * 4, output_padding=[1, 1]).convolve(8, 8, 3, groups=2, pads=[1] * 4)
    return graph.convolve(8, 3, 5, pads=[2] * 4).bound().bundle()


def like_unet() -> Bundle:
    graph = Graph(3).convolve(3, 32, 4, strides=[2, 2], pads=[1] * 4).convolve(32, 64, 4, strides=[2, 2], pads=[1] * 4)
    graph.normalise(64).convolve(64, 64, 4, strides=[2, 2], pads=[1] * 4).add("Relu")
    graph.spread(64, 64, 4, groups=64, pads=[1] * 4).spread(64, 16, 4, pads=[1] * 4).normalise(16)
    return graph.spread(16, 3, 4, pads=[1] * 4).bound().bundle()


def reference(bundle: Bundle, image: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(bundle.model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image.transpose(2, 0, 1)[np.newaxis]})[0][0].transpose(1, 2, 0)


def picture(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, 3), np.float32)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The path of one compiled model, and its bundle."""
    before, after = Recipe(step("gamma", gamma=0.5)).to_toml(), Recipe(step("levels", white=0.8)).to_toml()
    bundle = (
        Graph(4)
        .convolve(3, 8, 3, pads=[1] * 4)
        .normalise(8)
        .convolve(8, 3, 1)
        .bound()
        .bundle(preprocess=before, postprocess=after)
    )
    path = tmp_path_factory.mktemp("tvm") / "small.so"
    path.write_bytes(build_tvm(bundle, height=HEIGHT, width=WIDTH))
    return path, bundle


@pytest.fixture
def unloaded(monkeypatch):
    """Loading a library fails the test."""
    import tvm

    monkeypatch.setattr(tvm.runtime, "load_module", lambda path: pytest.fail(f"loaded {path}"))


@pytest.mark.parametrize("make", [like_mobile, like_resnet, like_unet])
def test_computes_what_the_graph_does(make, tmp_path):
    bundle = make()
    path = tmp_path / "model.so"
    path.write_bytes(build_tvm(bundle, height=HEIGHT, width=WIDTH))
    image = picture()
    expected = reference(bundle, image)
    assert expected.std() > 0.05  # the bounds have not made it constant
    np.testing.assert_allclose(TvmEnhancer(path, threads=2)(image), expected, atol=2e-5)


def test_a_generator_as_it_is_exported(tmp_path):
    torch = pytest.importorskip("torch")
    from diptych import networks
    from diptych.export.onnx import to_onnx
    from diptych.training.generator_file import TrainedGenerator

    config = networks.Mobile(width=8, depth=1, blocks=1)
    module = networks.build(config, seed=5).eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(6)))
    bundle = make_bundle(to_onnx(TrainedGenerator(config, module)), dataclasses.replace(METADATA, multiple=2))
    (tmp_path / "model.so").write_bytes(build_tvm(bundle, height=HEIGHT, width=WIDTH))
    image = picture()
    expected = reference(bundle, image)
    assert np.abs(expected - image).max() > 0.01
    np.testing.assert_allclose(TvmEnhancer(tmp_path / "model.so")(image), expected, atol=2e-5)


def test_steps_dtypes_and_sizes(compiled):
    path, bundle = compiled
    enhancer = TvmEnhancer(path)
    assert (enhancer.spec.name, enhancer.metadata.height, enhancer.metadata.width) == ("test", HEIGHT, WIDTH)
    before, after = Recipe.from_toml(bundle.metadata.preprocess), Recipe.from_toml(bundle.metadata.postprocess)
    for height, width in ((HEIGHT, WIDTH), (5, 7), (1, 1)):
        image = picture(height, width)
        around = ((0, HEIGHT - height), (0, WIDTH - width), (0, 0))
        whole = reference(bundle, np.pad(before(image), around, mode="symmetric"))
        np.testing.assert_allclose(enhancer(image), after(np.clip(whole[:height, :width], 0, 1)), atol=2e-5)
    image = picture()
    for dtype in (np.uint8, np.uint16):
        levels = np.rint(image * np.iinfo(dtype).max).astype(dtype)
        result = enhancer(levels)
        assert result.dtype == dtype
        white = np.float32(np.iinfo(dtype).max)
        np.testing.assert_allclose(result / white, enhancer(levels / white), atol=0.51 / white + 1e-6)
    assert enhancer(image.astype(np.float64)).dtype == np.float64


def test_grey_pictures_stay_grey(compiled):
    enhancer = TvmEnhancer(compiled[0])
    grey = picture()[:, :, 0]
    result = enhancer(grey)
    assert result.shape == grey.shape
    assert enhancer(grey[:, :, np.newaxis]).shape == (*grey.shape, 1)
    colour = enhancer(np.repeat(grey[:, :, np.newaxis], 3, axis=2))
    np.testing.assert_allclose(result, colour @ np.float32([0.299, 0.587, 0.114]), atol=1e-5)


def test_the_number_of_threads_shows_in_no_result(compiled):
    image = picture()
    one, three = (TvmEnhancer(compiled[0], threads=count) for count in (1, 3))
    expected = one(image)
    np.testing.assert_array_equal(three(image), expected)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(three, [image] * 12):
            np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("shape", "words"), [((HEIGHT + 1, 4, 3), "compiled for 40 x 24"), ((4, 4, 2), "2 channels")])
def test_pictures_that_do_not_fit_are_refused(compiled, shape, words):
    with pytest.raises(ImageError, match=words):
        TvmEnhancer(compiled[0])(np.zeros(shape, np.uint8))


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("damage", ["cut", "flipped", "metadata", "foreign", "empty", "length"])
def test_damaged_files_are_not_loaded(compiled, tmp_path, damage):
    content = compiled[0].read_bytes()
    foreign = content[: content.rindex(b'{"model"')]
    changed = {
        "cut": content[: len(content) // 2],
        "flipped": content[:999] + bytes([content[999] ^ 1]) + content[1000:],
        "metadata": library.pack(foreign, dataclasses.replace(library.read_library_metadata(compiled[0]))).replace(
            b'"width"', b'"wider"'
        ),
        "foreign": foreign,
        "empty": b"",
        "length": content[:-16] + b"\xff" * 8 + content[-8:],
    }[damage]
    path = tmp_path / "bad.so"
    path.write_bytes(changed)
    with pytest.raises(BundleError, match=r"bad\.so"):
        TvmEnhancer(path)


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("triple", "riscv64-unknown-linux", "riscv64"), ("cpu", "made-up", "this is"), ("tvm", "0.1", "TVM 0.1")],
)
def test_libraries_for_other_machines_are_not_loaded(compiled, tmp_path, field, value, words):
    path = tmp_path / "other.so"
    path.write_bytes(
        library.pack(b"", dataclasses.replace(library.read_library_metadata(compiled[0]), **{field: value}))
    )
    with pytest.raises(BundleError, match=words):
        TvmEnhancer(path)


def test_missing_files_and_threads_are_named(tmp_path, compiled):
    with pytest.raises(BundleError, match=r"nowhere\.so: cannot be read"):
        TvmEnhancer(tmp_path / "nowhere.so")
    with pytest.raises(ParameterError, match="threads = 0"):
        TvmEnhancer(compiled[0], threads=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"height": 30}, "multiple of 4"), ({"width": 0}, "width = 0"), ({"cpu": "made-up"}, "no processor")],
)
def test_options_out_of_bounds_are_refused(compiled, options, words):
    with pytest.raises(ParameterError, match=words):
        build_tvm(compiled[1], **options)


def test_other_kinds_and_operators_are_refused():
    with pytest.raises(ExportError, match="int8"):
        build_tvm(with_metadata(precision="int8"))
    with pytest.raises(ExportError, match="cannot compile"):
        build_tvm(Graph(0).add("NotAnOperator").bundle())


def with_metadata(**metadata: object) -> Bundle:
    return Graph(0).add("Relu").bundle(**metadata)


def test_what_is_not_installed_is_named(compiled, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UnavailableError, match="no-such-compiler"):
        build_tvm(compiled[1])
    monkeypatch.setitem(sys.modules, "tvm", None)
    monkeypatch.setitem(sys.modules, "tvm.s_tir", None)
    with pytest.raises(UnavailableError, match="pip install"):
        build_tvm(compiled[1])
    with pytest.raises(MissingExtraError, match="pip install"):
        TvmEnhancer(compiled[0])


def test_importing_loads_no_tvm():
    code = "import sys, diptych.runtime.tvm; sys.exit(any(name == 'tvm' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
