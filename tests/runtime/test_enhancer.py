"""The enhancer: any image of the contract, any size, from any thread, with the answer of the graph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest

import diptych as dp
from diptych.core.errors import BundleError, ImageError, ParameterError
from diptych.recipes import Recipe, step
from diptych.runtime import OnnxEnhancer, make_bundle
from runtime_networks import make, photograph


def plainly(bundle, image: np.ndarray) -> np.ndarray:
    """Return what ONNX Runtime alone makes of a float image, the padding by numpy."""
    multiple = bundle.metadata.multiple
    more = [(0, -side % multiple) for side in image.shape[:2]]
    planes = np.pad(image, [*more, (0, 0)], mode="symmetric").transpose(2, 0, 1)[np.newaxis]
    session = onnxruntime.InferenceSession(bundle.model, providers=["CPUExecutionProvider"])
    made = session.run(None, {"image": planes.astype(np.float32)})[0][0].transpose(1, 2, 0)
    return made[: image.shape[0], : image.shape[1]]


@pytest.mark.parametrize("size", [(150, 131), (1, 1), (1, 50), (50, 1), (7, 9), (64, 64)], ids=str)
def test_the_graphs_answer_at_any_size(size):
    bundle = make("hourglass")
    image = photograph(*size)
    made = OnnxEnhancer(bundle)(image)
    assert made.dtype == np.uint8
    assert made.shape == image.shape
    np.testing.assert_allclose(made / 255, plainly(bundle, image / 255), atol=0.5 / 255 + 1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "bool"])
@pytest.mark.parametrize("axes", [2, 3])
def test_what_goes_in_comes_out(dtype, axes, photo):
    image = (photo > 90) if dtype == "bool" else dp.core.image.from_float(photo / 255, np.dtype(dtype))
    image = image[..., 0] if axes == 2 else image
    made = OnnxEnhancer(make("hourglass"))(image)
    assert (made.dtype, made.shape) == (image.dtype, image.shape)
    assert made.std() > 0


def test_depths_agree(photo):
    enhancer = OnnxEnhancer(make("residual"))
    of_floats = enhancer((photo / 255).astype(np.float32))
    np.testing.assert_allclose(enhancer(photo) / 255, of_floats, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(enhancer(photo.astype(np.uint16) * 257) / 65535, of_floats, atol=0.5 / 65535 + 1e-6)


def test_the_image_is_not_written_to(photo):
    before = photo.copy()
    photo.flags.writeable = False
    OnnxEnhancer(make("hourglass", preprocess=Recipe(step("stretch")).to_toml()))(photo)
    np.testing.assert_array_equal(photo, before)


def test_steps_before_and_after_are_run(photo):
    before, after = Recipe(step("stretch"), step("gamma", gamma=0.8)), Recipe(step("levels", black=0.1))
    enhancer = OnnxEnhancer(make("hourglass", preprocess=before.to_toml(), postprocess=after.to_toml()))
    middle = OnnxEnhancer(make("hourglass"))
    floats = (photo / 255).astype(np.float32)
    expected = after(middle(before(floats)))
    np.testing.assert_allclose(enhancer(floats), expected, atol=1e-6)
    # Integers have 16 bits between the steps, so that they round once.
    np.testing.assert_allclose(enhancer(photo) / 255, expected, atol=0.5 / 255 + 1e-3)


def test_grey_pictures(photo):
    colour, grey = OnnxEnhancer(make("hourglass")), OnnxEnhancer(make("grey"))
    flat = photo[..., 1]
    made = colour(np.repeat(flat[..., np.newaxis], 3, axis=2))
    np.testing.assert_allclose(colour(flat), made @ [0.299, 0.587, 0.114], atol=0.5 + 1e-3 + 0.5)
    assert colour(flat[..., np.newaxis]).shape == (*flat.shape, 1)
    assert grey(flat).shape == flat.shape
    np.testing.assert_array_equal(grey(flat), grey(flat[..., np.newaxis])[..., 0])


def test_channels_that_do_not_fit_are_refused(photo):
    with pytest.raises(ImageError, match="image has 3 channels, the model 'grey' takes 1; make it grey first"):
        OnnxEnhancer(make("grey"))(photo)
    with pytest.raises(ImageError, match="2 channels"):
        OnnxEnhancer(make("hourglass"))(photo[..., :2])


def test_a_photo_keeps_its_transparency(photo):
    given = dp.Photo(photo, alpha=np.full(photo.shape[:2], 7, np.uint8))
    made = dp.enhance(given, OnnxEnhancer(make("hourglass")))
    np.testing.assert_array_equal(made.alpha, given.alpha)


def test_threads_agree(photo):
    enhancer = OnnxEnhancer(make("residual"), threads=2)
    images = [np.roll(photo, shift, axis=0) for shift in range(16)]
    alone = [enhancer(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(enhancer, images))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_number_of_threads_shows_in_no_result(photo):
    one, many = (OnnxEnhancer(make("hourglass"), threads=threads)(photo) for threads in (1, 2))
    np.testing.assert_array_equal(one, many)


def test_the_facts_are_there(bundle_file):
    enhancer = OnnxEnhancer(bundle_file(summary="dark to light"))
    assert (enhancer.spec.name, enhancer.spec.summary) == ("hourglass", "dark to light")
    assert isinstance(enhancer, dp.Enhancer)
    assert enhancer.metadata.multiple == 8


def test_providers_that_are_not_there():
    with pytest.raises(ParameterError, match=r"available: .*CPUExecutionProvider"):
        OnnxEnhancer(make("grey"), providers=["TensorrtExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(ParameterError, match="list of names"):
        OnnxEnhancer(make("grey"), providers=[])


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"threads": 1.5}, {"memory": 1000}, {"memory": "1GiB"}], ids=str)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        OnnxEnhancer(make("grey"), **wrong)


def test_values_that_are_no_numbers_are_refused(photo):
    import onnx

    model = onnx.load_from_string(make("hourglass").model)
    weight = model.graph.initializer[0]
    weight.raw_data = np.full(weight.dims, np.nan, np.float32).tobytes()
    bundle = make_bundle(model.SerializeToString(), make("hourglass").metadata, source="sick.onnx")
    with pytest.raises(BundleError, match=r"sick\.onnx: gives values that are not numbers"):
        OnnxEnhancer(bundle)(photo)


def test_whole_graphs(photo):
    enhancer = OnnxEnhancer(make("whole"))
    np.testing.assert_array_equal(enhancer(photo), 255 - photo)
    wide = photo.astype(np.uint16) * 257
    np.testing.assert_array_equal(enhancer(wide), 65535 - wide)
    np.testing.assert_array_equal(enhancer(photo[:1, :1]), 255 - photo[:1, :1])
