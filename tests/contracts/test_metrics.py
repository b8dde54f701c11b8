"""Contract tests over the catalogue: every metric is tested here before anyone writes a test for it."""

from __future__ import annotations

import inspect
import itertools
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import data

from diptych import metrics
from diptych.core.errors import ImageError, MissingExtraError
from diptych.core.image import from_float, to_float

NAMES = metrics.names()
SETS = metrics.set_names()
DTYPES = ("uint8", "uint16", "float32", "float64")
SIDE = 384  # four patches of NIQE, two of half the size: flips keep its grid


def picture(dtype: str = "uint8", shape: tuple[int, ...] = (SIDE, SIDE, 3)) -> np.ndarray:
    """Return a part of a photograph, as grey or RGB, in any depth."""
    crop = data.astronaut()[: shape[0], 64 : 64 + shape[1]].astype(np.float32) / 255
    crop = crop if len(shape) == 3 else crop[:, :, 1]
    return from_float(crop, np.dtype(dtype))


def noisy(image: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Add noise, the same pattern for each strength."""
    noise = np.random.default_rng(seed).normal(0, 1, image.shape)
    return from_float((to_float(image) + sigma * noise).astype(np.float32), image.dtype)


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur with a Gaussian."""
    return from_float(gaussian_filter(to_float(image), (sigma, sigma, 0)), image.dtype) if sigma else image


def score(name: str, image: np.ndarray, reference: np.ndarray) -> float:
    """Score the image, against the reference where the metric needs one; skip where its extra is missing."""
    declaration = metrics.declaration(name)
    try:
        return metrics.get(name)(image, *([reference] if declaration.needs_reference else []))
    except MissingExtraError as error:
        pytest.skip(str(error))


def test_the_catalogue():
    wanted = {"delta_e", "loe", "lpips", "ms_ssim", "niqe", "noise", "psnr", "ssim"}
    assert set(NAMES) >= wanted
    assert set(SETS) >= {"domain_distance", "fid"}
    assert not set(NAMES) & set(SETS)


@pytest.mark.parametrize("name", NAMES)
def test_identity(name):
    declaration = metrics.declaration(name)
    image = picture()
    if declaration.identity is None:
        assert math.isfinite(score(name, image, image))
    else:
        assert score(name, image, image.copy()) == pytest.approx(declaration.identity, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("worse", [noisy, blurred])
def test_worse_images_score_worse_step_by_step(name, worse):
    if name == "noise" and worse is blurred:
        pytest.skip("blur takes noise away: its page says so")
    image = picture()
    strengths = (0.03, 0.08, 0.2) if worse is noisy else (1.0, 2.0, 4.0)
    scores = [score(name, image, image), *(score(name, worse(image, sigma), image) for sigma in strengths)]
    if metrics.declaration(name).direction == "higher":
        scores = [-value for value in scores]
    assert all(before < after for before, after in itertools.pairwise(scores)), scores


@pytest.mark.parametrize("name", NAMES)
def test_symmetric_where_stated(name):
    declaration = metrics.declaration(name)
    if not declaration.symmetric:
        pytest.skip("not stated to be symmetric")
    a, b = picture(), noisy(blurred(picture(), 1), 0.05)
    assert score(name, a, b) == pytest.approx(score(name, b, a), rel=1e-9)


# A flip exchanges the two diagonal neighbours of NIQE, which its model does not hold to be quite the same; it moves the
# blocks that the noise is read from; and the strides of AlexNet are no grid that a flip keeps.
FLIP_TOLERANCE = {"niqe": 0.03, "noise": 0.03, "lpips": 0.05}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("axis", [0, 1])
def test_flips_do_not_matter(name, axis):
    a, b = noisy(picture(), 0.03), picture()
    expected = pytest.approx(score(name, a, b), rel=FLIP_TOLERANCE.get(name, 1e-6))
    assert score(name, np.flip(a, axis), np.flip(b, axis)) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(SIDE, SIDE), (SIDE, SIDE, 1), (SIDE, SIDE, 3)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_range_is_kept_and_the_input_is_not_written(name, shape, dtype):
    declaration = metrics.declaration(name)
    image, reference = noisy(picture(dtype, shape), 0.1), picture(dtype, shape)
    for one in (image, reference):
        one.flags.writeable = False
    before = image.copy(), reference.copy()
    value = score(name, image, reference)
    assert type(value) is float
    assert declaration.lowest <= value <= declaration.highest
    assert np.array_equal(image, before[0])
    assert np.array_equal(reference, before[1])


@pytest.mark.parametrize("name", NAMES)
def test_deterministic_and_independent_of_threads_and_layout(name, monkeypatch):
    image, reference = noisy(picture("float32"), 0.1), picture("float32")
    monkeypatch.setenv("DIPTYCH_THREADS", "1")
    once = score(name, image, reference)
    assert once == score(name, image, reference)
    monkeypatch.setenv("DIPTYCH_THREADS", "3")
    assert once == score(name, image, reference)
    assert once == score(name, np.asfortranarray(image), reference.astype(">f4"))


@pytest.mark.parametrize("name", NAMES)
def test_every_depth_gives_the_same_answer(name):
    image, reference = noisy(picture(), 0.1), picture()
    value = score(name, image, reference)
    for dtype in ("uint16", "float32", "float64"):
        as_other = [
            (one.astype(np.uint16) * 257) if dtype == "uint16" else (one / 255).astype(dtype)
            for one in (image, reference)
        ]
        assert score(name, *as_other) == pytest.approx(value, rel=1e-4), dtype
        assert score(name, image, as_other[1]) == pytest.approx(value, rel=1e-4), f"uint8 against {dtype}"


@pytest.mark.parametrize("name", NAMES)
def test_masks_are_images_too(name):
    mask = picture("float32") > 0.5
    assert score(name, mask, ~mask) == pytest.approx(score(name, to_float(mask), to_float(~mask)), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (0.0, 1.0), (0.2, 0.7)])
def test_constant_images_have_a_value(name, values):
    declaration = metrics.declaration(name)
    image, reference = (np.full((192, 192, 3), value, np.float32) for value in values)
    value = score(name, image, reference)
    assert not math.isnan(value)
    assert declaration.lowest <= value <= declaration.highest
    if declaration.needs_reference and values[0] == values[1]:
        assert value == declaration.identity


def test_the_stated_values_of_constant_images():
    black, white = np.zeros((192, 192)), np.ones((192, 192))
    assert metrics.psnr(black, white) == 0
    assert metrics.ssim(black, white) == pytest.approx(0.01**2 / (1 + 0.01**2))
    assert metrics.loe(black, white) == 0
    assert metrics.delta_e(black, white) == pytest.approx(100, abs=1e-3)
    assert metrics.noise(white) == 0
    assert metrics.niqe(white) == math.inf


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_size(name):
    side = metrics.declaration(name).smallest_side
    small = np.random.default_rng(0).random((side, side, 3))
    assert not math.isnan(score(name, small, small[::-1]))
    if side > 1:
        with pytest.raises(ImageError, match=f"needs {side} on each side"):
            score(name, small[:-1], small[:-1])


BAD = [
    np.full((200, 200), np.nan, np.float32),
    np.full((200, 200), 1e30, np.float32),
    np.zeros((200, 200), np.int32),
    np.zeros((0, 4), np.uint8),
    np.zeros(4, np.uint8),
    [[0, 1], [1, 0]],
    None,
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", BAD, ids=["nan", "huge", "int32", "empty", "1-d", "list", "none"])
def test_what_is_no_image_is_refused(name, bad):
    good = np.zeros((200, 200), np.uint8)
    with pytest.raises(ImageError, match="image"):
        score(name, bad, good)
    if metrics.declaration(name).needs_reference:
        with pytest.raises(ImageError, match="reference"):
            score(name, good, bad)


@pytest.mark.parametrize("name", NAMES)
def test_unequal_pairs_are_refused(name):
    image = picture()
    if not metrics.declaration(name).needs_reference:
        with pytest.raises(ImageError, match="one image, without a reference"):
            metrics.get(name)(image, image)
        return
    with pytest.raises(ImageError, match=r"shapes .* make them the same size and channels"):
        metrics.get(name)(image, image[:, :-1])
    with pytest.raises(ImageError, match="channels"):
        metrics.get(name)(image, image[:, :, 0])
    with pytest.raises(ImageError, match="an image and its reference"):
        metrics.get(name)(image)


@pytest.mark.parametrize("name", ["delta_e", "niqe"])
def test_other_than_grey_and_rgb_is_refused_where_it_has_no_meaning(name):
    four = np.zeros((200, 200, 4), np.uint8)
    with pytest.raises(ImageError, match="4 channels; give a grey or an RGB image"):
        score(name, four, four)


@pytest.mark.parametrize("name", [*NAMES, *SETS])
def test_the_page_is_complete(name):
    one = metrics.declaration(name) if name in NAMES else metrics.set_declaration(name)
    for section in ("Parameters", "Returns", "Raises", "References", "Examples"):
        assert f"\n{section}\n---" in one.documentation, f"{name}: no section {section}"
    assert one.summary.endswith(".")
    assert one.direction in ("higher", "lower")
    assert one.lowest < one.highest
    assert one.of_sets == (name in SETS)


@pytest.mark.parametrize("name", [*NAMES, *SETS])
def test_the_file_is_named_as_the_metric(name):
    function = inspect.unwrap(metrics.get(name) if name in NAMES else metrics.get_set(name))
    assert function.__name__ == name
    assert function.__module__ in (f"diptych.metrics.{name}", f"diptych.metrics._sets.{name}")
    assert getattr(metrics, name) is (metrics.get(name) if name in NAMES else metrics.get_set(name))


@pytest.mark.parametrize("name", SETS)
def test_sets(name):
    call, declaration = metrics.get_set(name), metrics.set_declaration(name)
    good = [picture(), picture()[:, ::-1], picture()[::-1]]
    grainy = [noisy(one, 0.1, seed) for seed, one in enumerate(good)]
    try:
        same = call(iter(good), iter(good))
    except MissingExtraError as error:
        pytest.skip(str(error))
    assert same == pytest.approx(declaration.identity, abs=1e-6)
    apart = call(good, grainy)
    assert 0 < apart < call(good, [noisy(one, 0.3, seed) for seed, one in enumerate(good)])
    assert apart == pytest.approx(call(grainy, good), rel=1e-6)


@pytest.mark.parametrize("name", SETS)
def test_bad_sets_are_refused(name):
    call = metrics.get_set(name)
    good = [picture(), picture()]
    for bad, message in [([], "no images"), ([None], "image 0 of set b"), (picture(), "one array"), (BAD[:1], "NaN")]:
        with pytest.raises((ImageError, MissingExtraError)) as caught:
            call(good, bad)
        if isinstance(caught.value, MissingExtraError):
            pytest.skip(str(caught.value))
        assert message in str(caught.value)


def test_an_unknown_name_is_met_with_the_closest_one():
    with pytest.raises(LookupError, match="did you mean 'psnr'"):
        metrics.get("pnsr")
    with pytest.raises(LookupError, match="did you mean 'fid'"):
        metrics.get_set("fdi")
    with pytest.raises(AttributeError, match="did you mean 'ssim'"):
        getattr(metrics, "sim")  # noqa: B009
