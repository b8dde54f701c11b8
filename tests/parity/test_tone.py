"""Tone operators against NumPy, scikit-image and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skimage import exposure

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import from_float, to_float
from diptych.operators.match_histogram import quantiles_of
from strategies import images

often = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def close(result, expected_floats):
    """Check floats within 1e-4 and integers within one level of the rounded floats."""
    if result.dtype.kind == "f":
        assert np.abs(result - np.clip(expected_floats, 0, 1)).max() <= 1e-4
    else:
        expected = from_float(np.asarray(expected_floats, np.float64), result.dtype)
        assert np.abs(result.astype(int) - expected).max() <= 1


@often
@given(image=images(), low=st.floats(0, 40), high=st.floats(60, 100), each=st.booleans())
def test_stretch_is_percentiles_and_rescaling(image, low, high, each):
    floats = to_float(image).astype(np.float64)
    axes = (0, 1) if each and image.ndim == 3 else None
    black, white = np.percentile(floats, [low, high], axis=axes, keepdims=True)
    flat = white - black < 1e-3  # a step of one level of 16 bits divides by next to nothing
    expected = np.where(flat, floats, (floats - black) / np.where(flat, 1, white - black))
    result = operators.stretch(image, low=low, high=high, channels="each" if each else "together")
    usable = np.broadcast_to(~flat | (white == black), image.shape)
    close(np.where(usable, result, 0).astype(result.dtype), np.where(usable, expected, 0))


@often
@given(image=images(), gamma=st.floats(0.1, 5))
def test_gamma(image, gamma):
    close(operators.gamma(image, gamma=gamma), exposure.adjust_gamma(to_float(image).astype(np.float64), gamma))


@often
@given(image=images(dtypes=("uint8",), channels=(1,)))
def test_equalize_is_opencvs(image):
    result = operators.equalize(image)
    assert np.abs(result.astype(int) - cv2.equalizeHist(image).reshape(image.shape)).max() <= 1


@often
@given(image=images(dtypes=("uint8", "uint16")))
def test_equalize_is_scikit_images_with_black_kept_black(image):
    column = image.astype(np.uint16).reshape(-1, 1)  # scikit-image warns of what might be a colour image
    floats = exposure.equalize_hist(column, nbins=65536).reshape(image.shape)
    if np.ptp(image) > 0:
        close(operators.equalize(image), (floats - floats.min()) / (1 - floats.min()))


@often
@given(image=images(), other=images(channels=(3,)), seed=st.integers(0, 99))
def test_match_histogram_is_scikit_images(image, other, seed):
    on_levels = np.rint(to_float(image) * 65535) / 65535
    rng = np.random.default_rng(seed)
    shape = (17, 23, *image.shape[2:])
    reference = rng.integers(0, 256, shape, np.uint8)
    axis = 2 if image.ndim == 3 else None
    expected = exposure.match_histograms(on_levels, to_float(reference).astype(np.float64), channel_axis=axis)
    source = image if image.dtype.kind == "u" else on_levels.astype(np.float32)
    close(operators.match_histogram(source, reference=reference), expected)


@often
@given(image=images(dtypes=("uint8", "uint16")))
def test_an_image_matched_to_itself_is_itself(image):
    assert np.array_equal(operators.match_histogram(image, reference=image), image)
    floats = to_float(image)
    assert np.abs(operators.match_histogram(floats, reference=floats) - floats).max() <= 1e-5


@often
@given(image=images(), black=st.floats(0, 0.45), white=st.floats(0.55, 1))
def test_levels(image, black, white):
    floats = to_float(image).astype(np.float64)
    close(operators.levels(image, black=black, white=white), (floats - black) / (white - black))


@often
@given(image=images(), gain=st.floats(0.5, 20), cutoff=st.floats(0, 1))
def test_sigmoid(image, gain, cutoff):
    def curve(values):
        return 1 / (1 + np.exp(gain * (cutoff - values)))

    ends = curve(0.0), curve(1.0)
    close(
        operators.sigmoid(image, gain=gain, cutoff=cutoff),
        (curve(to_float(image).astype(float)) - ends[0]) / (ends[1] - ends[0]),
    )


@often
@given(image=images())
def test_log_tone_with_gain_one_is_scikit_images(image):
    close(operators.log_tone(image, gain=1.0), exposure.adjust_log(to_float(image).astype(np.float64)))


@often
@given(image=images(channels=(3,)), norm=st.sampled_from([1.0, 3.0, 6.0]))
def test_white_balance(image, norm):
    if image.ndim == 2:
        assert np.array_equal(operators.white_balance(image, norm=norm), image)
        return
    floats = to_float(image).astype(np.float64)
    means = (floats**norm).mean(axis=(0, 1)) ** (1 / norm) + 1e-4
    gains = means.mean() / means
    close(operators.white_balance(image, norm=norm), floats * gains / (gains @ [0.299, 0.587, 0.114]))


def test_specified_histogram_has_the_stored_quantiles():
    rng = np.random.default_rng(0)
    image = rng.beta(2, 6, (200, 200)).astype(np.float32)
    target = rng.beta(3, 2, (300, 300)).astype(np.float32)
    result = operators.specify_histogram(image, quantiles=quantiles_of(target))
    q = np.linspace(1, 99, 50)
    assert np.abs(np.percentile(result, q) - np.percentile(target, q)).max() < 5e-3


@pytest.mark.parametrize("name", ["match_histogram", "specify_histogram"])
def test_bad_quantiles(name):
    call = operators.get(name)
    for quantiles in (((0.5, 0.2),), ((0.5,),), ((0.1, 0.2), (0.1, 0.2))):
        with pytest.raises(ParameterError, match=r"quantiles|channels"):
            call(np.zeros((4, 4, 3), np.uint8), quantiles=quantiles)


def test_equalize_makes_the_histogram_uniform():
    image = np.random.default_rng(0).beta(2, 9, (256, 256)).astype(np.float32)
    counts = np.histogram(operators.equalize(image), bins=16, range=(0, 1))[0]
    assert counts.max() < 1.02 * counts.min()
